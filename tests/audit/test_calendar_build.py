"""The days that a calendar is built of: holidays, closures, hours."""

from datetime import date, time

import pytest
from django.db import IntegrityError

from audit import calendar, measuring
from audit.models import Calendar, CalendarDay
from tests.audit.calendars import EASTERN, eastern, enter_closure, stormy_calendar

pytestmark = pytest.mark.django_db

# As the Office of Personnel Management lists them; weekends, where nothing is worked anyway, left out.
FEDERAL_HOLIDAYS = {
    2021: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2023: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
}
# Offices closed by executive order 13238, 13343, 13421, 13852, 13854, 14129, 14133 and 14371.
ORDERED_CLOSINGS = "2001-12-24 2004-06-11 2007-01-02 2018-12-05 2018-12-24 2024-12-24 2025-01-09 2025-12-24 2025-12-26"


@pytest.fixture
def federal() -> Calendar:
    return measuring.ensure_default()


def hours(made: Calendar, day: date) -> tuple[str, str] | None:
    """Local opening and closing, or None for a day without work."""
    row = CalendarDay.objects.get(calendar=made, day=day)
    opens, closes = row.opens_at.astimezone(EASTERN), row.closes_at.astimezone(EASTERN)
    return None if opens == closes else (opens.time().isoformat(), closes.time().isoformat())


def test_every_day_has_a_row_and_they_add_up(federal):
    rows = list(CalendarDay.objects.filter(calendar=federal).order_by("day"))
    assert len(rows) == (federal.last_day - federal.first_day).days + 1 == 29_220
    total = 0
    for row in rows:
        assert row.cumulative_seconds == total
        total += (row.closes_at - row.opens_at).total_seconds()
    assert federal.starts_at == eastern("1990-01-01")
    assert federal.ends_at == eastern("2070-01-01")


@pytest.mark.parametrize("year", FEDERAL_HOLIDAYS)
def test_closed_weekdays_of_a_year_are_the_federal_holidays(federal, year):
    rows = CalendarDay.objects.filter(calendar=federal, day__year=year, day__iso_week_day__lte=5)
    closed = [f"{row.day:%m-%d}" for row in rows.order_by("day") if row.opens_at == row.closes_at]
    assert closed == FEDERAL_HOLIDAYS[year].split()


@pytest.mark.parametrize("day", ORDERED_CLOSINGS.split())
def test_days_closed_by_executive_order_are_not_worked(federal, day):
    assert hours(federal, date.fromisoformat(day)) is None


@pytest.mark.parametrize("day", ["2002-12-24", "2009-12-24", "2015-12-24"])
def test_half_days_by_executive_order_end_at_midday(federal, day):
    assert hours(federal, date.fromisoformat(day)) == ("09:00:00", "13:00:00")


def test_ordinary_days_are_worked_in_local_time_summer_and_winter(federal):
    assert hours(federal, date(2024, 1, 10)) == hours(federal, date(2024, 7, 10)) == ("09:00:00", "17:00:00")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 1, 31), ("11:00:00", "17:00:00")),
        (date(2024, 2, 1), ("11:00:00", "14:30:00")),
        (date(2024, 2, 2), ("09:00:00", "14:30:00")),
        (date(2024, 7, 3), ("10:00:00", "10:00:01")),
        (date(2024, 7, 4), None),
        (date(2025, 10, 1), None),
        (date(2025, 11, 12), None),
        (date(2025, 11, 13), ("09:00:00", "17:00:00")),
    ],
)
def test_closures_leave_only_the_hours_that_all_of_them_leave(day, expected):
    assert hours(stormy_calendar(), day) == expected


def test_closures_without_a_common_hour_close_the_day():
    made = Calendar.objects.create(name="split", first_day=date(2024, 1, 1), last_day=date(2024, 12, 31))
    day = date(2024, 2, 1)
    entry = {"reason": "Storm", "entered_by_name": "Invented Person"}
    enter_closure(made, day, day, open_from=time(14), **entry)
    enter_closure(made, day, day, open_until=time(12), **entry)
    assert hours(made, day) is None


def test_a_closure_never_lengthens_the_day():
    made = Calendar.objects.create(name="early", first_day=date(2024, 1, 1), last_day=date(2024, 12, 31))
    day = date(2024, 2, 1)
    enter_closure(made, day, day, open_from=time(7), open_until=time(20), reason="Storm", entered_by_name="Operator")
    assert hours(made, day) == ("09:00:00", "17:00:00")


def test_a_closure_moves_later_measures_and_the_version():
    made = Calendar.objects.create(name="moved", first_day=date(2024, 1, 1), last_day=date(2024, 12, 31))
    calendar.rebuild(made)
    start, end = eastern("2024-03-04 09:00"), eastern("2024-03-08 17:00")
    assert calendar.load("moved").between(start, end) == 40 * 3600
    version = calendar.load("moved").version
    closure = enter_closure(
        made, date(2024, 3, 6), date(2024, 3, 6), reason="Storm", authority="Notice 1", entered_by_name="Operator"
    )
    assert closure.entered_at is not None
    assert calendar.load("moved").between(start, end) == 32 * 3600
    assert calendar.load("moved").version == version + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_day": date(2024, 3, 7), "last_day": date(2024, 3, 6)},
        {"open_from": time(12), "open_until": time(12)},
        {"reason": ""},
    ],
)
def test_a_closure_that_makes_no_sense_is_refused(wrong):
    made = Calendar.objects.create(name="refusing", first_day=date(2024, 1, 1), last_day=date(2024, 1, 31))
    entry = {"first_day": date(2024, 3, 6), "last_day": date(2024, 3, 6), "reason": "Storm"} | wrong
    with pytest.raises(IntegrityError):
        enter_closure(made, entered_by_name="Operator", **entry)


@pytest.mark.parametrize("opens", [time(0, 30), time(9, 0, 0, 500_000)])
def test_hours_that_a_day_cannot_hold_are_refused(opens):
    # At 00:30 in summer it is still the day before without daylight saving.
    made = Calendar.objects.create(
        name="night", opens=opens, closes=time(17), first_day=date(2024, 1, 1), last_day=date(2024, 12, 31)
    )
    with pytest.raises(calendar.UnsuitableHours):
        calendar.rebuild(made)


def test_the_default_calendar_is_built_once():
    first = measuring.ensure_default()
    again = measuring.ensure_default()
    assert (again.pk, again.version) == (first.pk, first.version)
    assert calendar.default_calendar_id() == first.pk


def test_holidays_from_another_release_build_the_default_calendar_again():
    first = measuring.ensure_default()
    Calendar.objects.filter(pk=first.pk).update(built_from="holidays 0.1")
    again = measuring.ensure_default()
    assert again.version == first.version + 1
    assert again.built_from == calendar.HOLIDAY_SOURCE
