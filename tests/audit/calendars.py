"""Calendars and instants that several tests of business time use."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from audit import calendar
from audit.models import Calendar, Closure

EASTERN = ZoneInfo("America/New_York")


def eastern(text: str) -> datetime:
    """The instant of local time in Washington, as `2024-03-08 16:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN)


def stormy_calendar(time_zone: str = "America/New_York") -> Calendar:
    """2023 to 2026 with a lapse in appropriations, and storms whose orders meet on 1 February 2024."""
    made = Calendar.objects.create(
        name="stormy", time_zone=time_zone, first_day=date(2023, 1, 1), last_day=date(2026, 12, 31)
    )
    closures = [
        (date(2025, 10, 1), date(2025, 11, 12), None, None),
        (date(2024, 1, 31), date(2024, 2, 1), time(11), None),
        (date(2024, 2, 1), date(2024, 2, 2), None, time(14, 30)),
        (date(2024, 7, 1), date(2024, 7, 5), time(10), time(10, 0, 1)),
    ]
    Closure.objects.bulk_create(
        Closure(
            calendar=made,
            first_day=first,
            last_day=last,
            open_from=opens,
            open_until=closes,
            reason="Storm",
            entered_by_name="Invented Person",
        )
        for first, last, opens, closes in closures
    )
    return calendar.rebuild(made)


def instants(first: datetime, last: datetime, count: int, *, seed: int) -> list[datetime]:
    """Instants in UTC with microseconds, of which every third is at or next to the edge of a working day."""
    chance = random.Random(seed)
    span = (last - first) // timedelta(microseconds=1)
    chosen = []
    for number in range(count):
        at = (first + timedelta(microseconds=chance.randrange(span))).astimezone(UTC)
        if number % 3 == 0:
            edge = datetime.combine(at.astimezone(EASTERN).date(), time(chance.choice([0, 9, 13, 17])), EASTERN)
            at = edge.astimezone(UTC) + timedelta(microseconds=chance.choice([-1_000_000, -1, 0, 1, 999_999]))
        if first <= at < last:
            chosen.append(at)
    return chosen


def enter_closure(
    made: Calendar,
    first_day: date,
    last_day: date,
    *,
    reason: str,
    entered_by_name: str,
    authority: str = "",
    open_from: time | None = None,
    open_until: time | None = None,
) -> Closure:
    """Puts a closure on record and rebuilds the calendar, both or neither. Days are inclusive, times local.

    Raises IntegrityError for days or times in the wrong order, or an empty reason.
    """
    with transaction.atomic():
        closure = Closure.objects.create(
            calendar=made,
            first_day=first_day,
            last_day=last_day,
            reason=reason,
            authority=authority,
            entered_by_name=entered_by_name,
            open_from=open_from,
            open_until=open_until,
        )
        calendar.rebuild(made)
    return closure
