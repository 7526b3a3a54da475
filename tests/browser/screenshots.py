"""`make screenshots`: a picture of every page on invented data, by who opens it, and of the four that README shows.

On a database of its own, from the same seed, so that only days and times differ from run to run. It is run by pytest,
as the tests of every page, whose list of addresses it goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import addresses
from tests.browser.demo import Demo, Windows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.test_every_page")]

COUNT = 1500  # requests of the year, so that lists and reports look as they do at work
EVERY_PAGE = Path(settings.BASE_DIR) / "var" / "screenshots"
OF_README = Path(settings.BASE_DIR) / "docs" / "screenshots"
WINDOW = {"width": 1280, "height": 900}
TALL = {"width": 1280, "height": 1300}  # as far down as what is late
TALLER = {"width": 1280, "height": 1480}  # as far down as the picture of a report
TALLEST = {"width": 1280, "height": 2000}  # as far down as what happened to a request


def test_take_pictures(page_of: Callable[..., Page], settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_FOLDER = tmp_path
    demo = Demo(COUNT)
    demo.fill()
    windows = Windows(demo, page_of)
    for name, who, address, size in shown_in_readme(demo):
        page = windows[who]
        page.set_viewport_size(size)
        page.goto(address)
        take(page, OF_README / f"{name}.png")
    for stop in addresses.stops(demo):
        page = windows[stop.who]
        page.set_viewport_size(WINDOW)
        wrong = addresses.arrive(page, stop)
        assert not wrong, f"{stop.name}: {wrong}"
        name = stop.name.replace(":", "-").replace(" ", "-")
        take(page, EVERY_PAGE / (stop.who or "not-signed-in") / f"{name}.png", full_page=True)


def shown_in_readme(demo: Demo) -> Iterator[tuple[str, str, str, Any]]:
    """The name of each picture, who sees the page, its address, and the size of the window."""
    request = reverse("designation:request_detail", args=[demo.request.number])
    yield "home", "coordinator", reverse("home"), TALL
    yield "request", "coordinator", request, TALLEST
    yield "queue", "dea_hq", reverse("admin:designation_request_changelist"), WINDOW
    yield "timeliness", "auditor", reverse("audit:timeliness"), TALLER


def take(page: Page, path: Path, **options: Any) -> None:
    """Takes the picture once those on the page have come."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for picture in page.locator("main img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=60_000)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path, **options)
