"""The rule that training plugs into the workflow of requests, through settings.DESIGNATION_CHECKS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.utils import timezone

from designation.models import Request, User
from training.models import Blocks, Requirement
from training.models.requirements import RequirementQuerySet
from training.permissions import SETTERS
from training.tracking.standing import LACKING, Person, Standing, Status, acting_as, standing

GATES = {"submit": Blocks.SUBMISSION, "resubmit": Blocks.SUBMISSION, "approve": Blocks.APPROVAL}
"""Transition -> what a requirement blocks that is asked there."""
FOR_AGENT = "Record the completion, or have the module waived, first."
ASK_FOR_AGENT = "Ask a training manager to record the completion, or to waive the module, first."
FOR_ACTOR = "Complete it, or have it waived, before you act."


def training_is_complete(name: str, requests: Sequence[Request], actor: User) -> Mapping[int, str]:
    """Keeps a request from submission or approval while training that blocks it is missing or expired.

    Asked are its agent, and the actor: as a coordinator who submits, as a DEA reviewer who approves. A module of which
    no version is published blocks nobody.
    """
    if name not in GATES:
        return {}
    blocking = requirements_of(requests, actor).filter(blocks=GATES[name])
    rules = {rule.pk: rule for rule in blocking}
    audiences = {audience for rule in rules.values() for audience in rule.audience}
    people = [person for person in people_of(requests, actor) if person.audience in audiences]
    lacking = [row for row in standing(people, today()) if row.requirement in rules and row.status in LACKING]
    by_agent: dict[int | None, list[Standing]] = defaultdict(list)
    for row in lacking:
        by_agent[row.agent].append(row)
    own = [_told(by_agent[None], rules, "You lack", FOR_ACTOR)] if None in by_agent else []
    then = FOR_AGENT if actor.has_role(*SETTERS) else ASK_FOR_AGENT
    of_agent = {agent: _told(rows, rules, "The agent lacks", then) for agent, rows in by_agent.items() if agent}
    said = {request.pk: [*own, *filter(None, [of_agent.get(request.agent_id)])] for request in requests}
    return {pk: " ".join(parts) for pk, parts in said.items() if parts}


def requirements_of(requests: Iterable[Request], actor: User | None) -> RequirementQuerySet:
    """The requirements in force today for the agents of the requests, and for the actor if one is given."""
    audiences = {request.kind for request in requests} | ({acting_as(actor)} if actor else set())
    in_force = Requirement.objects.in_force(today()).filter(audience__overlap=sorted(audiences - {""}))
    return in_force.select_related("module").order_by("module__code", "pk")


def people_of(requests: Iterable[Request], actor: User | None) -> list[Person]:
    """The agents of the requests, each by the kind of his, and the actor by his roles."""
    people = [Person(request.kind, agent=request.agent_id) for request in requests]
    if actor is not None and (audience := acting_as(actor)):
        people.append(Person(audience, user=actor.pk))
    return people


def today() -> date:
    return timezone.localdate()


def _told(rows: Sequence[Standing], rules: Mapping[int, Requirement], who: str, then: str) -> str:
    """As “The agent lacks JT-2009 Joint training (expired on March 1, 2026). Record the completion, ...”."""
    parts = [f"{rules[row.requirement].module} ({why_lacking(row)})" for row in rows]
    return f"{who} required training: {'; '.join(sorted(parts))}. {then}"


def why_lacking(row: Standing) -> str:
    if row.status == Status.EXPIRED and row.valid_until:
        return f"expired after {row.valid_until:%B} {row.valid_until.day}, {row.valid_until.year}"
    return "missing"
