"""Spreadsheet files (XLSX, XLS, ODS): opened in a process of their own, whose memory and time are limited."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from designation.sheets.files import MAX_COLUMNS, Row, Sheet, UnusableFile
from designation.sheets.kinds import FileKind, too_many_rows

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


def read_spreadsheet(content: bytes, kind: FileKind[Any]) -> tuple[Sheet, ...]:
    """The visible sheets. Raises UnusableFile."""
    if content.startswith(_ZIP):
        _check_package(content, kind)
    elif _ENCRYPTED in content:
        raise UnusableFile(_LOCKED)
    answer = _open(content, kind.max_rows)
    if "refused" in answer:
        raise _refusal(answer["refused"], kind)
    return tuple(
        Sheet(sheet["name"], tuple(Row(number, tuple(cells)) for number, cells in sheet["rows"]))
        for sheet in answer["sheets"]
    )


def _check_package(content: bytes, kind: FileKind[Any]) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            mimetype = _mimetype(package)
    except Exception as error:  # zipfile lets through what its decompressors raise on damaged bytes
        raise UnusableFile(_DAMAGED) from error
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise UnusableFile(_TOO_LARGE)
    if b"spreadsheet" not in mimetype and not any(entry.filename.lower() == "xl/workbook.xml" for entry in entries):
        raise UnusableFile(f"The file is a packed file of another kind. Save the {kind.noun} as XLSX and send that.")


def _mimetype(package: zipfile.ZipFile) -> bytes:
    """What an OpenDocument file says that it is; its first bytes only, as nothing says how long that really is."""
    if "mimetype" not in package.namelist():
        return b""
    with package.open("mimetype") as part:
        return part.read(100)


def _open(content: bytes, max_rows: int) -> dict:
    command = [sys.executable, "-I", str(_PROCESS), str(max_rows), str(MAX_COLUMNS)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own script, no shell; the file goes in on standard input
            command, input=content, capture_output=True, timeout=_SECONDS, env={}, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnusableFile(_TOO_LARGE) from error
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        raise UnusableFile(_TOO_LARGE)
    if done.returncode:
        raise UnusableFile(_DAMAGED)
    return json.loads(done.stdout)


def _refusal(word: str, kind: FileKind[Any]) -> UnusableFile:
    if word == "rows":
        return too_many_rows(kind)
    if word == "columns":
        return UnusableFile(
            f"A sheet has more than {MAX_COLUMNS} columns. Copy the {kind.noun} into a new workbook and send that."
        )
    return UnusableFile(_LOCKED if word == "password" else _TOO_LARGE)
