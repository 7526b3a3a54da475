"""What a file becomes when it is read, and the error that says why it could not be."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

HEADER_WITHIN = 40  # title lines above the header are fewer than this
MAX_COLUMNS = 200


class UnusableFile(Exception):
    """The file cannot be taken. The message tells the person who sent it why, and what to do."""


@dataclass(frozen=True)
class Row:
    """One row that is not blank: its number as the spreadsheet shows it, and its cells as stripped text."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """The text at a column counted from 0; empty beyond the last filled cell."""
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    name: str
    rows: tuple[Row, ...]

    @property
    def width(self) -> int:
        """Of the widest row, in columns."""
        return max(len(row.cells) for row in self.rows)


@dataclass(frozen=True)
class Workbook:
    """The visible sheets of a file that hold anything."""

    sheets: tuple[Sheet, ...]

    def sheet(self, name: str) -> Sheet:
        """Raises UnusableFile, which lists the sheets, if none has the name."""
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise UnusableFile(f"No sheet is named “{name}”. The sheets are: {', '.join(s.name for s in self.sheets)}.")


def trimmed(cells: list[str]) -> tuple[str, ...]:
    """The cells stripped, without the empty ones at the end."""
    stripped = [cell.strip() for cell in cells]
    while stripped and not stripped[-1]:
        stripped.pop()
    return tuple(stripped)


def plain_filename(filename: str) -> str:
    """The end of the name, 255 characters at most, without characters that cannot be seen."""
    return "".join(char for char in filename if unicodedata.category(char)[0] != "C")[-255:]
