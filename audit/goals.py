"""Goals: which one is asked of a stay, of a party's part and of a whole process, and how they are set and ended.

The rule is the SQL function `audit_goal_of`, so that the ledger's statements and Python cannot differ. Of the goals
in force for the workflow and what is measured whose party and dimension values all fit, it takes the one that names
the most dimensions; then one that names the party; then the shorter; then the one in force last. What began before
`audit_shorter_goal_since` keeps the rule of its time, which did not ask for the shorter. `audit_goal_for` asks it for
a stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from audit.goal_words import in_words
from audit.models import Goal

RESTRICT_VIOLATION = "23001"

# An era lies between two instants at which a goal comes into force or ends, or the rule of the shorter one came:
# `audit_goal_of` gives the same to all that began in one, of the same measure, stage, party and dimensions.
ERAS = """
    SELECT array_agg(began ORDER BY began) AS beginnings FROM (
        SELECT effective_from AS began FROM audit_goal WHERE workflow = %(workflow)s
        UNION SELECT effective_until FROM audit_goal WHERE workflow = %(workflow)s AND effective_until IS NOT NULL
        UNION SELECT audit_shorter_goal_since()
    ) AS change
"""


@dataclass(frozen=True)
class Entry:
    """What begins, as far as goals ask: a stay in a stage, a party's first stay, or the first of all.

    `stage` is empty unless a stay is measured, `party` where the whole process is.
    """

    workflow: str
    stage: str
    at: datetime
    party: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    measure: str = Goal.Measure.STAGE


GOALS_FOR = """
SELECT audit_goal_of(entry.measure, entry.workflow, entry.stage, entry.party, entry.dimensions, entry.at)
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[])
     WITH ORDINALITY AS entry(measure, workflow, stage, party, dimensions, at, place)
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
                [str(entry.measure) for entry in entries],
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


class GoalRefused(Exception):
    """A goal cannot be set or ended so; the message says why and what to do."""


OVERLAPS = (
    "A goal for the same is in force at that time{which}. End that one first, or let this one begin when it ends."
)
IN_THE_PAST = (
    "That is before what was measured already, which a goal never alters. Give a time to come, or none for now."
)
HAS_ENDED = "This goal has ended already, or will end by then: an end is brought forward, never put off."

# Steps wait until the goal is committed, so that each has seen the goals that were in force at its time.
HOLD_STEPS = "LOCK TABLE audit_stepevent IN SHARE ROW EXCLUSIVE MODE"


def overlaps(other: Goal) -> str:
    """Why a goal for the same as another cannot be set."""
    return OVERLAPS.format(which=f" (number {other.pk}: {in_words(other)})")


def overlapping(goal: Goal) -> Goal | None:
    """A goal for the very same as the new, open-ended one that is in force at its beginning or later."""
    same = Goal.objects.filter(
        workflow=goal.workflow,
        measure=goal.measure,
        stage=goal.stage,
        party=goal.party,
        applies_to=goal.applies_to,
    )
    later = same.filter(Q(effective_until__isnull=True) | Q(effective_until__gt=goal.effective_from))
    return later.exclude(effective_until=F("effective_from")).order_by("effective_from").first()


def meeting(goal: Goal) -> list[Goal]:
    """The goals for other dimension values that apply, at some time, to some of what the goal applies to, by number.

    Of each pair, `asked_of_both` tells which is asked of what both apply to.
    """
    others = Goal.objects.filter(
        workflow=goal.workflow, measure=goal.measure, stage=goal.stage, party=goal.party
    ).exclude(applies_to=goal.applies_to)
    later = others.filter(Q(effective_until__isnull=True) | Q(effective_until__gt=goal.effective_from))
    open_to_it = later.exclude(effective_until=F("effective_from")).order_by("pk")
    return [other for other in open_to_it if _can_meet(goal.applies_to, other.applies_to)]


def _can_meet(a: Mapping[str, str], b: Mapping[str, str]) -> bool:
    return all(a[name] == b[name] for name in a.keys() & b.keys())


def asked_of_both(a: Goal, b: Goal) -> Goal:
    """Of two goals for the same party or stage that meet, the one that is asked, as `audit_goal_of` has it."""
    return min(a, b, key=lambda goal: (-len(goal.applies_to), goal.business_seconds, -goal.effective_from.timestamp()))


def set_goal(goal: Goal, *, at_once: bool = False) -> Goal:
    """Puts a new goal on file; with `at_once` it is in force from this moment, whatever it says.

    Raises GoalRefused where one for the same is in force then, or where it would alter what was measured already.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HOLD_STEPS)
            if at_once:
                goal.effective_from = _now(cursor)
            if other := overlapping(goal):
                raise GoalRefused(overlaps(other))
            goal.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal(error) from error
    return goal


def end_goal(goal: Goal, *, ended_by_name: str, why: str, until: datetime | None = None) -> Goal:
    """Ends a goal at `until`, or at this moment; one that has not come into force never does. Returns it as it is now.

    An end that is still to come is brought forward so; who decided it, and why, stays on file as an `EarlierEnd`.
    Raises GoalRefused where the goal ends by then anyway, or the end would alter what was measured already.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HOLD_STEPS)
            now = _now(cursor)
            end = Greatest(F("effective_from"), Value(until or now))
            still_in_force = Q(effective_until__isnull=True) | Q(effective_until__gt=Greatest(Value(now), end))
            ended = Goal.objects.filter(still_in_force, pk=goal.pk).update(
                effective_until=end,
                ended_by_name=ended_by_name,
                ended_why=why,
                ended_at=now,
            )
    except IntegrityError as error:
        raise _refusal(error) from error
    if not ended:
        raise GoalRefused(HAS_ENDED)
    return Goal.objects.get(pk=goal.pk)


VERSION = """
SELECT (SELECT count(*) + count(ended_at) FROM audit_goal) + (SELECT count(*) FROM audit_earlierend)
"""


def version() -> int:
    """How often the goals on file were changed: each that was set counts, and each end that was decided.

    Two reports with one version were measured against the same goals.
    """
    with connection.cursor() as cursor:
        return version_at(cursor)


def version_at(cursor: Any) -> int:
    """The version of the goals that the cursor's transaction sees."""
    cursor.execute(VERSION)
    return int(cursor.fetchone()[0])


def _now(cursor: Any) -> datetime:
    cursor.execute("SELECT clock_timestamp()")
    return cursor.fetchone()[0]


def _refusal(error: IntegrityError) -> Exception:
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is not None and diagnostics.constraint_name == "goal_in_force_alone":
        return GoalRefused(OVERLAPS.format(which=""))
    if diagnostics is not None and diagnostics.sqlstate == RESTRICT_VIOLATION:
        return GoalRefused(IN_THE_PAST)
    return error
