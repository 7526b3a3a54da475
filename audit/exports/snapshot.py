"""One moment of the database, from which an export is read: its rows, and the ledger's position."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from audit.exports.columns import TYPES
from audit.exports.query import Export
from audit.goals import version_at

CHUNK = 64 * 1024
# The statements read whole tables. Where PostgreSQL has no statistics yet, as after a first import, it would take them
# for small and read them once for each row.
NO_NESTED_LOOPS = "SET LOCAL enable_nestloop = off"
# While nobody writes steps, every step up to the last is there to see: none with a lower number is still to come.
# The lock goes with the savepoint, the moment stays.
WHEN_SETTLED = "SET LOCAL lock_timeout = '3s'; LOCK TABLE audit_stepevent IN SHARE MODE"


@dataclass
class Progress:
    """How far an export has come."""

    rows: int = 0
    complete: bool = False


@dataclass(frozen=True)
class Position:
    """Where the ledger ended: its last step with its hash in hexadecimal, and the number of all steps.

    `settled` is False where steps were being written that may carry a lower number than the last.
    """

    last_event: int | None
    hash: str
    events: int
    settled: bool


@dataclass
class Snapshot:
    """An export's rows as of one instant, and what it was computed with. `progress` counts the rows that were read."""

    export: Export
    cursor: CursorWrapper
    as_of: datetime
    settled: bool
    progress: Progress = field(default_factory=Progress)

    @property
    def parameters(self) -> dict[str, Any]:
        return self.export.parameters | {"as_of": self.as_of}

    @property
    def holds(self) -> dict[str, Any]:
        return {"columns": [column.name for column in self.export.columns]}

    def csv_lines(self) -> Iterator[bytes]:
        """The rows as lines of CSV, as PostgreSQL's COPY writes them."""
        with self._copy(f"COPY ({self.export.sql}) TO STDOUT (FORMAT csv)") as copy:
            for line in copy:
                self.progress.rows += 1
                yield bytes(line)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values, in the order of the columns. Memory does not grow with their number."""
        with self._copy(f"COPY ({self.export.typed_sql}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types([TYPES[column.unit] for column in self.export.columns])
            for row in copy.rows():
                self.progress.rows += 1
                yield row

    @contextmanager
    def _copy(self, statement: str) -> Iterator[Any]:
        # psycopg's own cursor: the wrapper that Django puts around it for debugging takes no parameters here.
        with self.cursor.db.wrap_database_errors, self.cursor.cursor.copy(statement, self.parameters) as copy:
            yield copy

    def row_count(self) -> int:
        """How many rows there are to read."""
        return int(self.ask("SELECT count(*) FROM export")[0][0])

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        """What a SELECT over the export's rows, as the relation `export`, answers."""
        self.cursor.execute(f"WITH export AS ({self.export.typed_sql}) {select}", self.parameters)
        return self.cursor.fetchall()

    @cached_property
    def position(self) -> Position:
        return position_of(self.cursor, settled=self.settled, upto=self.export.position)

    @cached_property
    def calendar(self) -> tuple[str, int]:
        """The name and the version of the calendar that measured."""
        self.cursor.execute(
            "SELECT name, version FROM audit_calendar WHERE id = %s", [self.export.parameters["calendar"]]
        )
        return self.cursor.fetchone()

    @cached_property
    def goals_version(self) -> int:
        """The version of the goals on file that judged."""
        return version_at(self.cursor)


@contextmanager
def snapshot(export: Export, *, as_of: datetime | None = None, progress: Progress | None = None) -> Iterator[Snapshot]:
    """The export on a connection of its own, in a read-only transaction; `as_of` is now unless it is given."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(NO_NESTED_LOOPS)
            now, settled = settled_moment(cursor)
            seen = export.seen_by(cursor) if export.seen_by else export
            yield Snapshot(seen, cursor, as_of or now, settled, progress or Progress())
    finally:
        own.close()


def position_of(cursor: CursorWrapper, *, settled: bool, upto: int | None = None) -> Position:
    """Where the ledger ends for the transaction, or at the step `upto`.

    Counts the whole ledger, which takes about a second for ten million steps.
    """
    condition = "" if upto is None else "WHERE id <= %(upto)s"
    cursor.execute(f"SELECT count(*), max(id) FROM audit_stepevent {condition}", {"upto": upto})
    events, last = cursor.fetchone()
    cursor.execute("SELECT encode(hash, 'hex') FROM audit_stepevent WHERE id = %s", [last])
    found = cursor.fetchone()
    return Position(last, found[0] if found else "", events, settled)


def settled_moment(cursor: CursorWrapper) -> tuple[datetime, bool]:
    """Fixes what the transaction sees, between two writers of steps if that can be had within seconds.

    To be called first in a transaction that is REPEATABLE READ; returns the instant, and whether it was had.
    """
    cursor.execute("SAVEPOINT moment")
    try:
        cursor.execute(WHEN_SETTLED)
        now = _now(cursor)
    except OperationalError:
        cursor.execute("ROLLBACK TO SAVEPOINT moment")
        return _now(cursor), False
    cursor.execute("ROLLBACK TO SAVEPOINT moment")
    return now, True


def row_count(export: Export) -> int:
    """How many rows the export has now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NO_NESTED_LOOPS)
        parameters = export.parameters | {"as_of": _now(cursor)}
        cursor.execute(f"SELECT count(*) FROM ({export.sql}) AS export", parameters)
        return int(cursor.fetchone()[0])


def _now(cursor: CursorWrapper) -> datetime:
    cursor.execute("SELECT clock_timestamp()")
    return cursor.fetchone()[0]
