"""Filing: what an office enters becomes requests on record, with the agents that are not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit import ledger, machine
from audit.machine import Outcome, Refusal
from designation.changes import record_added
from designation.checks import all_checks, kinds_for
from designation.models import Agent, Agreement, Office, Request, User
from designation.notices import notify
from designation.permissions import FILING_OFFICE


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
