"""What commands that take files share: the options that say what columns mean, and where bad rows go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from audit.management.targets import check_rejected
from designation.sheets.columns import Proposal, column_title
from designation.sheets.headers import F, normalise
from designation.sheets.kinds import FileKind

ROWS_LEFT = 1  # exit code: some rows were not taken
CANNOT_START = 2  # exit code: the file, the user or an option cannot be used
IGNORE = "ignore"
_NO_HEADER = "The file seems to have no header row: its columns are called Column A, Column B and so on."


def check_target(rejected: Path | None, file: Path, *, overwrite: bool) -> None:
    """Raises CommandError unless the rows not taken can be written, not over the file itself, nor over another."""
    if rejected is not None:
        check_rejected(rejected, file, overwrite=overwrite, returncode=CANNOT_START)


def apply_option(mapping: dict[F, int], titles: Sequence[str], option: str, kind: FileKind[F]) -> None:
    """Puts one option “HEADER=FIELD” into the mapping. Raises CommandError."""
    fields = kind.vocabulary.fields
    header, _, name = option.rpartition("=")
    columns = [column for column, text in enumerate(titles) if normalise(text) == normalise(header)]
    if len(columns) != 1 or name not in {*fields, IGNORE}:
        known = ", ".join([*fields, IGNORE])
        raise CommandError(
            f"--map {option}: write the name of one column, = and one of {known}.", returncode=CANNOT_START
        )
    for field in [field for field, column in mapping.items() if column == columns[0]]:
        del mapping[field]
    if name != IGNORE:
        mapping[fields[name]] = columns[0]


def questions(proposal: Proposal[Any]) -> str:
    """What is not known about the columns, for a person who can answer with --map."""
    columns = {*proposal.unknown, *(column for columns in proposal.ambiguous.values() for column in columns)}
    titles = [f"“{column_title(proposal.headers, column)}”" for column in sorted(columns)]
    asked = [f"Say with --map what these columns mean: {', '.join(titles)}."] if titles else []
    missing = proposal.kind.missing(proposal.mapping)
    asked += [f"No column is known to hold: {', '.join(missing)}."] if missing else []
    taken = f"Row {proposal.header_row} was taken for the header." if proposal.has_header else _NO_HEADER
    return " ".join([taken, *asked])
