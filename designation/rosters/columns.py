"""Which column of a sheet means what: the header row is found and its names are matched to fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from designation.rosters.files import HEADER_WITHIN, MAX_AGENTS, RosterFileError, Row, Sheet
from designation.rosters.headers import Field, is_not_needed, normalise, recognise, recognised_fields

NO_HEADER = 0
"""The header row of a sheet whose first row is an agent already; its columns are called by their letters."""
_BADGE_LIKE = re.compile(r"[A-Za-z]{0,5}-?\d{3,}")


@dataclass(frozen=True)
class Proposal:
    """What the columns of a sheet seem to mean. `settled` says that nobody needs to be asked.

    Without a header row, `header_row` is NO_HEADER, and the columns are always asked about.
    """

    sheet: str
    header_row: int
    headers: tuple[str, ...]
    mapping: Mapping[Field, int]
    ambiguous: Mapping[Field, tuple[int, ...]]
    unknown: tuple[int, ...]

    @property
    def settled(self) -> bool:
        return self.has_header and not self.ambiguous and not self.unknown and not missing_fields(self.mapping)

    @property
    def has_header(self) -> bool:
        return self.header_row != NO_HEADER

    @property
    def recognised(self) -> bool:
        """Whether this looks like a roster at all."""
        return len(self.mapping) >= 2 or not self.has_header


def propose(sheet: Sheet, header_row: int | None = None) -> Proposal:
    """Find the header row (or take the one given, by its number in the spreadsheet) and say what it means.

    NO_HEADER says that there is none. Raises RosterFileError if the sheet has no such row.
    """
    header = row_numbered(sheet, _find_header(sheet.rows) if header_row is None else header_row)
    if header.number == NO_HEADER:
        return Proposal(sheet.name, NO_HEADER, (), _guessed(_first_of_table(sheet.rows)), {}, ())
    found: dict[Field, list[tuple[int, int]]] = {}
    unknown = []
    for column, text in enumerate(header.cells):
        match recognise(text):
            case (field, rank):
                found.setdefault(field, []).append((rank, column))
            case None if text and not is_not_needed(text):
                unknown.append(column)
    if Field.LAST_NAME in found and Field.FIRST_NAME in found:
        found.pop(Field.NAME, None)
    mapping = {field: min(places)[1] for field, places in found.items()}
    ambiguous = {field: tuple(column for _, column in places) for field, places in found.items() if len(places) > 1}
    return Proposal(sheet.name, header.number, header.cells, mapping, ambiguous, tuple(unknown))


def row_numbered(sheet: Sheet, number: int) -> Row:
    """The header row of the number. Raises RosterFileError if it is blank or beyond the last one."""
    if number == NO_HEADER:
        return Row(NO_HEADER, ())
    for row in sheet.rows:
        if row.number == number:
            return row
    raise RosterFileError(f"Row {number} of sheet “{sheet.name}” is blank or does not exist: choose the header row.")


def _find_header(rows: Sequence[Row]) -> int:
    """The number of the row that names most fields. If none names two: NO_HEADER where the table begins with an
    agent, else the first row that fills most columns."""
    first = rows[:HEADER_WITHIN]
    named = max(first, key=lambda row: len(recognised_fields(row.cells)))
    if len(recognised_fields(named.cells)) >= 2:
        return named.number
    if _is_agent(_first_of_table(rows)):
        return NO_HEADER
    titles = [row for row in first if not _is_agent(row)]
    return max(titles, key=lambda row: sum(map(bool, row.cells))).number


def _first_of_table(rows: Sequence[Row]) -> Row:
    return next((row for row in rows if sum(map(bool, row.cells)) >= 2), rows[0])


def _is_agent(row: Row) -> bool:
    """Whether the cells look like those of an agent: what may be a badge number, and no header name.

    "Expedited" is a header name and what stands below one.
    """
    named = recognised_fields(row.cells) - {Field.PRIORITY}
    return not named and any(map(_BADGE_LIKE.fullmatch, row.cells))


def _guessed(row: Row) -> dict[Field, int]:
    """What the columns of a sheet without header hold, as far as one row tells for sure."""
    badges = [column for column, text in enumerate(row.cells) if _BADGE_LIKE.fullmatch(text)]
    addresses = [column for column, text in enumerate(row.cells) if "@" in text]
    found = {Field.BADGE_NUMBER: badges, Field.EMAIL: addresses}
    return {field: columns[0] for field, columns in found.items() if len(columns) == 1}


def missing_fields(mapping: Mapping[Field, int]) -> list[str]:
    """The labels of the columns that a roster must have and the mapping lacks."""
    missing = [] if Field.BADGE_NUMBER in mapping else [Field.BADGE_NUMBER.label]
    if Field.NAME not in mapping:
        missing += [field.label for field in (Field.LAST_NAME, Field.FIRST_NAME) if field not in mapping]
    return missing


@dataclass(frozen=True)
class Roster:
    """The rows below the header of one sheet; `mapping` gives the column (from 0) of each field."""

    headers: tuple[str, ...]
    mapping: Mapping[Field, int]
    rows: tuple[Row, ...]

    def value(self, row: Row, field: Field) -> str:
        return row.cell(self.mapping[field]) if field in self.mapping else ""

    @property
    def last_name_first(self) -> bool:
        """Whether the header of the column of whole names announces the last name first."""
        words = normalise(self.column_name(Field.NAME)).split()
        return "last" in words and words.index("last") < (words.index("first") if "first" in words else 0)

    def column_name(self, field: Field) -> str:
        """The column as the user's file calls it; the field's own label if the file has no such column."""
        if field not in self.mapping:
            return field.label
        return column_title(self.headers, self.mapping[field])


def roster_below(sheet: Sheet, header_row: int, mapping: Mapping[Field, int]) -> Roster:
    """The roster under a header row; header rows repeated further down (at page breaks) are left out.

    Raises RosterFileError if the header row is blank, no row follows it, or more than MAX_AGENTS do.
    """
    header = row_numbered(sheet, header_row)
    rows = tuple(row for row in sheet.rows if row.number > header_row and row.cells != header.cells)
    if not rows:
        raise RosterFileError(f"Sheet “{sheet.name}” has no rows below its header, row {header_row}.")
    if len(rows) > MAX_AGENTS:
        raise RosterFileError(
            f"The roster has {len(rows):,} agents; {MAX_AGENTS:,} at most can be filed at once."
            " Split it into smaller files."
        )
    return Roster(header.cells, mapping, rows)


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
