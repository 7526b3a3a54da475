"""Which goal a visit to a stage is measured against.

The rule is the SQL function `audit_goal_for`, so that the ledger's statements and Python cannot differ. Of
the goals in force for the workflow and stage whose party and dimension values all fit, it takes the one that
names the most dimensions; then one that names the party; then the one in force last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from audit.models.goals import Goal


@dataclass(frozen=True)
class Entry:
    """The entry of a subject into a stage, as far as goals ask."""

    workflow: str
    stage: str
    at: datetime
    party: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


GOALS_FOR = """
SELECT audit_goal_for(entry.workflow, entry.stage, entry.party, entry.dimensions, entry.at)
FROM unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[])
     WITH ORDINALITY AS entry(workflow, stage, party, dimensions, at, place)
ORDER BY place
"""


def goals_for(entries: Sequence[Entry]) -> list[Goal | None]:
    """The goal of each entry, in order, None where none applies. Two queries, however many entries.

    Raises ValueError for an entry without a time zone.
    """
    if not entries:
        return []
    for entry in entries:
        if entry.at.tzinfo is None:
            raise ValueError(f"{entry.at} has no time zone")
    with connection.cursor() as cursor:
        cursor.execute(
            GOALS_FOR,
            [
                [entry.workflow for entry in entries],
                [entry.stage for entry in entries],
                [entry.party for entry in entries],
                [json.dumps(dict(entry.dimensions)) for entry in entries],
                [entry.at for entry in entries],
            ],
        )
        keys = [row[0] for row in cursor.fetchall()]
    goals = Goal.objects.in_bulk({key for key in keys if key is not None})
    return [goals.get(key) for key in keys]


def goal_for(entry: Entry) -> Goal | None:
    """The goal of one entry; see `goals_for`."""
    return goals_for([entry])[0]
