"""Small files of the types that are taken, and some that are not."""

from __future__ import annotations

import zipfile
from io import BytesIO

PDF = b"%PDF-1.7\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def package(*parts: str, mimetype: str = "") -> bytes:
    """A file of Office or, with a mimetype, of OpenDocument, that holds the parts."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        if mimetype:
            made.writestr("mimetype", mimetype)
        for part in parts:
            made.writestr(part, "<x/>")
    return held.getvalue()


WORD = package("[Content_Types].xml", "word/document.xml")
EXCEL = package("[Content_Types].xml", "xl/workbook.xml")
TEXT = package("content.xml", mimetype="application/vnd.oasis.opendocument.text")
WITH_MACROS = package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
