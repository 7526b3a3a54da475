"""Cells written for people who open them in a spreadsheet."""

from __future__ import annotations

# What Excel, LibreOffice and Google Sheets take for the start of a formula, in half and full width.
FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def harmless(cell: object) -> str:
    """The cell as text that no spreadsheet runs as a formula: an apostrophe goes before what could start one.

    None becomes the empty text.
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
