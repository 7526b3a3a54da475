"""Rosters on pages: upload, columns, preview, filing, and the rows that were not filed."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audit import jobs, work
from audit.models import Job
from designation.models import Notice, Request, RosterUpload
from designation.rosters.jobs import Filing
from tests import factories
from tests.designation.rosters.files import HEADER, csv_file, xlsx_file
from tests.factories import People

pytestmark = pytest.mark.django_db

UPLOAD = reverse("designation:roster_upload")
ROWS = [
    HEADER,
    ["00123", "Rivera", "Ana", "Smuggling cases."],
    ["00124", "Stone", "Lee", "Port cases."],
    ["00125", "", "Max", "Port cases."],
]
ODD_ROWS = [["Tag", "Who", "Why"], ["00123", "Rivera, Ana", "Port cases."], ["00124", "Stone, Lee", ""]]


def send(client, content: bytes, name: str = "roster.csv", **values) -> object:
    return client.post(UPLOAD, {"file": SimpleUploadedFile(name, content), **values}, follow=True)


def at(name: str) -> str:
    return reverse(f"designation:{name}", args=[RosterUpload.objects.latest("pk").pk])


def test_a_recognised_file_goes_straight_to_its_preview(people: People, client):
    client.force_login(people.coordinator)
    page = send(client, csv_file(ROWS))
    assert page.request["PATH_INFO"] == at("roster")
    assert "File 2 good rows" in page.text
    assert {tab["value"]: tab["count"] for tab in page.context["tabs"]} == {"ready": 2, "error": 1, "already_filed": 0}
    assert "The last name is missing. Fill it in." in page.text
    assert not Request.objects.exists()


def test_filing_twice_files_once_and_shows_the_result_both_times(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS))
    for _ in range(2):
        page = client.post(at("roster_file"), follow=True)
        assert "2 requests filed" in page.text
        assert "The last name is missing" in page.text
    assert Request.objects.filter(state="hsi_review").count() == 2


def test_the_same_file_again_is_told_so_and_makes_no_duplicates(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS))
    client.post(at("roster_file"))
    page = send(client, csv_file(ROWS))
    assert "The office has filed this very file" in page.text
    assert "No row can be filed" in page.text
    page = client.get(at("roster") + "?rows=already_filed")
    assert Request.objects.earliest("pk").number in page.text
    assert Request.objects.count() == 2


def test_bad_rows_are_downloaded_with_their_reasons_before_and_after_filing(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS))
    before = client.get(at("roster_rejected"))
    client.post(at("roster_file"))
    after = client.get(at("roster_rejected"))
    for response in (before, after):
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in response["Content-Disposition"]
        lines = response.content.decode("utf-8-sig").splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("00125,,Max,Port cases.,4,Last Name: The last name is missing.")


def test_unknown_columns_are_asked_for_once_and_then_remembered(people: People, client):
    client.force_login(people.coordinator)
    page = send(client, csv_file(ODD_ROWS))
    assert page.request["PATH_INFO"] == at("roster_columns")
    assert page.context["titles"] == ["Tag", "Who", "Why"]
    chosen = {"badge_number": "0", "name": "1", "justification": "2", "default_justification": "Port cases."}
    page = client.post(at("roster_columns"), chosen, follow=True)
    assert "File 2 good rows" in page.text

    page = send(client, csv_file(ODD_ROWS))
    assert page.request["PATH_INFO"] == at("roster")
    assert "File 1 good row" in page.text


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ({"badge_number": "0"}, "Say which column holds: Last name, First name."),
        ({"badge_number": "0", "name": "0"}, "A column can mean one thing only"),
        ({"name": "1"}, "Choose the column that holds the badge number."),
        ({"badge_number": "9", "name": "1"}, "Select a valid choice"),
    ],
)
def test_columns_that_cannot_be_are_refused_on_the_page(people: People, client, chosen, why):
    client.force_login(people.coordinator)
    send(client, csv_file(ODD_ROWS))
    assert why in client.post(at("roster_columns"), chosen).text


def test_another_row_can_be_taken_for_the_header(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file([["Roster", "of", "agents"], *ODD_ROWS]))
    page = client.get(at("roster_columns") + "?header_row=2")
    assert page.context["titles"] == ["Tag", "Who", "Why"]


@pytest.mark.parametrize(
    ("row", "why"),
    [("90", "is blank or does not exist"), ("two", "“two” is not a row number"), ("-1", "“-1” is not a row number")],
)
def test_a_header_row_that_cannot_be_is_refused_and_changes_nothing(people: People, client, row, why):
    client.force_login(people.coordinator)
    send(client, csv_file(ODD_ROWS))
    url = f"{at('roster_columns')}?header_row={row}"
    assert why in client.get(url, follow=True).text
    assert why in client.post(url, {"badge_number": "0", "name": "1"}, follow=True).text
    assert not RosterUpload.objects.get().is_mapped


def test_a_file_without_header_row_is_read_whole(people: People, client):
    client.force_login(people.coordinator)
    page = send(client, csv_file(ODD_ROWS[1:]))
    assert "The file is read without a header row" in page.text
    assert page.context["titles"] == ["Column A", "Column B", "Column C"]
    chosen = {"badge_number": "0", "name": "1", "default_justification": "Port cases."}
    assert "File 2 good rows" in client.post(at("roster_columns"), chosen, follow=True).text


def test_a_row_taken_for_a_header_is_given_back_as_an_agent(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file([["7", "Rivera, Ana"], ["8", "Stone, Lee"]]))
    assert "My file has no header row" in client.get(at("roster_columns")).text
    chosen = {"badge_number": "0", "name": "1", "default_justification": "Port cases."}
    page = client.post(at("roster_columns") + "?header_row=0", chosen, follow=True)
    assert "File 2 good rows" in page.text


def test_the_preview_shows_what_will_be_filed_and_counts_names_that_differ(people: People, client):
    agent = factories.AgentFactory.create(badge_number="00123", last_name="Rivera", first_name="Ana")
    client.force_login(people.coordinator)
    header = [*HEADER, "E-mail"]
    send(client, csv_file([header, ["00123", "Rivera", "Eva", "Port cases.", agent.email], [*ROWS[2], "lee@x.gov"]]))
    page = client.get(at("roster"))
    assert "1" in {str(tab["count"]) for tab in page.context["tabs"] if tab["label"] == "name differs from the record"}
    assert "lee@x.gov" in page.text
    assert "Port cases." in page.text
    page = client.get(at("roster") + "?rows=names_differ")
    assert [row.badge_number for row in page.context["page"]] == ["00123"]


@pytest.fixture
def large(monkeypatch) -> None:
    """Three rows are many, and a part has two."""
    monkeypatch.setattr("designation.jobs.IN_THE_PAGE", 2)
    monkeypatch.setattr("designation.rosters.jobs.CHUNK", 2)


def test_filing_many_rows_is_a_job_whose_progress_and_result_the_rosters_page_shows(people: People, client, large):
    assert people.hsi_hq
    client.force_login(people.coordinator)
    page = send(client, csv_file([*ROWS, ["00126", "Ash", "Kim", "Port cases."]]))
    assert "You may close it: filing goes on" in page.text
    page = client.post(at("roster_file"), follow=True)
    assert "File roster roster.csv" in page.text
    assert client.post(at("roster_file"), follow=True).status_code == 200
    job = Job.objects.get()
    assert (job.path, job.expected_rows) == (at("roster"), 4)

    assert jobs.do(job.pk)
    assert client.get(at("roster"), headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    page = client.get(at("roster")).text
    assert "3 requests filed" in page
    assert "The last name is missing" in page
    assert Notice.objects.get(recipient=people.hsi_hq).title == "3 requests were submitted"
    assert Notice.objects.get(recipient=people.coordinator).path == at("roster")


def test_a_colleague_sees_how_far_the_filing_is_and_changes_nothing_meanwhile(people: People, client, large):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS))
    client.post(at("roster_file"))
    client.force_login(factories.user("coordinator", "HSI-MIA"))
    page = client.get(at("roster")).text
    assert "File roster roster.csv" in page
    assert "Cancel what is left" not in page
    page = client.post(at("roster_columns"), {"badge_number": "0", "last_name": "1", "first_name": "2"}).text
    assert "This roster is being filed." in page


def test_a_filing_that_stops_half_way_leaves_what_is_filed_and_goes_on_from_there(people: People, client, large):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS))
    client.post(at("roster_file"))
    job = work.claim(Job, Job.objects.get().pk)
    assert job is not None
    assert jobs._do_part(job, Filing(job), 0)
    client.post(reverse("designation:job_cancel", args=[job.key]))
    page = client.get(f"{at('roster')}?rows=already_filed").text
    assert "Filing stopped after 2 requests, which stand: it was cancelled." in page
    assert Request.objects.count() == 2


def test_a_filing_that_its_worker_left_goes_on_and_files_nobody_twice(people: People, client, large):
    client.force_login(people.coordinator)
    send(client, csv_file([*ROWS, ["00126", "Ash", "Kim", "Port cases."]]))
    client.post(at("roster_file"))
    job = work.claim(Job, Job.objects.get().pk)
    assert job is not None
    assert jobs._do_part(job, Filing(job), 0)
    Job.objects.update(heartbeat_at=timezone.now() - 2 * work.DEAD_AFTER)
    jobs.take_up_again()
    assert jobs.do(job.pk)
    page = client.get(at("roster")).text
    assert "3 requests filed" in page
    assert "had an open request already" not in page, "they are its own"


def test_a_file_with_several_rosters_asks_for_the_sheet(people: People, client):
    client.force_login(people.coordinator)
    page = send(client, xlsx_file(North=ROWS, South=ROWS[:2]), "roster.xlsx")
    assert page.request["PATH_INFO"] == at("roster_sheet")
    page = client.post(at("roster_sheet"), {"sheet": "South"}, follow=True)
    assert "File 1 good row" in page.text


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "The submitted file is empty."), (b"%PDF-1.7", "a PDF document"), (b"\n \n", "The file is empty.")],
)
def test_a_file_that_cannot_be_read_says_why_and_keeps_nothing(people: People, client, content, why):
    client.force_login(people.coordinator)
    page = send(client, content)
    assert "file" in page.context["form"].errors
    assert why in page.text
    assert not RosterUpload.objects.exists()


def test_headquarters_uploads_for_the_office_that_it_chooses(people: People, client):
    client.force_login(people.hsi_hq)
    assert "office" in send(client, csv_file(ROWS)).context["form"].errors
    send(client, csv_file(ROWS), office="HSI-DEN")
    assert RosterUpload.objects.get().office.code == "HSI-DEN"


def test_a_coordinator_cannot_upload_for_another_office(people: People, client):
    client.force_login(people.coordinator)
    send(client, csv_file(ROWS), office="HSI-DEN")
    assert RosterUpload.objects.get().office == people.coordinator.office


def test_the_preview_costs_the_same_queries_for_1_and_for_20_rows(people: People, client, django_assert_num_queries):
    agents = factories.AgentFactory.create_batch(20, office=people.coordinator.office)
    rows = [[agent.badge_number, agent.last_name, agent.first_name, "Port cases."] for agent in agents]
    client.force_login(people.coordinator)
    for count in (1, 20):
        send(client, csv_file([HEADER, *rows[:count]]))
        with django_assert_num_queries(13):
            assert len(client.get(at("roster")).context["plan"].ready) == count


def test_a_long_preview_is_cut_into_pages(people: People, client):
    rows = [[f"9{number:04}", f"Rivera{chr(97 + number % 26)}", "Ana", "Port cases."] for number in range(60)]
    client.force_login(people.coordinator)
    page = send(client, csv_file([HEADER, *rows]))
    assert len(page.context["page"]) == 50
    assert "rows=ready&amp;page=2" in client.get(at("roster") + "?rows=ready").text
