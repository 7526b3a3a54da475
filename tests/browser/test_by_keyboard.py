"""Each role's main job from the home page with the keyboard alone, where scripts run and where they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation.models import Request
from tests import factories
from tests.training.factories import Managers, section, version

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"]),
]

MOST_TABS = 90
# USWDS hides a check box and draws one before its label.
SHOWS_FOCUS = """focused => {
  const drawn = focused.matches(".usa-checkbox__input, .usa-radio__input");
  const style = drawn ? getComputedStyle(focused.nextElementSibling, "::before") : getComputedStyle(focused);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


class Keyboard:
    """Works a page with keys, from the home page on: no mouse, and no focus that was not reached."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.goto(reverse("home"))

    def reach(self, role: Any, name: Any) -> None:
        """Presses the tab key until the element has the focus, which must be seen."""
        wanted = self.page.get_by_role(role, name=name).first
        wanted.wait_for(state="attached")
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                assert wanted.evaluate(SHOWS_FOCUS), f"The focus on {name} is not seen."
                return
        pytest.fail(f"The keyboard does not reach {name}.")

    def press(self, role: Any, name: Any, key: str = "Enter") -> None:
        self.reach(role, name)
        self.page.keyboard.press(key)

    def type(self, name: str, text: str) -> None:
        self.reach("textbox", name)
        self.page.keyboard.type(text)

    def expect_heading(self, text: Any) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)


@pytest.fixture
def people(transactional_db: None) -> Managers:
    return Managers()


@pytest.fixture
def keyboard_of(page_of: Callable[..., Page], scripts: bool) -> Callable[..., Keyboard]:
    return lambda user: Keyboard(page_of(user, java_script_enabled=scripts))


def state_of(request: Request) -> str:
    return Request.objects.get(pk=request.pk).state


def test_a_coordinator_files_a_request(people: Managers, keyboard_of):
    keyboard = keyboard_of(people.coordinator)
    keyboard.press("link", "File a request")
    keyboard.press("link", "File for an agent who is not listed")
    for name, text in [("Badge number", "00991"), ("First name", "Lee"), ("Last name", "Stone")]:
        keyboard.type(name, text)
    keyboard.type("Justification", "Works cases at the port.")
    keyboard.press("button", "Save and check")
    keyboard.expect_heading("Check before you submit")
    keyboard.press("button", "Submit the request")
    keyboard.expect_heading("Request submitted")
    assert Request.objects.get().state == "hsi_review"


def test_a_coordinator_answers_what_was_returned(people: Managers, keyboard_of):
    request = factories.request(people, "returned")
    keyboard = keyboard_of(people.coordinator)
    keyboard.press("link", "Returned to us")
    keyboard.press("link", request.number)
    keyboard.press("link", "Resubmit")
    keyboard.type("Your answer", "The memo is attached.")
    keyboard.press("button", "Send the answer")
    expect(keyboard.page.get_by_role("status")).to_contain_text("is answered")
    assert state_of(request) == "dea_intake"


def test_headquarters_endorses(people: Managers, keyboard_of):
    request = factories.request(people, "hsi_review")
    keyboard = keyboard_of(people.hsi_hq)
    keyboard.press("link", "To endorse")
    keyboard.press("checkbox", f"Select {request.number}", "Space")
    keyboard.press("button", "Endorse")
    keyboard.press("button", "Endorse: 1 request")
    keyboard.expect_heading("1 request endorsed")
    assert state_of(request) == "dea_intake"


def test_a_reviewer_decides_in_the_admin(people: Managers, keyboard_of):
    request = factories.request(people, "dea_decision")
    keyboard = keyboard_of(people.dea_hq)
    keyboard.press("link", "Decide")
    keyboard.press("link", request.number)
    keyboard.press("link", "Approve")
    keyboard.press("button", "Approve")
    expect(keyboard.page.get_by_text(f"{request.number} approved.")).to_be_visible()
    assert state_of(request) == "approved"


def test_an_auditor_exports_processing_times(people: Managers, keyboard_of):
    factories.request(people, "approved")
    keyboard = keyboard_of(people.auditor)
    keyboard.press("link", "Processing times")
    with keyboard.page.expect_download() as download:
        keyboard.press("link", "Download CSV")
    assert download.value.suggested_filename.startswith("processing-times-of-requests-")


def test_a_training_manager_signs_off(people: Managers, keyboard_of):
    signed = version(people, "sign_off")
    keyboard = keyboard_of(people.hsi_manager)
    keyboard.press("link", "Training")
    keyboard.press("link", signed.number)
    keyboard.press("button", "Sign off 2 sections")
    expect(keyboard.page.get_by_text("2 sections signed off for HSI.")).to_be_visible()
    assert section(signed).sign_offs.count() == 1


def test_a_supervisor_looks_up_an_agent(people: Managers, keyboard_of):
    designation = factories.request(people, "approved").designation
    keyboard = keyboard_of(people.supervisor)
    expect(keyboard.page.get_by_role("textbox", name="Badge number or name")).to_be_focused()  # without a key
    keyboard.page.keyboard.type(designation.agent.badge_number)
    keyboard.page.keyboard.press("Enter")
    expect(keyboard.page.locator("#answer")).to_contain_text("Yes: designated today")
