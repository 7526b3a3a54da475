"""Disputes in a real browser: argued and settled by clicking, and each page accessible at two widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from audit.models import StageVisit
from designation import references
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import request
from tests.training.factories import Managers, dispute, section, version
from training.models import Dispute
from training.workflow import disputes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}
LONG = "The laboratory part is taught by DEA chemists only: the agreement leaves samples to DEA.\n\nSee "


@pytest.fixture
def people() -> Managers:
    return Managers()


def argued(people: Managers) -> Dispute:
    """Late at the Headquarters Review Team, with superseded positions, a rejected outcome and an open one."""
    opened = dispute(
        section(version(people)),
        people.dea_manager,
        title="Who teaches the laboratory part of the joint module",
        issue="Whether HSI instructors may teach the handling of samples.",
        position=LONG + "https://example.gov/" + "long" * 20,
    )
    disputes.state_position(opened.pk, text="HSI instructors with the certificate too.", actor=people.hsi_manager)
    disputes.state_position(opened.pk, text=LONG + "page 4.", actor=people.dea_manager)
    disputes.propose(opened.pk, text="DEA alone for two years.", actor=people.dea_manager)
    disputes.reject(opened.pk, answer="Two years are too long.", actor=people.hsi_manager)
    disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress in three meetings.")
    disputes.propose(opened.pk, text="DEA for one year, then both.", actor=people.dea_manager)
    StageVisit.objects.filter(subject=opened.number, left_at=None).update(due_at=timezone.now() - timedelta(days=2))
    return opened


def pages_of_a_manager(people: Managers) -> dict[str, str]:
    """A page of each kind, by what it shows."""
    references.load()
    opened = argued(people)
    settled = dispute(version(people), people.hsi_manager, title="Length of the course")
    disputes.propose(settled.pk, text="Four hours.", actor=people.dea_manager)
    disputes.move_disputes("accept", [settled.pk], actor=people.hsi_manager)
    top = dispute(version(people), people.dea_manager)
    for _ in range(2):
        disputes.move_disputes("escalate", [top.pk], actor=people.hsi_manager, reason="No progress.")
    acts = {
        name: reverse("training:dispute_act", args=[opened.number, name])
        for name in ("state_position", "propose", "accept", "reject", "escalate")
    }
    return {
        "list": reverse("training:dispute_list"),
        "empty list": reverse("training:dispute_list") + "?text=nothing",
        "mistyped filter": reverse("training:dispute_list") + "?level=nonsense",
        "argued": opened.get_absolute_url(),
        "settled": settled.get_absolute_url(),
        "at the top": top.get_absolute_url(),
        "open one": reverse("training:dispute_open", args=["section", opened.section.number]),
        **acts,
        "reports": reverse("audit:timeliness") + "?workflow=dispute",
        "export": reverse("audit:processing_times") + "?workflow=dispute",
    }


def wrong_with(page: Page) -> list[str]:
    return [*axe_violations(page), *(["wider than the window"] if is_wider_than_window(page) else [])]


def test_each_page_is_accessible_and_obeys_the_policy_at_two_widths(people: Managers, page_of):
    page = page_of(people.hsi_manager)
    errors = console_errors(page)
    wrong = {}
    for name, url in pages_of_a_manager(people).items():
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            response = page.goto(url)
            found = wrong_with(page)
            if response is None or response.status != 200 or found:
                wrong[f"{name}, {width}"] = found or ["not found"]
    assert wrong == {}
    assert errors == []


def test_the_request_and_its_review_show_disputes_accessibly(people: Managers, page_of):
    references.load()
    of = request(people, "field_review")
    dispute(of, people.dea_field, title="Which division")
    seen = {
        people.coordinator: reverse("designation:request_detail", args=[of.number]),
        people.dea_field: reverse("admin:designation_request_change", args=[of.pk]),
    }
    for user, url in seen.items():
        page = page_of(user)
        for size in WIDTHS.values():
            page.set_viewport_size(size)
            page.goto(url)
            expect(page.get_by_role("heading", name="Disputes between the agencies")).to_be_visible()
            assert wrong_with(page) == [], url


def click(page: Page, name: str, role: str = "link") -> None:
    page.get_by_role(role, name=name, exact=True).first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_two_agencies_argue_and_settle_a_dispute(people: Managers, page_of, scripts):
    references.load()
    of = section(version(people))
    dea = page_of(people.dea_manager, java_script_enabled=scripts)
    errors = console_errors(dea)
    dea.goto(reverse("training:dispute_open", args=["section", of.number]))
    dea.get_by_label("Title").fill("Who trains")
    dea.get_by_label("Point at issue").fill("Who teaches the laboratory part.")
    dea.get_by_label("Position of your agency").fill("DEA alone.")
    click(dea, "Open the dispute", "button")
    expect(dea.get_by_text("it goes to Headquarters Review Team by itself")).to_be_visible()

    hsi = page_of(people.hsi_manager, java_script_enabled=scripts)
    hsi.goto(reverse("training:dispute_list") + "?turn=HSI")
    hsi.get_by_role("link", name="D-").first.click()
    click(hsi, "State our position")
    hsi.get_by_label("Position of your agency").fill("Both.")
    click(hsi, "State our position", "button")
    click(hsi, "Propose an outcome")
    hsi.get_by_label("Outcome", exact=True).fill("Both, DEA first.")
    click(hsi, "Propose an outcome", "button")

    dea.reload()
    click(dea, "Accept the outcome")
    expect(dea.get_by_text("Both, DEA first.")).to_be_visible()
    click(dea, "Accept the outcome", "button")
    expect(dea.get_by_text("Tick this first: the dispute ends.").first).to_be_visible()
    assert wrong_with(dea) == [] if scripts else True
    dea.locator("label", has_text="My agency accepts this outcome.").click()
    click(dea, "Accept the outcome", "button")
    expect(dea.get_by_role("heading", name="Outcome", exact=True)).to_be_visible()
    assert Dispute.objects.get().outcome == "Both, DEA first."
    assert errors == []


def test_a_side_answers_with_the_keyboard_alone(people: Managers, page_of):
    opened = argued(people)
    page = page_of(people.hsi_manager)
    page.goto(reverse("training:dispute_act", args=[opened.number, "accept"]))
    page.get_by_label("Remark").focus()
    page.keyboard.type("As written.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Outcome", exact=True)).to_be_visible()
    assert Dispute.objects.get(pk=opened.pk).state == "settled"
