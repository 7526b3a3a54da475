"""The first page after signing in: what waits for the user, and what he can do here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import keyset
from audit.clocks import Status
from designation.lookup_forms import LookUpForm
from designation.models import Notice, Request, Role, User
from designation.models.requests import OPEN_STATES, State
from designation.panels import panels_of
from designation.permissions import DEA_ROLES, HSI_ROLES, READER_ROLES
from designation.selectors import MINE, OPEN, Work, find_requests, late_clock_labels, request_parts, work_of
from designation.views.access import SignedIn

NOTICES_SHOWN = 5
LATE_SHOWN = 10


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
        "A file with one row for each request: its business time in every stage, on HSI’s clock and on DEA’s.",
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
        "Read agreements and offices",
        "admin:index",
        "The agreements under which requests are filed, agents, and the offices of both agencies.",
        (Role.TRAINING_MANAGER,),
    ),
    Task(
        "Look up several agents at once",
        "designation:look_up_several",
        "Paste a list of badge numbers; the answers come as a table and as a file.",
        (Role.SUPERVISOR,),
    ),
    Task(
        "Keep users and offices", "admin:index", "Who may sign in, with which roles, at which office.", (Role.OPERATOR,)
    ),
)


@dataclass(frozen=True)
class Part:
    """Open requests in a state of HSI's; `labels` says what each role that sees them calls them, the nearest first."""

    count: str
    state: State
    note: str
    labels: Mapping[Role, str]


PARTS = (
    Part(
        "returned",
        State.RETURNED,
        "The clock is HSI’s until the office answers.",
        {
            Role.COORDINATOR: "Returned to us",
            Role.HSI_HQ: "Returned to offices",
            **dict.fromkeys((*DEA_ROLES, Role.AUDITOR), "Returned to HSI"),
        },
    ),
    Part(
        "drafts",
        State.DRAFT,
        "Nobody’s clock runs.",
        {Role.COORDINATOR: "Drafts to submit", **dict.fromkeys((Role.HSI_HQ, Role.AUDITOR), "Drafts of the offices")},
    ),
    Part(
        "to_endorse",
        State.HSI_REVIEW,
        "Filed by the offices, not yet endorsed.",
        {
            Role.HSI_HQ: "To endorse",
            **dict.fromkeys((Role.COORDINATOR, Role.AUDITOR), "With HSI headquarters"),
        },
    ),
)
NO_ROLE = (
    "Your account has no role yet, and roles open the pages. Ask the operator of this system for one: "
    "say at which office you work and what you do there."
)


@require_safe
def home(request: SignedIn) -> HttpResponse:
    user = request.user
    files = user.has_role(*HSI_ROLES)
    notices = Notice.objects.visible_to(user).unread()[:NOTICES_SHOWN]
    work = work_of(user) if user.has_role(*READER_ROLES) else None
    context = {
        "files": files,
        "stats": _stats(work, user) if work else [],
        "late": _late(user) if work and work.late else [],
        "late_count": work.late if work else None,
        "late_url": _list_url(clock=Status.LATE),
        "notices": notices,
        "panels": panels_of("home", user, user),
        "tasks": _tasks(user),
        "no_role": NO_ROLE,
        "look_up_form": LookUpForm() if user.has_role(Role.SUPERVISOR) else None,
    }
    return render(request, "designation/home.html", context)


def _stats(work: Work, user: User) -> list[dict[str, Any]]:
    """What is mine, then the open requests by whose turn it is, which add up, and of them what is late."""
    stats = []
    if user.has_role(*DEA_ROLES):
        stats.append(_stat(work.mine, "Waiting for me", "Of those with DEA.", turn=MINE))
    stats += [
        _stat(getattr(work, part.count), _label(part, user), part.note, state=part.state)
        for part in PARTS
        if user.has_role(*part.labels)
    ]
    stats.append(_stat(work.with_dea, "With DEA", "", turn="DEA"))
    stats.append(_stat(work.open, "Open in all", "", state=OPEN))
    if work.due_soon is not None:
        stats.append(_stat(work.due_soon, "Due soon", "", clock=Status.DUE_SOON))
    if work.late is not None:
        stats.append({**_stat(work.late, "Past the due time", "", clock=Status.LATE), "late": work.late > 0})
    return stats


def _late(user: User) -> list[dict[str, Any]]:
    """The late requests with which clocks they are late by, beside that of the stage; the longest overdue first."""
    parts = request_parts(find_requests(user, clock=Status.LATE), "due", OPEN_STATES)
    page = keyset.page_of(parts, {}, LATE_SHOWN)
    rows = page.rows(Request.objects.select_related("agent", "office").with_clock(), key="number")
    late_by = late_clock_labels()
    return [{"row": row, "late_by": late_by.get(row.number, [])} for row in rows]


def _label(part: Part, user: User) -> str:
    return next(label for role, label in part.labels.items() if user.has_role(role))


def _stat(value: int, label: str, note: str, **filters: str) -> dict[str, Any]:
    return {"value": f"{value:,}", "label": label, "note": note, "url": _list_url(**filters), "late": False}


def _list_url(**filters: str) -> str:
    return f"{reverse('designation:request_list')}?{urlencode(filters)}"


def _tasks(user: User) -> list[dict[str, str]]:
    return [
        {"label": task.label, "url": reverse(task.url_name), "says": task.says}
        for task in TASKS
        if user.has_role(*task.roles)
    ]
