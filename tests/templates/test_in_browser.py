"""The gallery, the sign-in page and the admin in a real browser, under the content security policy."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, ViewportSize, expect

from designation.models import User
from tests.browser import axe_violations, chromium, console_errors, is_wider_than_window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GALLERY = "tests.templates.gallery"
PHONE = ViewportSize(width=320, height=640)  # also what a window of 1280 pixels shows at 400 % zoom
DESKTOP = ViewportSize(width=1280, height=900)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, viewport=DESKTOP)
    yield context.new_page()
    context.close()


@pytest.mark.urls(GALLERY)
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_components_are_accessible_and_obey_the_policy_at_each_width(page: Page, size):
    errors = console_errors(page)
    page.set_viewport_size(size)
    page.goto("/")
    assert axe_violations(page) == []
    assert not is_wider_than_window(page)
    assert errors == []


@pytest.mark.urls(GALLERY)
def test_a_refused_form_is_accessible_and_its_summary_leads_to_the_fields(page: Page):
    page.goto("/")
    page.get_by_role("button", name="File request").click()
    summary = page.locator(".t21-error-summary")
    expect(summary).to_be_focused()
    assert axe_violations(page) == []
    summary.get_by_role("link", name="Badge number").click()
    expect(page.get_by_label("Badge number", exact=True)).to_be_focused()


@pytest.mark.urls(GALLERY)
def test_the_keyboard_reaches_the_content_first(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.urls(GALLERY)
def test_one_box_checks_all_rows(page: Page):
    page.goto("/")
    rows = page.locator("input[name=selected]")
    page.locator("label[for=select-all]").click()
    assert [row.is_checked() for row in rows.all()] == [True] * 5
    page.locator("label[for^=selected-]").first.click()
    assert page.locator("#select-all").evaluate("box => box.indeterminate")


def sign_in(page: Page, user: User, then: str) -> None:
    page.goto(reverse("login", query={"next": then}))
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()


def test_the_sign_in_page_is_accessible_and_tells_a_wrong_password(page: Page):
    errors = console_errors(page)
    page.goto(reverse("login"))
    assert axe_violations(page) == []
    assert not is_wider_than_window(page)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".t21-error-summary")).to_contain_text("Please enter a correct username and password")
    assert axe_violations(page) == []
    assert errors == []


def test_the_admin_is_accessible_and_obeys_the_policy(page: Page, people):
    errors = console_errors(page)
    sign_in(page, people.operator, then=reverse("admin:index"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Records")
    assert axe_violations(page) == []
    assert errors == []
