"""Closures of the offices: entered and withdrawn by people; each moves due times and measures at once, and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models.functions import Now

from audit import calendar
from audit.goals import HOLD_STEPS
from audit.models import Closure


class ClosureRefused(Exception):
    """A closure cannot be withdrawn; the message says why."""


@dataclass(frozen=True)
class Moved:
    """What a closure did: the calendar's version since, and how many stays have another due time or measure."""

    closure: Closure
    version: int
    visits: int


# Stays that reach into the days of the closure, or whose due time did: all others measure the same as before.
MEASURE_AGAIN = """
UPDATE audit_stagevisit AS visit
SET business_seconds = now.business_seconds, due_at = now.due_at, met = visit.left_at <= now.due_at
FROM (
    SELECT old.id, audit_business_seconds(%(calendar)s, old.entered_at, old.left_at) AS business_seconds,
           audit_business_add(%(calendar)s, old.entered_at, goal.business_seconds) AS due_at
    FROM audit_stagevisit AS old LEFT JOIN audit_goal AS goal ON goal.id = old.goal_id
    WHERE old.entered_at < %(until)s AND greatest(old.left_at, old.due_at) > %(since)s
) AS now
WHERE now.id = visit.id
  AND (now.business_seconds, now.due_at) IS DISTINCT FROM (visit.business_seconds, visit.due_at)
"""


def enter(closure: Closure) -> Moved:
    """Puts a closure on record, rebuilds its calendar and measures again, all or nothing.

    Raises IntegrityError for days or times in the wrong order, or an empty reason.
    """
    with transaction.atomic():
        _hold_steps()
        closure.save(force_insert=True)
        return _moved(closure)


def withdraw(closure: Closure, *, withdrawn_by_name: str, why: str) -> Moved:
    """Takes a closure back, which stays on record; rebuilds its calendar and measures again, all or nothing.

    Raises ClosureRefused where that was done already.
    """
    with transaction.atomic():
        _hold_steps()
        in_force = Closure.objects.in_force().filter(pk=closure.pk)
        if not in_force.update(withdrawn_at=Now(), withdrawn_by_name=withdrawn_by_name, withdrawn_why=why):
            raise ClosureRefused("This closure was withdrawn already.")
        return _moved(Closure.objects.get(pk=closure.pk))


def _hold_steps() -> None:
    with connection.cursor() as cursor:
        cursor.execute(HOLD_STEPS)


def _moved(closure: Closure) -> Moved:
    rebuilt = calendar.rebuild(closure.calendar)
    if rebuilt.pk != calendar.default_calendar_id():
        return Moved(closure, rebuilt.version, 0)
    zone = ZoneInfo(rebuilt.time_zone)
    span = {
        "since": datetime.combine(closure.first_day, time(), zone),
        "until": datetime.combine(closure.last_day + timedelta(days=1), time(), zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(MEASURE_AGAIN, {"calendar": rebuilt.pk, **span})
        return Moved(closure, rebuilt.version, cursor.rowcount)
