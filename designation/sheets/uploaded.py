"""One file of a kind that was sent, and what was said of it so far: its sheet, its header row, its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from designation.sheets.columns import Proposal, propose
from designation.sheets.files import UnusableFile, Workbook
from designation.sheets.headers import F
from designation.sheets.kinds import FileKind
from designation.sheets.reading import read


class Uploaded(Protocol):
    """An empty sheet name: none is chosen yet. `mapping` gives field -> column, counted from 0."""

    filename: Any
    content: Any
    sheet: Any
    header_row: Any
    mapping: Any


def workbook_of(upload: Uploaded, kind: FileKind[Any]) -> Workbook:
    """The sheets of the file, which never changes: read once for each object. Raises UnusableFile."""
    held = vars(upload)
    if "workbook" not in held:
        held["workbook"] = read(bytes(upload.content), upload.filename, kind)
    workbook: Workbook = held["workbook"]
    return workbook


def likely_sheets(workbook: Workbook, kind: FileKind[F]) -> list[Proposal[F]]:
    """The sheets that may be meant: those with a recognised header, or else all."""
    proposals = [propose(sheet, kind) for sheet in workbook.sheets]
    return [proposal for proposal in proposals if proposal.recognised] or proposals


def proposal_for(upload: Uploaded, kind: FileKind[F], header_row: int | None = None) -> Proposal[F]:
    """What the columns of the chosen sheet mean, as saved or else as recognised; `header_row` tries another, or none.

    Raises UnusableFile if no sheet is chosen, or the header row is blank.
    """
    if not upload.sheet:
        raise UnusableFile(f"Choose the sheet that holds {kind.held}.")
    row = upload.header_row if header_row is None else header_row
    proposal = propose(workbook_of(upload, kind).sheet(upload.sheet), kind, row)
    if upload.mapping and proposal.header_row == upload.header_row:
        return replace(proposal, mapping=mapping_of(upload, kind))
    return proposal


def mapping_of(upload: Uploaded, kind: FileKind[F]) -> dict[F, int]:
    """What the columns mean, as far as it was said."""
    return {kind.vocabulary.fields[name]: column for name, column in upload.mapping.items()}


def as_kept(mapping: Mapping[Any, int]) -> dict[str, int]:
    """The mapping as an upload keeps it."""
    return {field.value: column for field, column in mapping.items()}
