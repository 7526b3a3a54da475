"""The pages on which an export is chosen, taken and explained."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import ledger
from audit.exports import exported_models
from audit.exports.columns import Sums, columns_of, data_dictionary
from audit.ledger import PastStep
from audit.models import AccessRecord, StepEvent
from designation.models import Request
from tests import factories

PAGE, FILE, DICTIONARY = (
    reverse(f"audit:{name}") for name in ("processing_times", "processing_times_csv", "data_dictionary")
)


@pytest.mark.django_db(transaction=True)
def test_the_file_holds_what_the_page_said(client, people):
    factories.requests(people, "hsi_review", count=2)
    factories.request(people, "approved")
    client.force_login(people.auditor)
    page = client.get(PAGE, {"outcome": "open"})
    assert page.context["row_count"] == 2
    assert f"{FILE}?outcome=open" in page.content.decode()
    response = client.get(FILE, {"outcome": "open"})
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [row["state"] for row in rows] == ["hsi_review", "hsi_review"]
    end = AccessRecord.objects.first()
    assert (end.actor, end.row_count, end.parameters["complete"]) == (people.auditor, 2, True)


@pytest.mark.django_db(transaction=True)
def test_a_browser_that_goes_away_is_on_record(client, people):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    response = client.get(FILE)
    next(iter(response.streaming_content))
    response.close()
    assert AccessRecord.objects.first().parameters["complete"] is False


@pytest.mark.parametrize("url", [PAGE, FILE, DICTIONARY])
@pytest.mark.parametrize("who", ["supervisor", "operator"])
def test_roles_that_read_no_reports_are_refused(client, people, url, who):
    client.force_login(getattr(people, who))
    assert client.get(url).status_code == 403


@pytest.mark.parametrize("who", ["auditor", "hsi_hq", "dea_hq", "coordinator", "dea_field", "training_manager"])
def test_readers_of_reports_are_let_in(client, people, who):
    client.force_login(getattr(people, who))
    assert client.get(PAGE).status_code == 200
    assert client.get(DICTIONARY).status_code == 200


@pytest.mark.parametrize("url", [PAGE, FILE])
def test_a_period_of_nothing_is_refused(client, people, url):
    client.force_login(people.auditor)
    response = client.get(url, {"first_day": "2026-03-01"})
    assert response.status_code == 400
    assert "Say what the days are of" in response.content.decode()
    backwards = {"cohort": "filed", "first_day": "2026-03-02", "last_day": "2026-03-01"}
    assert client.get(url, backwards).status_code == 400
    assert client.get(url, {"office": "nowhere"}).status_code == 400


def test_the_page_asks_as_often_for_many_as_for_one(client, people):
    client.force_login(people.auditor)
    asked = []
    for count in (1, 30):
        factories.requests(people, "hsi_review", count=count)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_dictionary_page_names_every_column(client, people):
    client.force_login(people.auditor)
    page = client.get(DICTIONARY).content.decode()
    assert all(f">{column.name}</th>" in page for column in columns_of(Request, Sums()))


def test_the_dictionary_in_the_docs_is_current():
    file = Path(settings.BASE_DIR, "docs", "reference", "data-dictionary.md")
    current = "\n".join(data_dictionary(model) for model in exported_models())
    assert file.read_text(encoding="utf-8") == current, "run: manage.py write_data_dictionary"


@pytest.fixture
def imported():
    at = datetime(2026, 3, 2, 15, tzinfo=UTC)
    steps = [
        PastStep(f"C{desk}", "imported", "closed", final=True, at=at, dimensions={"desk": desk})
        for desk in ("north", "south")
    ]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)


@pytest.mark.django_db(transaction=True)
def test_an_imported_workflow_is_taken_in_the_browser_by_those_who_may_read_it(client, people, imported):
    asked = {"workflow": "old cases", "cohort": "decided", "first_day": "2026-03-01", "desk": "north"}
    client.force_login(people.auditor)
    page = client.get(PAGE, asked)
    assert (page.status_code, page.context["row_count"]) == (200, 1)
    assert "Old cases (imported)" in page.content.decode()
    response = client.get(FILE, asked)
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [(row["case"], row["source"]) for row in rows] == [("Cnorth", "imported")]
    assert "processing-times-of-old-cases-" in response["Content-Disposition"]
    assert "elapsed_seconds" in client.get(DICTIONARY, {"workflow": "old cases"}).content.decode()
    report = client.get(reverse("audit:timeliness"), {"workflow": "old cases"}).content.decode()
    assert f"{PAGE}?workflow=old%20cases" in report or f"{PAGE}?workflow=old+cases" in report
    client.force_login(people.coordinator)
    for url in (PAGE, FILE):
        assert client.get(url, asked).status_code == 400


@pytest.mark.parametrize("url", [PAGE, FILE])
@pytest.mark.parametrize("unknown", [{"office_": "HSI-MIA"}, {"workflow": "legacy"}, {"state": "approved"}])
def test_what_the_page_does_not_know_is_refused_and_not_left_out_of_account(client, people, url, unknown):
    client.force_login(people.auditor)
    response = client.get(url, unknown)
    assert response.status_code == 400
    (word,) = unknown.values() if "workflow" in unknown else unknown
    assert word in response.content.decode()
