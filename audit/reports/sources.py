"""Whether what a report rests on was timed by this system: each step says so in its `source`."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import connection

from audit.models import StepEvent

MOST_COUNTED = 10_000
LABELS = {
    StepEvent.Source.IMPORTED: "Imported history",
    StepEvent.Source.INVENTED: "Invented for demonstration",
    StepEvent.Source.SYSTEM: "Timed by this system",
}

# One index look-up for each source of each workflow, however long the ledger is.
SOURCES = """
WITH RECURSIVE found AS (
    (SELECT workflow, source FROM audit_stepevent ORDER BY workflow, source LIMIT 1)
    UNION ALL
    SELECT next.workflow, next.source FROM found CROSS JOIN LATERAL (
        SELECT step.workflow, step.source FROM audit_stepevent AS step
        WHERE (step.workflow, step.source) > (found.workflow, found.source)
        ORDER BY step.workflow, step.source LIMIT 1
    ) AS next
)
SELECT workflow, source FROM found
"""
COUNTS = """
SELECT source, (
    SELECT count(*) FROM (
        SELECT FROM audit_stepevent AS step
        WHERE step.workflow = %(workflow)s AND step.source = wanted.source LIMIT %(most)s
    ) AS counted
) FROM unnest(%(sources)s::text[]) AS wanted (source)
"""


def workflow_sources() -> dict[str, list[str]]:
    """The workflows that the ledger holds, in their order, each with the sources of its steps."""
    found: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(SOURCES)
        for workflow, source in cursor.fetchall():
            found[workflow].append(source)
    return dict(found)


def stated(workflow: str) -> str:
    """What a report of the workflow says of its steps' sources; empty where this system timed them all.

    As “Imported history”; with more than one, as “Invented for demonstration (over 10,000 steps), Timed by this system
    (12 steps)”.
    """
    sources = workflow_sources().get(workflow, [])
    if len(sources) < 2:
        return "".join(LABELS[StepEvent.Source(source)] for source in sources if source != StepEvent.Source.SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"workflow": workflow, "sources": sources, "most": MOST_COUNTED + 1})
        counts = cursor.fetchall()
    return ", ".join(f"{LABELS[StepEvent.Source(source)]} ({_steps(count)})" for source, count in counts)


ENDS = "SELECT min(at), max(at) FROM audit_stepevent WHERE workflow = %s AND final"


def ended_between(workflow: str) -> tuple[datetime, datetime] | None:
    """When the first and the last case of the workflow ended; None where none has."""
    with connection.cursor() as cursor:
        cursor.execute(ENDS, [workflow])
        first, last = cursor.fetchone()
    return (first, last) if first else None


def _steps(count: int) -> str:
    if count > MOST_COUNTED:
        return f"over {MOST_COUNTED:,} steps"
    return f"{count:,} step" if count == 1 else f"{count:,} steps"
