"""XLSX: a workbook with real dates and numbers, the definitions of its columns, and what it was made with.

A sheet ends at 1,048,576 rows, so that many rows take several sheets. Memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from audit.exports.columns import DATE, EXACT_INSTANT, HOURS, INSTANT, Column
from audit.exports.formats import About, CannotWrite, scratch_beside
from audit.exports.snapshot import Snapshot
from audit.manifest import words

ROWS_OF_A_SHEET = 1_048_576
LONGEST_TEXT = 32_767
NUMBER_FORMATS = {
    INSTANT: "yyyy-mm-dd hh:mm:ss",
    EXACT_INSTANT: "yyyy-mm-dd hh:mm:ss.000",
    DATE: "yyyy-mm-dd",
    HOURS: "#,##0.0000",
}
UNITS = {
    INSTANT: "date and time in UTC, to the second",
    EXACT_INSTANT: "date and time in UTC, to the millisecond",
}


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    """Raises CannotWrite for a text that no cell can hold."""
    # The rows wait beside the file until the workbook is put together, as private as it is.
    with scratch_beside(Path(target.name)) as folder:
        workbook = xlsxwriter.Workbook(target, {"constant_memory": True, "tmpdir": str(folder)})
        _write_sheets(source, about, workbook)
        workbook.close()


def _write_sheets(source: Snapshot, about: About, workbook: Any) -> None:
    workbook.set_properties({"title": _title(source), "created": source.as_of.replace(tzinfo=None)})
    formats = {unit: workbook.add_format({"num_format": form}) for unit, form in NUMBER_FORMATS.items()}
    heading, wrapped = text_formats(workbook)
    _write_rows(source, workbook, heading, formats)
    _write_definitions(source.export.columns, workbook, heading, wrapped)
    write_parameters(_parameters(source, about), workbook, heading, wrapped)


def text_formats(workbook: Any) -> tuple[Format, Format]:
    """Of headers, and of cells whose text runs over several lines."""
    heading = workbook.add_format({"bold": True, "bg_color": "#DFE1E2", "border": 1})
    return heading, workbook.add_format({"text_wrap": True, "valign": "top"})


def _title(source: Snapshot) -> str:
    return source.export.what.capitalize()


def _write_rows(source: Snapshot, workbook: Any, heading: Format, formats: dict[str, Format]) -> None:
    columns = source.export.columns
    rows = source.rows()
    number = 1
    first: tuple[Any, ...] | None = next(rows, None)
    while first is not None or number == 1:
        name = _title(source) if number == 1 else f"{_title(source)} {number}"
        sheet = new_sheet(workbook, name, [column.name for column in columns], heading)
        here = islice(rows, ROWS_OF_A_SHEET - 2)
        written = _write_cells(sheet, chain([first], here) if first is not None else (), columns, formats)
        sheet.autofilter(0, 0, max(written, 1), len(columns) - 1)
        first = next(rows, None)
        number += 1


def new_sheet(workbook: Any, name: str, header: Sequence[str], heading: Format) -> Worksheet:
    """A sheet with its header in the first row, which stays in sight and is printed on each page."""
    sheet: Worksheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    for place, text in enumerate(header):
        sheet.set_column(place, place, max(12, min(40, len(text) + 4)))
        write_text(sheet, 0, place, text, heading)
    return sheet


def _write_cells(
    sheet: Worksheet, rows: Iterable[tuple[Any, ...]], columns: Sequence[Column], formats: dict[str, Format]
) -> int:
    """Returns the number of the last row written; the header is row 0."""
    cell_formats = [formats.get(column.unit) for column in columns]
    line = 0
    for line, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if cell is None:
                continue
            if isinstance(cell, str):
                write_text(sheet, line, place, cell)
            elif isinstance(cell, bool):
                sheet.write_boolean(line, place, cell)
            elif isinstance(cell, datetime):
                sheet.write_datetime(line, place, cell.replace(tzinfo=None), cell_formats[place])
            elif isinstance(cell, date):
                sheet.write_datetime(line, place, cell, cell_formats[place])
            else:
                sheet.write_number(line, place, cell, cell_formats[place])
    return line


def write_text(sheet: Worksheet, line: int, place: int, text: str, form: Format | None = None) -> None:
    """As a cell of text, which no spreadsheet runs as a formula. Raises CannotWrite for one that is too long."""
    if len(text) > LONGEST_TEXT:
        raise CannotWrite(f"A text has {len(text):,} characters, more than a cell holds. Take CSV or Parquet.")
    sheet.write_string(line, place, text, form)


def _write_definitions(columns: Sequence[Column], workbook: Any, heading: Format, wrapped: Format) -> None:
    sheet = new_sheet(workbook, "Definitions", ["Column", "Holds", "Unit", "Empty when"], heading)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 80)
    sheet.set_column(2, 3, 32)
    for line, column in enumerate(columns, 1):
        cells = (column.name, column.holds, UNITS.get(column.unit, column.unit), column.can_be_empty or "never")
        for place, text in enumerate(cells):
            write_text(sheet, line, place, text, wrapped)


def write_parameters(parameters: Mapping[str, Any], workbook: Any, heading: Format, wrapped: Format) -> None:
    """What the file was made with, as the last sheet."""
    sheet = new_sheet(workbook, "Parameters", ["Parameter", "Value"], heading)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    for line, (name, value) in enumerate(sorted(parameters.items()), 1):
        write_text(sheet, line, 0, name, wrapped)
        write_text(sheet, line, 1, words(value), wrapped)


def _parameters(source: Snapshot, about: About) -> dict[str, Any]:
    """The manifest, but for the size and the SHA-256, which a file cannot say of itself."""
    return about() | {"row_count": source.progress.rows}
