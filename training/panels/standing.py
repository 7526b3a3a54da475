"""What the pages of requests and agents show of required training, through settings.DESIGNATION_PANELS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.dateparse import parse_date

from designation.models import Agent, Request, User
from designation.models.requests import FINAL_STATES
from designation.panels import Act, Panel
from training.checks import GATES, people_of, requirements_of, today
from training.models import Requirement
from training.tracking.history import completions_of
from training.tracking.standing import LACKING, UNAVAILABLE, Standing, required_agents, standing, standing_of

HEADING = "Required training"
LISTED = 50


@dataclass(frozen=True)
class Item:
    """A requirement and how somebody stands to it."""

    rule: Requirement
    found: Standing


def on_request(row: Request, user: User) -> Panel | None:
    """How the agent of an open request stands, and the user himself where he acts on requests."""
    if row.state in FINAL_STATES:
        return None
    rules = {rule.pk: rule for rule in requirements_of([row], user)}
    found = standing(people_of([row], user), today()) if rules else []
    context = {
        "agent": _by_module(Item(rules[item.requirement], item) for item in found if item.agent),
        "own": _by_module(Item(rules[item.requirement], item) for item in found if item.user),
    }
    return Panel(HEADING, "training/panel_request.html", context) if found else None


def on_act(act: Act, user: User) -> Panel | None:
    """Of requests that an act is about to move on: whose agent lacks training, whether or not that stops the act."""
    if act.name not in GATES:
        return None
    rules = {rule.pk: rule for rule in requirements_of(act.requests, None)}
    found = standing(people_of(act.requests, None), today()) if rules else []
    kinds: dict[str, dict[int | None, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in found:
        if item.status in (*LACKING, *UNAVAILABLE):
            rule = rules[item.requirement]
            kinds[_bearing(item, rule, act.name)][item.agent].append(Item(rule, item))
    groups = [_group(heading, act.requests, kinds[heading]) for heading in BEARINGS if heading in kinds]
    return Panel("Training that is not complete", "training/panel_act.html", {"groups": groups}) if groups else None


STOPS, DOES_NOT_STOP, UNAVAILABLE_NOW = BEARINGS = (
    "It stops this act",
    "It does not stop this act",
    "Its module is not available, so it stops nothing",
)


def _bearing(found: Standing, rule: Requirement, act: str) -> str:
    if found.status in UNAVAILABLE:
        return UNAVAILABLE_NOW
    return STOPS if rule.blocks == GATES[act] else DOES_NOT_STOP


def _group(heading: str, requests: Sequence[Request], lacking: Mapping[int | None, list[Item]]) -> dict[str, Any]:
    rows = [(request, lacking[request.agent_id]) for request in requests if request.agent_id in lacking]
    return {"heading": heading, "rows": rows[:LISTED], "more": max(len(rows) - LISTED, 0), "count": len(rows)}


def on_agent(agent: Agent, user: User, asked: Mapping[str, str]) -> Panel | None:
    """How the agent stands today, and his completions as they were on record on the day that the address names."""
    on, problem = _day(asked.get("training_on", ""))
    agents = required_agents(Agent.objects.filter(pk=agent.pk))
    context = {
        "agent": agent,
        "now": _items(standing_of(agents, today())),
        "then": _items(standing_of(agents, on)) if on < today() else [],
        "history": completions_of(agent, on),
        "on": on,
        "problem": problem,
        "is_today": on == today(),
        "today": today(),
    }
    return Panel("Training", "training/panel_agent.html", context)


def _items(found: Sequence[Standing]) -> list[Item]:
    rules = Requirement.objects.select_related("module").in_bulk([row.requirement for row in found])
    return _by_module(Item(rules[row.requirement], row) for row in found)


def _by_module(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.rule.module.code)


def _day(text: str) -> tuple[date, str]:
    """The day that is asked for, or else today and what is wrong with what is asked."""
    try:
        day = parse_date(text) if text else today()
    except ValueError:
        day = None
    if day is None:
        return today(), "Enter a date, as 2026-03-01. Shown is today."
    return (today(), "Enter today or a day before it. Shown is today.") if day > today() else (day, "")
