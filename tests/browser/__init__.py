"""A real Chromium for the tests that need one; they skip where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the machine; skips the test where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.skip(f"no browser on this machine: looked for {', '.join(CHROMIUM_NAMES)}")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as environment:
        # Playwright runs an event loop in this thread, in which Django would refuse the tests' own queries.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def axe_violations(page: Page, *, only: Sequence[str] = ()) -> list[str]:
    """What axe finds wrong on the page: the rule and the first element of each violation. `only`: of these rules."""
    options: dict[str, Any] = {
        "preload": False,  # it would read style sheets through inline styles, which the security policy refuses
        "resultTypes": ["violations"],  # to describe what passes would take most of the time
        **({"runOnly": list(only)} if only else {}),
    }
    page.evaluate(Axe().axe_script)
    found = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    return [f"{violation['id']}: {violation['nodes'][0]['html']}" for violation in found]


def console_errors(page: Page) -> list[str]:
    """A list that fills with the errors the page reports from now on, refusals of the security policy among them."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def is_wider_than_window(page: Page) -> bool:
    """Whether the page as a whole must be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
