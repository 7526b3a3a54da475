"""The pages on which exports are ordered, watched, taken and scheduled."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import manifest
from audit.exports import FORMATS, orders, periods
from audit.models import AccessRecord, ExportFile, ScheduledExport
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = reverse("audit:processing_times")
LIST = reverse("audit:export_list")
SCHEDULES = reverse("audit:schedule_list")


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path) -> None:
    settings.EXPORT_FOLDER = tmp_path / "exports"
    settings.EXPORT_DELIVERY_FOLDER = tmp_path / "deliveries"


def url(name: str, file: ExportFile) -> str:
    return reverse(f"audit:export_{name}", args=[file.key])


@pytest.mark.parametrize("format", FORMATS)
def test_an_order_is_made_and_taken(client, people, format):
    factories.requests(people, "approved", count=2)
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    response = client.post(f"{ORDER}?outcome=approved", {"format": format})
    file = ExportFile.objects.get()
    assert response.url == url("detail", file)
    assert "Cancel the export" in client.get(response.url).content.decode()
    assert client.get(url("download", file)).status_code == 404
    assert orders.make(file.pk)
    page = client.get(response.url).content.decode()
    assert url("download", file) in page
    download = client.get(url("download", file))
    assert download["Content-Disposition"].endswith(f'.{FORMATS[format].suffix}"')
    content = download.getvalue()
    found = json.loads(client.get(url("manifest", file)).content)
    assert found["size"] == len(content)
    assert found["filters"] == {"outcomes": ["approved"], "cohort": "all"}
    of_manifest, of_file = AccessRecord.objects.all()[:2]
    assert (of_file.act, of_manifest.act) == ("download export", "download manifest")
    for record in (of_file, of_manifest):
        assert (record.actor, record.parameters["sha256"]) == (people.auditor, found["sha256"])


def test_a_file_is_not_given_out_once_its_owner_may_see_less_than_it_holds(client, people):
    factories.request(people, "approved")
    client.force_login(people.hsi_hq)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    orders.make(file.pk)
    assert client.get(url("download", file)).status_code == 200
    people.hsi_hq.roles = ["coordinator"]
    people.hsi_hq.save()
    refused = client.get(url("download", file))
    assert refused.status_code == 403
    assert "Have the export made again" in refused.content.decode()


def test_a_file_of_what_its_owner_sees_a_part_of_is_given_out_while_that_part_is_the_same(client, people):
    client.force_login(people.coordinator)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    orders.make(file.pk)
    assert client.get(url("download", file)).status_code == 200
    people.coordinator.office = people.other_coordinator.office
    people.coordinator.save()
    assert client.get(url("download", file)).status_code == 403


def test_exports_name_their_workflow(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    assert "<td>Requests</td>" in client.get(LIST).content.decode()
    assert "Requests" in client.get(url("detail", file)).content.decode()


def test_the_page_shows_how_far_it_is_and_loads_again_at_the_end(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    running = {"state": ExportFile.State.RUNNING, "expected_rows": 400, "rows": 100}
    ExportFile.objects.filter(pk=file.pk).update(**running)
    polled = client.get(url("detail", file), headers={"HX-Request": "true"})
    assert 'value="25"' in polled.content.decode()
    assert "100 of 400 rows" in polled.content.decode()
    assert "HX-Refresh" not in polled
    orders.cancel(file)
    assert client.get(url("detail", file), headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_the_heading_changes_with_what_is_below_it_and_only_then(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    asked_again = f"{url('detail', file)}?shown=Waiting"
    page = client.get(url("detail", file)).content.decode()
    assert 'aria-live="polite">waiting</span></h1>' in page
    assert asked_again in page
    waiting = client.get(asked_again, headers={"HX-Request": "true"}).content.decode()
    assert "work-status" not in waiting
    ExportFile.objects.filter(pk=file.pk).update(state=ExportFile.State.RUNNING)
    running = client.get(asked_again, headers={"HX-Request": "true"}).content.decode()
    assert '<span id="work-status" hx-swap-oob="innerHTML">being made</span>' in running
    assert "?shown=Being%20made" in running


def test_the_page_says_that_an_export_was_interrupted_and_when_it_goes_on(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    since = timezone.now() - timedelta(seconds=20)
    ExportFile.objects.filter(pk=file.pk).update(state=ExportFile.State.RUNNING, attempts=1, heartbeat_at=since)
    page = client.get(url("detail", file)).content.decode()
    assert "interrupted</span></h1>" in page
    assert re.search(r"taken up again, or reported as failed, within (69|70) seconds", page)
    ExportFile.objects.filter(pk=file.pk).update(heartbeat_at=since - timedelta(seconds=60))
    orders.take_up_again()
    page = client.get(url("detail", file)).content.decode()
    assert "waiting to be taken up again</span></h1>" in page
    assert "It was interrupted, and goes on once a worker is free." in page


def test_a_file_is_named_by_the_day_where_it_was_ordered(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    orders.make(file.pk)
    ExportFile.objects.filter(pk=file.pk).update(ordered_at=datetime(2026, 4, 1, 2, tzinfo=UTC))
    assert "-2026-03-31-" in client.get(url("download", file))["Content-Disposition"]


def test_cancelling_from_the_page(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    assert "was cancelled" in client.post(url("detail", file), follow=True).content.decode()
    assert "nothing to cancel" in client.post(url("detail", file), follow=True).content.decode()


def test_nobody_else_takes_it_not_even_an_auditor(client, people):
    client.force_login(people.coordinator)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    orders.make(file.pk)
    for other in (people.auditor, people.other_coordinator):
        client.force_login(other)
        for name in ("detail", "download", "manifest"):
            assert client.get(url(name, file)).status_code == 404
        assert client.post(url("detail", file)).status_code == 404
        assert url("detail", file) not in client.get(LIST).content.decode()


def test_a_removed_file_leaves_its_manifest(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    orders.make(file.pk)
    ExportFile.objects.filter(pk=file.pk).update(kept_until=timezone.now())
    orders.remove_expired()
    page = client.get(url("detail", file)).content.decode()
    assert "The file was removed" in page
    assert "expired</span></h1>" in page
    assert "Expired" in client.get(LIST).content.decode()
    gone = client.get(url("download", file))
    assert gone.status_code == 410
    assert url("detail", file) in gone.content.decode()
    assert client.get(url("manifest", file)).status_code == 200


def test_a_download_as_it_is_made_gets_its_manifest(client, people):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    content = client.get(reverse("audit:processing_times_csv")).getvalue()
    file = ExportFile.objects.get()
    assert url("manifest", file) in client.get(LIST).content.decode()
    found = json.loads(client.get(url("manifest", file)).content)
    assert (found["size"], found["row_count"]) == (len(content), 1)
    assert manifest.record_of(found) == file


@pytest.mark.parametrize(
    ("query", "posted", "says"),
    [
        ("", {"format": "docx"}, "docx is not one of the available choices"),
        ("", {}, "This field is required"),
        ("?first_day=2026-03-01", {"format": "csv"}, "Say what the days are of"),
        ("?office=nowhere", {"format": "csv"}, "nowhere is not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(client, people, query, posted, says):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    response = client.post(ORDER + query, posted)
    assert response.status_code == 400
    assert says in response.content.decode()
    assert not ExportFile.objects.exists()


def test_the_last_fiscal_year_is_one_click_away(client, people):
    client.force_login(people.auditor)
    year = periods.last_period(periods.Kind.FISCAL_YEAR, periods.today())
    page = client.get(reverse("audit:processing_times")).content.decode()
    assert f"cohort=decided&amp;first_day={year.first_day}&amp;last_day={year.last_day}" in page
    assert f"Last fiscal year ({year.name})" in page


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "name"),
    [
        ("fiscal year", date(2026, 9, 30), date(2024, 10, 1), date(2025, 9, 30), "FY2025"),
        ("fiscal year", date(2026, 10, 1), date(2025, 10, 1), date(2026, 9, 30), "FY2026"),
        ("month", date(2026, 3, 1), date(2026, 2, 1), date(2026, 2, 28), "2026-02"),
        ("month", date(2026, 1, 31), date(2025, 12, 1), date(2025, 12, 31), "2025-12"),
    ],
)
def test_the_last_period_is_the_last_that_is_over(kind, day, first, last, name):
    period = periods.last_period(kind, day)
    assert (period.first_day, period.last_day, period.name) == (first, last, name)


SCHEDULE = {"format": "xlsx", "period": "month", "cohort": "decided"}


def test_an_auditor_schedules_and_ends(client, people):
    client.force_login(people.auditor)
    client.post(SCHEDULES, SCHEDULE | {"folder": "monthly", "priority": "expedited"})
    schedule = ScheduledExport.objects.get()
    assert schedule.filters == {"cohort": "decided", "dimensions": {"priority": ["expedited"]}}
    assert schedule.first_day == periods.today().replace(day=1)
    assert "monthly" in client.get(SCHEDULES).content.decode()
    client.post(SCHEDULES, {"end": schedule.pk})
    schedule.refresh_from_db()
    assert schedule.ended_at
    assert [record.act for record in AccessRecord.objects.all()] == ["end scheduled export", "schedule export"]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({}, "one of them"),
        ({"recipient": "somebody@elsewhere.example"}, "users who may see all that you see"),
        ({"folder": "../outside"}, "Name a folder under"),
        ({"folder": "/etc"}, "Name a folder under"),
        ({"folder": "."}, "Name a folder under"),
    ],
)
def test_a_place_that_is_not_allowed_is_refused(client, people, place, says):
    client.force_login(people.auditor)
    response = client.post(SCHEDULES, SCHEDULE | place)
    assert response.status_code == 400
    assert says in response.content.decode()
    assert not ScheduledExport.objects.exists()


def test_the_same_schedule_again_is_refused(client, people):
    client.force_login(people.auditor)
    for status in (302, 400):
        response = client.post(SCHEDULES, SCHEDULE | {"folder": "monthly"})
        assert response.status_code == status
    assert "just this export by schedule already" in response.content.decode()
    for other in ({"folder": "yearly"}, {"folder": "monthly", "format": "csv"}):
        assert client.post(SCHEDULES, SCHEDULE | other).status_code == 302
    client.post(SCHEDULES, {"end": ScheduledExport.objects.get(folder="monthly", format="xlsx").pk})
    assert client.post(SCHEDULES, SCHEDULE | {"folder": "monthly"}).status_code == 302


def test_only_auditors_schedule(client, people):
    client.force_login(people.hsi_hq)
    assert client.get(SCHEDULES).status_code == 403
    client.force_login(people.auditor)
    client.post(SCHEDULES, SCHEDULE | {"folder": "monthly"})
    client.force_login(factories.user("auditor", "HSI-HQ"))
    for key in (ScheduledExport.objects.get().pk, "x", "9" * 30):
        assert client.post(SCHEDULES, {"end": key}).status_code == 404


def test_the_page_says_what_to_do_when_no_worker_takes_an_export(client, people):
    client.force_login(people.auditor)
    client.post(ORDER, {"format": "csv"})
    file = ExportFile.objects.get()
    assert "It waits for its turn." in client.get(url("detail", file)).text
    ExportFile.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=20))
    page = client.get(url("detail", file)).text
    assert "Nothing is lost" in page
    assert "tell the operator that no worker may be running" in page
