"""The list of requests as a file: the rows, the order and the columns that the page shows, on record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from audit.exports import orders
from audit.models import AccessRecord, ExportFile, StageVisit
from designation import selectors
from designation.lists.requests import REQUESTS
from tests import factories
from tests.designation.list_files import made, table_of
from tests.factories import People

pytestmark = pytest.mark.django_db(transaction=True)

LIST = reverse("designation:request_list")
EXPORT = reverse("designation:list_export", args=["requests"])
ALL = ",".join(column.name for column in REQUESTS.catalogue.columns)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.EXPORT_FOLDER = tmp_path
    return tmp_path


def ordered(client, query: str, format: str = "csv") -> ExportFile:
    file = made(client, f"{EXPORT}?{query}", format)
    assert file.state == "done", file.problem
    return file


def shown(client, query: str) -> list[str]:
    return [item["row"].number for item in client.get(f"{LIST}?{query}").context["items"]]


@pytest.fixture
def mixed(people: People) -> None:
    due = factories.requests(people, "hsi_review", count=3)
    without = [*factories.requests(people, "dea_intake", count=2), factories.request(people, "draft")]
    factories.requests(people, "approved", count=2)
    now = timezone.now()
    for row, days in zip(due, (2, 1, 1), strict=True):
        StageVisit.objects.open().filter(subject=row.number).update(due_at=now + timedelta(days=days))
    StageVisit.objects.open().filter(subject__in=[row.number for row in without]).update(entered_at=now, due_at=None)


@pytest.mark.parametrize("sort", selectors.SORTS)
def test_the_file_has_the_rows_of_the_list_in_its_order(people: People, client, mixed, sort):
    client.force_login(people.hsi_hq)
    file = ordered(client, f"sort={sort}")
    assert [row["Number"] for row in table_of(file)] == shown(client, f"sort={sort}")


@pytest.mark.parametrize("query", ["state=open", "state=approved", "text=T21", "turn=HSI", "turn=mine", "clock=late"])
def test_the_file_has_the_rows_of_the_filters_in_force(people: People, client, mixed, query):
    client.force_login(people.hsi_hq)
    assert [row["Number"] for row in table_of(ordered(client, query))] == shown(client, query)


def test_the_file_has_the_columns_shown_in_their_order(people: People, client, mixed):
    client.force_login(people.hsi_hq)
    [first, *_] = table_of(ordered(client, "columns=state,number,agent"))
    assert list(first) == ["State", "Number", "Agent"]


def test_every_column_can_be_exported(people: People, client, mixed):
    client.force_login(people.hsi_hq)
    found = {row["Number"]: row for row in table_of(ordered(client, f"columns={ALL}&sort=number"))}
    [first, *_, last] = found.values()
    assert len(first) == len(REQUESTS.catalogue.columns)
    assert first["State"] == "HSI review"
    assert first["Whose turn"] == "HSI"
    assert all([first["Due"], first["First submitted"]])
    assert not first["Ended"]
    assert last["State"] == "Approved"
    assert last["Ended"]
    assert not last["In state since"]


def test_a_workbook_has_them_too_with_what_the_columns_mean(people: People, client, mixed):
    client.force_login(people.hsi_hq)
    file = ordered(client, "columns=number,due", "xlsx")
    book = openpyxl.load_workbook(orders.path_of(file))
    assert book.sheetnames == ["List of requests", "Definitions", "Parameters"]
    assert [cell.value for cell in book.worksheets[0][1]] == ["Number", "Due"]
    assert book.worksheets[0].max_row == 9


def test_nobody_exports_what_he_may_not_see(people: People, client, mixed):
    client.force_login(people.other_coordinator)
    assert table_of(ordered(client, "state=open")) == []


def test_the_export_is_on_record_with_what_was_asked(people: People, client, mixed):
    client.force_login(people.hsi_hq)
    file = ordered(client, "state=open&columns=number,due&sort=due")
    in_words = {"State": "All open", "Sorted by": "Due", "Columns": "Number, Due"}
    asked = {"asked": {"state": "open"}, "sort": "due", "columns": ["number", "due"]}
    assert file.filters == {**asked, "in_words": in_words}
    assert file.manifest["filters"] == file.filters
    assert file.manifest["columns"] == ["Number", "Due"]
    assert file.manifest["row_count"] == 6
    records: list[Any] = list(AccessRecord.objects.order_by("pk").values_list("act", "row_count"))
    assert records == [
        ("order export", None),
        ("export list of requests: begin", None),
        ("export list of requests: end", 6),
    ]


def test_the_file_is_verified_by_its_manifest_and_cannot_be_made_again(people: People, client, mixed, tmp_path):
    client.force_login(people.hsi_hq)
    file = ordered(client, "state=open")
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(client.get(reverse("audit:export_manifest", args=[file.key])).content)
    call_command("verify_export", str(orders.path_of(file)), str(manifest))
    with pytest.raises(CommandError, match="cannot be made again"):
        call_command("verify_export", str(orders.path_of(file)), str(manifest), again=True)


def test_the_page_says_how_many_before_the_file_is_made_and_what_it_asks(people: People, client, mixed):
    client.force_login(people.hsi_hq)
    page = client.get(f"{EXPORT}?state=open&columns=number,due")
    assert page.context["count"].number == 6
    assert {"label": "State", "value": "All open"} in page.context["rows"]
    assert {"label": "Columns", "value": "Number, Due"} in page.context["rows"]


def test_a_format_that_there_is_not_is_refused(people: People, client):
    client.force_login(people.hsi_hq)
    assert "format" in client.post(EXPORT, {"format": "pdf"}).context["form"].errors
    assert not ExportFile.objects.exists()


def test_one_too_many_at_once_is_refused_and_says_so(people: People, client):
    client.force_login(people.hsi_hq)
    for _ in range(orders.AT_ONCE):
        client.post(EXPORT, {"format": "csv"})
    response = client.post(EXPORT, {"format": "csv"}, follow=True)
    assert "exports of yours are being made" in response.text


def test_its_page_says_what_was_asked_in_the_words_of_the_list(people: People, client):
    client.force_login(people.coordinator)
    page = client.post(f"{EXPORT}?state=open&sort=due&columns=number,due", {"format": "csv"}, follow=True)
    rows = {row["label"]: row["value"] for row in page.context["rows"]}
    assert (rows["State"], rows["Sorted by"], rows["Columns"]) == ("All open", "Due", "Number, Due")
    assert not {"Asked", "Sort", "In words", "Workflow"} & set(rows)


@pytest.mark.parametrize("wrong", ["office=nowhere", f"text={'a' * 101}"])
def test_what_filters_nothing_is_said_before_and_stands_on_no_record(people: People, client, mixed, wrong):
    client.force_login(people.hsi_hq)
    value = wrong.partition("=")[2]
    assert any(value in said for said in client.get(f"{EXPORT}?{wrong}").context["no_longer"])
    file = ordered(client, f"{wrong}&state=open")
    assert file.filters["asked"] == {"state": "open"}
    assert set(file.filters["in_words"]) == {"State", "Columns"}


def test_a_link_with_ones_own_office_leaves_nothing_out(people: People, client):
    client.force_login(people.coordinator)
    page = client.get(reverse("designation:request_list"), {"office": people.coordinator.office.code})
    assert page.context["no_longer"] == []
