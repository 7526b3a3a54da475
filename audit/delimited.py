"""Delimited text (CSV) from outside: its encoding, its delimiter and its records, from the content alone."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

DELIMITERS = ",;\t|"
SAMPLE = 60  # records that decide the delimiter
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


class NotText(Exception):
    """The bytes are no text in UTF-8, UTF-16 with a byte order mark, or Windows-1252."""


def decode(content: bytes) -> str:
    """The text of a file, without its byte order mark. Raises NotText."""
    text = _decode_as(content, _encoding(content))
    if text is None:
        text = _decode_as(content, "cp1252")
    if text is None or "\x00" in text or sum(1 for _ in BINARY.finditer(text)) > len(text) // 20:
        raise NotText
    return text


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _decode_as(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def records(text: str, known_fields: Callable[[Sequence[str]], int]) -> Iterator[list[str]]:
    """The records of the text, cell by cell, blank ones as empty lists.

    A first line “sep=;” states the delimiter; otherwise it is the one under which a record has most
    `known_fields`, then the one whose records agree most in width. Raises csv.Error on the way: quotation marks are
    taken strictly, because one left open would otherwise swallow the records after it without a word.
    """
    declared = SEPARATOR_LINE.match(text)
    if declared:
        return _records(text[declared.end() :], declared[1])
    scores = {delimiter: _score(text, delimiter, known_fields) for delimiter in DELIMITERS}
    return _records(text, max(DELIMITERS, key=lambda delimiter: scores[delimiter]))


def _score(text: str, delimiter: str, known_fields: Callable[[Sequence[str]], int]) -> tuple[int, int, int]:
    sample: list[list[str]] = []
    # What comes before a misplaced quotation mark still tells; reading the records under the winner reports the mark.
    with suppress(csv.Error):
        sample.extend(islice(_records(text, delimiter), SAMPLE))
    fields = max((known_fields(record) for record in sample), default=0)
    widths = Counter(len(record) for record in sample if len(record) > 1)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return (fields, count, width)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
