"""Real roster files for tests, written as offices' programs write them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from designation.models import Office, User

DATA = Path(__file__).with_name("data")
HEADER = ["Badge Number", "Last Name", "First Name", "Justification"]


def home(user: User) -> Office:
    assert user.office is not None
    return user.office


def csv_file(rows: Sequence[Sequence[object]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_file(**sheets: Sequence[Sequence[object]]) -> bytes:
    """A workbook with the sheets; None leaves a cell empty."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return content.getvalue()


def xlsx_sheet(fill: Callable[[Worksheet, xlsxwriter.Workbook], object]) -> bytes:
    """A workbook with one sheet that the function fills."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as workbook:
        fill(workbook.add_worksheet("Roster"), workbook)
    return content.getvalue()


def ods_file(rows: Sequence[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet with one sheet of text cells."""
    table = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    names = "urn:oasis:names:tc:opendocument:xmlns"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
        package.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0"'
            f' xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Roster">'
            f"{table}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return packed.getvalue()
