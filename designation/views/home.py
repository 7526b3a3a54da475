"""The first page after signing in: what waits for the user, and what he can do here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from audit.clocks import Status
from designation.models import Notice, Role, User
from designation.models.requests import State
from designation.permissions import DEA_ROLES, HSI_ROLES, READER_ROLES
from designation.selectors import MINE, OPEN, Work, work_of
from designation.views.access import SignedIn

NOTICES_SHOWN = 5


@dataclass(frozen=True)
class Task:
    """Something that a role comes here to do."""

    label: str
    url_name: str
    says: str
    roles: tuple[Role, ...]


TASKS = (
    Task(
        "Review requests",
        "admin:designation_request_changelist",
        "Your queue, oldest first: take requests in, concur, decide, one by one or many at once.",
        DEA_ROLES,
    ),
    Task(
        "Processing times",
        "audit:processing_times",
        "Business time by stage and agency for each request, to read here or to export.",
        READER_ROLES,
    ),
    Task(
        "Set goals",
        "admin:audit_goal_changelist",
        "How long our own stages and the whole process may take: what is in force, who set it and why.",
        (Role.HSI_HQ, Role.DEA_HQ),
    ),
    Task(
        "Read requests",
        "designation:request_list",
        "Every request that you may see, with its history.",
        (Role.AUDITOR, *DEA_ROLES),
    ),
    Task(
        "Read the records in the admin",
        "admin:index",
        "Requests, designations, people and the ledger, to read and not to change.",
        (Role.AUDITOR,),
    ),
    Task(
        "Keep users and offices", "admin:index", "Who may sign in, with which roles, at which office.", (Role.OPERATOR,)
    ),
)


@require_safe
def home(request: SignedIn) -> HttpResponse:
    user = request.user
    files = user.has_role(*HSI_ROLES)
    notices = Notice.objects.visible_to(user).unread()[:NOTICES_SHOWN]
    context = {
        "files": files,
        "stats": _stats(work_of(user), user) if user.has_role(*READER_ROLES) else [],
        "notices": notices,
        "tasks": _tasks(user),
    }
    return render(request, "designation/home.html", context)


def _stats(work: Work, user: User) -> list[dict[str, Any]]:
    stats = []
    if user.has_role(Role.COORDINATOR):
        stats += [
            _stat(work.returned, "Returned to us", "The clock is HSI’s until we answer.", state=State.RETURNED),
            _stat(work.drafts, "Drafts to submit", "", state=State.DRAFT),
        ]
    if user.has_role(Role.HSI_HQ):
        stats.append(
            _stat(work.to_endorse, "To endorse", "Filed by the offices, waiting for us.", state=State.HSI_REVIEW)
        )
        stats.append(_stat(work.returned, "Returned to offices", "", state=State.RETURNED))
    if user.has_role(*DEA_ROLES):
        stats.append(_stat(work.mine, "Waiting for me", "", turn=MINE))
    stats.append(_stat(work.with_dea, "With DEA", "", turn="DEA"))
    stats.append(_stat(work.open, "Open in all", "", state=OPEN))
    if work.due_soon is not None:
        stats.append(_stat(work.due_soon, "Due soon", "", clock=Status.DUE_SOON))
    if work.late is not None:
        stats.append({**_stat(work.late, "Past the due time", "", clock=Status.LATE), "late": work.late > 0})
    return stats


def _stat(value: int, label: str, note: str, **filters: str) -> dict[str, Any]:
    url = f"{reverse('designation:request_list')}?{urlencode(filters)}"
    return {"value": f"{value:,}", "label": label, "note": note, "url": url, "late": False}


def _tasks(user: User) -> list[dict[str, str]]:
    tasks = [task for task in TASKS if user.has_role(*task.roles)]
    return [{"label": task.label, "url": url, "says": task.says} for task in tasks if (url := _url(task.url_name))]


def _url(name: str) -> str:
    """The address of a named page; empty where the project serves no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
