"""Spreadsheet files (XLSX, XLS, ODS): opened in a process of their own, whose memory and time are limited."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

from designation.rosters.files import MAX_COLUMNS, MAX_ROWS, RosterFileError, Row, Sheet, too_many_rows

MAX_UNPACKED_BYTES = 150 * 1024 * 1024
_SECONDS = 30
_PROCESS = Path(__file__).with_name("spreadsheet_process.py")
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_LOCKED = "The file is protected by a password. Remove the password (File, Info, Protect Workbook) and send it again."
_TOO_LARGE = (
    "The workbook grows too large when it is opened, often because of a stray entry far below or right of"
    " the list. Copy the roster into a new workbook and send that."
)
_DAMAGED = (
    "The file is damaged or not a spreadsheet. Open it in your spreadsheet program, save it as XLSX and send that."
)


def is_spreadsheet(content: bytes) -> bool:
    """Whether the bytes begin as a packed workbook or an old binary one does, whatever the file is called."""
    return content.startswith((_ZIP, _OLE))


def read_spreadsheet(content: bytes) -> tuple[Sheet, ...]:
    """The visible sheets. Raises RosterFileError."""
    if content.startswith(_ZIP):
        _check_package(content)
    elif _ENCRYPTED in content:
        raise RosterFileError(_LOCKED)
    answer = _open(content)
    if "refused" in answer:
        raise _refusal(answer["refused"])
    return tuple(
        Sheet(sheet["name"], tuple(Row(number, tuple(cells)) for number, cells in sheet["rows"]))
        for sheet in answer["sheets"]
    )


def _check_package(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            opendocument = "mimetype" in package.namelist() and b"spreadsheet" in package.read("mimetype")[:100]
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise RosterFileError(_DAMAGED) from error
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise RosterFileError(_TOO_LARGE)
    if not opendocument and not any(entry.filename.lower() == "xl/workbook.xml" for entry in entries):
        raise RosterFileError("The file is a packed file of another kind. Save the roster as XLSX and send that.")


def _open(content: bytes) -> dict:
    command = [sys.executable, "-I", str(_PROCESS), str(MAX_ROWS), str(MAX_COLUMNS)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own script, no shell; the file goes in on standard input
            command, input=content, capture_output=True, timeout=_SECONDS, env={}, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RosterFileError(_TOO_LARGE) from error
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        raise RosterFileError(_TOO_LARGE)
    if done.returncode:
        raise RosterFileError(_DAMAGED)
    return json.loads(done.stdout)


def _refusal(word: str) -> RosterFileError:
    if word == "rows":
        return too_many_rows()
    if word == "columns":
        return RosterFileError(
            f"A sheet has more than {MAX_COLUMNS} columns. Copy the roster into a new workbook and send that."
        )
    return RosterFileError(_LOCKED if word == "password" else _TOO_LARGE)
