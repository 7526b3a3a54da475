"""The record as auditors read it in the admin."""

from datetime import date, time
from pathlib import Path

import holidays
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import calendar
from audit.models import AccessRecord, Calendar
from tests import factories
from tests.audit.calendars import enter_closure

PAGE = Path(settings.BASE_DIR, "docs/reference/business-calendar.md")


@pytest.fixture
def auditor(people, client):
    client.force_login(people.auditor)
    return client


def federal():
    return Calendar.objects.get(name="federal")


def test_a_year_shows_holidays_orders_and_closures(auditor):
    enter_closure(federal(), date(2026, 1, 26), date(2026, 1, 27), reason="Snow", entered_by_name="x")
    enter_closure(federal(), date(2026, 2, 2), date(2026, 2, 2), reason="Ice", entered_by_name="x", open_from=time(11))
    days = {special.day: special for special in calendar.special_days(federal(), 2026)}
    assert days[date(2026, 7, 3)].what == "Independence Day (observed)"
    assert days[date(2026, 7, 3)].source == calendar.FEDERAL
    assert date(2026, 7, 4) not in days  # a Saturday
    assert days[date(2026, 1, 27)].what == "Snow"
    assert (days[date(2026, 2, 2)].opens, days[date(2026, 2, 2)].closes) == (time(11), time(17))
    page = auditor.get(reverse("admin:audit_calendar_change", args=[federal().pk]), {"year": "2026"}).content.decode()
    for told in ("Independence Day (observed)", "Snow", "11:00 to 17:00", f"holidays {holidays.__version__}"):
        assert told in page


def test_executive_orders_are_told_from_holidays(db):
    days = {special.day: special.source for special in calendar.special_days(federal(), 2025)}
    assert days[date(2025, 12, 25)] == calendar.FEDERAL
    assert days[date(2025, 12, 26)] == days[date(2025, 1, 9)] == calendar.ORDER


@pytest.mark.parametrize("year", ["x", "1066", "99999", ""])
def test_a_year_that_the_calendar_does_not_have_shows_this_one(auditor, year):
    assert auditor.get(reverse("admin:audit_calendar_change", args=[federal().pk]), {"year": year}).status_code == 200


def test_a_years_hours_follow_from_its_special_days(db):
    year, row = 2025, federal()
    clock = calendar.load()
    full = calendar.SATURDAY  # working days of a week
    special = {found.day: found for found in calendar.special_days(row, year)}
    days = [date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())]
    hours = sum(
        (special[day].closes.hour - special[day].opens.hour) if day in special else 8
        for day in days
        if day.weekday() < full
    )
    start, end = (calendar.datetime(at, 1, 1, tzinfo=calendar.ZoneInfo(row.time_zone)) for at in (year, year + 1))
    assert clock.between(start, end) == hours * 3600


def test_the_reference_names_the_source_that_is_in_use(db):
    assert f"`holidays` {holidays.__version__}" in PAGE.read_text(encoding="utf-8")


def test_lists_cut_reasons_short_and_tell_parameters_and_zone(people, auditor):
    factories.request(people, "denied")
    reason = "Not needed. " * 40
    from designation import workflow

    request = factories.request(people, "dea_decision")
    workflow.transition("deny", [request.pk], actor=people.dea_hq, reason=reason)
    AccessRecord.objects.create(
        actor_name="x", act="export", parameters={"office": ["HSI-MIA", "HSI-TPA"], "period": {"from": "2026-01-01"}}
    )
    steps = auditor.get(reverse("admin:audit_stepevent_changelist")).content.decode()
    assert reason.strip() not in steps
    assert "Not needed. Not needed." in steps
    assert "…" in steps
    records = auditor.get(reverse("admin:audit_accessrecord_changelist")).content.decode()
    assert "office: HSI-MIA, HSI-TPA; period: from: 2026-01-01" in records
    assert " EST" in records or " EDT" in records
    assert "Show all" not in steps


def test_steps_are_found_by_the_username_of_who_made_them(people, auditor):
    factories.request(people, "denied")
    found = auditor.get(reverse("admin:audit_stepevent_changelist"), {"q": people.dea_hq.username})
    assert {step.actor_id for step in found.context["cl"].result_list} == {people.dea_hq.pk}


@pytest.mark.parametrize("model", ["stepevent", "stagevisit"])
def test_steps_and_stays_are_found_by_the_whole_number(people, auditor, model):
    wanted, _other = factories.requests(people, "approved", count=2)
    found = auditor.get(reverse(f"admin:audit_{model}_changelist"), {"q": f" {wanted.number.lower()} "})
    assert {row.subject for row in found.context["cl"].result_list} == {wanted.number}


def test_accesses_of_the_command_line_are_found_by_who_ran_it(people, auditor):
    AccessRecord.objects.create(actor_name="root", act="export")
    AccessRecord.objects.create(actor_name="other", act="export")
    found = auditor.get(reverse("admin:audit_accessrecord_changelist"), {"q": "root"})
    assert [record.actor_name for record in found.context["cl"].result_list] == ["root"]


@pytest.mark.parametrize("model", ["stepevent", "stagevisit", "accessrecord"])
def test_no_search_reads_a_whole_table_to_compare_its_text(people, auditor, model):
    with CaptureQueriesContext(connection) as queries:
        auditor.get(reverse(f"admin:audit_{model}_changelist"), {"q": "T21-2026-000001"})
    assert not [query["sql"] for query in queries if f'UPPER("audit_{model}"' in query["sql"]]
