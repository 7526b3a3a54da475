"""The pages of HSI in a real browser: the main job done by clicking, and each page accessible at two widths."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation.models import Request
from designation.rosters import uploads
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}
ROSTER = "Badge number,Last name,First name,Justification\n00991,Stone,Lee,Port cases\n00992,,Max,Port cases\n"
ODD_ROSTER = 'Tag,Who,Why\n00993,"Moss, Kim",Port cases\n'


def pages_of_the_office(people: People) -> dict[str, str]:
    """A page of each kind, by what it shows."""
    office, actor = people.coordinator.office, people.coordinator
    draft = factories.request(people, "draft")
    returned = factories.request(people, "returned")
    decided = factories.request(people, "approved")
    submitted = factories.request(people, "hsi_review")
    odd = uploads.start_upload(ODD_ROSTER.encode(), "odd.csv", office, actor)
    preview = uploads.start_upload(ROSTER.encode(), "roster.csv", office, actor)
    filed = uploads.start_upload(ROSTER.replace("0099", "0088").encode(), "filed.csv", office, actor)
    uploads.file_upload(filed, actor)
    return {
        "home": reverse("home"),
        "list": reverse("designation:request_list"),
        "empty list": reverse("designation:request_list") + "?text=nobody",
        "draft": reverse("designation:request_detail", args=[draft.number]),
        "decided": reverse("designation:request_detail", args=[decided.number]),
        "choose the agent": reverse("designation:request_create"),
        "what is asked": reverse("designation:request_details"),
        "change": reverse("designation:request_edit", args=[draft.number]),
        "check": reverse("designation:request_check", args=[draft.number]),
        "submitted": reverse("designation:request_submitted", args=[submitted.number]),
        "answer": reverse("designation:request_answer", args=[returned.number]),
        "withdraw": reverse("designation:request_act", args=[submitted.number, "withdraw"]),
        "upload": reverse("designation:roster_upload"),
        "columns": reverse("designation:roster_columns", args=[odd.pk]),
        "preview": reverse("designation:roster", args=[preview.pk]),
        "ready rows": reverse("designation:roster", args=[preview.pk]) + "?rows=ready",
        "filed": reverse("designation:roster", args=[filed.pk]),
        "agents": reverse("designation:agent_list"),
        "agent": reverse("designation:agent_detail", args=[decided.agent_id]),
        "change the agent": reverse("designation:agent_edit", args=[decided.agent_id]),
        "notices": reverse("designation:notice_list"),
    }


def test_each_page_is_accessible_and_obeys_the_policy_at_two_widths(people: People, page_of):
    page = page_of(people.coordinator)
    errors = console_errors(page)
    wrong = {}
    for name, url in pages_of_the_office(people).items():
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            response = page.goto(url)
            found = [*axe_violations(page), *(["wider than the window"] if is_wider_than_window(page) else [])]
            if response is None or response.status != 200 or found:
                wrong[f"{name}, {width}"] = found or ["not found"]
    assert wrong == {}
    assert errors == []


def click(page: Page, name: str, role: str = "button") -> None:
    page.get_by_role(role, name=name).first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_roster_is_uploaded_endorsed_returned_and_answered(people: People, page_of, tmp_path: Path, scripts):
    office = page_of(people.coordinator, java_script_enabled=scripts)
    errors = console_errors(office)
    (tmp_path / "roster.csv").write_text(ROSTER + "00994,Hale,Ann,Port cases\n")
    office.goto("/")
    click(office, "Upload a roster", "link")
    office.get_by_label("Roster file").set_input_files(tmp_path / "roster.csv")
    click(office, "Upload")
    expect(office.get_by_role("row", name="The last name is missing")).to_be_visible()
    with office.expect_download() as download:
        click(office, "Download the bad rows", "link")
    assert "00992,,Max" in download.value.path().read_text(encoding="utf-8-sig")
    click(office, "File 2 good rows")
    expect(office.get_by_role("heading", level=1)).to_have_text("2 requests filed")

    headquarters = page_of(people.hsi_hq, java_script_enabled=scripts)
    headquarters.goto("/")
    click(headquarters, "To endorse", "link")
    headquarters.get_by_text("Select T21").first.locator("xpath=..").click()
    click(headquarters, "Return to office")
    headquarters.get_by_label("Reason").fill("The supervisor's memo is missing.")
    click(headquarters, "Return to office: 1 request")
    expect(headquarters.get_by_role("heading", level=1)).to_have_text("1 request returned")

    office.goto("/")
    click(office, "Returned to us", "link")
    click(office, "T21-", "link")
    click(office, "Resubmit", "link")
    expect(office.get_by_text("The supervisor's memo is missing.")).to_be_visible()
    office.get_by_label("Your answer").fill("The memo is attached.")
    click(office, "Send the answer")
    expect(office.get_by_role("status")).to_contain_text("is answered")
    assert set(Request.objects.values_list("state", flat=True)) == {"hsi_review"}
    assert errors == []


def test_a_refused_form_leads_the_keyboard_to_its_problems(people: People, page_of):
    page = page_of(people.coordinator)
    page.goto(reverse("designation:request_details"))
    click(page, "Save and check")
    expect(page.locator(".t21-error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    assert axe_violations(page) == []
    page.get_by_role("link", name="Justification").click()
    expect(page.get_by_label("Justification")).to_be_focused()


def test_headquarters_selects_a_whole_page_with_one_box(people: People, page_of):
    factories.requests(people, "hsi_review", count=3)
    page = page_of(people.hsi_hq)
    errors = console_errors(page)
    page.goto(reverse("designation:request_list"))
    page.locator("label[for=select-page]").click()
    click(page, "Endorse")
    expect(page.get_by_role("heading", level=1)).to_have_text("Endorse: 3 requests")
    assert axe_violations(page) == []
    click(page, "Endorse: 3 requests")
    expect(page.get_by_role("heading", level=1)).to_have_text("3 requests endorsed")
    assert axe_violations(page) == []
    assert errors == []


def test_without_script_a_phone_shows_the_menu_and_signs_out(people: People, page_of):
    page = page_of(people.coordinator, java_script_enabled=False)
    page.set_viewport_size(WIDTHS["phone"])
    page.goto("/")
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()
    page.get_by_role("link", name="Agents", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_pages_that_refuse_are_accessible_at_two_widths(people: People, page_of):
    page = page_of(people.hsi_hq)
    errors = console_errors(page)
    requests = factories.requests(people, "hsi_review", count=14, by=people.hsi_hq)
    page.goto(reverse("designation:request_list"))
    page.locator("label[for=select-page]").click()
    click(page, "Endorse")
    expect(page.get_by_text("And 4 more")).to_be_visible()
    assert_fit(page)
    page.goto(reverse("designation:request_list") + "?state=nonsense")
    expect(page.get_by_text("It filters nothing")).to_be_visible()
    assert_fit(page)
    page.goto(reverse("designation:request_details") + f"?agent={requests[0].agent_id}")
    assert_fit(page)
    assert errors == []
    page.goto(reverse("designation:request_act", args=[requests[0].number, "endorse"]))
    expect(page.get_by_role("link", name="Go back")).to_be_visible()
    assert_fit(page)


def assert_fit(page: Page) -> None:
    for size in WIDTHS.values():
        page.set_viewport_size(size)
        assert axe_violations(page) == []
        assert not is_wider_than_window(page)
