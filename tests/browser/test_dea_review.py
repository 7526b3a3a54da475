"""DEA's reviewers at work in a real Chromium: one request, and many at once."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from designation import workflow
from designation.models import Request
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

QUEUE = reverse("admin:designation_request_changelist")
PHONE = {"width": 320, "height": 640}  # also what a window of 1280 pixels shows at 400 % zoom


def state_of(request):
    return Request.objects.get(pk=request.pk).state


def assert_fit(page, errors):
    """Accessible, obeying the security policy, and no wider than a phone."""
    assert axe_violations(page) == []
    page.set_viewport_size(PHONE)
    assert axe_violations(page) == []
    assert not is_wider_than_window(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert errors == []


def test_a_reviewer_decides_and_is_at_the_next_in_three_clicks(people, page_of):
    first, second = factories.requests(people, "dea_decision", count=2)
    page = page_of(people.dea_hq)
    errors = console_errors(page)
    page.goto(reverse("admin:index"))
    assert_fit(page, errors)
    page.get_by_role("link", name=first.number).click()
    assert_fit(page, errors)
    page.get_by_role("link", name="Approve").click()
    assert_fit(page, errors)
    page.get_by_role("button", name="Approve and open the next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(second.number)
    expect(page.get_by_text(f"{first.number} approved.")).to_be_visible()
    assert_fit(page, errors)
    assert state_of(first) == "approved"


def test_a_nonconcurrence_meets_the_decider_before_the_buttons(people, page_of):
    request = factories.request(people, "field_review")
    workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="Open deconfliction matter.")
    page = page_of(people.dea_hq)
    page.goto(reverse("admin:designation_request_change", args=[request.pk]))
    note = page.get_by_role("note")
    expect(note).to_contain_text("does not concur")
    expect(note).to_contain_text("Open deconfliction matter.")
    buttons = page.get_by_role("list", name="What you can do").bounding_box()
    assert note.bounding_box()["y"] < buttons["y"]


def test_a_missing_reason_is_named_at_its_field(people, page_of):
    request = factories.request(people, "dea_decision")
    page = page_of(people.dea_hq)
    errors = console_errors(page)
    page.goto(reverse("admin:designation_request_act", args=[request.pk, "deny"]))
    page.get_by_role("button", name="Deny", exact=True).click()
    expect(page.get_by_label("Reason")).to_have_accessible_description(re.compile("Give a reason: it goes on record."))
    assert_fit(page, errors)
    assert state_of(request) == "dea_decision"


def test_a_second_reviewer_is_told_who_was_first(people, page_of):
    request = factories.request(people, "dea_decision")
    page = page_of(people.dea_hq)
    page.goto(reverse("admin:designation_request_act", args=[request.pk, "approve"]))
    other = factories.user("dea_hq", "DEA-HQ", username="mwalker")
    workflow.transition("deny", [request.pk], actor=other, reason="Not needed.")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(f"Already decided: denied by {other.recorded_name} on ")
    assert axe_violations(page) == []
    assert state_of(request) == "denied"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_all_on_every_page_are_decided_at_once(people, page_of, script):
    requests = factories.requests(people, "dea_decision", count=102)
    late = factories.request(people, "dea_intake")
    page = page_of(people.dea_hq, java_script_enabled=script)
    errors = console_errors(page)
    page.goto(QUEUE)
    page.get_by_label("All 103 in this list, on every page").check()
    page.get_by_role("button", name="Deny…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Deny: 102 requests")
    expect(page.get_by_role("heading", name="Will be left as it is: 1")).to_be_visible()
    if script:
        assert_fit(page, errors)
    page.get_by_label("Reason").fill("Authority not needed.")
    page.get_by_role("button", name="Deny 102").click()
    expect(page.get_by_role("status")).to_have_text("102 were denied, 1 refused.")
    if script:
        assert_fit(page, errors)
    page.get_by_text("Not possible now: it is in “DEA intake”").click()
    expect(page.get_by_text(late.number).first).to_be_visible()
    assert Request.objects.filter(state="denied").count() == len(requests)


def test_the_boxes_of_the_page_are_counted_as_they_are_checked(people, page_of):
    factories.requests(people, "dea_decision", count=3)
    page = page_of(people.dea_hq)
    errors = console_errors(page)
    page.goto(QUEUE)
    page.locator("#action-toggle").check()
    expect(page.get_by_text("3 of 3 selected")).to_be_visible()
    assert_fit(page, errors)


@pytest.mark.parametrize(
    ("who", "addresses"),
    [
        ("dea_hq", ["designation/designation/", "designation/agent/", "designation/office/", "designation/"]),
        ("auditor", ["", "designation/request/", "audit/stepevent/", "audit/stagevisit/", "audit/calendar/"]),
        ("operator", ["", "designation/user/", "designation/user/add/", "designation/office/add/"]),
        ("training_manager", ["", "designation/agreement/"]),
    ],
)
def test_the_other_pages_of_each_role_are_fit(people, page_of, who, addresses):
    factories.request(people, "approved")
    page = page_of(getattr(people, who))
    errors = console_errors(page)
    for address in addresses:
        page.goto(reverse("admin:index") + address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert_fit(page, errors)


def test_headquarters_revokes_a_designation(people, page_of):
    designation = factories.request(people, "approved").designation
    page = page_of(people.dea_hq)
    errors = console_errors(page)
    page.goto(reverse("admin:designation_designation_change", args=[designation.pk]))
    assert_fit(page, errors)
    page.get_by_role("link", name="Revoke").click()
    page.get_by_label("Reason").fill("Left the service.")
    assert_fit(page, errors)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text(f"{designation.number} revoked.")).to_be_visible()
