"""Long lists in a real browser: from page to page and back by keyboard, and what a screen reader is told of a count."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audit import keyset
from designation.admin.requests import RequestAdmin
from designation.views import requests as request_views
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.browser.conftest import DESKTOP
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 320, "height": 640}


@pytest.fixture(autouse=True)
def short_lists(monkeypatch):
    monkeypatch.setattr(request_views, "PER_PAGE", 4)
    monkeypatch.setattr(RequestAdmin, "list_per_page", 4)
    monkeypatch.setattr(keyset, "COUNTED_TO", 5)


def test_one_goes_through_the_list_by_its_links_and_back_and_counts_it(people: People, page_of):
    rows = [row.number for row in factories.requests(people, "hsi_review", count=9)]
    page = page_of(people.hsi_hq)
    errors = console_errors(page)
    page.goto(f"{reverse('designation:request_list')}?state=open&sort=number")
    expect(page.get_by_text("more than 5", exact=True).first).to_be_attached()
    listed = page.locator("tbody th a")
    for at in (4, 8):
        page.get_by_role("link", name="Next page").focus()
        page.keyboard.press("Enter")
        expect(listed).to_have_text(rows[at : at + 4])
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_role("link", name="Previous page").click()
    expect(listed).to_have_text(rows[4:8])
    page.get_by_role("link", name="First page").click()
    expect(listed).to_have_text(rows[:4])
    expect(page.get_by_label("State")).to_have_value("open")
    page.get_by_role("link", name="Count them all").click()
    expect(page.get_by_text("9 requests with these filters, 4 on this page.")).to_be_visible()
    assert errors == []


def test_all_that_match_are_taken_though_they_are_not_counted(people: People, page_of):
    factories.requests(people, "hsi_review", count=9)
    page = page_of(people.hsi_hq)
    page.goto(reverse("designation:request_list"))
    page.locator("label", has_text="on every page").click()
    page.get_by_role("button", name="Endorse").click()
    expect(page.get_by_role("heading", name="Endorse: 9 requests")).to_be_visible()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_a_list_are_accessible_here_and_in_the_queue(people: People, page_of, viewport):
    factories.requests(people, "dea_decision", count=9)
    for user, address in (
        (people.hsi_hq, reverse("designation:request_list")),
        (people.dea_hq, reverse("admin:designation_request_changelist")),
    ):
        page = page_of(user)
        page.set_viewport_size(viewport)
        errors = console_errors(page)
        page.goto(address)
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("link", name="Previous page")).to_be_visible()
        expect(page.get_by_text("more than 5", exact=True).first).to_be_attached()
        assert axe_violations(page) == []
        assert not is_wider_than_window(page)
        assert errors == []
