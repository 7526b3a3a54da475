"""Bytes of a file to sheets of rows of text. No database, no opinion about what the columns mean."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from designation.sheets.added import without_added_columns
from designation.sheets.delimited import read_delimited
from designation.sheets.files import Sheet, UnusableFile, Workbook
from designation.sheets.kinds import FileKind
from designation.sheets.spreadsheets import is_spreadsheet, read_spreadsheet

_MARKUP_STARTS = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<head", b"<meta")
_OTHER_KINDS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"{\\rtf": "a text document",
}


def read(content: bytes, filename: str, kind: FileKind[Any]) -> Workbook:
    """The sheets of a CSV, XLSX, XLS or ODS file; the content decides which it is, not the name.

    Blank rows are left out, hidden sheets are not read, and the columns that we added to the rows of an earlier file
    are taken out. Raises UnusableFile, also for more bytes or rows than the kind allows.
    """
    if not content.strip():
        raise UnusableFile(f"The file is empty. Check that the {kind.noun} was saved, and send it again.")
    if len(content) > kind.max_bytes:
        raise UnusableFile(kind.too_large)
    sheets = tuple(sheet for sheet in map(without_added_columns, _sheets(content, filename, kind)) if sheet.rows)
    if not sheets:
        raise UnusableFile(
            f"The file has no filled cells on a visible sheet. Check that it is the {kind.noun}, and send it again."
        )
    return Workbook(sheets)


def _sheets(content: bytes, filename: str, kind: FileKind[Any]) -> tuple[Sheet, ...]:
    if is_spreadsheet(content):
        return read_spreadsheet(content, kind)
    start = content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP_STARTS):
        raise UnusableFile(
            "The file is a web page or XML under another name."
            " Open it in your spreadsheet program, save it as XLSX and send that."
        )
    for signature, other in _OTHER_KINDS.items():
        if content.startswith(signature):
            raise UnusableFile(
                f"The file is {other}, not a spreadsheet. Save the {kind.noun} as XLSX or CSV and send that."
            )
    return (Sheet(PurePath(filename).stem or kind.noun.capitalize(), read_delimited(content, kind)),)
