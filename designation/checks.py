"""What must hold before a transition beyond what it declares itself. Each check answers for a whole batch at once.

A check takes the transition's name, the rows and the actor, and returns primary key -> why the row may not move now.
Further checks are listed in settings.DESIGNATION_CHECKS as dotted paths, as password validators are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from audit.machine import Check
from designation.models import Agent, Designation, Office, Request, User
from designation.models.designations import LIVE

MOVE_FIRST = "Ask HSI headquarters to move the agent to your office first."


def all_checks() -> list[Check]:
    """This app's checks, and those that the settings add."""
    return [
        office_is_active,
        agent_is_active,
        agent_is_in_the_office,
        kind_fits_the_agent,
        no_other_open_request,
        *_plugged_in(),
    ]


@cache
def _plugged_in() -> tuple[Check, ...]:
    return tuple(import_string(path) for path in settings.DESIGNATION_CHECKS)


def office_is_active(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    """Nothing new is filed for a retired office; what is under way goes on."""
    if name != "submit":
        return {}
    retired = "The office is retired. File for the office that took its agents over."
    return {request.pk: retired for request in requests if not request.office.is_active}


def agent_is_active(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    if name not in {"submit", "resubmit", "approve"}:
        return {}
    return {
        request.pk: "The agent is no longer active. Withdraw the request, or mark the agent active again."
        for request in requests
        if not request.agent.is_active
    }


def agent_is_in_the_office(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    """A request is filed by the agent's own office; a transfer by the office that takes the agent."""
    if name not in {"submit", "resubmit"}:
        return {}
    away = [request for request in requests if request.agent.office_id != request.office_id]
    live = live_designations([request.agent_id for request in away]) if away else {}
    refused = {}
    for request in away:
        if not designated_elsewhere(live, request.agent_id, request.office_id):
            refused[request.pk] = f"The agent belongs to another office, with no designation to transfer. {MOVE_FIRST}"
        elif request.kind != Request.Kind.TRANSFER:
            refused[request.pk] = "The agent belongs to another office. File a transfer instead."
    return refused


def live_designations(agents: Sequence[int]) -> dict[int, int]:
    """Agent -> office of the live designation, of those that have one."""
    return _designated_agents(agents)[0]


def designated_elsewhere(live: Mapping[int, int], agent: int, office: int) -> bool:
    """Whether the agent's live designation is of another office, which is what a transfer needs."""
    return live.get(agent, office) != office


def kind_fits_the_agent(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    """Initial: no live designation. Renewal: there was one. Transfer: a live one at another office."""
    return _unfit_kinds(requests) if name in {"submit", "resubmit", "approve"} else {}


def _unfit_kinds(requests: Sequence[Request]) -> dict[int, str]:
    live, ever = _designated_agents([request.agent_id for request in requests])
    refused = {}
    for request in requests:
        agent, office = request.agent_id, request.office_id
        if request.kind == Request.Kind.INITIAL and agent in live:
            refused[request.pk] = "The agent is designated already. File a renewal or a transfer instead."
        elif request.kind == Request.Kind.RENEWAL and agent not in ever:
            refused[request.pk] = "The agent was never designated. File an initial request instead."
        elif request.kind == Request.Kind.TRANSFER and not designated_elsewhere(live, agent, office):
            refused[request.pk] = "A transfer needs a live designation at another office. File another kind instead."
    return refused


def why_kind_does_not_fit(kind: str, agent: Agent, office: Office) -> str:
    """Why a request of the kind does not fit the agent now, who may not be on record yet; empty when it does."""
    return next(iter(_unfit_kinds([Request(agent=agent, office=office, kind=kind)]).values()), "")


def kinds_for(agents: Sequence[Agent], office: Office) -> dict[int, str]:
    """The kind of request that fits each agent, by primary key, when the office files for it now."""
    live, ever = _designated_agents([agent.pk for agent in agents])
    return {agent.pk: _kind_for(agent.pk, office, live, ever) for agent in agents}


def _kind_for(agent: int, office: Office, live: Mapping[int, int], ever: set[int]) -> str:
    if designated_elsewhere(live, agent, office.pk):
        return Request.Kind.TRANSFER
    return Request.Kind.RENEWAL if agent in ever else Request.Kind.INITIAL


def _designated_agents(agents: Sequence[int]) -> tuple[dict[int, int], set[int]]:
    """Agent -> office of the live designation, and the agents that ever had one."""
    known = list(Designation.objects.filter(agent__in=agents).values_list("agent_id", "office_id", "state"))
    return {agent: office for agent, office, state in known if state in LIVE}, {agent for agent, _, _ in known}


def no_other_open_request(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    if name != "reconsider":
        return {}
    others = Request.objects.open().filter(agent__in=[request.agent_id for request in requests])
    open_by_agent = dict(others.values_list("agent_id", "number"))
    return {
        request.pk: f"The agent has another open request, {open_by_agent[request.agent_id]}."
        for request in requests
        if request.agent_id in open_by_agent
    }
