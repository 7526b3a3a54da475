"""The one writer of steps and stage visits.

Each subject's steps are a chain: a step's hash covers its content and the hash before it. The database gives the time
and computes the hash (`audit_step_hash`); a past history brings its times and is hashed in Python (`audit.canonical`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from audit.calendar import default_calendar_id, seconds_between_sql
from audit.canonical import HASHED, step_hash
from audit.models import StepEvent


# Not frozen: a long history is a hundred thousand of them, which would take twice as long to make.
@dataclass(slots=True)
class Step:
    """A step to append. `dimensions` maps text to text; `role` is the role that allowed the act."""

    subject: str
    transition: str
    to_state: str
    party: str = ""
    final: bool = False
    reason: str = ""
    role: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PastStep(Step):
    """A step of a history that this system did not time: imported, or invented for demonstration."""

    at: datetime = datetime.min
    actor_id: int | None = None
    actor_name: str = ""
    actor_agency: str = ""


class LedgerConflict(Exception):
    """The steps do not continue what the ledger holds; nothing was written."""


APPEND = """
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at),
given AS (
    SELECT * FROM unnest(
        %(subjects)s::text[], %(transitions)s::text[], %(to_states)s::text[], %(parties)s::text[],
        %(finals)s::boolean[], %(reasons)s::text[], %(roles)s::text[], %(dimensions)s::jsonb[]
    ) WITH ORDINALITY AS g(subject, transition, to_state, party, final, reason, role, dimensions, place)
    ORDER BY place
),
chained AS MATERIALIZED (
    SELECT nextval('audit_stepevent_id_seq') AS id, given.*, clock.at,
           coalesce(head.sequence, 0) + 1 AS sequence,
           coalesce(head.to_state, '') AS from_state,
           coalesce(head.hash, '') AS previous_hash
    FROM given CROSS JOIN clock
    LEFT JOIN LATERAL (
        SELECT sequence, to_state, hash FROM audit_stepevent
        WHERE workflow = %(workflow)s AND subject = given.subject ORDER BY sequence DESC LIMIT 1
    ) AS head ON true
)
INSERT INTO audit_stepevent (
    id, workflow, subject, sequence, transition, from_state, to_state, party, final, actor_id, actor_name,
    actor_agency, actor_role, at, reason, dimensions, source, previous_hash, hash
)
SELECT id, %(workflow)s, subject, sequence, transition, from_state, to_state, party, final, %(actor_id)s,
       %(actor_name)s, %(actor_agency)s, role, at, reason, dimensions, 'system', previous_hash,
       audit_step_hash(id, %(workflow)s, subject, sequence, transition, from_state, to_state, party, final,
                       %(actor_id)s, %(actor_name)s, %(actor_agency)s, role, at, reason, dimensions, 'system',
                       previous_hash)
FROM chained
RETURNING id, at
"""

# By subject and scalar function: the plan of a join would hang on statistics that a young database does not have.
CLOSE_VISITS = """
UPDATE audit_stagevisit
SET left_at = %(at)s, business_seconds = audit_business_seconds(%(calendar)s, entered_at, %(at)s),
    met = %(at)s <= due_at
WHERE workflow = %(workflow)s AND subject = ANY(%(subjects)s) AND left_at IS NULL
"""
STAY = seconds_between_sql("stay.at", "stay.left_at", calendar="%(calendar)s")
VISIT_COLUMNS = (
    "workflow, subject, sequence, stage, party, entered_at, left_at, clock_began_at, business_seconds, goal_id, "
    "due_at, met, dimensions"
)
# Where parties are declared, a stay counts that is on the clock of one; elsewhere, as in imported histories, each does.
COUNTS = "({0}.party <> '' OR {0}.workflow <> ALL(%(clocked)s))"


def clocked_workflows() -> list[str]:
    """The workflows that declare in which stages whose clock runs."""
    from audit.verify import subject_models  # which stands on the ledger

    return [model.workflow for model in subject_models()]


def _visits_of(steps: str, *, ended: bool = True) -> str:
    """The visits that the selected steps lead to, as columns of audit_stagevisit; open ones unless any has ended."""
    return f"""
    SELECT stay.workflow, stay.subject, stay.sequence, stay.to_state AS stage, stay.party,
           stay.at AS entered_at, stay.left_at, stay.clock_began_at,
           {STAY.seconds if ended else "NULL::bigint"} AS business_seconds,
           goal.id AS goal_id, due.at AS due_at, stay.left_at <= due.at AS met, stay.dimensions
    FROM ({steps}) AS stay
    {STAY.joins if ended else ""}
    LEFT JOIN audit_goal AS goal
           ON goal.id = CASE WHEN stay.workflow IN (SELECT workflow FROM audit_goal)
                             THEN audit_goal_for(stay.workflow, stay.to_state, stay.party, stay.dimensions, stay.at) END
    CROSS JOIN LATERAL (SELECT audit_business_add(%(calendar)s, stay.at, goal.business_seconds) AS at) AS due
    WHERE NOT stay.final
    """


# Joined, because a filter by ANY(array) looks through the whole array for each row.
NEW_STEPS = f"""
SELECT step.*, NULL::timestamptz AS left_at, before.clock_began_at
FROM unnest(%(steps)s::bigint[]) AS given (id) JOIN audit_stepevent AS step ON step.id = given.id
LEFT JOIN LATERAL (
    SELECT coalesce(visit.clock_began_at, CASE WHEN {COUNTS.format("visit")} THEN visit.entered_at END)
               AS clock_began_at
    FROM audit_stagevisit AS visit
    WHERE visit.workflow = step.workflow AND visit.subject = step.subject AND visit.sequence < step.sequence
    ORDER BY visit.sequence DESC LIMIT 1
) AS before ON true
"""
OPEN_VISITS = f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {_visits_of(NEW_STEPS, ended=False)}"


def append(workflow: str, steps: Sequence[Step], *, actor: Any) -> None:
    """Adds one step for each of several subjects, timed by the database, and moves their stage visits.

    The caller holds the subjects' row locks inside a transaction. `actor` is a user, or None for the system itself.
    Raises LedgerConflict when a subject stands twice among the steps.
    """
    if not steps:
        return
    if len({step.subject for step in steps}) != len(steps):
        raise LedgerConflict("One step for each subject at a time.")
    columns: dict[str, Any] = {
        "subjects": [step.subject for step in steps],
        "transitions": [step.transition for step in steps],
        "to_states": [step.to_state for step in steps],
        "parties": [step.party for step in steps],
        "finals": [step.final for step in steps],
        "reasons": [step.reason for step in steps],
        "roles": [step.role for step in steps],
        "dimensions": [_json(step.dimensions) for step in steps],
    }
    who: dict[str, Any] = {
        "actor_id": actor.pk if actor else None,
        "actor_name": actor.recorded_name if actor else "system",
        "actor_agency": actor.agency_code if actor else "",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(APPEND, {"workflow": workflow, **columns, **who})
        added = cursor.fetchall()
        calendar = default_calendar_id()
        closed = {"workflow": workflow, "subjects": columns["subjects"], "at": added[0][1], "calendar": calendar}
        cursor.execute(CLOSE_VISITS, closed)
        opened: dict[str, Any] = {
            "steps": [key for key, _ in added],
            "calendar": calendar,
            "clocked": clocked_workflows(),
        }
        cursor.execute(OPEN_VISITS, opened)


def last_steps(workflow: str, subjects: Iterable[str]) -> dict[str, StepEvent]:
    """The last step of each subject."""
    steps = (
        StepEvent.objects.filter(workflow=workflow, subject__in=list(subjects))
        .order_by("subject", "-sequence")
        .distinct("subject")
    )
    return {step.subject: step for step in steps}


NEW_KEYS = "SELECT array_agg(nextval('audit_stepevent_id_seq')) FROM generate_series(1, %s)"
HELD_ALREADY = """
SELECT subject FROM audit_stepevent
WHERE workflow = %(workflow)s AND subject = ANY(%(subjects)s) AND sequence = 1 ORDER BY subject LIMIT 1
"""
STEP_COLUMNS = (*HASHED, "hash")
DIMENSIONS_AT = HASHED.index("dimensions")
COPY_STEPS = f"COPY audit_stepevent ({', '.join(STEP_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
NOT_TEXT = {
    "id": "int8",
    "sequence": "int4",
    "final": "bool",
    "actor_id": "int8",
    "at": "timestamptz",
    "dimensions": "bytea",  # of jsonb, whose bytes are made here
    "previous_hash": "bytea",
    "hash": "bytea",
}
COPIED_AS = [NOT_TEXT.get(column, "text") for column in STEP_COLUMNS]
JSONB_VERSION = b"\x01"
WITH_END_AND_BEGINNING = f"""
SELECT step.*, lead(step.at) OVER chain AS left_at,
       min(step.at) FILTER (WHERE NOT step.final AND {COUNTS.format("step")})
           OVER chain AS clock_began_at
FROM audit_stepevent AS step WHERE {{which}}
WINDOW chain AS (
    PARTITION BY step.subject, step.workflow ORDER BY step.sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
"""
VISITS_OF_HISTORY = _visits_of(WITH_END_AND_BEGINNING.format(which="step.id = ANY(%(steps)s::bigint[])"))


def append_history(workflow: str, steps: Iterable[PastStep], *, source: str) -> int:
    """Adds whole histories that this system did not time; returns the number of steps.

    Each subject's steps stand in the order in which they happened. The hashes are computed here, on the way into the
    table: in SQL, a chain of thousands of steps would take as many statements.
    Raises LedgerConflict for a subject that the ledger knows already, or whose time runs backwards.
    """
    # Chain after chain, so that the indexes take neighbours one after another.
    history = sorted(steps, key=attrgetter("subject"))
    subjects = _in_order_of_time(history)
    if not history:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HELD_ALREADY, {"workflow": workflow, "subjects": subjects})
        if held := cursor.fetchone():
            raise LedgerConflict(f"{held[0]}: the ledger holds it already.")
        # Taken before the numbers, so that no export calls a position settled below which these will stand.
        cursor.execute("LOCK TABLE audit_stepevent IN ROW EXCLUSIVE MODE")
        cursor.execute(NEW_KEYS, [len(history)])
        keys = cursor.fetchone()[0]
        with cursor.copy(COPY_STEPS) as copy:
            copy.set_types(COPIED_AS)
            for row in _chained(workflow, history, keys, source):
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {VISITS_OF_HISTORY}",
            {"steps": _array(keys), "calendar": default_calendar_id(), "clocked": clocked_workflows()},
        )
    return len(history)


# What pages search by, from a sample a third of the usual, which tells as well how many steps a workflow has. The rest
# PostgreSQL looks at in its own time.
LOOK = """
SET LOCAL default_statistics_target = 30;
ANALYZE audit_stepevent (workflow, subject, sequence, to_state, final, at, reason, source),
        audit_stagevisit (workflow, subject, stage, party, entered_at, left_at, due_at, clock_began_at, goal_id)
"""


def look_at_bulk() -> None:
    """Lets PostgreSQL see how much the ledger holds, after histories in bulk.

    Reports that ran before it had looked by itself took minutes instead of a second.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOOK)


def _array(keys: Sequence[int]) -> str:
    """The keys as PostgreSQL writes arrays: psycopg would look at each for its type, which takes ten times as long."""
    return "{" + ",".join(map(str, keys)) + "}"


def _in_order_of_time(history: Sequence[PastStep]) -> list[str]:
    """The subjects of the steps. Raises LedgerConflict where a step is earlier than the one before it."""
    last: dict[str, datetime] = {}
    for step in history:
        if step.at < last.get(step.subject, step.at):
            raise LedgerConflict(f"{step.subject}: its time runs backwards.")
        last[step.subject] = step.at
    return list(last)


def _chained(workflow: str, history: Sequence[PastStep], keys: Sequence[int], source: str) -> Iterator[tuple[Any, ...]]:
    """The rows of the steps, chain after chain, each with its place in its chain and its hash."""
    subject, sequence, state, hashed = "", 0, "", b""
    for key, step in zip(keys, history, strict=True):
        if step.subject != subject:
            subject, sequence, state, hashed = step.subject, 0, "", b""
        sequence += 1
        row = (
            key,
            workflow,
            subject,
            sequence,
            step.transition,
            state,
            step.to_state,
            step.party,
            step.final,
            step.actor_id,
            step.actor_name,
            step.actor_agency,
            step.role,
            step.at,
            step.reason,
            step.dimensions,
            source,
            hashed,
        )
        state, hashed = step.to_state, step_hash(row)
        dimensions = JSONB_VERSION + _json(step.dimensions).encode()
        yield *row[:DIMENSIONS_AT], dimensions, *row[DIMENSIONS_AT + 1 :], hashed


def _json(dimensions: dict[str, str]) -> str:
    if not dimensions:
        return "{}"
    if not all(isinstance(value, str) for value in dimensions.values()):
        raise TypeError(f"Dimensions map text to text: {dimensions!r}")
    return json.dumps(dimensions)


DERIVED_VISITS = _visits_of(WITH_END_AND_BEGINNING.format(which="true"))


def rebuild_visits() -> int:
    """Makes every stage visit again from the steps, in one transaction; returns their number."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_stagevisit IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM audit_stagevisit")
        cursor.execute(
            f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {DERIVED_VISITS}",
            {"calendar": default_calendar_id(), "clocked": clocked_workflows()},
        )
        return int(cursor.rowcount)


def visits_that_differ(limit: int = 20) -> list[tuple[str, str, int]]:
    """(workflow, subject, sequence) of visits that are not what the steps lead to, at most `limit`."""
    query = f"""
    SELECT workflow, subject, sequence FROM (
        (SELECT {VISIT_COLUMNS} FROM audit_stagevisit EXCEPT ALL ({DERIVED_VISITS}))
        UNION ALL
        (({DERIVED_VISITS}) EXCEPT ALL SELECT {VISIT_COLUMNS} FROM audit_stagevisit)
    ) AS difference GROUP BY workflow, subject, sequence ORDER BY workflow, subject, sequence LIMIT %(limit)s
    """
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"calendar": default_calendar_id(), "clocked": clocked_workflows(), "limit": limit}
        cursor.execute(query, parameters)
        return cursor.fetchall()
