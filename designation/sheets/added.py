"""The columns that we add to the rows not taken: they are taken out again when such a file comes back."""

from __future__ import annotations

from audit.spreadsheets import harmless
from designation.sheets.files import HEADER_WITHIN, Row, Sheet, trimmed

ROW_NUMBER = "Row in uploaded file"
REASON = "Why not filed"
NOT_RECORDED = "Why not recorded"
_ADDED = frozenset({ROW_NUMBER, REASON, NOT_RECORDED})


def without_added_columns(sheet: Sheet) -> Sheet:
    """The sheet as it was written, if its header names an added column; else the same sheet."""
    header = next((row for row in sheet.rows[:HEADER_WITHIN] if not _ADDED.isdisjoint(row.cells)), None)
    if header is None:
        return sheet
    added = {column for column, text in enumerate(header.cells) if text in _ADDED}
    rows = [_as_sent(row, added) for row in sheet.rows]
    return Sheet(sheet.name, tuple(row for row in rows if row.cells))


def _as_sent(row: Row, added: set[int]) -> Row:
    own = [_without_apostrophe(cell) for column, cell in enumerate(row.cells) if column not in added]
    return Row(row.number, trimmed(own))


def _without_apostrophe(cell: str) -> str:
    """The cell without the apostrophe that made it harmless."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell
