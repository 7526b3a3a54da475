"""XLSX of a page of reports: a sheet for each table, with the numbers that the page shows, and what they mean."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.format import Format

from audit.exports.formats import About, CannotWrite
from audit.exports.writers.xlsx import ROWS_OF_A_SHEET, new_sheet, text_formats, write_parameters, write_text
from audit.reports.definitions import definitions
from audit.reports.tables import COUNT, DAY, HOURS, PERCENT, Table

if TYPE_CHECKING:
    from audit.reports.printing import Printed

LONGEST_NAME = 31
NO_NAME = re.compile(r"[\[\]:*?/\\]")
NUMBER_FORMATS = {COUNT: "#,##0", HOURS: "#,##0.0000", PERCENT: "0.00", DAY: "yyyy-mm-dd"}


def written(printed: Printed, about: About) -> bytes:
    """Raises CannotWrite for a text that no cell, or for rows that no sheet can hold."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True})
    workbook.set_properties({"title": printed.page.title, "created": printed.as_of.replace(tzinfo=None)})
    heading, wrapped = text_formats(workbook)
    formats = {unit: workbook.add_format({"num_format": form}) for unit, form in NUMBER_FORMATS.items()}
    names: list[str] = []
    for part in printed.parts:
        names.append(_name(part.table.title, names))
        write_table(workbook, names[-1], part.table, heading, formats)
    _write_definitions(printed, workbook, heading, wrapped)
    write_parameters(about() | {"row_count": printed.progress.rows}, workbook, heading, wrapped)
    workbook.close()
    return target.getvalue()


def _name(title: str, taken: list[str]) -> str:
    """The title as a sheet can have it: 31 characters, no two alike whatever their case."""
    plain = NO_NAME.sub(" ", title).strip("' ")
    name = plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 1].rstrip() + "…"
    lower = [other.lower() for other in taken]
    number = 2
    while name.lower() in lower:
        end = f" {number}"
        name = plain[: LONGEST_NAME - len(end)].rstrip() + end
        number += 1
    return name


def write_table(workbook: Any, name: str, table: Table, heading: Format, formats: dict[str, Format]) -> None:
    """A sheet of that name; `formats` has those of NUMBER_FORMATS. Raises CannotWrite."""
    if len(table.rows) >= ROWS_OF_A_SHEET:
        raise CannotWrite(f"“{table.title}” has {len(table.rows):,} rows, more than a sheet holds. Take CSV.")
    sheet = new_sheet(workbook, name, table.header, heading)
    sheet.set_header("&L" + table.title.replace("&", "&&"))
    # The names of rows are longer than what is above them.
    longest = max((len(str(row[0])) for row in table.rows), default=0)
    sheet.set_column(0, 0, max(16, min(60, longest + 2)))
    for line, row in enumerate(table.rows, 1):
        for place, (cell, (_, unit)) in enumerate(zip(row, table.columns, strict=True)):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                write_text(sheet, line, place, cell)
            elif unit == DAY:
                sheet.write_datetime(line, place, cell, formats[unit])
            else:
                sheet.write_number(line, place, cell, formats[unit])
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)


def _write_definitions(printed: Printed, workbook: Any, heading: Format, wrapped: Format) -> None:
    sheet = new_sheet(workbook, "Definitions", ["Column", "Holds", "Unit"], heading)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    sheet.set_column(2, 2, 18)
    defined = [*definitions(part.table for part in printed.parts), ("This report", printed.page.note, "")]
    for line, cells in enumerate(defined, 1):
        for place, text in enumerate(cells):
            write_text(sheet, line, place, text, wrapped)
