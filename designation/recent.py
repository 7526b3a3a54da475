"""What changed since a person last looked: the last step of each request that concerns him, made by others.

A coordinator is concerned by the requests of his office; whoever reviews, endorses or decides, by those on which he has
acted. Nobody is told here of what he may not see. It goes back a month at most, and counts no further than it must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit import ledger
from audit.keyset import Count
from audit.models import StepEvent
from designation.models import Request, Role, User
from designation.models.requests import FINAL_STATES
from designation.permissions import DEA_ROLES
from designation.selectors import stays_now, step_label, who_made

SHOWN = 5
MOST = 1000
OLDEST = timedelta(days=30)
CONCERNED = (Role.COORDINATOR, Role.HSI_HQ, *DEA_ROLES)


@dataclass(frozen=True)
class Change:
    """The last step of a request."""

    number: str
    label: str
    at: datetime
    who: str


@dataclass(frozen=True)
class Changes:
    """The newest, and how many requests changed."""

    newest: Sequence[Change]
    count: Count


def concerns(user: User) -> Q:
    """Selects the requests that concern the user."""
    steps = StepEvent.objects.filter(workflow=Request.workflow, subject=OuterRef("number"), actor=user)
    concerned = Q(pk__in=[])
    if user.has_role(Role.COORDINATOR):
        concerned |= Q(office=user.office_id)
    if user.has_role(Role.HSI_HQ, *DEA_ROLES):
        concerned |= Q(Exists(steps))
    return concerned


def changes_since(user: User, since: datetime) -> Changes:
    """What changed since then, the newest first; three queries.

    A request's last step opened its present stay, or ended it: both are found by their time, however many there were
    before.
    """
    since = max(since, timezone.now() - OLDEST)
    mine = Request.objects.visible_to(user).filter(concerns(user))
    own = StepEvent.objects.filter(workflow=Request.workflow, actor=user)
    here = own.filter(subject=OuterRef("subject"), sequence=OuterRef("sequence"))
    moved: Any = stays_now().filter(~Exists(here), entered_at__gt=since, subject__in=mine.open().values("number"))
    ends = StepEvent.objects.filter(workflow=Request.workflow, final=True, at__gt=since)
    ended: Any = ends.exclude(actor=user).filter(subject__in=mine.filter(state__in=FINAL_STATES).values("number"))
    found = [
        *moved.order_by("-entered_at").values_list("entered_at", "subject")[: MOST + 1],
        *ended.order_by("-at").values_list("at", "subject")[: MOST + 1],
    ]
    numbers = list(dict.fromkeys(subject for _at, subject in sorted(found, reverse=True)))
    last = ledger.last_steps(Request.workflow, numbers[:SHOWN])
    newest = [_change(last[number]) for number in numbers[:SHOWN]]
    return Changes(newest, Count(min(len(numbers), MOST), len(numbers) > MOST))


def _change(step: StepEvent) -> Change:
    return Change(step.subject, step_label(Request, step), step.at, who_made(step))
