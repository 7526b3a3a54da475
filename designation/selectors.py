"""Reads that more than one page needs. Each shows a user what is visible to him, and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from audit import calendar
from audit.clocks import Clock, OpenClock, Status, clocks_of, open_clocks, stay_clock
from audit.keyset import Part
from audit.machine import Subject
from audit.models import Goal, StageVisit, StepEvent
from audit.models.ledger import StageVisitQuerySet
from designation import workflow
from designation.declared import declared
from designation.fields import is_key
from designation.models import Agent, Notice, Office, Request, Role, User
from designation.models.requests import FINAL_STATES, OPEN_STATES, RequestQuerySet, State
from designation.permissions import HSI_ROLES

# The steps with which rows begin, which no transition declares.
FIRST_STEPS = {
    "create": "Draft made",
    "grant": "Granted",
    "draft": "Drafted",
    "write": "Written",
    "open": "Opened",
}
BEFORE_TRANSMITTAL = (State.DRAFT, State.HSI_REVIEW)
OPEN = "open"
MINE = "mine"

SORTS = ("number", "-number", "age", "-age", "due", "-due")
DEFAULT_SORT = "-age"


def waiting_for(user: User) -> Q:
    """Selects the requests on which it is the user's turn: he may make an act that moves them on."""
    waiting = Q(pk__in=[])
    if user.has_role(Role.COORDINATOR):
        waiting |= Q(state__in=[State.DRAFT, State.RETURNED], office=user.office_id)
    if user.has_role(Role.HSI_HQ):
        waiting |= Q(state=State.HSI_REVIEW) & ~Q(filed_by=user)
    if user.has_role(Role.DEA_FIELD):
        waiting |= Q(state__in=[State.DEA_INTAKE, State.FIELD_REVIEW], division=user.office_id) & ~Q(filed_by=user)
    if user.has_role(Role.DEA_HQ):
        waiting |= Q(state__in=[State.DEA_INTAKE, State.DEA_DECISION]) & ~Q(filed_by=user)
    return waiting


def find_requests(
    user: User,
    *,
    text: str = "",
    state: str = "",
    kind: str = "",
    priority: str = "",
    office: str = "",
    turn: str = "",
    clock: str = "",
    late_by_others: Collection[str] | None = None,
) -> RequestQuerySet:
    """The requests that the user may see and that fit all that is given.

    `text` is a number or the beginning of a badge number or name, `state` a state or OPEN, `office` a code,
    `turn` MINE or the agency whose clock runs, `clock` how it stands to its due time, a value of `audit.clocks.Status`:
    late by any of its clocks, otherwise by that of its present stay. Who knows `late_clocks` already gives their
    numbers as `late_by_others`.
    """
    found = Request.objects.visible_to(user)
    given = {"kind": kind, "priority": priority, "office__code": office}
    found = found.filter(**{field: value for field, value in given.items() if value})
    if state:
        found = found.filter(state__in=OPEN_STATES if state == OPEN else [state])
    if turn == MINE:
        found = found.filter(waiting_for(user))
    elif turn:
        found = found.filter(state__in=[name for name, party in Request.parties.items() if party == turn])
    if clock == Status.LATE:
        late = stays_now().filter(due_at__lt=Now())
        by_stay = Q(number__in=late.values("subject"))
        others = late_clocks(timezone.now()) if late_by_others is None else late_by_others
        found = found.open().filter(by_stay | Q(number__in=list(others)))
    elif clock:
        found = found.open().filter(in_clock_status(clock))
    return found.filter(matching(Request, text.strip())) if text.strip() else found


def with_columns(found: RequestQuerySet, columns: Iterable[str]) -> RequestQuerySet:
    """The requests with what these columns of `designation.lists.columns` show; one query, whichever they are."""
    found = found.select_related("agent", "office", "division", "filed_by").with_clock()
    return found.with_course() if {"submitted", "ended"}.intersection(columns) else found


def stays_now() -> StageVisitQuerySet:
    """The present stays of requests: as many as are open, however many have ended."""
    return StageVisit.objects.open().filter(workflow=Request.workflow)


def in_clock_status(status: str) -> Q:
    """Selects the requests whose present stay stands so to its due time, a value of `audit.clocks.Status`."""
    stays: Any = stays_now().with_clock_status()
    return Q(number__in=stays.filter(clock_status=status).values("subject"))


def states_asked_for(*, state: str = "", turn: str = "", clock: str = "", **_others: str) -> Sequence[str]:
    """The states that requests found with these filters of `find_requests` can be in."""
    if state and state != OPEN:
        return [state]
    return OPEN_STATES if state or turn or clock else State.values


def request_parts(found: QuerySet[Request], sort: str, states: Iterable[str] = State.values) -> list[Part]:
    """What the list of the requests found consists of when it is sorted by one of `SORTS`; each is known by its number.

    By age or due time, what is in a stage comes first, in the order of its stay (for age, "-" has the longest first);
    what has ended, newest first, is a part of its own, since it is in no stage. A part that cannot hold any request in
    one of `states` is left out, so that nobody looks for it.
    """
    sign, column = sort.rpartition("-")[1:]
    if column == "number":
        return [Part(found, (f"{sign}pk",), key="number")]
    states = set(states)
    ended = Part(found.filter(state__in=FINAL_STATES), ("-pk",), key="number")
    parts = _parts_in_a_stage(found, column, sign) if states - FINAL_STATES else []
    return [*parts, ended] if states & FINAL_STATES else parts


def _parts_in_a_stage(found: QuerySet[Request], column: str, sign: str) -> list[Part]:
    """Driven from the stays, through an index that holds only the present ones."""
    stays = stays_now().filter(subject__in=found.values("number"))
    longest_first = ("entered_at", "subject")
    if column == "age":
        return [Part(stays, longest_first if sign else ("-entered_at", "-subject"), key="subject")]
    due = Part(stays.filter(due_at__isnull=False), (f"{sign}due_at", f"{sign}subject"), key="subject")
    return [due, Part(stays.filter(due_at__isnull=True), longest_first, key="subject")]


def late_clocks(at: datetime) -> dict[str, list[OpenClock]]:
    """Of each open request that is late at `at` by a party's clock or the whole process's, those; in two queries."""
    late: dict[str, list[OpenClock]] = defaultdict(list)
    for found in open_clocks(Request.workflow, late_at=at):
        late[found.subject].append(found)
    return late


def late_clock_labels(late: Mapping[str, Sequence[OpenClock]] | None = None) -> dict[str, list[str]]:
    """Of each open request that is late now by such a clock, by which; `late` are `late_clocks`, if known already."""
    found = late_clocks(timezone.now()) if late is None else late
    return {number: [clock_label(clock) for clock in clocks] for number, clocks in found.items()}


def clock_label(clock: OpenClock) -> str:
    """What people call a clock that is not of a single stay."""
    return f"{clock.party} in all" if clock.party else "Whole process"


def matching(model: type[Subject], text: str, pk: str = "pk") -> Q:
    """Selects the requests or designations with this number, or the beginning of it, or of an agent who fits the text.

    `pk` is the key with which their numbers end. Each way of finding has an index of its own, so they are asked apart:
    one condition with OR reads every row.
    """
    numbered = Q(number__startswith=text.upper())
    if is_key(text):
        numbered |= Q(**{pk: int(text)})
    manager: Any = model._default_manager
    every = manager.order_by().values("pk")
    return Q(pk__in=every.filter(numbered).union(every.filter(agent__in=Agent.objects.search(text))))


@dataclass(frozen=True)
class Work:
    """How many of the requests that the user may see are where; the last two are None while no goal is set."""

    open: int
    mine: int
    drafts: int
    returned: int
    to_endorse: int
    with_dea: int
    due_soon: int | None
    late: int | None


def work_of(user: User, *, late_by_others: Collection[str]) -> Work:
    """What a home page counts, in four queries; `late_by_others` as `find_requests` takes it."""
    dea_states = [state for state, party in Request.parties.items() if party == "DEA"]
    visible = Request.objects.visible_to(user).open()
    counts = visible.aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=waiting_for(user)),
        drafts=Count("pk", filter=Q(state=State.DRAFT)),
        returned=Count("pk", filter=Q(state=State.RETURNED)),
        to_endorse=Count("pk", filter=Q(state=State.HSI_REVIEW)),
        with_dea=Count("pk", filter=Q(state__in=dea_states)),
    )
    if not Goal.objects.filter(workflow=Request.workflow).exists():
        return Work(**counts, due_soon=None, late=None)
    due_soon = find_requests(user, clock=Status.DUE_SOON).count()
    late = find_requests(user, clock=Status.LATE, late_by_others=late_by_others).count()
    return Work(**counts, due_soon=due_soon, late=late)


def offices_seen_by(user: User) -> QuerySet[Office]:
    """The HSI offices whose requests the user may see; retired ones only where there are such requests."""
    filed = Exists(Request.objects.visible_to(user).filter(office=OuterRef("pk")))
    offices = Office.objects.hsi()
    if user.has_role(Role.HSI_HQ, Role.DEA_HQ, Role.AUDITOR):
        return offices.filter(Q(is_active=True) | filed)
    return offices.filter(Q(is_active=True, division=user.office_id) | filed)


def states_seen_by(user: User) -> list[tuple[str, str]]:
    """The states, with their labels, of the requests that the user may see: DEA sees what was transmitted to it."""
    if user.has_role(*HSI_ROLES, Role.AUDITOR):
        return list(State.choices)
    return [(state.value, str(state.label)) for state in State if state not in BEFORE_TRANSMITTAL]


def unread_notices(user: User) -> int:
    return Notice.objects.visible_to(user).unread().count()


def clocks(subject: Subject, visits: Sequence[StageVisit]) -> list[Clock]:
    """The clocks of the whole process, of each party and of the present stay that have a goal, as they stand now."""
    at, clock = timezone.now(), calendar.load()
    stay = stay_clock(visits[-1], at, clock) if visits else None
    own = [replace(stay, stage=subject.state_label(stay.stage))] if stay else []
    return [*clocks_of(visits, at, clock), *own]


def visits_of(subject: Subject) -> list[StageVisit]:
    """The subject's stays, oldest first, with `seconds_so_far` in business seconds."""
    visits = StageVisit.objects.filter(workflow=subject.workflow, subject=subject.number)
    return list(visits.with_business_seconds_so_far().select_related("goal").order_by("sequence"))


def timeline(subject: Subject, visits: Sequence[StageVisit]) -> list[dict[str, Any]]:
    """The subject's steps, oldest first, each with the stage that it ended and the business seconds spent there.

    Last comes the stage that it is in now, unless it has ended.
    """
    by_sequence = {visit.sequence: visit for visit in visits}
    steps = StepEvent.objects.filter(workflow=subject.workflow, subject=subject.number)
    entries = [_entry(subject, step, by_sequence.get(step.sequence - 1)) for step in steps.order_by("sequence")]
    return [*entries, *(_running(subject, visit) for visit in visits if visit.left_at is None)]


def _running(subject: Subject, visit: Any) -> dict[str, Any]:
    return {
        "label": f"Now in “{subject.state_label(visit.stage)}”",
        "since": visit.entered_at,
        "seconds": visit.seconds_so_far if visit.party else None,
        "party": visit.party,
        "due": visit.due_at,
    }


def last_step(subject: Subject, transition: str) -> StepEvent | None:
    """The last time that the subject made the transition."""
    steps = StepEvent.objects.filter(workflow=subject.workflow, subject=subject.number, transition=transition)
    return steps.order_by("sequence").last()


def _entry(subject: Subject, step: StepEvent, left: StageVisit | None) -> dict[str, Any]:
    return {
        "label": step_label(type(subject), step),
        "at": step.at,
        "who": who_made(step),
        "reason": step.reason,
        "stage": subject.state_label(left.stage) if left else "",
        "seconds": left.business_seconds if left else None,
        "party": left.party if left else "",
        "late": left is not None and left.met is False,
    }


def step_label(model: type[Subject], step: StepEvent) -> str:
    """What people call a step of one of the model's rows."""
    if step.transition in model.transition_names():
        return declared(model, step.transition).done.capitalize()
    return FIRST_STEPS.get(step.transition, step.transition)


def who_made(step: StepEvent) -> str:
    """As recorded then: a name that has changed since changes nothing here."""
    role = Role(step.actor_role).label if step.actor_role in Role.values else ""
    return ", ".join(part for part in (step.actor_name, role or step.actor_agency) if part)


@dataclass(frozen=True)
class StageTime:
    """The business seconds that a subject has spent in one stage, over all its stays; `running` if it is there now."""

    label: str
    party: str
    stays: int
    seconds: int
    running: bool


def stage_times(subject: Subject, visits: Sequence[StageVisit]) -> list[StageTime]:
    """The time in each stage on whose clock somebody stood, in the order in which the stages were first entered."""
    stays: dict[str, list[Any]] = defaultdict(list)
    for visit in visits:
        if visit.party:
            stays[visit.stage].append(visit)
    return [
        StageTime(
            label=subject.state_label(stage),
            party=of_stage[0].party,
            stays=len(of_stage),
            seconds=sum(visit.seconds_so_far for visit in of_stage),
            running=of_stage[-1].left_at is None,
        )
        for stage, of_stage in stays.items()
    ]


def party_times(times: Sequence[StageTime]) -> dict[str, int]:
    """Party -> business seconds on its clock."""
    totals: dict[str, int] = defaultdict(int)
    for time in times:
        totals[time.party] += time.seconds
    return dict(totals)


def acts_open_to(row: Subject, user: User) -> list[workflow.Act]:
    """The acts on the row that the user's roles can ever make, with why he may not make one now."""
    return [act for act in workflow.acts(row, user) if user.has_role(*act.roles)]
