"""The first page after signing in: what waits for the user, and what he can do here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, When
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import keyset
from audit.clocks import OpenClock, Status
from audit.models import Job
from designation.agent_selectors import RENEWED_WITHIN, find_designations
from designation.lookup_forms import LookUpForm
from designation.models import HomeVisit, Notice, Request, Role, User
from designation.models.requests import OPEN_STATES, RequestQuerySet, State
from designation.panels import panels_of
from designation.permissions import DEA_ROLES, HSI_ROLES, READER_ROLES
from designation.recent import CONCERNED, changes_since
from designation.selectors import (
    MINE,
    OPEN,
    Work,
    find_requests,
    late_clock_labels,
    late_clocks,
    request_parts,
    waiting_for,
    work_of,
)
from designation.views.access import SignedIn, post_only

NOTICES_SHOWN = 5
LATE_SHOWN = 10
WAITING_SHOWN = 5
DEA_ACTS = {State.DEA_INTAKE: "Accept", State.FIELD_REVIEW: "Review", State.DEA_DECISION: "Decide"}


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
    Task(
        "Keep closures",
        "admin:audit_closure_changelist",
        "Days and hours on which offices were closed beside holidays, as in a storm: they move due times and measures.",
        (Role.OPERATOR,),
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
    reads = user.has_role(*READER_ROLES)
    late = late_clocks(timezone.now()) if reads else {}
    work = work_of(user, late_by_others=late) if reads else None
    seen_until = HomeVisit.objects.look(user) if user.has_role(*CONCERNED) and request.method == "GET" else None
    overdue = _late(user, late) if work and work.late else []
    context = {
        "files": files,
        "stats": _stats(work, user) if work else [],
        "waiting": _waiting(user, late) if work and work.mine else [],
        "waiting_count": work.mine if work else 0,
        "waiting_url": _waiting_url(user),
        "seen_until": seen_until,
        "changes": changes_since(user, seen_until) if seen_until else None,
        "jobs": Job.objects.of(user).unfinished().defer("parameters"),
        "late": overdue,
        "late_has_acts": any(line["act"] for line in overdue),
        "late_count": work.late if work else None,
        "late_url": _list_url(clock=Status.LATE),
        "ending": _ending(user) if files else None,
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


Late = Mapping[str, Sequence[OpenClock]]


def _waiting(user: User, late: Late) -> list[dict[str, Any]]:
    """The requests on which it is the user's turn; the first due first."""
    return _lines(find_requests(user, turn=MINE), user, late, WAITING_SHOWN)


def _late(user: User, late: Late) -> list[dict[str, Any]]:
    """The late requests; the longest overdue first."""
    return _lines(find_requests(user, clock=Status.LATE, late_by_others=late), user, late, LATE_SHOWN)


def _lines(found: RequestQuerySet, user: User, late: Late, most: int) -> list[dict[str, Any]]:
    """The requests, the act that is the user's on each, and which clocks each is late by, beside that of its stage."""
    page = keyset.page_of(request_parts(found, "due", OPEN_STATES), {}, most)
    is_mine = Case(When(waiting_for(user), then=True), default=False, output_field=BooleanField())
    shown = Request.objects.select_related("agent", "office").with_clock().annotate(is_mine=is_mine)
    late_by = late_clock_labels(late)
    return [
        {"row": row, "act": _act_on(row) if row.is_mine else None, "late_by": late_by.get(row.number, [])}
        for row in page.rows(shown, key="number")
    ]


def _act_on(row: Request) -> dict[str, str]:
    """Where the act is made that moves the request on, and what it is called."""
    number = row.number
    if row.state == State.DRAFT:
        return {"label": "Check and submit", "url": reverse("designation:request_check", args=[number])}
    if row.state == State.RETURNED:
        return {"label": "Answer", "url": reverse("designation:request_answer", args=[number])}
    if row.state == State.HSI_REVIEW:
        return {"label": "Endorse", "url": reverse("designation:request_act", args=[number, "endorse"])}
    return {"label": DEA_ACTS[row.state], "url": reverse("admin:designation_request_change", args=[row.pk])}


def _ending(user: User) -> dict[str, Any]:
    """The designations that end soon, for those who file renewals: how many there are, and where they are listed."""
    filters = {"ends": str(RENEWED_WITHIN)}
    return {
        "within": RENEWED_WITHIN,
        "count": keyset.count_of(find_designations(user, **filters)),
        "url": f"{reverse('designation:designation_list')}?{urlencode({**filters, 'sort': 'until'})}",
    }


def _waiting_url(user: User) -> str:
    """The list of all that waits for the user, where many are done at once."""
    if user.has_role(*DEA_ROLES):
        return reverse("admin:designation_request_changelist")
    return _list_url(turn=MINE)


def _home_url(_request: SignedIn) -> str:
    return reverse("home")


@post_only(_home_url)
def home_seen(request: SignedIn) -> HttpResponse:
    """Marks what changed as seen."""
    HomeVisit.objects.mark_seen(request.user)
    return redirect("home")


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
