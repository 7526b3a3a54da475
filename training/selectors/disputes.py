"""Reads of disputes that more than one page needs. Each shows a user what is visible to him, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, Min, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from audit import calendar
from audit.clocks import Status
from audit.models import StageVisit
from designation import selectors
from designation.models import Request, User
from designation.models.people import DEA, HSI
from designation.permissions import READER_ROLES
from training.models import About, Dispute, Level, Position, Proposal
from training.models.disputes import NEXT_LEVEL, OPEN_LEVELS, DisputeQuerySet
from training.permissions import AGENCIES, DISPUTE_SIDES
from training.workflow.disputes import STATEMENTS, why_not_state

OPEN = "open"
OPENED_BY_ME = "mine"
FIELDS: dict[str, str] = {
    About.SECTION: "section",
    About.VERSION: "module_version",
    About.REQUEST: "request",
}

SETTLED_LAST = ExpressionWrapper(Q(state=Level.SETTLED), output_field=BooleanField())
SORTS: dict[str, list[Any]] = {
    "number": ["pk"],
    "-number": ["-pk"],
    "age": [SETTLED_LAST, "-opened_at", "-pk"],
    "-age": [SETTLED_LAST, "opened_at", "pk"],
    "due": [F("due_at").asc(nulls_last=True), "pk"],
    "-due": [F("due_at").desc(nulls_last=True), "pk"],
}
DEFAULT_SORT = "-age"


def find_disputes(
    user: User,
    *,
    text: str = "",
    level: str = "",
    about: str = "",
    module: str = "",
    turn: str = "",
    clock: str = "",
) -> DisputeQuerySet:
    """The disputes that the user may see and that fit all that is given, with their clocks.

    `text` is a number or words of the title, `level` a level or OPEN, `about` a value of About, `module` a code,
    `turn` OPENED_BY_ME or the agency that is waited for, `clock` a value of `audit.clocks.Status`.
    """
    found = Dispute.objects.visible_to(user).with_clocks()
    if level:
        found = found.filter(state__in=OPEN_LEVELS if level == OPEN else [level])
    if about:
        found = found.filter(**{f"{FIELDS[about]}__isnull": False})
    if module:
        on_section = Q(section__module_version__module__code=module)
        found = found.filter(on_section | Q(module_version__module__code=module))
    if turn:
        found = found.filter(opened_by=user) if turn == OPENED_BY_ME else found.waiting_for(turn)
    if clock:
        found = found.filter(Q(due_at__lt=Now()) if clock == Status.LATE else Q(clock_status=clock))
    for word in text.split():
        found = found.filter(Q(number__iexact=word) | Q(title__icontains=word))
    return found


def with_whom_it_waits_for(disputes: DisputeQuerySet) -> DisputeQuerySet:
    """Adds `waits_for_hsi` and `waits_for_dea`."""
    same = Dispute.objects.filter(pk=OuterRef("pk"))
    return disputes.annotate(
        waits_for_hsi=Exists(same.waiting_for(HSI)),
        waits_for_dea=Exists(same.waiting_for(DEA)),
    )


@dataclass(frozen=True)
class Standing:
    """The open disputes of one level, or of all where `level` is None; `oldest` is in business seconds since opened."""

    level: Level | None
    open: int
    late: int
    oldest: int


def standings(user: User) -> list[Standing]:
    """How many disputes that the user may see are open at each level, how many late there, and the oldest; then all."""
    late = StageVisit.objects.open().filter(workflow=Dispute.workflow, subject=OuterRef("number"), due_at__lt=Now())
    found = Dispute.objects.visible_to(user).open().annotate(is_late=Exists(late)).order_by().values("state")
    counted = {
        row["state"]: row
        for row in found.annotate(open=Count("pk"), late=Count("pk", filter=Q(is_late=True)), since=Min("opened_at"))
    }
    if not counted:
        return []
    clock, now = calendar.load(), timezone.now()
    levels = [
        Standing(Level(state), row["open"], row["late"], clock.between(row["since"], now))
        for state in OPEN_LEVELS
        if (row := counted.get(state))
    ]
    everything = Standing(
        None,
        sum(level.open for level in levels),
        sum(level.late for level in levels),
        max(level.oldest for level in levels),
    )
    return [*levels, everything]


@dataclass(frozen=True)
class OfferedAct:
    """An act as it is offered on a dispute's page: `why_not` is empty when the user may make it now."""

    name: str
    label: str
    says: str
    why_not: str


def acts_open_to(dispute: Dispute, user: User) -> list[OfferedAct]:
    """What the user's side can do with it at its level, with why he may not do it now; nothing once settled."""
    if dispute.state == Level.SETTLED or not DISPUTE_SIDES(dispute, user):
        return []
    statements = []
    for statement in STATEMENTS.values():
        refused = why_not_state(statement.name, dispute, user)
        if statement.name != "reject" or dispute.open_proposal is not None:
            why_not = refused.message if refused else ""
            statements.append(OfferedAct(statement.name, statement.label, statement.says, why_not))
    moves = [
        OfferedAct(act.name, act.label, act.says, act.why_not)
        for act in selectors.acts_open_to(dispute, user)
        if act.name != "accept" or dispute.open_proposal is not None
    ]
    answers = [act for act in [*moves, *statements] if act.name in {"accept", "reject"}]
    return [*answers, *(act for act in [*statements, *moves] if act not in answers)]


@dataclass(frozen=True)
class Side:
    """What an agency holds now, None where it has not said so, and what it held before, newest first."""

    agency: str
    now: Position | None
    before: list[Position]


def sides(positions: Iterable[Position]) -> list[Side]:
    """The positions of both agencies; `positions` are all of one dispute, oldest first."""
    every, found = list(positions), []
    for agency in AGENCIES:
        own = [position for position in every if position.agency == agency]
        now = next((position for position in own if position.superseded_at is None), None)
        found.append(Side(agency, now, [position for position in reversed(own) if position is not now]))
    return found


def history(
    dispute: Dispute, visits: Sequence[StageVisit], positions: Sequence[Position], proposals: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """The dispute's steps with what was said between them, oldest first, as the component `timeline.html` takes it."""
    opening, *steps = selectors.timeline(dispute, visits)
    running = [entry for entry in steps if "since" in entry]
    said = [_said(f"{one.agency} stated its position", one.stated_at, one.stated_by_name) for one in positions]
    for one in proposals:
        said.append(_said(f"{one.agency} proposed an outcome", one.made_at, one.made_by_name, one.text))
        if one.answered_at and one.accepted is False:
            what = "The outcome was withdrawn" if one.withdrawn else "The outcome was rejected"
            said.append(_said(what, one.answered_at, one.answered_by_name, one.answer))
    between = sorted([*(entry for entry in steps if "at" in entry), *said], key=lambda entry: entry["at"])
    return [{**opening, "label": "Opened"}, *between, *running]


def _said(label: str, at: datetime, who: str, text: str = "") -> dict[str, Any]:
    return {"label": label, "at": at, "who": who, "reason": text, "seconds": None}


def what_comes_next(dispute: Any) -> str:
    """What happens by itself when the level's due date passes. Needs the clock of `with_clocks`."""
    if dispute.state == Level.SETTLED:
        return ""
    following = NEXT_LEVEL.get(dispute.state)
    if following is None:
        return (
            "There is no higher level: leadership decides once both agencies have stated their positions, or its due "
            "date has passed. Past that it stays here and counts as late."
        )
    name = Dispute.state_label(following)
    if dispute.due_at is None:
        return f"No goal was on file for this level when it came here: it goes to {name} only when a side escalates it."
    if dispute.clock_status == Status.LATE:
        return f"Its due time has passed: within minutes it goes to {name} by itself, and both agencies are told."
    return f"If it is not settled by then, it goes to {name} by itself, and both agencies are told."


def subject_of(dispute: Dispute, user: User) -> tuple[str, str]:
    """What the dispute is about, and the address of its page where the user may open it."""
    if dispute.request is not None:
        return _request_of(dispute.request, user)
    version = dispute.section.module_version if dispute.section is not None else dispute.module_version
    assert version is not None
    name = f"{version}, {version.module.title}"
    if dispute.section is not None:
        return f"Section “{dispute.section}” of {name}", version.get_absolute_url()
    return f"Version {name}", version.get_absolute_url()


def _request_of(request: Request, user: User) -> tuple[str, str]:
    """Training managers see that there is such a request, and no more of it."""
    visible = user.has_role(*READER_ROLES) and Request.objects.visible_to(user).filter(pk=request.pk).exists()
    if not visible:
        return f"Request {request.number}", ""
    name = f"Request {request.number}, {request.agent.full_name}"
    return name, reverse("designation:request_detail", args=[request.number])
