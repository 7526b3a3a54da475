"""The primary navigation: which pages each role finds in the header."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from designation.models import Role, User

READS_REQUESTS = (Role.COORDINATOR, Role.HSI_HQ, Role.DEA_FIELD, Role.DEA_HQ, Role.AUDITOR)


@dataclass(frozen=True)
class NavigationItem:
    """A link of the header. No roles means that every signed-in user sees it."""

    label: str
    url_name: str
    roles: tuple[Role, ...] = ()


NAVIGATION = (
    NavigationItem("Home", "home"),
    NavigationItem("Requests", "designation:request_list", READS_REQUESTS),
    NavigationItem("File a request", "designation:request_create", (Role.COORDINATOR,)),
    NavigationItem("Upload a roster", "designation:roster_upload", (Role.COORDINATOR,)),
    NavigationItem("Decide", "admin:index", (Role.DEA_FIELD, Role.DEA_HQ)),
    NavigationItem("Processing times", "audit:processing_times", READS_REQUESTS),
)


def navigation_for(user: User, path: str) -> list[dict[str, Any]]:
    """The links for the user's roles, each with `label`, `url` and whether the path is `current`."""
    found = []
    for item in NAVIGATION:
        url = _url(item.url_name)
        if url and (not item.roles or user.has_role(*item.roles)):
            found.append({"label": item.label, "url": url, "current": path == url})
    return found


def _url(name: str) -> str:
    """The address of a named page; empty for a page that is not there yet, which a test of all links finds."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
