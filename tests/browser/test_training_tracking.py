"""Requirements, waivers and tracking in a real Chromium: they fit, are read aloud, and are worked by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation.models import Agent, Request
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import AgentFactory, requests
from tests.training.factories import Managers, ModuleFactory
from tests.training.records import completed, days_ago, published, required, waived
from training.models import Requirement, Waiver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1280, 320)


@pytest.fixture
def people() -> Managers:
    return Managers()


@pytest.fixture
def agents(people: Managers) -> list[Agent]:
    """Agents of Miami of whom three modules are required, one of them not published."""
    modules = [published(people, code=code, title=title) for code, title in MODULES[:2]]
    modules.append(ModuleFactory(code=MODULES[2][0], title=MODULES[2][1]))
    for module in modules:
        required(module, valid_months=12, blocks="nothing")
    required(modules[0], "dea_reviewers", blocks="nothing")
    found = [row.agent for row in requests(people, "dea_decision", 6)]
    for agent, days in zip(found, (10, 345, 400, 60), strict=False):
        completed(agent, modules[0], days_ago(days))
    completed(found[0], modules[1], days_ago(300))
    completed(found[1], modules[1], days_ago(30), passed=False, score=55)
    waived(found[4], modules[0], people.hsi_manager)
    waived(people.dea_field, modules[0], people.hsi_manager)
    return found


MODULES = [
    ("JT-2009", "Joint training on the 2009 agreement"),
    ("T21-BASICS", "Title 21 for HSI agents"),
    ("JT-2021", "Second module of the joint letter of 2021"),
]


def request_of(agent: Agent) -> Request:
    return Request.objects.get(agent=agent)


PAGES = {
    "matrix": lambda agents: reverse("training:tracking"),
    "people": lambda agents: reverse("training:tracking_people") + "?office=HSI-MIA",
    "expiring": lambda agents: reverse("training:tracking_expiring") + "?office=HSI-MIA&days=90",
    "by month": lambda agents: reverse("training:tracking_trend"),
    "requirements": lambda agents: reverse("training:requirement_list"),
    "set": lambda agents: reverse("training:requirement_set"),
    "end": lambda agents: reverse("training:requirement_end", args=[Requirement.objects.earliest("pk").pk]),
    "waivers": lambda agents: reverse("training:waiver_list"),
    "grant": lambda agents: reverse("training:waiver_grant"),
    "request": lambda agents: reverse("designation:request_detail", args=[request_of(agents[1]).number]),
    "agent": lambda agents: reverse("designation:agent_detail", args=[agents[1].pk]),
    "admin": lambda agents: reverse("admin:designation_request_change", args=[request_of(agents[1]).pk]),
}


def clean(page: Page, errors: list[str]) -> None:
    for picture in page.locator("main img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=60_000)
        assert picture.evaluate("image => image.naturalWidth") > 0
    assert axe_violations(page) == []
    assert not is_wider_than_window(page)
    assert errors == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_is_clean(people, agents, page_of, name, width):
    page = page_of(people.dea_hq)
    errors = console_errors(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(PAGES[name](agents))
    clean(page, errors)


def test_a_requirement_is_set_by_keyboard_alone_and_a_mistake_is_led_back_to(people, page_of):
    ModuleFactory(code="JT-2009", title="Joint training on the 2009 agreement")
    page = page_of(people.dea_manager)
    page.goto(reverse("training:requirement_list"))
    page.get_by_role("link", name="Set a requirement").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Set requirement").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".usa-alert--error")).to_be_focused()
    assert axe_violations(page) == []
    page.get_by_role("combobox", name="Module").select_option(label="JT-2009 Joint training on the 2009 agreement")
    for label in ("Agents of initial requests", "Agents of renewals"):
        page.get_by_role("checkbox", name=label).focus()
        page.keyboard.press("Space")
    page.get_by_role("radio", name="Approval").focus()
    page.keyboard.press("Space")
    page.get_by_label("Reason").fill("The joint letter asks for it.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="JT-2009")).to_contain_text("Blocks approval")


def test_a_waiver_is_granted_and_ended_without_script(people, page_of):
    ModuleFactory(code="JT-2009")
    agent = AgentFactory()
    page: Any = page_of(people.hsi_manager, java_script_enabled=False)
    page.goto(reverse("training:waiver_grant"))
    page.get_by_label("Module").select_option(index=1)
    page.get_by_label("Badge number or e-mail address").fill(agent.badge_number)
    page.get_by_label("Last day of the waiver").fill("2999-12-31")
    page.get_by_label("Reason").fill("On leave.")
    page.get_by_role("button", name="Grant waiver").click()
    row = page.get_by_role("row", name=agent.badge_number)
    expect(row).to_contain_text("Holds")
    row.get_by_role("link", name="End").click()
    page.get_by_label("Reason").fill("Back at work.")
    page.get_by_role("button", name="End waiver").click()
    expect(page.get_by_role("row", name=agent.badge_number)).to_contain_text("Over")
    assert Waiver.objects.get().ended_why == "Back at work."


def test_from_a_cell_to_its_people_and_into_a_file(people, agents, page_of):
    page = page_of(people.coordinator)
    page.goto(reverse("training:tracking"))
    page.get_by_role("row", name="HSI-MIA").get_by_role("link").first.click()
    expect(page.get_by_role("row", name=agents[2].badge_number)).to_contain_text("Expired")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Excel workbook").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_an_agents_page_goes_back_to_any_day_without_script(people, agents, page_of):
    page: Any = page_of(people.coordinator, java_script_enabled=False)
    page.goto(reverse("designation:agent_detail", args=[agents[0].pk]))
    expect(page.get_by_role("heading", name="On record on")).to_be_visible()
    page.get_by_label("As it was on").fill(days_ago(3).isoformat())
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No attempt was on record.")).to_be_visible()
