"""Looking up designations in a real Chromium: in two steps, by keyboard, on a phone, without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation import workflow
from designation.models import Designation
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 320, "height": 640}


@pytest.fixture
def designations(people: People) -> list[Designation]:
    found = [request.designation for request in factories.requests(people, "approved", 3)]
    workflow.change_designations("suspend", [found[1].pk], actor=people.dea_hq, reason="Under inquiry.")
    for designation, first in zip(found, ("Ann", "Lee", "Max"), strict=True):
        designation.agent.last_name, designation.agent.first_name = "Stone", first
        designation.agent.save()
    return found


def answer(page: Page) -> Any:
    return page.locator("#answer")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_supervisor_has_the_answer_two_steps_after_signing_in(people: People, page_of, designations, scripts):
    page = page_of(people.supervisor, java_script_enabled=scripts)
    page.goto(reverse("home"))
    expect(page.get_by_label("Badge number or name")).to_be_focused()
    page.keyboard.type(designations[0].agent.badge_number)
    page.keyboard.press("Enter")
    expect(answer(page)).to_contain_text(f"Yes: designated today, {designations[0].number}, until ")


def test_another_day_and_another_agent_are_asked_about_by_keyboard_alone(people: People, page_of, designations):
    page = page_of(people.supervisor)
    page.goto(reverse("designation:look_up"))
    expect(page.get_by_label("Badge number or name")).to_be_focused()
    page.keyboard.type(designations[1].agent.badge_number)
    page.keyboard.press("Tab")
    page.keyboard.type("03032020")
    page.keyboard.press("Enter")
    expect(answer(page)).to_have_text("No: never designated up to March 3, 2020.")
    expect(page.locator(".t21-answer")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Stone, Lee")
    page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(answer(page)).to_contain_text("No: suspended since ")


def ask(page: Page, who: str) -> None:
    page.goto(reverse("designation:look_up"))
    page.get_by_label("Badge number or name").fill(who)
    page.get_by_role("button", name="Look up").click()


def ask_several(page: Page, badges: str) -> None:
    page.goto(reverse("designation:look_up_several"))
    page.get_by_label("Badge numbers").fill(badges)
    page.get_by_role("button", name="Look up").click()


def test_each_answer_is_accessible_and_obeys_the_policy_at_two_widths(people: People, page_of, designations):
    page = page_of(people.supervisor)
    errors = console_errors(page)
    badges = [designation.agent.badge_number for designation in designations]
    shown = {
        "home": lambda: page.goto(reverse("home")),
        "form": lambda: page.goto(reverse("designation:look_up")),
        "yes": lambda: ask(page, badges[0]),
        "no": lambda: ask(page, badges[1]),
        "unknown": lambda: ask(page, "0" * 20),
        "names": lambda: ask(page, "Stone"),
        "no such name": lambda: ask(page, "Quimby"),
        "error": lambda: ask(page, " "),
        "several": lambda: ask_several(page, "\n".join([*badges, "0" * 20])),
        "error of several": lambda: ask_several(page, "x/y"),
    }
    wrong = {}
    for name, show in shown.items():
        for size in ({"width": 1280, "height": 900}, PHONE):
            page.set_viewport_size(size)
            show()
            found = [*axe_violations(page), *(["wider than the window"] if is_wider_than_window(page) else [])]
            if found:
                wrong[f"{name}, {size['width']}"] = found
    assert wrong == {}
    assert errors == []


def test_the_answers_about_several_are_taken_as_a_file(people: People, page_of, designations):
    page = page_of(people.supervisor)
    ask_several(page, designations[0].agent.badge_number)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take as CSV").click()
    assert taken.value.suggested_filename.startswith("designations-")
    assert designations[0].number in taken.value.path().read_text()


def test_the_admin_shows_a_clients_key_once_and_accessibly(people: People, page_of):
    page = page_of(people.operator)
    errors = console_errors(page)
    page.goto(reverse("admin:designation_apiclient_add"))
    page.get_by_label("Name").fill("Deconfliction center")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#key")).to_have_text(re.compile(r"^[\w-]{43}$"))
    assert axe_violations(page) == []
    assert errors == []
