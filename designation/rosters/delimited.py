"""Delimited text (CSV): the encoding and the delimiter are found from the content."""

from __future__ import annotations

import csv

from audit import delimited
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


def read_delimited(content: bytes) -> tuple[Row, ...]:
    """The rows of a delimited text file. Raises RosterFileError."""
    try:
        text = delimited.decode(content)
    except delimited.NotText:
        raise RosterFileError(
            "The file is neither a spreadsheet nor readable text."
            " Save the roster as XLSX, or as “CSV UTF-8”, and send that."
        ) from None
    rows: list[Row] = []
    number = 0
    try:
        records = delimited.records(text, lambda record: len(recognised_fields(record[:MAX_COLUMNS])))
        for number, record in enumerate(records, start=1):
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
