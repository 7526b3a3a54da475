"""How few steps each job takes from the home page, counted as a person makes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from audit.exports import periods
from audit.goals import set_goal
from audit.models import Goal, StageVisit
from designation.demo.data import make_demo_data
from designation.models import Request
from tests import factories
from tests.browser.demo import HEADER, csv_of
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Steps:
    """Drives a page from the home page and counts: each click, each key that sends, each choice, each address typed.

    Text that nobody else can know, as a justification, is typed and not counted.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.taken = page, 0
        page.goto(reverse("home"))

    def click(self, role: Any, name: str, **options: Any) -> None:
        self.on(self.page.get_by_role(role, name=name, **options).first)

    def on(self, target: Locator) -> None:
        """A click on the target."""
        self.taken += 1
        target.click()

    def press(self, key: str) -> None:
        self.taken += 1
        self.page.keyboard.press(key)

    def choose_file(self, label: str, content: bytes) -> None:
        self.taken += 1
        file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": content}
        self.page.get_by_label(label).set_input_files(file)

    def type(self, label: str, text: str) -> None:
        """Text that must be typed."""
        self.page.get_by_label(label, exact=True).fill(text)

    def expect_heading(self, text: Any) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.fixture
def steps_of(people: People, page_of: Callable[..., Page]) -> Callable[..., Steps]:
    return lambda user: Steps(page_of(user))


def test_a_roster_of_200_agents_is_filed_in_at_most_six(people: People, steps_of):
    rows = [[f"{number:05}", "Stone", "Lee", "Port cases"] for number in range(100, 300)]
    steps = steps_of(people.coordinator)
    steps.click("link", "Upload a roster")
    steps.choose_file("Roster file", csv_of(HEADER, *rows))
    steps.click("button", "Upload")
    steps.click("button", "File 200 good rows")
    steps.expect_heading("200 requests filed")
    assert Request.objects.filter(state="hsi_review").count() == 200
    assert steps.taken <= 6


def test_a_request_for_an_agent_of_the_office_is_filed_in_at_most_eight(people: People, steps_of):
    agent = factories.AgentFactory.create_batch(30)[-1]
    steps = steps_of(people.coordinator)
    steps.click("link", "File a request")
    steps.type("Badge number or name", agent.badge_number)
    steps.press("Enter")
    steps.click("link", f"{agent.last_name}, {agent.first_name}")
    steps.type("Justification", "Works cases at the port of entry.")
    steps.click("button", "Save and check")
    steps.click("button", "Submit the request")
    steps.expect_heading("Request submitted")
    assert steps.taken <= 8


def test_a_request_for_a_new_agent_is_filed_in_at_most_eight(people: People, steps_of):
    steps = steps_of(people.coordinator)
    steps.click("link", "File a request")
    steps.click("link", "File for an agent who is not listed")
    typed = {"Badge number": "00991", "First name": "Lee", "Last name": "Stone", "E-mail (optional)": "lee@example.gov"}
    for label, text in typed.items():
        steps.type(label, text)
    steps.type("Justification", "Works cases at the port of entry.")
    steps.click("button", "Save and check")
    steps.click("button", "Submit the request")
    steps.expect_heading("Request submitted")
    assert steps.taken <= 8


def test_a_decision_and_on_to_the_next_take_at_most_three(people: People, page_of):
    first, second = factories.requests(people, "dea_decision", count=2)
    steps = Steps(page_of(people.dea_hq))
    steps.page.goto(reverse("admin:index"))  # where a reviewer is led who signs in to the admin
    steps.click("link", first.number)
    steps.click("link", "Approve")
    steps.click("button", "Approve and open the next")
    steps.expect_heading(second.number)
    assert Request.objects.get(pk=first.pk).state == "approved"
    assert steps.taken <= 3


def test_hundreds_are_decided_in_at_most_six_from_home(people: People, steps_of):
    factories.requests(people, "dea_decision", count=220)
    steps = steps_of(people.dea_hq)
    steps.click("link", "Decide")
    steps.on(steps.page.get_by_label("All 220 in this list, on every page"))
    steps.click("button", "Approve…")
    steps.click("button", "Approve 220")
    expect(steps.page.get_by_role("status")).to_contain_text("220 were approved")
    assert Request.objects.filter(state="approved").count() == 220
    assert steps.taken <= 6


def test_what_is_late_in_the_office_is_seen_on_the_home_page(people: People, steps_of):
    goal = Goal(workflow="request", stage="hsi_review", business_seconds=8 * 3600, set_by_name="hq", why="A test")
    set_goal(goal, at_once=True)
    late, punctual = factories.requests(people, "hsi_review", count=2)
    StageVisit.objects.open().filter(subject=late.number).update(due_at=timezone.now() - timedelta(hours=1))
    steps = steps_of(people.coordinator)
    expect(steps.page.get_by_role("link", name=late.number)).to_be_visible()
    expect(steps.page.get_by_role("link", name=punctual.number)).to_have_count(0)
    assert steps.taken == 0


def test_the_processing_times_of_the_last_fiscal_year_are_exported_in_at_most_three(people: People, steps_of):
    make_demo_data(seed=2, count=50, until=timezone.now())
    steps = steps_of(people.auditor)
    steps.click("link", "Processing times")
    steps.click("link", "Last fiscal year")
    year = periods.last_period(periods.Kind.FISCAL_YEAR, periods.today())
    with steps.page.expect_download() as download:
        steps.click("link", "Download CSV")
    assert f"first_day={year.first_day}&last_day={year.last_day}" in download.value.url
    assert steps.taken <= 3


def test_whether_an_agent_is_designated_is_answered_in_two(people: People, steps_of):
    designation = factories.request(people, "approved").designation
    steps = steps_of(people.supervisor)
    steps.type("Badge number or name", designation.agent.badge_number)
    steps.press("Enter")
    expect(steps.page.locator("#answer")).to_contain_text("Yes: designated today")
    assert steps.taken <= 2
