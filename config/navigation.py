"""The primary navigation: which pages each role finds in the header."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.urls import reverse

from designation.models import Role, User
from designation.selectors import unread_notices

FILES_REQUESTS = (Role.COORDINATOR, Role.HSI_HQ)
READS_REQUESTS = (Role.COORDINATOR, Role.HSI_HQ, Role.DEA_FIELD, Role.DEA_HQ, Role.AUDITOR)


@dataclass(frozen=True)
class NavigationItem:
    """A link of the header. No roles means that every signed-in user sees it; `count` is shown beside the label."""

    label: str
    url_name: str
    roles: tuple[Role, ...] = ()
    count: Callable[[User], int] | None = None


NAVIGATION = (
    NavigationItem("Home", "home"),
    NavigationItem("Requests", "designation:request_list", READS_REQUESTS),
    NavigationItem("File a request", "designation:request_create", FILES_REQUESTS),
    NavigationItem("Upload a roster", "designation:roster_upload", FILES_REQUESTS),
    NavigationItem("Agents", "designation:agent_list", READS_REQUESTS),
    NavigationItem("Decide", "admin:index", (Role.DEA_FIELD, Role.DEA_HQ)),
    NavigationItem("Processing times", "audit:processing_times", READS_REQUESTS),
    NavigationItem("Notices", "designation:notice_list", count=unread_notices),
)


def navigation_for(user: User, path: str) -> list[dict[str, Any]]:
    """The links for the user's roles, each with `label`, `url`, whether the path is `current`, and `count`.

    A count costs its query only when a template asks for it.
    """
    found = []
    for item in NAVIGATION:
        if not item.roles or user.has_role(*item.roles):
            url = reverse(item.url_name)
            count = partial(item.count, user) if item.count else 0
            found.append({"label": item.label, "url": url, "current": path == url, "count": count})
    return found
