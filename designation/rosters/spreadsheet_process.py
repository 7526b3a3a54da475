"""Turns the spreadsheet on standard input into JSON on standard output. Run as a script, alone.

A workbook of some kilobytes can name a cell so far out that the reader aborts the whole process for want of
memory. Here that ends only this process, whose memory and time are limited.
"""

from __future__ import annotations

import datetime
import io
import json
import resource
import sys

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 20
MAX_TEXT = 40_000_000  # characters in all cells together


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


def read(content: bytes, max_rows: int, max_columns: int) -> list[dict[str, object]]:
    """The visible worksheets: name and rows; of each row its number and cells up to the last filled one."""
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets: list[dict[str, object]] = []
    rows_left, text_left = max_rows, MAX_TEXT
    for meta in workbook.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
            continue
        rows = []
        for number, values in enumerate(workbook.get_sheet_by_name(meta.name).iter_rows(), start=1):
            cells = [text_of(value) for value in values]
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
