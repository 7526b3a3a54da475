"""Every page of the project in a real Chromium: accessible light and dark, obeying the policy, and fit for a phone.

A window of 320 pixels is what one of 1280 shows at 400 % zoom.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import path, reverse
from playwright.sync_api import Page

from config.urls import urlpatterns as project_urls
from tests.browser import addresses, axe_violations, console_errors, is_wider_than_window
from tests.browser.conftest import DESKTOP
from tests.browser.demo import Demo, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

PHONE = {"width": 320, "height": 640}
COLORS = ["color-contrast", "link-in-text-block"]  # the rules that a mode of colours can break
WIDTHS = ["scrollable-region-focusable", "aria-hidden-focus"]  # those that a width can break
# Without motion, since a color that is on its way from mode to mode is no fault.
LIGHT: dict[str, Any] = {"color_scheme": "light", "contrast": "no-preference", "reduced_motion": "reduce"}
MODES: dict[str, dict[str, Any]] = {
    "dark": LIGHT | {"color_scheme": "dark"},
    "more contrast": LIGHT | {"contrast": "more"},
    "dark with more contrast": LIGHT | {"color_scheme": "dark", "contrast": "more"},
}
# Axe takes the colors of the style sheets for those that the system puts in their place.
SHAPES = ".usa-button:not(.usa-button--unstyled), .usa-alert, .usa-nav .usa-current, .t21-status, .t21-stat, .usa-input"
WITHOUT_LINES = """shapes => shapes
  .filter(shape => !["Top", "Right", "Bottom", "Left"].some(side => {
    const style = getComputedStyle(shape);
    return parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== "none";
  })).map(shape => shape.outerHTML)"""
# Pages that between them have what pages are made of.
IN_EVERY_MODE = {
    "home",
    "designation:request_list",
    "designation:request_detail",
    "designation:request_answer",
    "designation:roster",
    "audit:timeliness",
    "training:difference",
    "training:tracking",
    "admin:index",
    "admin:designation_request_changelist",
    "admin:designation_request_change",
    "admin:audit_goal_add",
}


@login_not_required
def refused(_request: HttpRequest) -> Any:
    raise SuspiciousOperation


def broken(_request: HttpRequest) -> Any:
    raise ValueError


urlpatterns = [path("refused/", refused), path("broken/", broken), *project_urls]


@pytest.fixture
def demo(settings: Any, tmp_path: Path, transactional_db: None) -> Demo:
    settings.EXPORT_FOLDER = tmp_path
    return Demo()


def test_no_address_is_forgotten(demo: Demo) -> None:
    demo.fill()
    assert addresses.forgotten(demo) == set(), "Say how to open it, in tests/browser/addresses.py."


def test_every_page_is_accessible_light_and_dark_and_fit_at_400_percent_zoom(
    demo: Demo, page_of: Callable[..., Page]
) -> None:
    demo.fill()
    assert walk(demo, page_of, addresses.stops(demo), faults) == {}


def test_what_pages_are_made_of_is_accessible_in_every_mode_and_on_a_phone(
    demo: Demo, page_of: Callable[..., Page]
) -> None:
    demo.fill()
    stops = [stop for stop in addresses.stops(demo) if stop.name in IN_EVERY_MODE]
    assert len(stops) == len(IN_EVERY_MODE)
    assert walk(demo, page_of, stops, faults_of_modes) == {}


def test_lines_carry_the_shapes_where_the_system_chooses_the_colors(demo: Demo, page_of: Callable[..., Page]) -> None:
    page = page_of(demo["coordinator"], forced_colors="active")
    for address in (reverse("home"), reverse("designation:request_detail", args=[demo.submitted.number])):
        page.goto(address)
        assert page.locator(SHAPES).count() > 0
        assert page.locator(SHAPES).evaluate_all(WITHOUT_LINES) == []


def walk(
    demo: Demo,
    page_of: Callable[..., Page],
    stops: list[addresses.Stop],
    faults_of: Callable[[Page, addresses.Stop], list[str]],
) -> dict[str, list[str]]:
    """What is wrong at each stop, by its name and who stopped there."""
    windows = Windows(demo, page_of)
    wrong = {}
    for stop in stops:
        if found := faults_of(windows[stop.who], stop):
            wrong[f"{stop.name} as {stop.who or 'a stranger'}"] = found
    return wrong


def faults(page: Page, stop: addresses.Stop) -> list[str]:
    """What is wrong with the page, light and dark, and on a phone."""
    errors = console_errors(page)
    page.emulate_media(**LIGHT)
    page.set_viewport_size(DESKTOP)
    found = addresses.arrive(page, stop)
    found += axe_violations(page)
    page.emulate_media(**MODES["dark"])
    found += [f"dark: {fault}" for fault in axe_violations(page, only=COLORS)]
    page.emulate_media(**LIGHT)
    page.set_viewport_size(PHONE)
    found += [f"phone: {fault}" for fault in axe_violations(page, only=WIDTHS)]
    found += ["wider than the window"] if is_wider_than_window(page) else []
    # Chromium reports every answer that is an error.
    return found + [error for error in errors if stop.status == 200 or "Failed to load resource" not in error]


def faults_of_modes(page: Page, stop: addresses.Stop) -> list[str]:
    """What is wrong with the page in each mode, and all of it on a phone."""
    page.set_viewport_size(DESKTOP)
    found = addresses.arrive(page, stop)
    for mode, features in MODES.items():
        page.emulate_media(**features)
        found += [f"{mode}: {fault}" for fault in axe_violations(page, only=COLORS)]
    page.set_viewport_size(PHONE)
    return found + [f"phone: {fault}" for fault in axe_violations(page)]
