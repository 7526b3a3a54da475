"""The pages of exports in a real browser: ordered, watched and taken, with scripts and without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audit.exports import orders, periods, schedules
from audit.models import ExportFile
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = reverse("audit:processing_times")
WIDTHS = ({"width": 320, "height": 640}, {"width": 1280, "height": 900})


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    settings.EXPORT_FOLDER = tmp_path / "exports"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_is_ordered_watched_and_taken(people: People, page_of, scripts: bool, tmp_path: Path):
    factories.requests(people, "approved", count=3)
    page = page_of(people.auditor, java_script_enabled=scripts)
    page.goto(PAGE)
    page.get_by_label("Format").select_option("xlsx")
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Export: waiting")
    file = ExportFile.objects.get()
    assert orders.make(file.pk)
    if not scripts:
        page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Export: ready")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download", exact=True).click()
    taken.value.save_as(tmp_path / "taken.xlsx")
    assert (tmp_path / "taken.xlsx").read_bytes() == orders.path_of(ExportFile.objects.get()).read_bytes()


def test_each_page_is_accessible_and_obeys_the_policy_at_two_widths(people: People, page_of):
    factories.requests(people, "approved", count=3)
    owner = people.auditor
    filters = {"workflow": "request", "owner": owner, "filters": orders.Filters()}
    done, waiting = (orders.order(format=format, **filters) for format in ("xlsx", "csv"))
    orders.make(done.pk)
    running = {"state": ExportFile.State.RUNNING, "expected_rows": 3000, "rows": 1000}
    ExportFile.objects.filter(pk=waiting.pk).update(**running)
    pages = {
        "choose": PAGE,
        "mine": reverse("audit:export_list"),
        "done": reverse("audit:export_detail", args=[done.key]),
        "running": reverse("audit:export_detail", args=[waiting.key]),
        "schedules": reverse("audit:schedule_list"),
    }
    page = page_of(owner)
    errors = console_errors(page)
    found = {}
    for name, url in pages.items():
        for width in WIDTHS:
            page.set_viewport_size(width)
            page.goto(url)
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{width['width']}.png", full_page=True)
            violations = axe_violations(page)
            if violations or is_wider_than_window(page):
                found[name, width["width"]] = violations or "wider than the window"
    assert not found
    assert not errors


def test_what_was_not_delivered_leaves_the_links_to_the_file_in_sight(
    people: People, page_of, settings, tmp_path: Path
):
    settings.EXPORT_DELIVERY_FOLDER = tmp_path
    folder = "x" * 100
    (tmp_path / folder).touch()
    first = periods.last_period(periods.Kind.MONTH, periods.today()).first_day
    when = {"period": periods.Kind.MONTH, "first_day": first, "filters": {"cohort": "filed"}}
    schedules.schedule_export(owner=people.auditor, workflow="request", format="csv", folder=folder, **when)
    schedules.make_due()
    file = ExportFile.objects.get()
    assert orders.make(file.pk)
    assert not schedules.deliver(file.pk)
    page = page_of(people.auditor)
    page.goto(reverse("audit:export_list"))
    if shots := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{shots}/not-delivered.png", full_page=True)
    manifest = page.get_by_role("link", name="Manifest of").bounding_box()
    table = page.locator(".usa-table-container--scrollable").bounding_box()
    assert manifest
    assert table
    assert manifest["x"] + manifest["width"] <= table["x"] + table["width"]
