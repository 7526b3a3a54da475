"""Exports of processing times: one row for each subject of a workflow, computed by one statement from the ledger.

Nothing is cut off and no row is dropped: `stream` sends what PostgreSQL's COPY writes, in pieces, so that memory does
not grow with the file. Every export is on record, when it begins and when it ends, whole or not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from audit.calendar import default_calendar_id
from audit.export_columns import ENDED_AT, Column, Sums, columns_of, columns_of_any
from audit.machine import Dimension, Subject
from audit.models import AccessRecord, Calendar, StepEvent
from audit.spreadsheets import FORMULA_STARTS, harmless
from audit.verify import subject_models

CHUNK = 64 * 1024
ALL, FILED, DECIDED = "all", "filed", "decided"
COHORTS = {
    ALL: "All",
    FILED: "Submitted in the period",
    DECIDED: "Ended in the period",
}
OPEN = "open"


class UnknownWorkflow(Exception):
    """The ledger holds nothing under that name."""


@dataclass(frozen=True)
class Filters:
    """Which subjects an export holds. Days are in the calendar's time zone, and both are whole days of the period.

    `dimensions` maps a dimension to the values that are wanted, as recorded at the last step. `outcomes` are final
    states, and `OPEN` for what has not ended. What is empty does not filter.
    """

    cohort: str = ALL
    first_day: date | None = None
    last_day: date | None = None
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.cohort == ALL and (self.first_day or self.last_day):
            raise ValueError("A period is one of filing or of ending: say which.")

    def as_parameters(self) -> dict[str, Any]:
        """What goes on record."""
        return {name: _plain(value) for name, value in asdict(self).items() if value}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class Export:
    """A statement whose rows are the export's, but for the parameter `as_of`, the instant at which it is run."""

    workflow: str
    filters: Filters
    columns: list[Column]
    sql: str
    parameters: dict[str, Any]


def exported_model(workflow: str) -> type[Subject] | None:
    """The model whose rows the workflow moves, if it declares what is exported of them."""
    return next((model for model in exported_models() if model.workflow == workflow), None)


def exported_models() -> list[type[Subject]]:
    return [model for model in subject_models() if model.exported is not None]


def dimensions() -> dict[str, Dimension]:
    """What exports can be filtered by, by name."""
    return {
        name: found
        for model in exported_models()
        if model.exported
        for name, found in model.exported.dimensions.items()
    }


STATEMENT = """
WITH subject AS ({subjects}),
visit AS (
    SELECT subject, stage, party, entered_at,
           coalesce(business_seconds, audit_business_seconds(%(calendar)s, entered_at, %(as_of)s)) AS seconds
    FROM audit_stagevisit WHERE workflow = %(workflow)s
),
stay AS (
    SELECT subject, min(entered_at) AS started_at, min(entered_at) FILTER (WHERE party <> '') AS first_submitted_at,
           sum(seconds) AS seconds, sum(seconds) FILTER (WHERE party <> '') AS clocked_seconds {sums}
    FROM visit GROUP BY subject
),
last AS (
    SELECT DISTINCT ON (subject) subject, to_state, final, at, dimensions
    FROM audit_stepevent WHERE workflow = %(workflow)s ORDER BY subject, sequence DESC
)
SELECT {columns}
FROM subject
LEFT JOIN last ON last.subject = subject.number
LEFT JOIN stay ON stay.subject = subject.number
WHERE {conditions}
ORDER BY subject.number
"""
SUBJECTS_OF_THE_LEDGER = """
SELECT subject AS number FROM audit_stepevent WHERE workflow = %(workflow)s AND sequence = 1
"""


def processing_times(workflow: str, *, user: Any = None, filters: Filters | None = None) -> Export:
    """The export of a workflow's processing times; for a user, of the rows that he may see.

    Raises UnknownWorkflow, also for a user who asks for a workflow whose rows no rule lets him see.
    """
    filters = filters or Filters()
    model = exported_model(workflow)
    sums = Sums()
    parameters: dict[str, Any] = {"workflow": workflow, "calendar": default_calendar_id()}
    if model is not None:
        columns = columns_of(model, sums)
        subjects, of_subjects = _visible_subjects(model, user)
        parameters |= of_subjects
    elif user is None and StepEvent.objects.filter(workflow=workflow).exists():
        columns = columns_of_any(workflow, sums)
        subjects = SUBJECTS_OF_THE_LEDGER
    else:
        raise UnknownWorkflow(f"The ledger holds no workflow “{workflow}” for you to see.")
    conditions, of_filters = _conditions(filters)
    sql = STATEMENT.format(
        subjects=subjects,
        sums="".join(f", {sum_sql}" for sum_sql in sums.sql),
        columns=", ".join(_harmless_sql(column.sql) if column.is_text else column.sql for column in columns),
        conditions=" AND ".join(["true", *conditions]),
    )
    parameters |= sums.parameters | of_filters | {"formula_starts": list(FORMULA_STARTS)}
    return Export(workflow, filters, columns, sql, parameters)


def _visible_subjects(model: type[Subject], user: Any) -> tuple[str, dict[str, Any]]:
    """The queryset's own SQL, its placeholders named, so that it can stand inside the statement."""
    assert model.exported is not None
    manager: Any = model._default_manager
    rows = manager.all() if user is None else manager.visible_to(user)
    lookups = {name: F(lookup) for name, (lookup, _) in model.exported.identifiers.items()}
    query = rows.order_by().values("number", **lookups).query
    # Also for a user who sees nothing, where Django would rather not ask the database at all.
    sql, values = query.get_compiler(connection=connection, elide_empty=False).as_sql()
    names = [f"subject_{place}" for place in range(len(values))]
    named = sql.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names)
    return named, dict(zip(names, values, strict=True))


def _conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    at = {FILED: "stay.first_submitted_at", DECIDED: f"({ENDED_AT})"}.get(filters.cohort)
    if at:
        conditions.append(f"{at} IS NOT NULL")
    if filters.first_day:
        conditions.append(f"{at} >= %(from)s")
        parameters["from"] = _midnight(filters.first_day)
    if filters.last_day:
        conditions.append(f"{at} < %(until)s")
        parameters["until"] = _midnight(filters.last_day + timedelta(days=1))
    for place, (name, values) in enumerate(filters.dimensions.items()):
        if values:
            conditions.append(f"last.dimensions ->> %(dimension_{place})s = ANY(%(values_{place})s)")
            parameters |= {f"dimension_{place}": name, f"values_{place}": list(values)}
    if filters.outcomes:
        conditions.append("CASE WHEN last.final THEN last.to_state ELSE %(open)s END = ANY(%(outcomes)s)")
        parameters |= {"outcomes": list(filters.outcomes), "open": OPEN}
    return conditions, parameters


def _midnight(day: date) -> datetime:
    zone = Calendar.objects.values_list("time_zone", flat=True).get(pk=default_calendar_id())
    return datetime.combine(day, time(), ZoneInfo(zone))


def _harmless_sql(text: str) -> str:
    """The twin of `audit.spreadsheets.harmless` in SQL."""
    return f"CASE WHEN left(ltrim({text}, ' '), 1) = ANY(%(formula_starts)s) THEN '''' || ({text}) ELSE {text} END"


# The statement reads whole tables. Where PostgreSQL has no statistics yet, as after a first import, it would take them
# for small and read them once for each row.
NO_NESTED_LOOPS = "SET LOCAL enable_nestloop = off"


def row_count(export: Export) -> int:
    """How many rows the export has now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NO_NESTED_LOOPS)
        cursor.execute(f"SELECT count(*) FROM ({export.sql}) AS export", export.parameters | {"as_of": _now(cursor)})
        return int(cursor.fetchone()[0])


def _now(cursor: CursorWrapper) -> datetime:
    cursor.execute("SELECT clock_timestamp()")
    return cursor.fetchone()[0]


@dataclass
class Progress:
    """How far a stream has come."""

    rows: int = 0
    complete: bool = False


def stream(export: Export, *, actor: Any, actor_name: str = "", progress: Progress | None = None) -> Iterator[bytes]:
    """The export as CSV, in pieces of about 64 KB that end with whole rows, from a connection of its own.

    One snapshot of the database, whatever happens meanwhile. Closed before its end, as when the browser goes away,
    it stops the statement and leaves a record that says so. `actor` is a user, or None with a name for the record.
    """
    progress = progress or Progress()
    with _own_cursor() as cursor:
        as_of = _now(cursor)
        begun = _record(export, actor, actor_name, as_of)
        try:
            yield _header(export.columns)
            yield from _pieces(export, cursor, as_of, progress)
            progress.complete = True
        finally:
            AccessRecord.objects.create(
                actor=actor,
                actor_name=begun.actor_name,
                act="export processing times: end",
                parameters={"begun": begun.pk, "complete": progress.complete},
                row_count=progress.rows,
            )


def _record(export: Export, actor: Any, actor_name: str, as_of: datetime) -> AccessRecord:
    return AccessRecord.objects.create(
        actor=actor,
        actor_name=actor.get_username() if actor else actor_name,
        act="export processing times: begin",
        parameters={
            "workflow": export.workflow,
            "filters": export.filters.as_parameters(),
            "as_of": as_of.isoformat(),
            "format": "csv",
        },
    )


@contextmanager
def _own_cursor() -> Iterator[CursorWrapper]:
    """A cursor on a connection that nobody else uses, in a read-only transaction that sees one moment."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(NO_NESTED_LOOPS)
            yield cursor
    finally:
        own.close()


def _header(columns: list[Column]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(harmless(column.name) for column in columns)
    return line.getvalue().encode()


def _pieces(export: Export, cursor: CursorWrapper, as_of: datetime, progress: Progress) -> Iterator[bytes]:
    piece = bytearray()
    statement = f"COPY ({export.sql}) TO STDOUT (FORMAT csv)"
    # psycopg's own cursor: the wrapper that Django puts around it for debugging takes no parameters here.
    with cursor.cursor.copy(statement, export.parameters | {"as_of": as_of}) as copy:
        for line in copy:
            progress.rows += 1
            piece += line
            if len(piece) >= CHUNK:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)
