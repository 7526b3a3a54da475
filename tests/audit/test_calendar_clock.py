"""Business time in Python: known answers, and what must hold for any instants."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit import calendar, measuring
from audit.models import Calendar
from tests.audit.calendars import eastern, enter_closure, stormy_calendar

HOUR = 3600
MICROSECOND = timedelta(microseconds=1)
any_instant = st.datetimes(datetime(1990, 1, 2), datetime(2069, 12, 1), timezones=st.just(UTC))


@pytest.fixture(scope="module")
def clock(django_db_setup, django_db_blocker) -> calendar.BusinessClock:
    with django_db_blocker.unblock():
        measuring.ensure_default()
        return calendar.load()


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2024-03-01 16:30", "2024-03-04 09:30", 1),  # over a weekend
        ("2024-03-08 16:00", "2024-03-11 10:00", 2),  # clocks go forward
        ("2024-11-01 16:00", "2024-11-04 10:00", 2),  # clocks go back
        ("2021-06-17 16:00", "2021-06-21 10:00", 2),  # Juneteenth, observed on Friday the 18th
        ("2024-12-23 16:00", "2024-12-26 10:00", 2),  # Christmas Eve closed by executive order
        ("2021-12-30 09:00", "2022-01-03 09:00", 8),  # New Year's Day observed in the old year
        ("2024-03-06 00:00", "2024-03-07 00:00", 8),
        ("2024-03-06 17:00", "2024-03-07 09:00", 0),
        ("2024-03-09 12:00", "2024-03-10 12:00", 0),
        ("2024-03-04 09:30", "2024-03-01 16:30", -1),
    ],
)
def test_known_answers(clock, start, end, hours):
    assert clock.between(eastern(start), eastern(end)) == hours * HOUR


def test_the_day_is_the_local_one_not_that_of_utc(clock):
    # In Washington it is still Friday evening.
    saturday_in_utc = datetime(2024, 3, 9, 2, tzinfo=UTC)
    assert clock.between(datetime(2024, 3, 8, 20, tzinfo=UTC), saturday_in_utc) == 2 * HOUR


def test_part_seconds_do_not_count(clock):
    opening = eastern("2024-03-06 09:00")
    assert clock.between(opening, opening + timedelta(seconds=1) - MICROSECOND) == 0
    assert clock.between(opening, opening + timedelta(seconds=1)) == 1


@pytest.mark.parametrize(
    ("at", "hours", "due"),
    [
        ("2024-03-01 16:30", 1, "2024-03-04 09:30"),
        ("2024-03-01 16:30", 0.5, "2024-03-01 17:00"),
        ("2024-03-02 12:00", 8, "2024-03-04 17:00"),
        ("2024-03-08 12:00", 80, "2024-03-22 12:00"),
    ],
)
def test_due_instants(clock, at, hours, due):
    assert clock.add(eastern(at), int(hours * HOUR)) == eastern(due)


def test_nothing_added_is_the_same_instant(clock):
    saturday = eastern("2024-03-02 12:00:00.5")
    assert clock.add(saturday, 0) == saturday


@given(any_instant, any_instant, any_instant)
def test_parts_add_up_to_the_whole(clock, one, two, three):
    assert clock.between(one, two) + clock.between(two, three) == clock.between(one, three)


@given(any_instant, any_instant)
def test_business_time_never_runs_backwards_or_faster_than_time(clock, one, two):
    start, end = sorted((one, two))
    assert 0 <= clock.between(start, end) <= (end - start) // timedelta(seconds=1) + 1


@given(any_instant, st.integers(1, 5_000_000))
def test_adding_gives_the_earliest_instant_with_that_much_behind_it(clock, at, seconds):
    try:
        due = clock.add(at, seconds)
    except calendar.OutsideCalendar:
        assert clock.between(at, clock.ends_at - MICROSECOND) < seconds
        return
    assert clock.between(at, due) == seconds
    assert clock.between(at, due - MICROSECOND) == seconds - 1


@pytest.mark.parametrize("measure", [lambda clock, at: clock.position(at), lambda clock, at: clock.add(at, 60)])
def test_naive_instants_are_refused(clock, measure):
    with pytest.raises(ValueError, match="no time zone"):
        measure(clock, datetime(2024, 3, 6, 12))


def test_instants_outside_the_calendar_are_refused(clock):
    assert clock.position(clock.starts_at) == 0
    for at in (clock.starts_at - MICROSECOND, clock.ends_at):
        with pytest.raises(calendar.OutsideCalendar, match="federal"):
            clock.position(at)
    with pytest.raises(calendar.OutsideCalendar, match="past the calendar"):
        clock.add(clock.ends_at - MICROSECOND, 1)


def test_time_is_not_taken_away(clock):
    with pytest.raises(ValueError, match="not taken away"):
        clock.add(eastern("2024-03-06 12:00"), -1)


@pytest.mark.django_db
def test_a_calendar_without_working_days_measures_nothing():
    made = Calendar.objects.create(name="weekend", first_day=date(2024, 3, 2), last_day=date(2024, 3, 3))
    calendar.rebuild(made)
    saturday = eastern("2024-03-02 12:00")
    assert calendar.load("weekend").position(saturday) == 0
    with pytest.raises(calendar.OutsideCalendar):
        calendar.load("weekend").add(saturday, 1)


@pytest.mark.django_db
def test_unknown_and_unbuilt_calendars_are_named():
    Calendar.objects.create(name="unbuilt")
    for name in ("unbuilt", "unheard-of"):
        with pytest.raises(calendar.UnknownCalendar, match=name):
            calendar.load(name)


@pytest.mark.django_db
def test_the_setting_names_the_default_calendar(settings):
    made = stormy_calendar()
    settings.AUDIT_CALENDAR = "stormy"
    assert calendar.load().calendar_id == calendar.default_calendar_id() == made.pk
    settings.AUDIT_CALENDAR = "unheard-of"
    with pytest.raises(calendar.UnknownCalendar):
        calendar.default_calendar_id()


@pytest.mark.django_db
def test_a_loaded_clock_costs_one_query_until_the_calendar_changes():
    measuring.ensure_default()
    first = calendar.load()
    with CaptureQueriesContext(connection) as queries:
        assert calendar.load() is first
    assert len(queries) == 1


@pytest.mark.django_db
def test_a_rebuild_that_was_rolled_back_leaves_no_stale_clock():
    made = stormy_calendar()
    entry = {"reason": "Storm", "entered_by_name": "Operator"}
    with transaction.atomic():
        enter_closure(made, date(2024, 3, 6), date(2024, 3, 6), **entry)
        undone = calendar.load("stormy")
        transaction.set_rollback(True)
    enter_closure(made, date(2024, 3, 5), date(2024, 3, 6), **entry)
    kept = calendar.load("stormy")
    assert kept.version == undone.version
    week = eastern("2024-03-04"), eastern("2024-03-09")
    assert (undone.between(*week), kept.between(*week)) == (32 * HOUR, 24 * HOUR)
