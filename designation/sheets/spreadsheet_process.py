"""Turns the spreadsheet on standard input into JSON on standard output. Run as a script, alone.

A workbook of some kilobytes can name a cell so far out that the reader aborts the whole process for want of
memory. Here that ends only this process, whose memory and time are limited.
"""

from __future__ import annotations

import datetime
import html
import io
import json
import re
import resource
import sys
import zipfile

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 20
MAX_TEXT = 40_000_000  # characters in all cells together
STYLES = "xl/styles.xml"
FORMAT_CODE = re.compile(r'formatCode="([^"]*)"')
# Of the cells, not of named styles; 9 and 10 are 0% and 0.00%, which have no format code of their own.
CELL_FORMATS = re.compile(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
BUILT_IN_PERCENT = re.compile(r'numFmtId="(?:9|10)"')
# A number format that shows shares as percent, as 0%, 0.00 % or [$-409]0.0%;-0.0%.
PERCENT = re.compile(r"(?:\[[^\]]*\])*[#0?,.]+(?: |\\ )?%.*", re.DOTALL)
# A number format that shows whole numbers with leading zeros, as 00000, [$-409]00000;@ or "0"0000.
PADDING = re.compile(r'(?:\[\$-[^\]]*\])?(?P<before>(?:"[^"]*"|\\.)*)(?P<zeros>0+)(?:_.)*(?:;.*)?', re.DOTALL)


class Refusal(Exception):
    """Why the workbook is not taken, as a word that the caller turns into a sentence."""


def text_of(value: object) -> str:
    """A cell as a person would type it: 12345.0 is "12345", a date is as 2024-05-03, true is "TRUE"."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time.min else value.isoformat(" ", "minutes")
    return storable(str(value)).strip()


def storable(text: str) -> str:
    """PostgreSQL stores no zero character; the mark of an unreadable one takes its place."""
    return text.replace("\x00", "\ufffd")


def formatted_cells(content: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Sheet -> (row, column), counted from 1 -> the text of a number that its format shows padded or as percent.

    The other reader gives numbers without their formats. This one is slow, and is asked only if there are such formats.
    """
    if not has_telling_formats(content):
        return {}
    from openpyxl import load_workbook

    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    return {
        sheet.title: {
            (cell.row, cell.column): text
            for cells in sheet.iter_rows()
            for cell in cells
            if cell.value is not None and (text := shown(cell.value, cell.number_format))
        }
        for sheet in workbook.worksheets
        if sheet.sheet_state == "visible"
    }


def has_telling_formats(content: bytes) -> bool:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        styles = package.read(STYLES).decode("utf-8", "replace") if STYLES in package.namelist() else ""
    codes = [html.unescape(code) for code in FORMAT_CODE.findall(styles)]
    cells = CELL_FORMATS.search(styles)
    return any(PADDING.fullmatch(code) or PERCENT.fullmatch(code) for code in codes) or bool(
        cells and BUILT_IN_PERCENT.search(cells[0])
    )


def shown(value: object, number_format: str) -> str:
    """A number as the format shows it, a share as percent with all its decimals; empty if the format adds nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if PERCENT.fullmatch(number_format):
        return f"{value * 100:.15g}%"
    if value < 0 or value != int(value):
        return ""
    found = PADDING.fullmatch(number_format)
    if found is None:
        return ""
    before = re.sub(r'"([^"]*)"|\\(.)', r"\1\2", found["before"])
    return before + str(int(value)).zfill(len(found["zeros"]))


def read(content: bytes, max_rows: int, max_columns: int) -> list[dict[str, object]]:
    """The visible worksheets: name and rows; of each row its number and cells up to the last filled one."""
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    formatted_in = formatted_cells(content)
    sheets: list[dict[str, object]] = []
    rows_left, text_left = max_rows, MAX_TEXT
    for meta in workbook.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
            continue
        rows = []
        formatted_here = formatted_in.get(meta.name, {})
        sheet = workbook.get_sheet_by_name(meta.name)
        first_column = sheet.start[1] + 1 if sheet.start else 1
        for number, values in enumerate(sheet.iter_rows(), start=1):
            cells = [
                formatted_here.get((number, column)) or text_of(value)
                for column, value in enumerate(values, start=first_column)
            ]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            rows.append((number, cells))
            rows_left -= 1
            text_left -= sum(map(len, cells))
            if rows_left < 0:
                raise Refusal("rows")
            if len(cells) > max_columns:
                raise Refusal("columns")
            if text_left < 0:
                raise Refusal("size")
        sheets.append({"name": storable(meta.name), "rows": rows})
    return sheets


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer: dict[str, object] = {"sheets": read(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))}
    except Refusal as refusal:
        answer = {"refused": str(refusal)}
    except PasswordError:
        answer = {"refused": "password"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
