"""Business time against an independent library, which walks from day to day."""

from datetime import UTC, date, time, timedelta

import holidays
import pytest
import pytz
from businesstimedelta import BusinessTimeDelta, HolidayRule, Rules, WorkDayRule

from audit import calendar, measuring
from tests.audit.calendars import eastern, instants

pytestmark = pytest.mark.django_db


@pytest.fixture
def oracle() -> Rules:
    zone = pytz.timezone("America/New_York")
    closed = holidays.US(categories=("government",), years=range(2015, 2032))
    del closed[date(2015, 12, 24)]  # a half day, which the oracle's rule of whole days cannot hold
    return Rules(
        [
            WorkDayRule(start_time=time(9), end_time=time(17), working_days=[0, 1, 2, 3, 4], tz=zone),
            HolidayRule(closed, tz=zone),
        ]
    )


def test_random_pairs_equal_the_oracle(oracle):
    measuring.ensure_default()
    clock = calendar.load()
    starts = instants(eastern("2016-01-01"), eastern("2029-12-31"), 500, seed=21)
    lengths = instants(eastern("2000-01-01"), eastern("2000-03-01"), 500, seed=22)
    compared = 0
    for start, length in zip(starts, lengths, strict=False):
        end = start + (length - eastern("2000-01-01"))
        expected = oracle.difference(*(at.replace(microsecond=0) for at in (start, end))).timedelta
        assert clock.between(start, end) == expected // timedelta(seconds=1), (start, end)
        compared += 1
    assert compared > 450


def test_random_due_instants_equal_the_oracle(oracle):
    measuring.ensure_default()
    clock = calendar.load()
    for number, start in enumerate(instants(eastern("2016-01-01"), eastern("2029-12-31"), 200, seed=23)):
        seconds = 1 + number * 997
        whole = start.replace(microsecond=0)
        expected = whole + BusinessTimeDelta(oracle, seconds=seconds)
        assert clock.add(start, seconds) == expected.astimezone(UTC), (start, seconds)
