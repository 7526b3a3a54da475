"""Periods that exports are made for: whole months, and fiscal years of the United States, which begin in October."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from audit.calendar import default_calendar_id
from audit.models import Calendar, ScheduledExport

FISCAL_YEAR_BEGINS = 10  # October
Kind = ScheduledExport.Period


@dataclass(frozen=True)
class Period:
    """Whole days, the last included."""

    kind: str
    first_day: date
    last_day: date

    @property
    def name(self) -> str:
        """As “2026-03”, or “FY2026”, which ends in 2026."""
        if self.kind == Kind.FISCAL_YEAR:
            return f"FY{self.last_day.year}"
        return f"{self.first_day:%Y-%m}"


def today() -> date:
    """The day in the time zone of the calendar that measures."""
    zone = Calendar.objects.values_list("time_zone", flat=True).get(pk=default_calendar_id())
    return timezone.localdate(timezone=ZoneInfo(zone))


def period_of(kind: str, day: date) -> Period:
    """The month, or the fiscal year, that the day is in."""
    if kind == Kind.FISCAL_YEAR:
        year = day.year if day.month >= FISCAL_YEAR_BEGINS else day.year - 1
        return Period(kind, date(year, FISCAL_YEAR_BEGINS, 1), date(year + 1, FISCAL_YEAR_BEGINS, 1) - timedelta(1))
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Period(kind, first, following - timedelta(days=1))


def last_period(kind: str, day: date) -> Period:
    """The last one that is over on the day."""
    return period_of(kind, period_of(kind, day).first_day - timedelta(days=1))


def periods_over(kind: str, since: date, day: date) -> Iterator[Period]:
    """Those that begin on `since` or later and are over on the day, in order."""
    period = period_of(kind, since)
    while period.last_day < day:
        if period.first_day >= since:
            yield period
        period = period_of(kind, period.last_day + timedelta(days=1))
