"""Business time: whole working seconds between instants, the same in Python and in SQL.

The position of an instant is the number of working seconds of the calendar before it, rounded down. The
business time between two instants is the difference of their positions, so that the parts of a stay add up to
the whole, to the second. Positions come from `CalendarDay`, which `rebuild` makes from the calendar's hours,
the federal holidays and the closures. In SQL, for a few rows: `audit_business_seconds(calendar_id, a, b)` and
`audit_business_add(calendar_id, at, seconds)`; for whole tables: `seconds_between_sql`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from audit.models.calendar import Calendar, CalendarDay, Closure

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(hours=24)
SATURDAY = 5
HALF_DAY = "half-day"  # as the holidays library names the executive orders that closed offices at midday
HOLIDAY_SOURCE = f"holidays {holidays.__version__}"
FEDERAL = "Federal holiday"
ORDER = "Executive order"
CLOSURE = "Closure on record, number"


class CalendarError(Exception):
    """A calendar cannot answer."""


class UnknownCalendar(CalendarError):
    """No calendar of that name, or one whose days were never built."""


class OutsideCalendar(CalendarError):
    """An instant before the first or after the last day of the calendar."""


class UnsuitableHours(CalendarError):
    """Working hours that cross midnight, which one row per day cannot hold."""


@dataclass(frozen=True, slots=True)
class BusinessClock:
    """A calendar's working days in memory. The three lists run in parallel, one item per working day."""

    calendar_id: int
    name: str
    version: int
    starts_at: datetime
    ends_at: datetime
    opens: list[int] = field(repr=False)  # seconds since 1970
    lengths: list[int] = field(repr=False)  # working seconds of the day
    positions: list[int] = field(repr=False)  # working seconds before the day

    def position(self, at: datetime) -> int:
        """Working seconds of the calendar before `at`, rounded down.

        Raises ValueError for a naive datetime, OutsideCalendar for one that the calendar does not cover.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone")
        if not self.starts_at <= at < self.ends_at:
            raise OutsideCalendar(f"{at.isoformat()} is outside the calendar {self.name}")
        second = (at - EPOCH) // SECOND
        index = bisect_right(self.opens, second) - 1
        if index < 0:
            return 0
        return self.positions[index] + min(second - self.opens[index], self.lengths[index])

    def between(self, start: datetime, end: datetime) -> int:
        """Business seconds from `start` to `end`, negative if `end` is earlier. Raises as `position` does."""
        return self.position(end) - self.position(start)

    def add(self, at: datetime, seconds: int) -> datetime:
        """The earliest instant, in UTC, at which `seconds` of business time have passed since `at`.

        No seconds give `at` itself. Raises ValueError for negative seconds, and as `position` does.
        """
        if seconds < 0:
            raise ValueError("Business time is added, not taken away")
        target = self.position(at) + seconds
        if seconds == 0:
            return at.astimezone(UTC)
        index = bisect_left(self.positions, target) - 1
        if index < 0 or target > self.positions[index] + self.lengths[index]:
            raise OutsideCalendar(f"{seconds} business seconds after {at.isoformat()} is past the calendar {self.name}")
        return EPOCH + timedelta(seconds=self.opens[index] + target - self.positions[index])


# By calendar id: version, time of building, clock. A version number alone comes back after a rollback.
_clocks: dict[int, tuple[tuple[int, datetime], BusinessClock]] = {}


def load(calendar: str | None = None) -> BusinessClock:
    """The clock of the named calendar, or of the default one. Raises UnknownCalendar.

    One cheap query; the days are read only when this process has not seen them as last built.
    """
    name = calendar or default_name()
    found = Calendar.objects.filter(name=name, built_at__isnull=False).first()
    if found is None or found.built_at is None:
        raise UnknownCalendar(f"There is no calendar {name!r}, or its days were never built")
    key = (found.version, found.built_at)
    cached = _clocks.get(found.pk)
    if cached is None or cached[0] != key:
        cached = _clocks[found.pk] = (key, _read(found))
    return cached[1]


def default_name() -> str:
    """The calendar that measures where none is named: the setting AUDIT_CALENDAR."""
    return getattr(settings, "AUDIT_CALENDAR", "federal")


def default_calendar_id() -> int:
    """Primary key of the default calendar. Raises UnknownCalendar."""
    found = Calendar.objects.filter(name=default_name()).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownCalendar(f"There is no calendar {default_name()!r}")
    return found


def why_not(day: date, calendar: Calendar) -> str:
    """Why the day cannot be chosen: the calendar does not have it. Empty where it does."""
    if calendar.first_day <= day <= calendar.last_day:
        return ""
    return f"The calendar has no such day: it runs from {calendar.first_day} to {calendar.last_day}."


def is_as_it_should_be(calendar: Calendar) -> bool:
    """Whether it was built from this source of holidays, and each stored day is what they lead to."""
    return calendar.built_from == HOLIDAY_SOURCE and not changed_days(calendar)


COPY_DAYS = """
COPY audit_calendarday (calendar_id, day, starts_at, opens_at, closes_at, cumulative_seconds) FROM STDIN
"""


def rebuild(calendar: Calendar) -> Calendar:
    """Makes all days of the calendar again, in one transaction, and gives the calendar its next version.

    What was measured with the days is not touched: `audit.measuring` measures it again.
    Raises UnsuitableHours, and ZoneInfoNotFoundError for an unknown time zone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
        days = list(_days(calendar, Closure.objects.in_force().filter(calendar=calendar)))
        CalendarDay.objects.filter(calendar=calendar).delete()
        with cursor.copy(COPY_DAYS) as copy:
            for row in days:
                copy.write_row((calendar.pk, *row))
        cursor.execute("ANALYZE audit_calendarday")  # every measuring statement joins it, from the first minute on
        Calendar.objects.filter(pk=calendar.pk).update(
            version=F("version") + 1,
            built_at=Now(),
            built_from=HOLIDAY_SOURCE,
            starts_at=days[0][1],
            ends_at=days[-1][1] + DAY,
        )
        calendar.refresh_from_db()
    return calendar


def days_that_differ(limit: int = 20) -> list[tuple[str, date]]:
    """(calendar, day) of stored days that are not what hours, holidays and closures lead to, at most `limit`."""
    built = Calendar.objects.filter(built_at__isnull=False)
    return [(calendar.name, day) for calendar in built for day in changed_days(calendar)][:limit]


def changed_days(calendar: Calendar) -> list[date]:
    """The stored days that are not what hours, holidays and closures lead to, or are missing, in order."""
    columns = ("day", "starts_at", "opens_at", "closes_at", "cumulative_seconds")
    expected = set(_days(calendar, Closure.objects.in_force().filter(calendar=calendar)))
    found = set(CalendarDay.objects.filter(calendar=calendar).values_list(*columns))
    return sorted({row[0] for row in expected ^ found})


def closed_by(closure: Closure) -> list[tuple[datetime, datetime]]:
    """The working time, as the calendar's days are now, that the closure takes away; a day may lose both its ends."""
    zone = ZoneInfo(closure.calendar.time_zone)
    days = CalendarDay.objects.filter(
        calendar=closure.calendar, day__range=(closure.first_day, closure.last_day), closes_at__gt=F("opens_at")
    )
    closed = []
    for day in days.order_by("starts_at"):
        hours = (day.opens_at.astimezone(zone).time(), day.closes_at.astimezone(zone).time())
        left = [datetime.combine(day.day, at, zone).astimezone(UTC) for at in _shortened(hours, closure)]
        ends = [(day.opens_at, left[0]), (left[1], day.closes_at)]
        closed += [(since, until) for since, until in ends if since < until]
    return closed


@dataclass(frozen=True)
class SpanSQL:
    """What a statement needs to measure business time: joins, and the seconds as a bigint expression."""

    joins: str
    seconds: str


def seconds_between_sql(
    start: str, end: str, *, calendar: str, name: str = "span", within: tuple[str, str] | None = None
) -> SpanSQL:
    """SQL for the business seconds between two timestamptz expressions of the rows before the joins.

    `calendar` is an expression for the calendar's id, the same for all rows (a parameter); `name` begins the
    aliases of the joins. No row is dropped: a NULL instant gives NULL, one outside the calendar an error.
    `within` are expressions of the first and the last instant of all rows, where they are known: then the days between
    them are read, and not the calendar's eighty years.
    PostgreSQL inlines the functions to hash joins, far faster than `audit_business_seconds` for each row.
    """
    opened, closed = f"{name}_start", f"{name}_end"
    return SpanSQL(
        joins=f"LEFT JOIN LATERAL audit_business_day({calendar}, {start}) AS {opened} ON {_days_sql(opened, within)} "
        f"LEFT JOIN LATERAL audit_business_day({calendar}, {end}) AS {closed} ON {_days_sql(closed, within)}",
        seconds=f"({_position_sql(end, calendar, closed)} - {_position_sql(start, calendar, opened)})",
    )


def _days_sql(day: str, within: tuple[str, str] | None) -> str:
    return (
        f"{day}.starts_at > {within[0]} - interval '24 hours' AND {day}.starts_at <= {within[1]}" if within else "true"
    )


def _position_sql(at: str, calendar: str, day: str) -> str:
    located = f"audit_business_position({at}, {day}.opens_at, {day}.closes_at, {day}.cumulative_seconds)"
    return f"coalesce({located}, audit_outside_calendar({calendar}, {at}))"


DayRow = tuple[date, datetime, datetime, datetime, int]  # day, starts_at, opens_at, closes_at, cumulative_seconds


def _days(calendar: Calendar, closures: Iterable[Closure]) -> Iterator[DayRow]:
    hours = _special_hours(calendar, closures, range(calendar.first_day.year, calendar.last_day.year + 1))
    zone = ZoneInfo(calendar.time_zone)
    starts_at = datetime.combine(calendar.first_day, time(), zone).astimezone(UTC)
    worked = 0
    for number in range((calendar.last_day - calendar.first_day).days + 1):
        day = calendar.first_day + timedelta(days=number)
        opens, closes = hours.get(day, (calendar.opens, calendar.closes))
        if day.weekday() >= SATURDAY:
            opens = closes = calendar.opens
        opens_at = datetime.combine(day, opens, zone).astimezone(UTC)
        closes_at = datetime.combine(day, closes, zone).astimezone(UTC)
        if not starts_at <= opens_at <= closes_at <= starts_at + DAY:
            raise UnsuitableHours(f"The hours of {day} reach over midnight, as seen without daylight saving")
        if opens_at.microsecond or closes_at.microsecond:
            raise UnsuitableHours(f"The hours of {day} are not in whole seconds")
        yield day, starts_at, opens_at, closes_at, worked
        worked += (closes_at - opens_at) // SECOND
        starts_at += DAY


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day of Monday to Friday whose hours are not the calendar's own. `opens` and `closes` are equal if none is left.

    `what` names each holiday, order or closure of the day; `source` says on whose word the hours rest.
    """

    day: date
    what: str
    source: str
    opens: time
    closes: time


def special_days(calendar: Calendar, year: int) -> list[SpecialDay]:
    """The days of the year on which the calendar's hours are shortened, and why; weekends are not worked anyway."""
    closures = list(Closure.objects.in_force().filter(calendar=calendar, first_day__year__lte=year))
    hours = _special_hours(calendar, closures, [year])
    federal = holidays.US(categories=("public",), years=[year])
    off = holidays.US(categories=("government",), years=[year])
    found = []
    for day, (opens, closes) in sorted(hours.items()):
        if day.year != year or day.weekday() >= SATURDAY:
            continue
        closed_by = [closure for closure in closures if closure.first_day <= day <= closure.last_day]
        names = [off[day]] if day in off else []
        sources = [FEDERAL if day in federal else ORDER] if day in off else []
        names += [closure.reason for closure in closed_by]
        sources += [f"{CLOSURE} {closure.pk}" for closure in closed_by]
        found.append(SpecialDay(day, "; ".join(names), "; ".join(sources), opens, closes))
    return found


Hours = tuple[time, time]  # opens and closes, local; equal when nothing is worked


def _special_hours(calendar: Calendar, closures: Iterable[Closure], years: Iterable[int]) -> dict[date, Hours]:
    """Hours of the days that a holiday of the years or a closure shortens."""
    hours = {
        day: (calendar.opens, _midday(calendar) if HALF_DAY in name else calendar.opens)
        for day, name in holidays.US(categories=("government",), years=years).items()
    }
    for closure in closures:
        for number in range((closure.last_day - closure.first_day).days + 1):
            day = closure.first_day + timedelta(days=number)
            hours[day] = _shortened(hours.get(day, (calendar.opens, calendar.closes)), closure)
    return hours


def _midday(calendar: Calendar) -> time:
    opens, closes = (datetime.combine(calendar.first_day, at) for at in (calendar.opens, calendar.closes))
    return (opens + (closes - opens) // 2).time()


def _shortened(hours: Hours, closure: Closure) -> Hours:
    opens, closes = hours
    if closure.open_from is None and closure.open_until is None:
        return opens, opens
    opens = max(opens, closure.open_from or opens)
    return opens, max(opens, min(closes, closure.open_until or closes))


READ_DAYS = """
SELECT array_agg(date_part('epoch', opens_at)::bigint ORDER BY starts_at),
       array_agg(date_part('epoch', closes_at - opens_at)::bigint ORDER BY starts_at),
       array_agg(cumulative_seconds ORDER BY starts_at)
FROM audit_calendarday WHERE calendar_id = %s AND closes_at > opens_at
"""


def _read(calendar: Calendar) -> BusinessClock:
    with connection.cursor() as cursor:
        cursor.execute(READ_DAYS, [calendar.pk])
        opens, lengths, positions = cursor.fetchone()
    assert calendar.starts_at is not None
    assert calendar.ends_at is not None
    return BusinessClock(
        calendar_id=calendar.pk,
        name=calendar.name,
        version=calendar.version,
        starts_at=calendar.starts_at,
        ends_at=calendar.ends_at,
        opens=opens or [],
        lengths=lengths or [],
        positions=positions or [],
    )
