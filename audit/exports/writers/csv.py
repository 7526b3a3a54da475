"""CSV: UTF-8 with a header row, commas and line feeds, as PostgreSQL's COPY writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO

from audit.exports.columns import Column
from audit.exports.formats import About
from audit.exports.snapshot import CHUNK, Snapshot
from audit.spreadsheets import harmless


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    for piece in pieces(source):
        target.write(piece)


def pieces(source: Snapshot) -> Iterator[bytes]:
    """The file in pieces of about 64 KB that end with whole rows; the header is the first."""
    yield _header(source.export.columns)
    piece = bytearray()
    for line in source.csv_lines():
        piece += line
        if len(piece) >= CHUNK:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _header(columns: Sequence[Column]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(harmless(column.name) for column in columns)
    return line.getvalue().encode()
