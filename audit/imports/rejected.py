"""The rows of a log that were not imported, to be corrected and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from audit.imports.log import Log
from audit.spreadsheets import harmless


def rejected_rows(log: Log) -> bytes:
    """The bad rows as a CSV file: the file's own columns, then “Row” and “Reason”."""
    width = max([len(log.header), *(len(bad.cells) for bad in log.bad)])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([harmless(name) for name in [*_filled(log.header, width), "Row", "Reason"]])
    for bad in log.bad:
        reason = f"{bad.column or 'The whole row'}: {bad.reason}"
        writer.writerow([harmless(cell) for cell in [*_filled(bad.cells, width), bad.row, reason]])
    # With a byte order mark, by which spreadsheets tell UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
