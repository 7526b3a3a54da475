"""Measures stays again when days of the default calendar change: by a closure, or another release of the holidays."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from audit import calendar
from audit.calendar import seconds_between_sql
from audit.goals import HOLD_STEPS
from audit.models import Calendar

STAY = seconds_between_sql("old.entered_at", "old.left_at", calendar="%(calendar)s")
# Stays that reach into the days, or whose due time did: all others measure the same as before. Measured by joins, once,
# and found again by key: the functions for each row, and a second look at all stays, took three times as long.
MEASURE_AGAIN = f"""
WITH now AS MATERIALIZED (
    SELECT old.id, {STAY.seconds} AS business_seconds,
           audit_business_add(%(calendar)s, old.entered_at, goal.business_seconds) AS due_at
    FROM audit_stagevisit AS old LEFT JOIN audit_goal AS goal ON goal.id = old.goal_id
    {STAY.joins}
    WHERE old.entered_at < %(until)s AND greatest(old.left_at, old.due_at) > %(since)s
)
UPDATE audit_stagevisit AS visit
SET business_seconds = now.business_seconds, due_at = now.due_at, met = visit.left_at <= now.due_at
FROM now
WHERE now.id = visit.id AND visit.id = ANY(ARRAY(SELECT id FROM now))
  AND (now.business_seconds, now.due_at) IS DISTINCT FROM (visit.business_seconds, visit.due_at)
"""
# A plan by nested loops would go through `now` for each stay, if PostgreSQL expected few.
BY_JOINS = "SET LOCAL enable_nestloop = off"
AS_BEFORE = "SET LOCAL enable_nestloop = on"


def hold_steps() -> None:
    """Lets steps wait until the transaction ends, so that none is measured with the days of before."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_STEPS)


def measure_again(rebuilt: Calendar, first_day: date, last_day: date) -> int:
    """Measures the stays again that the days, both inclusive, touch; returns how many have another measure or due time.

    To be called in the transaction in which steps were held and the calendar was rebuilt.
    """
    zone = ZoneInfo(rebuilt.time_zone)
    span = {
        "since": datetime.combine(first_day, time(), zone),
        "until": datetime.combine(last_day + timedelta(days=1), time(), zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_JOINS)
        cursor.execute(MEASURE_AGAIN, {"calendar": rebuilt.pk, **span})
        moved = cursor.rowcount
        cursor.execute(AS_BEFORE)
    return moved


def ensure_default() -> Calendar:
    """Creates and builds the default calendar. Where the source of the holidays or any stored day changed, builds it
    again and measures the stays again that the days touch, all or nothing.
    """
    found, _created = Calendar.objects.get_or_create(name=calendar.default_name())
    if calendar.is_as_it_should_be(found):
        return found
    with transaction.atomic():
        hold_steps()
        changed = calendar.changed_days(found)
        rebuilt = calendar.rebuild(found)
        if changed:
            measure_again(rebuilt, changed[0], changed[-1])
    return rebuilt
