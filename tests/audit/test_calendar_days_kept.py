"""The stored days of the calendar can be proven, and are mended by loading the reference data again."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from audit import calendar
from audit.models import CalendarDay

DAY = date(2026, 11, 24)


@pytest.fixture
def changed_day(db):
    CalendarDay.objects.filter(day=DAY).update(closes_at=F("opens_at"))


def test_the_days_are_what_hours_holidays_and_closures_lead_to(db):
    assert calendar.days_that_differ() == []


def test_a_day_that_somebody_changed_is_named(changed_day):
    assert calendar.days_that_differ() == [("federal", DAY)]


def test_visits_are_not_derived_from_a_changed_calendar(changed_day):
    with pytest.raises(CommandError, match="federal 2026-11-24"):
        call_command("rebuild_stage_visits")


def test_loading_the_reference_data_mends_a_changed_day(changed_day):
    call_command("load_reference")
    assert calendar.days_that_differ() == []
