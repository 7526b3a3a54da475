"""Parquet: typed columns in row groups, each with its definition in the file's schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from audit.exports.columns import TYPES, Column
from audit.exports.formats import About
from audit.exports.snapshot import Snapshot

ROWS_IN_A_GROUP = 50_000
ARROW_TYPES = {
    "text": pa.string(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "float8": pa.float64(),
    "int8": pa.int64(),
    "bool": pa.bool_(),
}


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    schema = _schema(source)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for rows in _groups(source.rows()):
            arrays = [
                pa.array(cells, type=field.type) for cells, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=ROWS_IN_A_GROUP)


def _groups(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while group := list(islice(rows, ROWS_IN_A_GROUP)):
        yield group


def _schema(source: Snapshot) -> pa.Schema:
    export = source.export
    about = {
        "what": export.what,
        "workflow": export.workflow,
        "filters": json.dumps(export.filters.as_parameters()),
        "as_of": source.as_of.isoformat(),
    }
    return pa.schema(_fields(export.columns), metadata=about)


def _fields(columns: Sequence[Column]) -> list[pa.Field]:
    return [
        pa.field(column.name, ARROW_TYPES[TYPES[column.unit]], metadata={"holds": column.holds, "unit": column.unit})
        for column in columns
    ]
