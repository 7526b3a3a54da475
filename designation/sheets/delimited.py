"""Delimited text (CSV): the encoding and the delimiter are found from the content."""

from __future__ import annotations

import csv
from typing import Any

from audit import delimited
from designation.sheets.files import MAX_COLUMNS, Row, UnusableFile, trimmed
from designation.sheets.kinds import FileKind, too_many_columns, too_many_rows


def read_delimited(content: bytes, kind: FileKind[Any]) -> tuple[Row, ...]:
    """The rows of a delimited text file. Raises UnusableFile."""
    try:
        text = delimited.decode(content)
    except delimited.NotText:
        raise UnusableFile(
            "The file is neither a spreadsheet nor readable text."
            f" Save the {kind.noun} as XLSX, or as “CSV UTF-8”, and send that."
        ) from None
    known = kind.vocabulary.recognised_fields
    rows: list[Row] = []
    number = 0
    try:
        records = delimited.records(text, lambda record: len(known(record[:MAX_COLUMNS])))
        for number, record in enumerate(records, start=1):
            cells = trimmed(record)
            if len(cells) > MAX_COLUMNS:
                raise too_many_columns(number, kind)
            if cells:
                rows.append(Row(number, cells))
            if len(rows) > kind.max_rows:
                raise too_many_rows(kind)
    except csv.Error as error:
        raise UnusableFile(
            f"Row {number + 1} cannot be read: a quotation mark is not closed or stands in the wrong place,"
            f" or a cell is too long. Correct that row, or save the {kind.noun} as XLSX."
        ) from error
    return tuple(rows)
