"""Files that people attach, to whatever they are attached: taken in, told apart by what they hold, and given out."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.http import FileResponse

from designation.models.files import LARGEST_FILE, KeptFile

LARGEST_IN_WORDS = f"{LARGEST_FILE // 1024**2} MB"
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."


class UnfitFile(Exception):
    """The file is not taken. The message tells who sent it why, and what to do."""


@dataclass(frozen=True)
class NewFile:
    """A file as it was sent."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def kept(self) -> dict[str, Any]:
        """What a `KeptFile` keeps of it. Raises UnfitFile where its size is not one that is kept."""
        if not 0 < len(self.content) <= LARGEST_FILE:
            raise UnfitFile(f"“{self.name}” is empty or larger than {LARGEST_IN_WORDS}. Attach another file.")
        return {
            "name": self.name,
            "content_type": self.content_type,
            "content": self.content,
            "size": len(self.content),
            "sha256": self.sha256,
        }


def as_download(file: KeptFile) -> FileResponse:
    """The file as it was attached, to be saved and never shown by the browser, nor kept by anything on the way."""
    response = FileResponse(
        BytesIO(file.content), as_attachment=True, filename=file.name, content_type=file.content_type
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@dataclass(frozen=True)
class FileType:
    """A kind of file that is known by what it holds; `endings` are those that its name may have."""

    label: str
    content_type: str
    endings: tuple[str, ...]
    holds: Callable[[bytes], bool]


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signatures)


def _has_part(part: str) -> Callable[[bytes], bool]:
    return lambda content: part in _parts(content)


def _is_open_document(kind: str) -> Callable[[bytes], bool]:
    """By the rules of OpenDocument its first part, which is not compressed, says what it is."""
    first = f"mimetype{OPEN_DOCUMENT}{kind}".encode()
    return lambda content: content.startswith(b"PK") and first in content[:120]


TYPES = (
    FileType("a PDF", "application/pdf", (".pdf",), _begins(b"%PDF-")),
    FileType("a PNG picture", "image/png", (".png",), _begins(b"\x89PNG\r\n\x1a\n")),
    FileType("a JPEG picture", "image/jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8\xff")),
    FileType("a GIF picture", "image/gif", (".gif",), _begins(b"GIF87a", b"GIF89a")),
    FileType("a TIFF picture", "image/tiff", (".tif", ".tiff"), _begins(b"II*\x00", b"MM\x00*")),
    FileType("a Word document", f"{OFFICE}wordprocessingml.document", (".docx",), _has_part("word/document.xml")),
    FileType("an Excel workbook", f"{OFFICE}spreadsheetml.sheet", (".xlsx",), _has_part("xl/workbook.xml")),
    FileType(
        "a PowerPoint presentation",
        f"{OFFICE}presentationml.presentation",
        (".pptx",),
        _has_part("ppt/presentation.xml"),
    ),
    FileType("an OpenDocument text", f"{OPEN_DOCUMENT}text", (".odt",), _is_open_document("text")),
    FileType("an OpenDocument sheet", f"{OPEN_DOCUMENT}spreadsheet", (".ods",), _is_open_document("spreadsheet")),
    FileType(
        "an OpenDocument slide show", f"{OPEN_DOCUMENT}presentation", (".odp",), _is_open_document("presentation")
    ),
)
ENDINGS = tuple(ending for found in TYPES for ending in found.endings)
TAKEN = "PDF, pictures (PNG, JPEG, GIF, TIFF), and documents of Word, Excel, PowerPoint and OpenDocument"


def told_apart(name: str, content: bytes) -> NewFile:
    """The file with the type that its content has, whatever was said of it.

    Raises UnfitFile for what is none of `TYPES`, for a name that says something else, and for macros.
    """
    found = next((kind for kind in TYPES if kind.holds(content)), None)
    if found is None:
        raise UnfitFile(f"“{name}” is none of these: {TAKEN}. Save it as a PDF and attach that.")
    if not name.lower().endswith(found.endings):
        raise UnfitFile(f"“{name}” holds {found.label}, which its name does not say. Let it end in {found.endings[0]}.")
    if _has_macros(content):
        raise UnfitFile(f"“{name}” holds macros. Save it without them, or as a PDF, and attach that.")
    return NewFile(name, found.content_type, content)


def _has_macros(content: bytes) -> bool:
    """Whether it is a package of Office, or of OpenDocument, with what these keep their macros in."""
    parts = [part.lower() for part in _parts(content)]
    return any(part.endswith("vbaproject.bin") or part.startswith("basic/") for part in parts)


def _parts(content: bytes) -> Mapping[str, Any]:
    """The names of what a package holds; nothing is unpacked. None of a file that is no package."""
    if not content.startswith(b"PK"):
        return {}
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            return package.NameToInfo
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return {}
