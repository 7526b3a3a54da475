"""What every page needs beyond its own context."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.navigation import navigation_for
from designation.selectors import unread_notices


def page(request: HttpRequest) -> dict[str, Any]:
    """The signed-in user's navigation and count of unread notices, and which banner stands above the page."""
    user = getattr(request, "user", None)
    page = {"navigation": [], "unread_notices": 0, "demo": settings.DEMO, "official_site": settings.OFFICIAL_SITE}
    if user is None or not user.is_authenticated:
        return page
    return page | {
        "navigation": navigation_for(user, request.path),
        "unread_notices": partial(unread_notices, user),
    }
