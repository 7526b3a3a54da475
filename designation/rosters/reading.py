"""Bytes of a file to sheets of rows of text. No database, no opinion about what the columns mean."""

from __future__ import annotations

from pathlib import PurePath

from designation.rosters.added import without_added_columns
from designation.rosters.delimited import read_delimited
from designation.rosters.files import MAX_BYTES, RosterFileError, Sheet, Workbook
from designation.rosters.spreadsheets import is_spreadsheet, read_spreadsheet

_MARKUP_STARTS = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<head", b"<meta")
_OTHER_KINDS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"{\\rtf": "a text document",
}


def read(content: bytes, filename: str) -> Workbook:
    """The sheets of a CSV, XLSX, XLS or ODS file; the content decides which it is, not the name.

    At most 10 MB and 25,000 rows; blank rows are left out, hidden sheets are not read, and the columns that we
    added to the rows of an earlier file are taken out. Raises RosterFileError.
    """
    if not content.strip():
        raise RosterFileError("The file is empty. Check that the roster was saved, and send it again.")
    if len(content) > MAX_BYTES:
        raise RosterFileError(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it into smaller files.")
    sheets = tuple(sheet for sheet in map(without_added_columns, _sheets(content, filename)) if sheet.rows)
    if not sheets:
        raise RosterFileError(
            "The file has no filled cells on a visible sheet. Check that it is the roster, and send it again."
        )
    return Workbook(sheets)


def _sheets(content: bytes, filename: str) -> tuple[Sheet, ...]:
    if is_spreadsheet(content):
        return read_spreadsheet(content)
    start = content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP_STARTS):
        raise RosterFileError(
            "The file is a web page or XML under another name."
            " Open it in your spreadsheet program, save it as XLSX and send that."
        )
    for signature, kind in _OTHER_KINDS.items():
        if content.startswith(signature):
            raise RosterFileError(
                f"The file is {kind}, not a spreadsheet. Save the roster as XLSX or CSV and send that."
            )
    return (Sheet(PurePath(filename).stem or "Roster", read_delimited(content)),)
