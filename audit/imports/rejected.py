"""The rows of a log that were not imported, to be corrected and imported again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from audit.imports.log import Log
from audit.spreadsheets import harmless


def write_rejected(log: Log, path: Path) -> None:
    """Writes the bad rows as CSV: the file's own columns, then “Row” and “Reason”."""
    width = max([len(log.header), *(len(bad.cells) for bad in log.bad)])
    # With a byte order mark, by which spreadsheets tell UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(text) for text in [*_filled(log.header, width), "Row", "Reason"]])
        for bad in log.bad:
            reason = f"{bad.column or 'The whole row'}: {bad.reason}"
            writer.writerow([harmless(text) for text in [*_filled(bad.cells, width), bad.row, reason]])


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
