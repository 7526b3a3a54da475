"""What every page needs beyond its own context."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.navigation import navigation_for


def page(request: HttpRequest) -> dict[str, Any]:
    """The signed-in user's navigation, and which banner stands above the page."""
    user = getattr(request, "user", None)
    return {
        "navigation": navigation_for(user, request.path) if user and user.is_authenticated else [],
        "demo": settings.DEMO,
        "official_site": settings.OFFICIAL_SITE,
    }
