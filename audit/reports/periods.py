"""Periods of reports: whole days of the calendar's time zone, half-open, so that the last day counts whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK, MONTH, FISCAL_YEAR = "week", "month", "fiscal_year"
EVERY = {WEEK: "Week", MONTH: "Month", FISCAL_YEAR: "Fiscal year"}
FISCAL_YEAR_BEGINS = 10  # October, as the federal government's


@dataclass(frozen=True, order=True)
class Period:
    """The days from `since` up to, and without, `until`. Raises ValueError where that is no day."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError(f"A period that begins on {self.since} cannot end before {self.until}.")

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The first instant, and the first instant after."""
        return datetime.combine(self.since, time(), zone), datetime.combine(self.until, time(), zone)


def containing(every: str, day: date) -> Period:
    """The week (from Monday), month or federal fiscal year (from October) that the day is in."""
    if every == WEEK:
        since = day - timedelta(days=day.weekday())
        return Period(since, since + timedelta(days=7))
    if every == MONTH:
        since = day.replace(day=1)
        return Period(since, _months_later(since, 1))
    if every == FISCAL_YEAR:
        since = date(day.year - (day.month < FISCAL_YEAR_BEGINS), FISCAL_YEAR_BEGINS, 1)
        return Period(since, _months_later(since, 12))
    raise ValueError(f"Reports know no {every!r}.")


def split(period: Period, every: str) -> Iterator[Period]:
    """The weeks, months or fiscal years of the period, the first and the last cut off at its ends."""
    since = period.since
    while since < period.until:
        until = min(containing(every, since).until, period.until)
        yield Period(since, until)
        since = until


def last_twelve_months(today: date) -> Period:
    """The twelve whole months before the one that the day is in."""
    until = today.replace(day=1)
    return Period(_months_later(until, -12), until)


def label(period: Period, every: str) -> str:
    """As “Mar 2026”, “FY 2026”, “2 Mar 2026” for the week from then; says so where the period is only a part."""
    whole = containing(every, period.since)
    names = {
        WEEK: f"{whole.since.day} {whole.since:%b %Y}",
        MONTH: f"{whole.since:%b %Y}",
        FISCAL_YEAR: f"FY {whole.last_day.year}",
    }
    return names[every] if whole == period else f"{names[every]} (part)"


def _months_later(first_of_month: date, months: int) -> date:
    number = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
