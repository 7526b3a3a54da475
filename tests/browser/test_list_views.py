"""Views and columns of a list in a real browser: by mouse, by keyboard, without JavaScript, on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from designation.lists import saved_views
from designation.models import Designation
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.browser.conftest import DESKTOP
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 320, "height": 640}
LIST = reverse("designation:request_list")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_one_chooses_columns_keeps_the_view_and_opens_it_again(people: People, page_of, javascript):
    factories.requests(people, "hsi_review", count=3)
    page = page_of(people.coordinator, java_script_enabled=javascript)
    page.goto(f"{LIST}?state=open")
    page.get_by_role("link", name="Choose columns").click()
    page.get_by_label("Kind").select_option("Not shown")
    page.get_by_label("Due status").select_option("2")
    page.get_by_role("button", name="Show these columns").click()
    heads = page.locator("thead th")
    expect(heads).to_have_text(["Select", "Number", "Due status", "Agent", "Priority", "State", "Time in state", "Due"])
    page.get_by_role("link", name="Keep this view").click()
    page.get_by_label("Name of the view").fill("My open ones")
    page.locator("label", has_text="The list opens with it").click()
    page.get_by_role("button", name="Keep the view").click()
    page.get_by_role("link", name="Home").first.click()
    page.get_by_role("link", name="Requests", exact=True).first.click()
    expect(page.get_by_role("link", name="My open ones")).to_have_attribute("aria-current", "page")
    expect(heads.nth(2)).to_have_text("Due status")
    page.get_by_role("link", name="All requests").click()
    expect(heads.nth(2)).to_have_text("Agent")


def test_the_shown_list_is_exported_in_two_clicks(people: People, page_of, settings, tmp_path):
    settings.EXPORT_FOLDER = tmp_path
    factories.requests(people, "hsi_review", count=3)
    page = page_of(people.coordinator)
    page.goto(f"{LIST}?state=open")
    page.get_by_role("link", name="Export what is shown").click()
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("heading", name="Export:")).to_be_visible()


def test_a_renewal_is_begun_from_the_list_of_what_ends_soon(people: People, page_of):
    row = factories.request(people, "approved").designation
    Designation.objects.filter(pk=row.pk).update(valid_until=timezone.localdate() + timedelta(days=80))
    page = page_of(people.coordinator)
    page.goto(reverse("home"))
    page.get_by_role("link", name="Designations").click()
    page.get_by_label("Ends within").select_option("90 days")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name=f"File a renewal for {row.agent.full_name}").click()
    expect(page.locator("main")).to_contain_text(row.agent.badge_number)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_of_views_are_accessible_and_fit(people: People, page_of, viewport):
    factories.requests(people, "hsi_review", count=3)
    factories.requests(people, "approved", count=3)
    view = saved_views.keep(
        people.coordinator, "requests", "Open, by due time", {"state": "open", "columns": "number,agent,status,due"}
    )
    odd = saved_views.keep(people.coordinator, "requests", "From last year", {"state": "escalated"}, shared=True)
    saved_views.keep(people.coordinator, "agents", "With e-mail", {"columns": "agent,email"})
    page = page_of(people.coordinator)
    page.set_viewport_size(viewport)
    errors = console_errors(page)
    for address in (
        f"{view.url}&kind=initial",
        odd.url,
        f"{reverse('designation:list_columns', args=['requests'])}?state=open",
        f"{reverse('designation:view_keep', args=['requests'])}?state=open&view={view.pk}",
        reverse("designation:view_list"),
        reverse("designation:view_change", args=[view.pk]),
        reverse("designation:view_delete", args=[view.pk]),
        f"{reverse('designation:list_export', args=['requests'])}?state=open",
        f"{reverse('designation:list_export', args=['agents'])}?designated=yes",
        f"{reverse('designation:agent_list')}?designated=yes",
        f"{reverse('designation:designation_list')}?state=live&sort=until",
        f"{reverse('designation:designation_list')}?state=revoked",
    ):
        page.goto(address)
        assert axe_violations(page) == [], address
        assert not is_wider_than_window(page), address
    assert errors == []
