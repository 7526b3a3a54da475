"""The primary navigation: which pages each role finds in the header."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse

from designation.models import Role, User
from designation.permissions import DEA_ROLES, HSI_ROLES, LOOK_UP_ROLES, READER_ROLES
from designation.selectors import unread_notices

REPORT_ROLES = tuple(map(Role, settings.AUDIT_REPORT_ROLES))


@dataclass(frozen=True)
class NavigationItem:
    """A link of the header. No roles means that every signed-in user sees it; `count` is shown beside the label."""

    label: str
    url_name: str
    roles: tuple[Role, ...] = ()
    count: Callable[[User], int] | None = None


NAVIGATION = (
    NavigationItem("Home", "home"),
    NavigationItem("Requests", "designation:request_list", READER_ROLES),
    NavigationItem("File a request", "designation:request_create", HSI_ROLES),
    NavigationItem("Upload a roster", "designation:roster_upload", HSI_ROLES),
    NavigationItem("Designations", "designation:designation_list", READER_ROLES),
    NavigationItem("Agents", "designation:agent_list", READER_ROLES),
    NavigationItem("Look up", "designation:look_up", LOOK_UP_ROLES),
    NavigationItem("Training", "training:overview"),
    NavigationItem("Decide", "admin:index", DEA_ROLES),
    NavigationItem("Reports", "audit:timeliness", REPORT_ROLES),
    NavigationItem("Processing times", "audit:processing_times", REPORT_ROLES),
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
