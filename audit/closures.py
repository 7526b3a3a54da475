"""Closures of the offices: entered and withdrawn by people; each moves due times and measures at once, and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models.functions import Now

from audit import calendar
from audit.measuring import hold_steps, measure_again
from audit.models import Closure

MOST_DAYS = 366


class ClosureRefused(Exception):
    """A closure cannot be entered or withdrawn; the message says why."""


@dataclass(frozen=True)
class Effect:
    """What a closure would do: working days that it closes and that it shortens, and stays that it moves.

    Of a stay that goes on, the due time moves; of one that has ended, the measure, or the due time, or both.
    """

    closed_days: int
    shortened_days: int
    open_stays: int
    ended_stays: int


@dataclass(frozen=True)
class Moved:
    """What a closure did: the calendar's version since, and how many stays have another due time or measure."""

    closure: Closure
    version: int
    visits: int


MOVED_STAYS = """
SELECT count(*) FILTER (WHERE left_at IS NULL), count(left_at) FROM audit_stagevisit
WHERE entered_at < %(until)s AND greatest(left_at, due_at) > %(since)s
  AND tstzrange(entered_at, greatest(left_at, due_at))
      && (SELECT range_agg(tstzrange(since, until)) FROM unnest(%(opens)s::timestamptz[], %(closes)s::timestamptz[])
                                                         AS closed (since, until))
"""


def effect(closure: Closure) -> Effect:
    """What the closure, which is not on record yet, would do now.

    Raises ClosureRefused where it closes nothing, is on record already, or is longer than MOST_DAYS.
    """
    closed = _closed_by(closure)
    zone = ZoneInfo(closure.calendar.time_zone)
    days = len({since.astimezone(zone).date() for since, _ in closed})
    whole_days = days if closure.open_from is None and closure.open_until is None else 0
    if closure.calendar_id != calendar.default_calendar_id():
        return Effect(whole_days, days - whole_days, 0, 0)
    opens, closes = [since for since, _ in closed], [until for _, until in closed]
    with connection.cursor() as cursor:
        cursor.execute(MOVED_STAYS, {"opens": opens, "closes": closes, "since": opens[0], "until": closes[-1]})
        return Effect(whole_days, days - whole_days, *cursor.fetchone())


def _closed_by(closure: Closure) -> list[tuple[datetime, datetime]]:
    if (closure.last_day - closure.first_day).days >= MOST_DAYS:
        raise ClosureRefused(
            f"A closure is for at most {MOST_DAYS} days. Is the year right? Enter longer ones in parts."
        )
    closed = calendar.closed_by(closure)
    if closed:
        return closed
    same = Closure.objects.in_force().filter(
        calendar=closure.calendar,
        first_day=closure.first_day,
        last_day=closure.last_day,
        open_from=closure.open_from,
        open_until=closure.open_until,
    )
    if other := same.first():
        raise ClosureRefused(f"This closure is on record already: number {other.pk}, “{other.reason}”.")
    raise ClosureRefused("It closes nothing: in those days and hours the offices are closed already.")


def enter(closure: Closure) -> Moved:
    """Puts a closure on record, rebuilds its calendar and measures again, all or nothing.

    Raises ClosureRefused as `effect` does, and IntegrityError for days or times in the wrong order, or without who
    and why.
    """
    with transaction.atomic():
        hold_steps()
        if closure.first_day <= closure.last_day:
            _closed_by(closure)
        closure.save(force_insert=True)
        return _moved(closure)


def withdraw(closure: Closure, *, withdrawn_by_name: str, why: str) -> Moved:
    """Takes a closure back, which stays on record; rebuilds its calendar and measures again, all or nothing.

    Raises ClosureRefused where that was done already.
    """
    with transaction.atomic():
        hold_steps()
        in_force = Closure.objects.in_force().filter(pk=closure.pk)
        if not in_force.update(withdrawn_at=Now(), withdrawn_by_name=withdrawn_by_name, withdrawn_why=why):
            raise ClosureRefused("This closure was withdrawn already.")
        return _moved(Closure.objects.get(pk=closure.pk))


def _moved(closure: Closure) -> Moved:
    rebuilt = calendar.rebuild(closure.calendar)
    if rebuilt.pk != calendar.default_calendar_id():
        return Moved(closure, rebuilt.version, 0)
    return Moved(closure, rebuilt.version, measure_again(rebuilt, closure.first_day, closure.last_day))
