"""A browser and people who are signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page

from designation.models import User
from tests.browser import chromium

DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page_of(browser: Browser, live_server: Any, transactional_db: None) -> Iterator[Callable[..., Page]]:
    """Opens a window for a user who is signed in, or for None; further arguments are those of a Playwright context."""
    contexts = []

    def open_page(user: User | None, **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport=DESKTOP, **options)
        contexts.append(context)
        if user is None:
            return context.new_page()
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
