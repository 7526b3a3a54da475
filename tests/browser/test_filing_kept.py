"""What is typed of a request in a real browser is there again after the page was left, with scripts and without."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 320, "height": 640}


def test_it_is_kept_while_it_is_typed(people: People, page_of):
    page = page_of(people.coordinator)
    errors = console_errors(page)
    page.goto(reverse("designation:request_details"))
    page.get_by_label("Last name").fill("Stone")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.goto(reverse("designation:request_create"))
    page.set_viewport_size(NARROW)
    assert (axe_violations(page), is_wider_than_window(page)) == ([], False)
    page.get_by_role("link", name="Go on for Stone").click()
    expect(page.get_by_label("Last name")).to_have_value("Stone")
    assert errors == []


def test_it_is_kept_by_a_button_where_no_script_runs(people: People, page_of):
    page = page_of(people.coordinator, java_script_enabled=False)
    page.goto(reverse("designation:request_details"))
    page.get_by_label("Justification").fill("Two cases.")
    page.get_by_role("button", name="Save and come back later").click()
    page.get_by_role("link", name="Go on for an agent who is not listed").click()
    expect(page.get_by_label("Justification")).to_have_value("Two cases.")
