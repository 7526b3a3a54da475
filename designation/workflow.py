"""The only way in which requests and designations change: lock, check, move, record, notify; one is a batch of one.

Locks are always taken in the order agents, requests, designations, so that two batches never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from audit import ledger, machine
from audit.machine import Outcome, Refusal, Refused
from designation.agents import move_agents
from designation.changes import record_added
from designation.checks import all_checks, kinds_for
from designation.declared import Declared, declared
from designation.models import Agent, Agreement, Designation, FieldOpinion, Office, Request, User
from designation.notices import notify, notify_of_designations
from designation.permissions import FILING_OFFICE

__all__ = ["NewRequest", "Outcome", "Refusal", "Refused"]


@dataclass(frozen=True)
class NewRequest:
    """A request to file. A blank kind is chosen by the agent's designation; `row` is the caller's own reference."""

    badge_number: str
    first_name: str
    last_name: str
    email: str = ""
    kind: str = ""
    priority: str = Request.Priority.ROUTINE
    justification: str = ""
    row: Any = None


@dataclass(frozen=True)
class Act(Declared):
    """A transition as it is offered on a page: `why_not` is empty when the user may do it now."""

    why_not: str


def file_requests(
    entries: Sequence[NewRequest], *, actor: User, office: Office, submit: bool = True, tell: bool = True
) -> Outcome[Request]:
    """Files requests of one office, making agents that are not known yet; with `submit` false they stay drafts.

    An entry that cannot be filed is refused under its badge number, with code `already_filed` where the agent has an
    open request, and leaves nothing behind; the others are filed. One database transaction. With `tell` false,
    nobody is told: the caller does so, with `tell_of`, once he has filed all.
    """
    with transaction.atomic():
        agents, new_agents = _agents_of(entries, office)
        requests, refused = _drafts(entries, agents, actor=actor, office=office)
        judged = _judge_drafts(requests, actor=actor, submit=submit)
        filed = Request.objects.bulk_create(judged.done, batch_size=1000)
        _settle_new_agents(new_agents, filed, actor)
        ledger.append(
            Request.workflow,
            [machine.step_of(request, "create", role=FILING_OFFICE.role_of(request, actor)) for request in filed],
            actor=actor,
        )
        if submit:
            # Judged above, of locked agents, and nobody else sees the drafts yet.
            machine.move("submit", filed, actor=actor)
            if tell:
                notify("submit", filed, actor=actor, reason="")
    badges = {request.number: request.agent.badge_number for request in requests}
    refused += [Refusal(badges[refusal.number], refusal.code, refusal.message) for refusal in judged.refused]
    return Outcome(filed, refused)


def _agents_of(entries: Sequence[NewRequest], office: Office) -> tuple[dict[str, Agent], list[int]]:
    """The entries' agents by badge number, locked, and the keys of those that were not known and are added here."""
    badges = [entry.badge_number for entry in entries]
    known = set(Agent.objects.filter(badge_number__in=badges).values_list("badge_number", flat=True))
    unknown = {entry.badge_number: entry for entry in entries if entry.badge_number not in known}
    new = [
        Agent(
            pk=pk,
            badge_number=entry.badge_number,
            first_name=entry.first_name,
            last_name=entry.last_name,
            email=entry.email,
            office=office,
        )
        for pk, entry in zip(_new_keys("designation_agent", len(unknown)), unknown.values(), strict=True)
    ]
    Agent.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
    agents = Agent.objects.filter(badge_number__in=badges).prefetch_related("office")
    locked = agents.order_by("pk").select_for_update(of=("self",))
    return {agent.badge_number: agent for agent in locked}, [agent.pk for agent in new]


def _settle_new_agents(new_agents: Iterable[int], filed: Sequence[Request], actor: User) -> None:
    """Those for whom a request is filed are on record as added; the others were not to be."""
    new = set(new_agents)
    added = [request for request in filed if request.agent_id in new]
    Agent.objects.filter(pk__in=new - {request.agent_id for request in added}).delete()
    told = [(request.agent, f"Added to {request.office.code} by filing {request.number}.") for request in added]
    record_added(told, actor=actor)


def _drafts(
    entries: Sequence[NewRequest], agents: Mapping[str, Agent], *, actor: User, office: Office
) -> tuple[list[Request], list[Refusal]]:
    open_requests = dict(
        Request.objects.open().filter(agent__in=agents.values()).values_list("agent__badge_number", "number")
    )
    kinds = kinds_for(list(agents.values()), office)
    agreement = Agreement.objects.get(code=settings.DESIGNATION_AGREEMENT)
    requests, refused = [], []
    for entry, (pk, number) in zip(entries, _new_numbers(len(entries)), strict=True):
        agent = agents.get(entry.badge_number)
        if agent is None:
            refused.append(Refusal(entry.badge_number, "email", "The e-mail address is another agent's."))
            continue
        if entry.badge_number in open_requests:
            existing = open_requests[entry.badge_number]
            refused.append(Refusal(entry.badge_number, "already_filed", f"The agent has an open request, {existing}."))
            continue
        open_requests[entry.badge_number] = number
        requests.append(
            Request(
                pk=pk,
                number=number,
                agent=agent,
                office=office,
                division=office.division,
                agreement=agreement,
                kind=entry.kind or kinds[agent.pk],
                priority=entry.priority,
                justification=entry.justification,
                filed_by=actor,
            )
        )
    return requests, refused


def _new_numbers(count: int) -> list[tuple[int, str]]:
    """Primary keys and numbers for new requests, as (123, "T21-2026-000123")."""
    year = timezone.localdate().year
    return [(key, f"T21-{year}-{key:06d}") for key in _new_keys("designation_request", count)]


def _new_keys(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [f"{table}_id_seq", count])
        return [row[0] for row in cursor.fetchall()]


def _judge_drafts(requests: Sequence[Request], *, actor: User, submit: bool) -> Outcome[Request]:
    checks = all_checks() if submit else []
    return machine.judge("submit", requests, actor=actor, reason="", checks=checks)


def transition(
    name: str,
    pks: Iterable[int],
    *,
    actor: User,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
    tell: bool = True,
) -> Outcome[Request]:
    """Makes one transition of many requests, in one database transaction.

    `versions` maps primary keys to the version that the actor was looking at; a request that has changed since is
    refused. What is refused, and why, is in the outcome; the rest is done. With `tell` false, nobody is told: the
    caller does so, with `tell_of`, once he has made all of a large act.
    """
    pks = list(pks)
    with transaction.atomic():
        _lock_agents(Request.objects.filter(pk__in=pks))
        outcome = machine.perform(
            name,
            Request.objects.visible_to(actor).with_people(),
            pks,
            actor=actor,
            reason=reason,
            versions=versions,
            checks=all_checks(),
        )
        if outcome.done and name in EFFECTS:
            EFFECTS[name](outcome.done, actor, reason)
        if tell:
            notify(name, outcome.done, actor=actor, reason=reason)
    return outcome


def tell_of(name: str, pks: Iterable[int], *, actor: User, reason: str = "") -> None:
    """Tells whom it concerns of a transition that the requests have made without it: one notice for each person."""
    notify(name, list(Request.objects.filter(pk__in=list(pks)).order_by("pk")), actor=actor, reason=reason)


def transition_one(name: str, pk: int, *, actor: User, reason: str = "", version: int | None = None) -> Request:
    """Makes one transition of one request. Raises Refused with the reason when it may not be made."""
    versions = {pk: version} if version is not None else None
    return _only(transition(name, [pk], actor=actor, reason=reason, versions=versions))


def _only(outcome: Outcome[Any]) -> Any:
    if outcome.refused:
        raise Refused(outcome.refused[0])
    return outcome.done[0]


def preview(
    name: str, pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None
) -> Outcome[Request]:
    """What `transition` would do and refuse at this moment; changes nothing."""
    return machine.preview(
        name,
        Request.objects.visible_to(actor).with_people(),
        pks,
        actor=actor,
        versions=versions,
        checks=all_checks(),
    )


def acts(row: machine.Subject, user: User) -> list[Act]:
    """The transitions that leave the row's present state, with why the user may not make those that he may not."""
    return [_offered(row, found.name, user) for found in row.transitions_from(row.state)]


def _offered(row: machine.Subject, name: str, user: User) -> Act:
    refused = machine.judge(name, [row], actor=user, reason="given later", checks=_checks_for(row)).refused
    return Act(**vars(declared(type(row), name, row.state)), why_not=refused[0].message if refused else "")


def _checks_for(row: machine.Subject) -> list[machine.Check]:
    return all_checks() if isinstance(row, Request) else []


def amend_draft(pk: int, *, actor: User, version: int, kind: str, priority: str, justification: str) -> Request:
    """Changes a draft. Raises Refused when it is no longer a draft, has changed since, or is not the actor's."""
    with transaction.atomic():
        request = _locked_for_change("submit", pk, actor=actor, version=version)
        Request.objects.filter(pk=pk).update(
            kind=kind, priority=priority, justification=justification, version=request.version + 1
        )
    return Request.objects.get(pk=pk)


def resubmit(
    pk: int, *, actor: User, version: int, answer: str, priority: str, justification: str, kind: str = ""
) -> Request:
    """Answers a returned request. What the answer changes in the request goes on record with it; a blank kind stays.

    Raises Refused.
    """
    with transaction.atomic():
        request = _locked_for_change("resubmit", pk, actor=actor, version=version)
        content = {"kind": kind or request.kind, "priority": priority, "justification": justification}
        changes = _described_changes(request, **content)
        Request.objects.filter(pk=pk).update(**content)
        reason = "\n\n".join([answer.strip(), *changes]) if answer.strip() else ""
        return transition_one("resubmit", pk, actor=actor, reason=reason, version=version)


def _locked_for_change(name: str, pk: int, *, actor: User, version: int) -> Request:
    _lock_agents(Request.objects.filter(pk=pk))
    visible = Request.objects.visible_to(actor).with_people().filter(pk=pk)
    rows = list(visible.select_for_update(of=("self",)))
    if not rows:
        raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
    versions = {pk: version}
    return _only(machine.judge(name, rows, actor=actor, reason="given later", versions=versions))


def _described_changes(request: Request, *, kind: str, priority: str, justification: str) -> list[str]:
    changes = []
    if kind != request.kind:
        changes.append(f"Kind changed from {request.get_kind_display()} to {Request.Kind(kind).label}.")
    if priority != request.priority:
        now = Request.Priority(priority).label
        changes.append(f"Priority changed from {request.get_priority_display()} to {now}.")
    if justification != request.justification:
        changes.append(f"Justification changed. It was: {request.justification}")
    return changes


def _lock_agents(rows: Any) -> None:
    agents = Agent.objects.filter(pk__in=rows.values("agent"))
    list(agents.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def _record_opinions(requests: Sequence[Request], actor: User, reason: str, *, concurs: bool) -> None:
    FieldOpinion.objects.current().filter(request__in=requests).update(superseded_at=Now())
    FieldOpinion.objects.bulk_create(
        FieldOpinion(
            request=request,
            division=request.division,
            concurs=concurs,
            reason=reason.strip(),
            given_by=actor,
            given_by_name=actor.recorded_name,
        )
        for request in requests
    )


def _record_concurrence(requests: Sequence[Request], actor: User, reason: str) -> None:
    _record_opinions(requests, actor, reason, concurs=True)


def _record_nonconcurrence(requests: Sequence[Request], actor: User, reason: str) -> None:
    _record_opinions(requests, actor, reason, concurs=False)


def _designate(requests: Sequence[Request], actor: User, reason: str) -> None:
    """Grants the designations. A live one of the same agent is replaced; a transferred agent moves."""
    replaced = Designation.objects.live().filter(agent__in=[request.agent_id for request in requests])
    machine.perform(
        "replace",
        Designation.objects.with_people(),
        replaced.values_list("pk", flat=True),
        actor=actor,
        reason="Replaced by a newer designation.",
    )
    today = timezone.localdate()
    designations = Designation.objects.bulk_create(granted(request, today) for request in requests)
    steps = [machine.step_of(designation, "grant", reason=reason, role="dea_hq") for designation in designations]
    ledger.append(Designation.workflow, steps, actor=actor)
    _move_transferred(requests, actor)


def granted(request: Request, first_day: date) -> Designation:
    """The designation, not saved yet, that the request's approval grants from the day on."""
    return Designation(
        number=request.number.replace("T21", "XD", 1),
        request=request,
        agent=request.agent,
        office=request.office,
        agreement=request.agreement,
        valid_from=first_day,
        valid_until=term_end(first_day),
    )


def _move_transferred(requests: Sequence[Request], actor: User) -> None:
    transfers = [request for request in requests if request.kind == Request.Kind.TRANSFER]
    agents = Agent.objects.select_related("office").in_bulk([request.agent_id for request in transfers])
    moves = [(agents[request.agent_id], request.office, request.number) for request in transfers]
    move_agents(moves, actor=actor)


EFFECTS = {
    "concur": _record_concurrence,
    "nonconcur": _record_nonconcurrence,
    "approve": _designate,
}


def term_end(first_day: date) -> date:
    """The last day of a term of settings.DESIGNATION_TERM_YEARS that begins on the day."""
    year = first_day.year + settings.DESIGNATION_TERM_YEARS
    try:
        anniversary = first_day.replace(year=year)
    except ValueError:  # 29 February, in a year that has none
        anniversary = date(year, 3, 1)
    return anniversary - timedelta(days=1)


def change_designations(
    name: str,
    pks: Iterable[int],
    *,
    actor: User,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
    tell: bool = True,
) -> Outcome[Designation]:
    """Suspends, reinstates, relinquishes or revokes designations, in one database transaction.

    With `tell` false, nobody is told: the caller does so, with `tell_of_designations`, once he has made all of a large
    act.
    """
    pks = list(pks)
    with transaction.atomic():
        _lock_agents(Designation.objects.filter(pk__in=pks))
        visible = Designation.objects.visible_to(actor).with_people()
        outcome = machine.perform(name, visible, pks, actor=actor, reason=reason, versions=versions)
        if tell:
            notify_of_designations(name, outcome.done, actor=actor, reason=reason)
    return outcome


def tell_of_designations(name: str, pks: Iterable[int], *, actor: User, reason: str = "") -> None:
    """As `tell_of`, of designations."""
    rows = Designation.objects.with_people().filter(pk__in=list(pks)).order_by("pk")
    notify_of_designations(name, list(rows), actor=actor, reason=reason)


def preview_designations(
    name: str, pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None
) -> Outcome[Designation]:
    """What `change_designations` would do and refuse at this moment; changes nothing."""
    return machine.preview(
        name, Designation.objects.visible_to(actor).with_people(), pks, actor=actor, versions=versions
    )


def expire_designations() -> Outcome[Designation]:
    """Ends the live designations whose last day is over."""
    with transaction.atomic():
        over = Designation.objects.live().filter(valid_until__lt=timezone.localdate())
        _lock_agents(over)
        pks = list(over.values_list("pk", flat=True))
        return machine.perform("expire", Designation.objects.with_people(), pks, actor=None)
