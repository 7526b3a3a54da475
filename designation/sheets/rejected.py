"""The rows of a file that were not taken, to be corrected and sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from audit.spreadsheets import harmless
from designation.sheets.added import ROW_NUMBER
from designation.sheets.columns import Table


def rejected_csv(table: Table[Any], reasons: Mapping[int, str], why: str) -> str:
    """The rows in `reasons` (row number -> why) as CSV: the user's own columns, then the two of `added`:
    the row's number, and under `why` the reason.

    A blank header stays blank, so that the layout is known again when the file comes back.
    """
    rows = [row for row in table.rows if row.number in reasons]
    width = max([len(table.headers), *(len(row.cells) for row in rows)])
    text = io.StringIO()
    writer = csv.writer(text)
    titles = [*table.headers, *[""] * (width - len(table.headers))]
    writer.writerow([harmless(title) for title in [*titles, ROW_NUMBER, why]])
    for row in rows:
        cells = [row.cell(column) for column in range(width)]
        writer.writerow([harmless(cell) for cell in [*cells, row.number, reasons[row.number]]])
    return text.getvalue()
