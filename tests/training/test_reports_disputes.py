"""Disputes and versions of modules in the reports and exports: who reads them, of which rows, and in which words."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from audit import goals
from audit.exports import processing_times, stream
from audit.models import Goal
from designation import references
from tests.factories import request
from tests.training.factories import Managers, dispute, section, version
from training.models import Dispute
from training.workflow import disputes

pytestmark = pytest.mark.django_db(transaction=True)

TIMELINESS = reverse("audit:timeliness")
BEHIND = reverse("audit:behind")
EXPORT = reverse("audit:processing_times")
FILE = reverse("audit:processing_times_csv")


@pytest.fixture
def both(people: Managers) -> tuple[Dispute, Dispute]:
    """One on a section, one on a request of the coordinator's office."""
    on_section = dispute(section(version(people)), people.dea_manager)
    return on_section, dispute(request(people, "field_review"), people.dea_field)


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


READ = {
    "training_manager": {"Module versions", "Disputes"},
    "hsi_hq": {"Requests", "Module versions", "Disputes"},
    "auditor": {"Requests", "Module versions", "Disputes"},
    "coordinator": {"Requests", "Disputes"},
    "dea_field": {"Requests", "Disputes"},
}


@pytest.mark.parametrize(("who", "workflows"), READ.items())
@pytest.mark.parametrize("url", [TIMELINESS, EXPORT])
def test_each_role_chooses_among_the_workflows_that_it_reads(people: Managers, client, who, workflows, url):
    client.force_login(getattr(people, who))
    page = client.get(url)
    offered = page.context["form"].workflows if url == TIMELINESS else page.context["workflows"]
    assert {name for name, _query, _current in offered} == workflows
    assert all(client.get(f"{url}?{query}").status_code == 200 for _name, query, _current in offered)


def test_a_training_manager_who_asks_for_requests_reads_none(people: Managers, client):
    request(people, "field_review")
    client.force_login(people.training_manager)
    assert client.get(EXPORT, {"workflow": "request"}).context["workflow"] != "request"
    assert client.get(TIMELINESS, {"workflow": "request"}).status_code == 400


def test_the_backlog_has_the_open_disputes_with_their_age_at_each_level(people: Managers, client, both):
    disputes.move_disputes("escalate", [both[0].pk], actor=people.dea_manager, reason="No progress.")
    client.force_login(people.hsi_manager)
    page = client.get(TIMELINESS, {"workflow": "dispute"})
    assert page.context["backlog"].count == 2
    backlog = next(found for found in page.context["sections"] if found.name == "backlog")
    assert [row[0] for row in backlog.table.rows] == ["Working level", "Headquarters Review Team", "All open"]
    assert backlog.table.title == "Open disputes and their age"
    assert "Disputes that ended" in page.text


def test_a_report_of_disputes_opens_by_module_and_one_of_requests_by_office(people: Managers, client, both):
    client.force_login(people.hsi_hq)
    by = {
        workflow: client.get(TIMELINESS, {"workflow": workflow}).context["form"].cleaned_data["by"]
        for workflow in ("dispute", "request")
    }
    assert by == {"dispute": "module", "request": "office"}


def test_a_coordinator_counts_the_disputes_on_the_offices_requests(people: Managers, client, both):
    client.force_login(people.coordinator)
    assert client.get(TIMELINESS, {"workflow": "dispute"}).context["backlog"].count == 1
    client.force_login(people.other_coordinator)
    assert client.get(TIMELINESS, {"workflow": "dispute"}).context["backlog"] is None
    client.force_login(people.coordinator)
    assert [row["number"] for row in rows(client.get(FILE, {"workflow": "dispute"}))] == [both[1].number]


def test_the_export_says_what_each_dispute_is_about_and_how_long_it_took(people: Managers, client, both):
    disputes.propose(both[0].pk, text="Both train.", actor=people.dea_manager)
    disputes.move_disputes("accept", [both[0].pk], actor=people.hsi_manager)
    client.force_login(people.auditor)
    settled, still_open = rows(client.get(FILE, {"workflow": "dispute"}))
    assert (settled["point_at_issue"], settled["about"], settled["outcome"]) == ("Who trains", "section", "settled")
    assert settled["module"] == both[0].section.module_version.module.code
    assert (still_open["about"], still_open["office"], still_open["outcome"]) == ("request", "HSI-MIA", "")
    assert {"working_level_hours", "headquarters_review_hours", "leadership_hours"} <= settled.keys()


def test_versions_of_modules_are_exported_with_the_time_of_each_review(people: Managers):
    published = version(people, "published")
    text = "".join(piece.decode() if isinstance(piece, bytes) else piece for piece in _export("module version", people))
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["number"], row["module_title"], row["outcome"]) == (published.number, "Joint training", "published")
    assert {"hsi_review_hours", "dea_review_hours", "sign_off_hours"} <= row.keys()


def _export(workflow: str, people: Managers) -> Any:
    return stream(processing_times(workflow, user=people.auditor), actor=people.auditor)


def test_no_page_of_disputes_speaks_of_requests(people: Managers, client, both):
    client.force_login(people.auditor)
    for name in ("timeliness", "returns", "process_map", "behind", "processing_times"):
        main = client.get(reverse(f"audit:{name}"), {"workflow": "dispute"}).text.partition("<main")[2]
        text = strip_tags(main.partition("</main>")[0])
        # The links to the other workflows, and what a dispute can be about.
        assert "equest" not in text.replace("Requests", "", 1).replace("A request", ""), name


def test_headquarters_sets_the_goal_of_a_level_in_place_of_the_default(people: Managers, client):
    references.load()
    default = Goal.objects.get(stage="working_level")
    goals.end_goal(default, ended_by_name="HSI-HQ", why="Agreed on another.")
    client.force_login(people.hsi_hq)
    given = {
        "target": "dispute|stage|working_level",
        "amount": "5",
        "unit": "days",
        "share_percent": "90",
        "why": "Agreed between the headquarters.",
    }
    client.post(reverse("admin:audit_goal_add"), given)
    dispute(section(version(people)), people.dea_manager)
    assert Dispute.objects.with_clocks().get().due_at is not None
    assert Goal.objects.filter(stage="working_level", effective_until=None).get().business_seconds == 5 * 8 * 3600
