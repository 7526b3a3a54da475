"""The rows of a roster that were not filed, to be corrected and sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from audit.spreadsheets import harmless
from designation.rosters.added import REASON, ROW_NUMBER
from designation.rosters.columns import Roster


def rejected_csv(roster: Roster, reasons: Mapping[int, str]) -> str:
    """The rows in `reasons` (row number -> why) as CSV: the user's own columns, then the two of `added`.

    A blank header stays blank, so that the layout is known again when the file comes back.
    """
    rows = [row for row in roster.rows if row.number in reasons]
    width = max([len(roster.headers), *(len(row.cells) for row in rows)])
    text = io.StringIO()
    writer = csv.writer(text)
    titles = [*roster.headers, *[""] * (width - len(roster.headers))]
    writer.writerow([harmless(title) for title in [*titles, ROW_NUMBER, REASON]])
    for row in rows:
        cells = [row.cell(column) for column in range(width)]
        writer.writerow([harmless(cell) for cell in [*cells, row.number, reasons[row.number]]])
    return text.getvalue()
