"""Which column of a sheet means what: the header row is found and its names are matched to fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic

from designation.sheets.files import HEADER_WITHIN, Row, Sheet, UnusableFile
from designation.sheets.headers import F, normalise
from designation.sheets.kinds import FileKind

NO_HEADER = 0
"""The header row of a sheet whose first row is a person already; its columns are called by their letters."""
_BADGE_LIKE = re.compile(r"[A-Za-z]{0,5}-?\d{3,}")


@dataclass(frozen=True)
class Proposal(Generic[F]):
    """What the columns of a sheet seem to mean. `settled` says that nobody needs to be asked.

    Without a header row, `header_row` is NO_HEADER, and the columns are always asked about.
    """

    kind: FileKind[F]
    sheet: str
    header_row: int
    headers: tuple[str, ...]
    mapping: Mapping[F, int]
    ambiguous: Mapping[F, tuple[int, ...]]
    unknown: tuple[int, ...]

    @property
    def settled(self) -> bool:
        return self.has_header and not self.ambiguous and not self.unknown and not self.kind.missing(self.mapping)

    @property
    def has_header(self) -> bool:
        return self.header_row != NO_HEADER

    @property
    def recognised(self) -> bool:
        """Whether this looks like such a file at all."""
        return len(self.mapping) >= 2 or not self.has_header


def propose(sheet: Sheet, kind: FileKind[F], header_row: int | None = None) -> Proposal[F]:
    """Find the header row (or take the one given, by its number in the spreadsheet) and say what it means.

    NO_HEADER says that there is none. Raises UnusableFile if the sheet has no such row.
    """
    header = row_numbered(sheet, _find_header(sheet.rows, kind) if header_row is None else header_row)
    if header.number == NO_HEADER:
        return Proposal(kind, sheet.name, NO_HEADER, (), _guessed(_first_of_table(sheet.rows), kind), {}, ())
    found: dict[F, list[tuple[int, int]]] = {}
    unknown = []
    for column, text in enumerate(header.cells):
        match kind.vocabulary.recognise(text):
            case (field, rank):
                found.setdefault(field, []).append((rank, column))
            case None if text and not kind.vocabulary.is_not_needed(text):
                unknown.append(column)
    for field in kind.spare(found.keys()):
        found.pop(field)
    mapping = {field: min(places)[1] for field, places in found.items()}
    ambiguous = {field: tuple(column for _, column in places) for field, places in found.items() if len(places) > 1}
    return Proposal(kind, sheet.name, header.number, header.cells, mapping, ambiguous, tuple(unknown))


def row_numbered(sheet: Sheet, number: int) -> Row:
    """The header row of the number. Raises UnusableFile if it is blank or beyond the last one."""
    if number == NO_HEADER:
        return Row(NO_HEADER, ())
    for row in sheet.rows:
        if row.number == number:
            return row
    raise UnusableFile(f"Row {number} of sheet “{sheet.name}” is blank or does not exist: choose the header row.")


def _find_header(rows: Sequence[Row], kind: FileKind[Any]) -> int:
    """The number of the row that names most fields. If none names two: NO_HEADER where the table begins with a
    person, else the first row that fills most columns."""
    known = kind.vocabulary.recognised_fields
    first = rows[:HEADER_WITHIN]
    named = max(first, key=lambda row: len(known(row.cells)))
    if len(known(named.cells)) >= 2:
        return named.number
    if _is_person(_first_of_table(rows), kind):
        return NO_HEADER
    titles = [row for row in first if not _is_person(row, kind)]
    return max(titles, key=lambda row: sum(map(bool, row.cells))).number


def _first_of_table(rows: Sequence[Row]) -> Row:
    return next((row for row in rows if sum(map(bool, row.cells)) >= 2), rows[0])


def _is_person(row: Row, kind: FileKind[Any]) -> bool:
    """Whether the cells look like those of a person: what may be a badge number, and no header name."""
    named = kind.vocabulary.recognised_fields(row.cells) - kind.also_cells
    return not named and any(map(_BADGE_LIKE.fullmatch, row.cells))


def _guessed(row: Row, kind: FileKind[F]) -> dict[F, int]:
    """What the columns of a sheet without header hold, as far as one row tells for sure."""
    badges = [column for column, text in enumerate(row.cells) if _BADGE_LIKE.fullmatch(text)]
    addresses = [column for column, text in enumerate(row.cells) if "@" in text]
    found = {kind.badge: badges, kind.email: addresses}
    return {field: columns[0] for field, columns in found.items() if len(columns) == 1}


@dataclass(frozen=True)
class Table(Generic[F]):
    """The rows below the header of one sheet; `mapping` gives the column (from 0) of each field."""

    headers: tuple[str, ...]
    mapping: Mapping[F, int]
    rows: tuple[Row, ...]

    def value(self, row: Row, field: F) -> str:
        return row.cell(self.mapping[field]) if field in self.mapping else ""

    def column_name(self, field: F) -> str:
        """The column as the user's file calls it; the field's own label if the file has no such column."""
        if field not in self.mapping:
            return field.label
        return column_title(self.headers, self.mapping[field])


def rows_below(sheet: Sheet, header_row: int, kind: FileKind[Any]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """The header's cells and the rows under it; header rows repeated further down (at page breaks) are left out.

    Raises UnusableFile if the header row is blank, no row follows it, or more than the kind allows do.
    """
    header = row_numbered(sheet, header_row)
    rows = tuple(row for row in sheet.rows if row.number > header_row and row.cells != header.cells)
    if not rows:
        raise UnusableFile(f"Sheet “{sheet.name}” has no rows below its header, row {header_row}.")
    if len(rows) > kind.max_items:
        raise UnusableFile(
            f"The {kind.noun} has {len(rows):,} {kind.items}; {kind.max_items:,} at most can be taken at once."
            " Split it into smaller files."
        )
    return header.cells, rows


def check_mapping(table: Table[F], kind: FileKind[F]) -> None:
    """Raises UnusableFile if a needed column is missing, or a column is used twice or does not exist."""
    missing = kind.missing(table.mapping)
    if missing:
        raise UnusableFile(f"Say which column holds: {', '.join(missing)}.")
    if len(set(table.mapping.values())) < len(table.mapping):
        raise UnusableFile("A column can mean one thing only: choose a different column for each.")
    width = max(len(table.headers), *(len(row.cells) for row in table.rows))
    if not all(0 <= column < width for column in table.mapping.values()):
        raise UnusableFile("A chosen column does not exist in the sheet.")


def column_title(headers: Sequence[str], column: int) -> str:
    """The header of a column counted from 0, or its letter as in "Column C" where the header is blank."""
    if column < len(headers) and headers[column]:
        return headers[column]
    return f"Column {_letters(column)}"


def _letters(column: int) -> str:
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)


def signature(headers: Sequence[str]) -> str:
    """What tells one layout of columns from another: SHA-256 over the normalised names in their order."""
    return sha256(json.dumps([normalise(header) for header in headers]).encode()).hexdigest()
