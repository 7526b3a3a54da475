"""Delimited text (CSV): the encoding and the delimiter are found from the content."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from designation.rosters.files import (
    MAX_COLUMNS,
    MAX_ROWS,
    RosterFileError,
    Row,
    too_many_columns,
    too_many_rows,
    trimmed,
)
from designation.rosters.headers import recognised_fields

_DELIMITERS = ",;\t|"
_SAMPLE = 60  # rows that decide the delimiter
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


def read_delimited(content: bytes) -> tuple[Row, ...]:
    """The rows of a delimited text file. Raises RosterFileError."""
    text = _decode(content)
    declared = _SEPARATOR_LINE.match(text)
    if declared:
        return _rows(text[declared.end() :], declared[1])
    return _rows(text, _find_delimiter(text))


def _decode(content: bytes) -> str:
    text = _decode_as(content, _encoding(content))
    if text is None:
        text = _decode_as(content, "cp1252")
    if text is None or "\x00" in text or len(_BINARY.findall(text)) > len(text) // 20:
        raise RosterFileError(
            "The file is neither a spreadsheet nor readable text."
            " Save the roster as XLSX, or as “CSV UTF-8”, and send that."
        )
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


def _find_delimiter(text: str) -> str:
    """The delimiter under which the sample names most fields; then the one whose rows agree most in width."""
    scores = {delimiter: _score(text, delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: scores[delimiter])


def _score(text: str, delimiter: str) -> tuple[int, int, int]:
    sample: list[list[str]] = []
    # What comes before a misplaced quotation mark still tells; reading the rows under the winner reports the mark.
    with suppress(csv.Error):
        sample.extend(islice(_records(text, delimiter), _SAMPLE))
    fields = max((len(recognised_fields(record[:MAX_COLUMNS])) for record in sample), default=0)
    widths = Counter(len(record) for record in sample if len(record) > 1)
    width, rows = widths.most_common(1)[0] if widths else (0, 0)
    return (fields, rows, width)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    # Strict, because a quotation mark left open would otherwise swallow the rows after it without a word.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _rows(text: str, delimiter: str) -> tuple[Row, ...]:
    rows: list[Row] = []
    number = 0
    try:
        for number, record in enumerate(_records(text, delimiter), start=1):
            cells = trimmed(record)
            if len(cells) > MAX_COLUMNS:
                raise too_many_columns(number)
            if cells:
                rows.append(Row(number, cells))
            if len(rows) > MAX_ROWS:
                raise too_many_rows()
    except csv.Error as error:
        raise RosterFileError(
            f"Row {number + 1} cannot be read: a quotation mark is not closed or stands in the wrong place,"
            " or a cell is too long. Correct that row, or save the roster as XLSX."
        ) from error
    return tuple(rows)
