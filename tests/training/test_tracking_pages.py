"""Tracking on pages and in files: each sees his own offices' agents, and all of it says the same."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from audit.models import AccessRecord, ExportFile
from designation import workflow
from designation.models import Agent
from tests.factories import AgentFactory, new_request, requests
from tests.training.factories import Managers, ModuleFactory, move
from tests.training.records import completed, days_ago, published, required, waived
from training.models import Module
from training.tracking import matrix
from training.tracking.reports import Trend

pytestmark = pytest.mark.django_db
ROLES = ("coordinator", "dea_field", "hsi_hq", "dea_hq", "auditor", "training_manager")


@pytest.fixture
def module(people: Managers) -> Module:
    return published(people, code="JT-2009")


@pytest.fixture
def agents(people: Managers, module: Module) -> list[Agent]:
    """Of Miami: one met, one expiring, one expired, one waived, one missing; of Denver: one met. All for a year."""
    required(module, valid_months=12)
    found = [row.agent for row in requests(people, "hsi_review", 5)]
    for agent, days in zip(found, (10, 345, 400), strict=False):
        completed(agent, module, days_ago(days))
    waived(found[3], module, people.hsi_manager)
    elsewhere = AgentFactory(office=people.other_coordinator.office)
    _file(people, elsewhere)
    completed(elsewhere, module)
    return [*found, elsewhere]


def _file(people: Managers, agent: Agent) -> None:
    workflow.file_requests([new_request(agent)], actor=people.other_coordinator, office=agent.office)


def get(client: Any, user: Any, name: str, **asked: str) -> Any:
    client.force_login(user)
    return client.get(reverse(f"training:{name}"), asked)


def test_the_matrix_has_offices_by_modules_with_the_share_complete(people, agents, client):
    response = get(client, people.hsi_hq, "tracking")
    cells = {office.code: shown for office, (shown,) in response.context["rows"]}
    assert (cells["HSI-MIA"].share, cells["HSI-MIA"].cell.complete, cells["HSI-MIA"].cell.asked) == (50.0, 2, 4)
    assert (cells["HSI-DEN"].share, cells["HSI-DEN"].cell.required) == (100.0, 1)
    (total,) = response.context["total"]
    assert (total.share, total.cell.required, total.cell.asked) == (60.0, 6, 5)
    assert "Counted are active agents" in response.text


def test_a_module_that_nobody_can_complete_yet_reads_so(people, agents, client):
    required(ModuleFactory(code="JT-2"))
    text = get(client, people.hsi_hq, "tracking").text
    assert "Not yet available" in text


def test_a_module_that_was_retired_has_no_share_complete(people, agents, client):
    module = Module.objects.get()
    move(module.versions.get(), "ask_retirement", people.hsi_manager, "Outdated.")
    move(module.versions.get(), "retire", people.dea_manager, "Agreed.")
    response = get(client, people.hsi_hq, "tracking")
    (total,) = response.context["total"]
    assert total.share is None
    assert total.cell.complete == 3
    assert "No longer available" in response.text


def test_nothing_required_is_nothing_to_track(people, client):
    assert "Nothing to track yet" in get(client, people.hsi_hq, "tracking").text


@pytest.mark.parametrize("page", ["tracking", "tracking_people", "tracking_expiring"])
def test_a_coordinator_sees_his_office_only(people, agents, client, page):
    text = get(client, people.coordinator, page, office="HSI-DEN").text
    assert "HSI-MIA" in text
    assert "HSI-DEN" not in text
    assert str(agents[-1].badge_number) not in text


def test_a_field_reviewer_sees_the_offices_routed_to_his_division(people, agents, client):
    (row,) = get(client, people.dea_field, "tracking").context["rows"]
    assert row[0].code == "HSI-MIA"


@pytest.mark.parametrize("page", ["tracking", "tracking_people", "tracking_expiring", "tracking_trend", "waiver_list"])
@pytest.mark.parametrize("who", ["operator", "supervisor"])
def test_who_has_no_part_in_training_is_refused(people, client, page, who):
    assert get(client, getattr(people, who), page).status_code == 403


def test_behind_a_cell_are_its_people(people, agents, client):
    (cell,) = next(
        shown for office, shown in get(client, people.hsi_hq, "tracking").context["rows"] if office.code == "HSI-MIA"
    )
    rows = client.get(cell.url).context["page"].object_list
    assert len(rows) == cell.cell.required == 5
    assert {row.agent: row.status for row in rows} == dict(
        zip([agent.pk for agent in agents], ["met", "expiring", "expired", "waived", "missing"], strict=False)
    )


@pytest.mark.parametrize("role", ["coordinator", "training_manager"])
def test_people_lead_to_their_pages(people, agents, client, role):
    page = get(client, getattr(people, role), "tracking_people", office="HSI-MIA", status="lacking")
    (link, *_) = [row.agent for row in page.context["page"].object_list]
    assert f'href="{reverse("designation:agent_detail", args=[link])}"' in page.text


def test_people_are_filtered_by_how_they_stand(people, agents, client):
    asked = {"office": "HSI-MIA", "status": "lacking"}
    rows = get(client, people.auditor, "tracking_people", **asked).context["page"].object_list
    assert {row.agent for row in rows} == {agents[2].pk, agents[4].pk}


def test_a_list_of_everybody_asks_for_an_office_or_a_module_first(people, agents, client):
    response = get(client, people.hsi_hq, "tracking_people")
    assert "page" not in response.context
    assert "Choose an office or a module." in response.text


def test_what_expires_is_counted_by_office_and_listed_the_soonest_first(people, agents, module, client):
    completed(agents[4], module, days_ago(365 - 80))
    offices = get(client, people.hsi_hq, "tracking_expiring").context["offices"]
    counts = {office.code: [count for count, _ in cells] for office, cells in offices}
    assert counts == {"HSI-MIA": [1, 1, 2], "HSI-DEN": [0, 0, 0]}
    rows = get(client, people.coordinator, "tracking_expiring", days="90").context["page"].object_list
    assert [row.agent for row in rows] == [agents[1].pk, agents[4].pk]
    assert [row.agent for row in get(client, people.coordinator, "tracking_expiring").context["page"]] == [agents[1].pk]


def test_the_trend_counts_attempts_that_stand_by_month(people, agents, module):
    completed(agents[0], module, passed=False)
    months = Trend(people.hsi_hq, timezone.localdate()).months
    assert len(months) == 13
    assert sum(passes for _, passes, _ in months) == 3  # the one of 400 days ago is of a month before
    assert months[-1][2] == 1
    of_office = Trend(people.other_coordinator, timezone.localdate()).months
    assert sum(passes for _, passes, _ in of_office) == 1


@pytest.mark.parametrize(
    ("page", "asked", "queries"),
    [
        # Session, user and his office; offices, kept counts, modules; notices in the header.
        ("tracking", {}, 7),
        # Session, user and his office; offices and modules of the filter; count and rows; notices in the header.
        ("tracking_people", {"office": "HSI-MIA"}, 8),
        ("tracking_expiring", {"office": "HSI-MIA", "days": "90"}, 8),
        # Session, user and his office; the filter’s offices and modules; offices, counts, modules; notices.
        ("tracking_expiring", {}, 9),
        # Session, user and his office; modules of the filter; months; notices in the header.
        ("tracking_trend", {}, 6),
    ],
)
def test_a_page_takes_as_many_queries_for_any_number_of_people(
    people, agents, client, page, asked, queries, django_assert_num_queries
):
    matrix.keep(timezone.localdate())
    client.force_login(people.auditor)
    with django_assert_num_queries(queries):
        client.get(reverse(f"training:{page}"), asked)


def test_the_counts_of_changed_offices_take_one_query_more(people, agents, client, django_assert_num_queries):
    client.force_login(people.auditor)
    with django_assert_num_queries(8):
        client.get(reverse("training:tracking"))


def test_the_picture_is_drawn_of_the_same_figures(people, agents, client):
    response = get(client, people.hsi_hq, "tracking_picture", module="JT-2009")
    assert response["Content-Type"] == "image/svg+xml"
    assert "Passed" in response.text


def download(client: Any, user: Any, name: str, format: str, **asked: str) -> tuple[bytes, ExportFile]:
    client.force_login(user)
    response = client.get(reverse("training:tracking_file", args=[name, format]), asked)
    assert response.status_code == 200
    return response.content, ExportFile.objects.latest("pk")


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


@pytest.mark.django_db(transaction=True)
class TestFiles:
    """A file is of one snapshot of the database, which begins a transaction of its own."""

    def test_the_matrix_is_a_file_with_the_figures_of_the_page(self, people, agents, client):
        header, *rows = lines(download(client, people.hsi_hq, "matrix", "csv")[0])
        assert header[1:] == [
            "JT-2009 required (count)",
            "JT-2009 complete (count)",
            "JT-2009 waived (count)",
            "JT-2009 not available (count)",
            "JT-2009 share complete (percent)",
        ]
        figures = {row[0].split()[0]: row[1:] for row in rows}
        assert figures == {
            "HSI-DEN": ["1", "1", "0", "0", "100.0"],
            "HSI-MIA": ["5", "2", "1", "0", "50.0"],
            "All": ["6", "3", "1", "0", "60.0"],
        }

    def test_everybody_in_every_module_is_no_file(self, people, agents, client):
        client.force_login(people.hsi_hq)
        page = client.get(reverse("training:tracking_file", args=["people", "csv"]), follow=True)
        assert "Choose an office or a module" in page.text

    @pytest.mark.parametrize(("name", "expected"), [("people", 5), ("expiring", 1)])
    def test_a_coordinators_file_holds_every_agent_of_his_office_and_no_other(
        self, people, agents, client, name, expected
    ):
        _, *rows = lines(download(client, people.coordinator, name, "csv")[0])
        assert len(rows) == expected
        assert {row[2] for row in rows} == {"HSI-MIA"}

    @pytest.mark.parametrize("name", ["matrix", "people", "expiring", "trend"])
    def test_a_workbook_has_the_table_its_definitions_and_what_it_was_made_with(self, people, agents, client, name):
        content, file = download(client, people.hsi_hq, name, "xlsx", module="JT-2009")
        book = openpyxl.load_workbook(io.BytesIO(content))
        table, definitions, parameters = book.worksheets
        assert (definitions.title, parameters.title) == ("Definitions", "Parameters")
        assert table.max_row - 1 == file.manifest["row_count"]
        assert definitions.max_row > 2
        assert {row[0].value for row in parameters.iter_rows(min_row=2)} >= {"as_of", "made_for", "ledger"}

    def test_that_it_was_taken_is_on_record_and_the_file_is_verified_by_its_manifest(
        self, people, agents, client, tmp_path
    ):
        content, file = download(client, people.auditor, "people", "csv", module="JT-2009")
        acts = AccessRecord.objects.filter(actor=people.auditor).values_list("act", flat=True)
        assert set(acts) == {"export training people: begin", "export training people: end"}
        assert file.manifest["filters"] == {"module": "JT-2009"}
        path, manifest = tmp_path / "people.csv", tmp_path / "manifest.json"
        path.write_bytes(content)
        manifest.write_text(json.dumps(file.manifest))
        call_command("verify_export", str(path), str(manifest), verbosity=0)
        with pytest.raises(CommandError, match="cannot be made again"):
            call_command("verify_export", str(path), str(manifest), again=True, verbosity=0)
        path.write_bytes(content + b"x")
        with pytest.raises(CommandError, match="SHA-256"):
            call_command("verify_export", str(path), str(manifest), verbosity=0)

    def test_it_stands_among_the_exports_of_who_took_it(self, people, agents, client):
        _, file = download(client, people.auditor, "matrix", "csv")
        assert "Training matrix" in client.get(reverse("audit:export_list")).text
        assert client.get(reverse("audit:export_detail", args=[file.key])).status_code == 200


def test_a_file_of_another_name_or_format_is_none(people, client):
    client.force_login(people.auditor)
    for name, format in (("other", "csv"), ("matrix", "pdf")):
        assert client.get(reverse("training:tracking_file", args=[name, format])).status_code == 404
