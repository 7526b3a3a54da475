"""The one writer of steps and stage visits.

Each subject's steps are a chain: a step's hash covers its content and the hash before it. The database gives the time
and computes the hash (`audit_step_hash`); `audit.verify` computes it again in Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from audit.calendar import default_calendar_id
from audit.models import StageVisit, StepEvent


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
RETURNING id
"""

CLOSE_VISITS = """
UPDATE audit_stagevisit AS visit
SET left_at = step.at,
    business_seconds = audit_business_seconds(%(calendar)s, visit.entered_at, step.at),
    met = step.at <= visit.due_at
FROM audit_stepevent AS step
WHERE step.id = ANY(%(steps)s) AND visit.workflow = step.workflow AND visit.subject = step.subject
  AND visit.left_at IS NULL
"""

# The visits that steps lead to, as columns of audit_stagevisit without its id. {steps} selects the steps.
VISITS_OF_STEPS = """
SELECT stay.workflow, stay.subject, stay.sequence, stay.to_state AS stage, stay.party,
       stay.at AS entered_at, stay.left_at,
       audit_business_seconds(%(calendar)s, stay.at, stay.left_at) AS business_seconds,
       goal.id AS goal_id, due.at AS due_at, stay.left_at <= due.at AS met, stay.dimensions
FROM ({steps}) AS stay
LEFT JOIN audit_goal AS goal
       ON goal.id = audit_goal_for(stay.workflow, stay.to_state, stay.party, stay.dimensions, stay.at)
CROSS JOIN LATERAL (SELECT audit_business_add(%(calendar)s, stay.at, goal.business_seconds) AS at) AS due
WHERE NOT stay.final
"""

VISIT_COLUMNS = (
    "workflow, subject, sequence, stage, party, entered_at, left_at, business_seconds, goal_id, due_at, met, dimensions"
)
NEW_STEPS = "SELECT step.*, NULL::timestamptz AS left_at FROM audit_stepevent AS step WHERE step.id = ANY(%(steps)s)"
OPEN_VISITS = f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {VISITS_OF_STEPS.format(steps=NEW_STEPS)}"


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
        "actor_name": actor.get_username() if actor else "system",
        "actor_agency": actor.agency_code if actor else "",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(APPEND, {"workflow": workflow, **columns, **who})
        added: dict[str, Any] = {"steps": [row[0] for row in cursor.fetchall()], "calendar": default_calendar_id()}
        cursor.execute(CLOSE_VISITS, added)
        cursor.execute(OPEN_VISITS, added)


def last_steps(workflow: str, subjects: Iterable[str]) -> dict[str, StepEvent]:
    """The last step of each subject."""
    steps = (
        StepEvent.objects.filter(workflow=workflow, subject__in=list(subjects))
        .order_by("subject", "-sequence")
        .distinct("subject")
    )
    return {step.subject: step for step in steps}


def open_visits(workflow: str, subjects: Iterable[str]) -> dict[str, StageVisit]:
    """The present stay of each subject that is in a stage, with `seconds_so_far` in business seconds."""
    visits = StageVisit.objects.open().filter(workflow=workflow, subject__in=list(subjects))
    return {visit.subject: visit for visit in visits.with_business_seconds_so_far()}


STAGE_HISTORY = """
CREATE TEMPORARY TABLE history_step (
    place bigint GENERATED ALWAYS AS IDENTITY, subject text, transition text, to_state text, party text,
    final boolean, reason text, role text, dimensions jsonb, at timestamptz, actor_id bigint, actor_name text,
    actor_agency text
) ON COMMIT DROP
"""
COPY_HISTORY = """
COPY history_step (subject, transition, to_state, party, final, reason, role, dimensions, at, actor_id, actor_name,
                   actor_agency) FROM STDIN
"""
NUMBER_HISTORY = """
CREATE TEMPORARY TABLE history_numbered ON COMMIT DROP AS
SELECT nextval('audit_stepevent_id_seq') AS id, ordered.*
FROM (
    SELECT history_step.*,
           row_number() OVER chain AS sequence,
           coalesce(lag(to_state) OVER chain, '') AS from_state,
           at < lag(at) OVER chain AS runs_back
    FROM history_step WINDOW chain AS (PARTITION BY subject ORDER BY place) ORDER BY at, place
) AS ordered
"""
REFUSE_HISTORY = """
SELECT subject, runs_back FROM history_numbered AS new
WHERE runs_back OR EXISTS (
    SELECT FROM audit_stepevent AS old WHERE old.workflow = %(workflow)s AND old.subject = new.subject
)
ORDER BY place LIMIT 1
"""
APPEND_HISTORY = """
INSERT INTO audit_stepevent (
    id, workflow, subject, sequence, transition, from_state, to_state, party, final, actor_id, actor_name,
    actor_agency, actor_role, at, reason, dimensions, source, previous_hash, hash
)
SELECT new.id, %(workflow)s, new.subject, new.sequence, transition, from_state, to_state, party, final, actor_id,
       actor_name, actor_agency, role, at, reason, dimensions, %(source)s, coalesce(previous.hash, ''),
       audit_step_hash(new.id, %(workflow)s, new.subject, new.sequence::int, transition, from_state, to_state, party,
                       final, actor_id, actor_name, actor_agency, role, at, reason, dimensions, %(source)s,
                       coalesce(previous.hash, ''))
FROM history_numbered AS new
LEFT JOIN (SELECT subject, hash FROM audit_stepevent WHERE workflow = %(workflow)s AND sequence = %(sequence)s - 1)
       AS previous USING (subject)
WHERE new.sequence = %(sequence)s
"""
HISTORY_STEPS = """
SELECT step.*, lead(step.at) OVER (PARTITION BY step.subject ORDER BY step.sequence) AS left_at
FROM audit_stepevent AS step JOIN history_numbered USING (id)
"""


def append_history(workflow: str, steps: Iterable[PastStep], *, source: str) -> int:
    """Adds whole histories that this system did not time; returns the number of steps.

    Each subject's steps stand in the order in which they happened. Set-based: one round for each place in the chain.
    Raises LedgerConflict for a subject that the ledger knows already, or whose time runs backwards.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STAGE_HISTORY)
        with cursor.copy(COPY_HISTORY) as copy:
            for step in steps:
                copy.write_row(_history_row(step))
        cursor.execute(NUMBER_HISTORY)
        cursor.execute("CREATE INDEX ON history_numbered (sequence)")
        cursor.execute("ANALYZE history_numbered")
        cursor.execute(REFUSE_HISTORY, {"workflow": workflow})
        if conflict := cursor.fetchone():
            why = "its time runs backwards" if conflict[1] else "the ledger holds it already"
            raise LedgerConflict(f"{conflict[0]}: {why}.")
        cursor.execute("SELECT coalesce(max(sequence), 0), count(*) FROM history_numbered")
        longest, count = cursor.fetchone()
        for sequence in range(1, longest + 1):
            cursor.execute(APPEND_HISTORY, {"workflow": workflow, "source": source, "sequence": sequence})
        cursor.execute(
            f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {VISITS_OF_STEPS.format(steps=HISTORY_STEPS)}",
            {"calendar": default_calendar_id()},
        )
        cursor.execute("DROP TABLE history_step, history_numbered")
    return int(count)


def _history_row(step: PastStep) -> tuple[Any, ...]:
    return (
        step.subject,
        step.transition,
        step.to_state,
        step.party,
        step.final,
        step.reason,
        step.role,
        _json(step.dimensions),
        step.at,
        step.actor_id,
        step.actor_name,
        step.actor_agency,
    )


def _json(dimensions: dict[str, str]) -> str:
    if not all(isinstance(value, str) for value in dimensions.values()):
        raise TypeError(f"Dimensions map text to text: {dimensions!r}")
    return json.dumps(dimensions)


ALL_STEPS = """
SELECT step.*, lead(step.at) OVER (PARTITION BY step.workflow, step.subject ORDER BY step.sequence) AS left_at
FROM audit_stepevent AS step
"""
DERIVED_VISITS = VISITS_OF_STEPS.format(steps=ALL_STEPS)


def rebuild_visits() -> int:
    """Makes every stage visit again from the steps, in one transaction; returns their number."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_stagevisit IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM audit_stagevisit")
        cursor.execute(
            f"INSERT INTO audit_stagevisit ({VISIT_COLUMNS}) {DERIVED_VISITS}",
            {"calendar": default_calendar_id()},
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
        cursor.execute(query, {"calendar": default_calendar_id(), "limit": limit})
        return cursor.fetchall()
