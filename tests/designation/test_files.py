"""Files that people attach: they are what they hold, whatever their names say."""

from __future__ import annotations

import pytest

from designation.files import NewFile, UnfitFile, as_download, told_apart
from designation.models import RequestFile
from designation.models.files import LARGEST_FILE
from tests.designation.sample_files import EXCEL, PDF, PNG, TEXT, WITH_MACROS, WORD, package


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("memo.pdf", PDF, "application/pdf"),
        ("MEMO.PDF", PDF, "application/pdf"),
        ("map.png", PNG, "image/png"),
        ("scan.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("scan.tif", b"II*\x00", "image/tiff"),
        ("memo.docx", WORD, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("list.xlsx", EXCEL, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("memo.odt", TEXT, "application/vnd.oasis.opendocument.text"),
    ],
)
def test_a_file_has_the_type_of_what_it_holds(name, content, content_type):
    assert told_apart(name, content) == NewFile(name, content_type, content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("run.pdf", b"MZ\x90\x00", "is none of these"),
        ("page.pdf", b"<html>%PDF-1.7", "is none of these"),
        ("memo.pdf", WORD, "holds a Word document, which its name does not say. Let it end in .docx."),
        ("memo", PDF, "Let it end in .pdf."),
        ("memo.docx", WITH_MACROS, "holds macros"),
        ("memo.docx", package("evil.exe"), "is none of these"),
        ("memo.docx", b"PK\x03\x04broken", "is none of these"),
        ("memo.odt", package("Basic/script-lc.xml", mimetype="application/vnd.oasis.opendocument.text"), "macros"),
    ],
)
def test_what_is_not_taken_is_told_why(name, content, why):
    with pytest.raises(UnfitFile, match=why):
        told_apart(name, content)


@pytest.mark.parametrize("size", [0, LARGEST_FILE + 1])
def test_a_file_of_no_size_or_too_large_is_not_kept(size):
    with pytest.raises(UnfitFile, match="is empty or larger than 10 MB"):
        NewFile("memo.pdf", "application/pdf", bytes(size)).kept()


def test_a_file_is_saved_by_browsers_and_kept_by_nothing_on_the_way():
    response = as_download(RequestFile(name="Mémo.pdf", content_type="application/pdf", content=PDF))
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response.streaming_content) == PDF
