"""The rows of a roster under its header, with what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from designation.rosters.headers import ROSTER, Field
from designation.sheets.columns import Table, rows_below
from designation.sheets.files import Sheet
from designation.sheets.headers import normalise


@dataclass(frozen=True)
class Roster(Table[Field]):
    """The rows below the header of one sheet."""

    @property
    def last_name_first(self) -> bool:
        """Whether the header of the column of whole names announces the last name first."""
        words = normalise(self.column_name(Field.NAME)).split()
        return "last" in words and words.index("last") < (words.index("first") if "first" in words else 0)


def roster_below(sheet: Sheet, header_row: int, mapping: Mapping[Field, int]) -> Roster:
    """The roster under a header row; header rows repeated further down (at page breaks) are left out.

    Raises UnusableFile if the header row is blank, no row follows it, or more than MAX_AGENTS do.
    """
    headers, rows = rows_below(sheet, header_row, ROSTER)
    return Roster(headers, mapping, rows)
