"""The pages of reports: what they state, whom they let in, and where their figures lead."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.filters import RESERVED_NAMES
from audit.forms import ExportForm
from audit.ledger import PastStep
from audit.models import AccessRecord, StepEvent
from audit.report_forms import ReportForm
from audit.reports.behind import FIELDS
from audit.reports.facts import fetch
from audit.reports.limits import TookTooLong, limited_to
from audit.statements import SQL
from tests import factories

pytestmark = pytest.mark.django_db

PAGE, RETURNS, MAP, BEHIND = (reverse(f"audit:{name}") for name in ("timeliness", "returns", "process_map", "behind"))
PAGES = [PAGE, RETURNS, MAP, BEHIND]


def this_month() -> dict[str, str]:
    today = timezone.localdate()
    return {"first_day": today.replace(day=1).isoformat(), "last_day": today.isoformat()}


def table(client, name, **asked):
    response = client.get(reverse("audit:table_csv", args=[name]), asked)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode())))


@pytest.mark.parametrize("url", [*PAGES, reverse("audit:picture", args=["map"])])
@pytest.mark.parametrize(("who", "status"), [("supervisor", 403), ("operator", 403), ("coordinator", 200)])
def test_reports_are_for_those_who_read_reports(client, people, url, who, status):
    client.force_login(getattr(people, who))
    assert client.get(url).status_code == status


def test_a_page_states_period_zone_calendar_goals_and_moment(client, people):
    client.force_login(people.auditor)
    text = " ".join(client.get(PAGE, {"first_day": "2026-03-01", "last_day": "2026-03-31"}).content.decode().split())
    assert "ended from March 1, 2026 through March 31, 2026, both days whole in America/New_York" in text
    assert "calendar “federal”, version" in text
    assert "goals on file, version 0" in text
    assert "As of <time" in text


def test_the_link_of_a_view_asks_the_very_same(client, people):
    factories.requests(people, "approved", count=2)
    client.force_login(people.auditor)
    page = client.get(PAGE, {**this_month(), "office": "HSI-MIA", "measure": "stage:dea_intake", "by": "kind"})
    again = client.get(f"{PAGE}?{page.context['address']}")
    assert again.context["asked"] == page.context["asked"]
    assert [section.table.title for section in again.context["sections"]] == [
        section.table.title for section in page.context["sections"]
    ]
    assert "measure=stage%3Adea_intake" in page.context["address"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_day": "soon"},
        {"first_day": "2026-03-02", "last_day": "2026-03-01"},
        {"office": "nowhere"},
        {"measure": "stage:nowhere"},
        {"cohort": "liked"},
    ],
)
def test_an_address_that_asks_nothing_sensible_is_told_so(client, people, wrong):
    client.force_login(people.auditor)
    assert client.get(PAGE, wrong).status_code == 400


@pytest.mark.parametrize("url", [*PAGES, reverse("audit:table_csv", args=["stages"])])
def test_a_report_that_takes_too_long_is_stopped_and_says_so(client, people, settings, url):
    settings.AUDIT_REPORT_SECONDS = 0
    client.force_login(people.auditor)
    page = client.get(url, this_month())
    assert page.status_code == 503
    assert "The report was stopped after 0 seconds" in page.content.decode()


def test_a_report_that_takes_too_long_keeps_what_was_asked(client, people, settings):
    settings.AUDIT_REPORT_SECONDS = 0
    client.force_login(people.auditor)
    page = client.get(PAGE, this_month() | {"office": "HSI-MIA"})
    assert page.context["form"]["office"].value() == "HSI-MIA"


def test_the_database_itself_ends_a_statement_whose_time_is_over():
    with pytest.raises(TookTooLong), limited_to(0.05):
        fetch(SQL("SELECT pg_sleep(20)", {}))


def test_page_and_file_have_the_same_table(client, people):
    factories.requests(people, "approved", count=3)
    client.force_login(people.auditor)
    page = client.get(PAGE, this_month())
    for section in page.context["sections"]:
        rows = table(client, section.name, **this_month())
        assert rows[1:] == [["" if cell is None else str(cell) for cell in row] for row in section.table.rows]
        assert len(rows[0]) == len(section.table.columns)


@pytest.fixture
def old_cases():
    """An imported case with a return, and with dimensions that are called like fields, or like a formula."""
    dimensions = {"desk": "north", "outcome": "good", "cohort": "x", "every": "y", "": "z", "=desk": "1"}
    stages = [("asked", 2), ("returned", 3), ("asked", 4), ("closed", 5)]
    steps = [
        PastStep(
            "C1",
            "imported",
            stage,
            "",
            stage == "closed",
            at=datetime(2026, 3, day, 15, tzinfo=UTC),
            dimensions=dimensions,
        )
        for stage, day in stages
    ]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    return {"workflow": "old cases", "first_day": "2026-03-01", "last_day": "2026-03-31"}


def test_every_field_of_an_address_is_reserved():
    assert {*ReportForm.base_fields, *FIELDS, *ExportForm.base_fields, "outcome"} <= RESERVED_NAMES


def test_dimensions_called_like_fields_of_the_address_leave_the_fields_as_they_are(client, people, old_cases):
    client.force_login(people.auditor)
    page = client.get(PAGE, old_cases)
    assert page.status_code == 200
    assert page.context["form"].dimensions == ["=desk", "desk"]
    assert client.get(reverse("audit:processing_times"), {"workflow": "old cases"}).status_code == 200


def test_a_report_without_cases_says_where_those_of_an_imported_history_lie(client, people, old_cases):
    client.force_login(people.auditor)
    page = client.get(PAGE, {"workflow": "old cases", "first_day": "2025-01-01", "last_day": "2025-01-31"})
    assert "ended from March 5, 2026 through March 5, 2026" in page.text
    there = client.get(f"{PAGE}?{page.context['elsewhere']['address']}")
    assert there.context["whole"].requests == 1
    assert there.context["elsewhere"] is None


def test_returns_of_an_imported_history_count_without_a_reason(client, people, old_cases):
    client.force_login(people.auditor)
    assert table(client, "returns", **old_cases)[1:] == [["Not stated", "asked", "1"]]
    page = client.get(RETURNS, old_cases)
    url = next(cell["url"] for cell in page.context["sections"][1].rows[0][1] if cell["url"])
    assert [row.subject for row in client.get(url).context["page"]] == ["C1"]


def test_no_header_of_a_table_is_run_as_a_formula(client, people, old_cases):
    client.force_login(people.auditor)
    assert table(client, "compared", by="=desk", **old_cases)[0][0] == "'=desk"


def test_taking_a_table_goes_on_record(client, people):
    factories.request(people, "approved")
    client.force_login(people.auditor)
    rows = table(client, "stages", **this_month())
    record = AccessRecord.objects.first()
    assert (record.act, record.actor, record.row_count) == ("take report table", people.auditor, len(rows) - 1)
    assert "cohort=decided" in record.parameters["asked"]


def test_a_figure_leads_to_its_requests_and_each_to_its_trail(client, people):
    requests = factories.requests(people, "approved", count=2)
    client.force_login(people.auditor)
    page = client.get(PAGE, this_month())
    stages = next(section for section in page.context["sections"] if section.name == "stages")
    url = next(cell["url"] for cell in stages.rows[0][1] if cell["url"])
    behind = client.get(url)
    assert {row.subject for row in behind.context["page"]} == {request.number for request in requests}
    text = behind.content.decode()
    assert requests[0].agent.last_name not in text
    trail = client.get(reverse("audit:trail", args=[requests[0].number]))
    text = trail.content.decode()
    assert "DEA field review" in text
    assert people.hsi_hq.username not in text
    client.force_login(people.other_coordinator)
    assert client.get(reverse("audit:trail", args=[requests[0].number])).status_code == 404


def test_a_workflow_that_only_the_ledger_knows_has_reports_too(client, people):
    steps = [
        PastStep("C1", "begin", "asked", at=datetime(2026, 3, 2, 15, tzinfo=UTC), dimensions={"desk": "north"}),
        PastStep(
            "C1", "end", "closed", "", True, at=datetime(2026, 3, 4, 15, tzinfo=UTC), dimensions={"desk": "north"}
        ),
    ]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    asked = {"workflow": "old cases", "first_day": "2026-03-01", "last_day": "2026-03-31", "measure": "stage:asked"}
    client.force_login(people.auditor)
    page = client.get(PAGE, asked)
    assert page.context["whole"].requests == 1
    assert page.context["whole"].seconds == 16 * 3600
    assert [row[0] for row in table(client, "compared", **asked)] == ["desk", "north"]
    client.force_login(people.coordinator)
    assert client.get(PAGE, asked).status_code == 400


def test_a_page_asks_as_often_for_many_as_for_one(client, people):
    client.force_login(people.auditor)
    asked = {url: [] for url in PAGES}
    for count in (1, 20):
        factories.requests(people, "approved", count=count)
        factories.requests(people, "returned", count=count)
        for url in PAGES:
            with CaptureQueriesContext(connection) as queries:
                client.get(url, this_month())
            asked[url].append(len(queries))
    for url, (few, many) in asked.items():
        assert few == many, url
    assert max(asked[PAGE]) <= 62


@pytest.mark.parametrize("name", ["returns", "nonsense"])
def test_what_has_no_picture_is_not_found(client, people, name):
    client.force_login(people.auditor)
    assert client.get(reverse("audit:picture", args=[name])).status_code == 404


def test_a_picture_is_served_as_svg_and_kept_by_nobody(client, people):
    factories.request(people, "approved")
    client.force_login(people.auditor)
    response = client.get(reverse("audit:picture", args=["stages"]), this_month())
    assert response["Content-Type"] == "image/svg+xml"
    assert "no-store" in response["Cache-Control"]
    assert response.content.startswith(b"<svg")
