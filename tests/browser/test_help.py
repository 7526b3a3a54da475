"""Help and notice settings in a real Chromium: reached by keyboard, read on a phone, and worked without script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation.models import InAppOnly, NoticeKind, Role
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}


def pages() -> Iterator[str]:
    yield reverse("designation:help")
    yield reverse("designation:help_glossary")
    yield reverse("designation:notice_settings")
    for role in Role:
        yield reverse("designation:help_guide", args=[role.value])


def press_until(page: Page, name: str, *, most: int = 40) -> None:
    """Presses Tab until the link of that name has the focus."""
    link = page.get_by_role("link", name=name, exact=True)
    for _ in range(most):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            return
    raise AssertionError(f"Tab did not come to “{name}” in {most} presses")


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_is_accessible_and_fits(people: People, page_of, width):
    page = page_of(people.dea_hq)
    page.set_viewport_size(WIDTHS[width])
    errors = console_errors(page)
    for address in pages():
        page.goto(address)
        assert axe_violations(page) == [], address
        assert not is_wider_than_window(page), address
    assert errors == []


@pytest.mark.parametrize("start", ["home", "admin:designation_request_changelist"])
def test_help_is_reached_by_keyboard_from_pages_and_admin(people: People, page_of, start):
    page = page_of(people.dea_hq)
    page.goto(reverse(start))
    press_until(page, "Help")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")
    press_until(page, "DEA headquarters reviewer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Guide: DEA headquarters reviewer")


def test_a_clock_leads_to_its_term_in_the_glossary(people: People, page_of):
    request = factories.request(people, "dea_decision")
    page = page_of(people.coordinator)
    page.goto(reverse("designation:request_detail", args=[request.number]))
    page.get_by_role("link", name="business days").click()
    expect(page).to_have_url(re.compile("/help/glossary/#business-day$"))
    expect(page.locator("#business-day")).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False], ids=["with script", "without script"])
def test_settings_are_found_from_the_notices_and_kept(people: People, page_of, scripts):
    page = page_of(people.coordinator, java_script_enabled=scripts)
    page.goto(reverse("designation:notice_list"))
    page.get_by_role("link", name="Notice settings").click()
    page.get_by_text("Daily digest").click()
    page.get_by_text("Exports:").click()
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Your notice settings are saved.")).to_be_visible()
    assert InAppOnly.objects.kinds_of(people.coordinator) == {NoticeKind.DIGEST, NoticeKind.EXPORTS}
