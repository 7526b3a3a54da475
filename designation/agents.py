"""Who may change the list of agents, how it is changed, and the record of who changed what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from audit.reasons import is_blank
from designation.changes import changes_of, record_added, record_changed
from designation.models import Agent, Office, Request, Role, User
from designation.models.requests import State

TAKEN = "Another agent was given this badge number or e-mail address a moment ago."
BADGE_STAYS = (
    "Requests were filed for the agent under this badge number, so only HSI headquarters corrects it, with a reason. "
    "For another person, add another agent."
)
WHY_CORRECTED = "Say why the badge number is corrected: it goes on record."
IDENTITY = {"badge_number", "first_name", "last_name"}
RECORDED = {
    "badge_number": "Badge number",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "hired_on": "Hired on",
    "office": "HSI office",
    "is_active": "Active",
}


def may_keep_agents_of(user: User, office: Office) -> bool:
    """Coordinators keep the list of their own office, HSI headquarters those of all HSI offices."""
    if user.has_role(Role.HSI_HQ):
        return office.agency_id == "HSI"
    return user.has_role(Role.COORDINATOR) and office.pk == user.office_id


class AgentChanged(Exception):
    """The agent was changed after the page was opened: `changes`, newest first, and the `version` of now."""

    def __init__(self, changes: list[LogEntry], version: int) -> None:
        super().__init__("The agent was changed since.")
        self.changes = changes
        self.version = version


def save_agent(agent: Agent, *, actor: User, version: int | None = None, reason: str = "") -> Agent:
    """Adds the agent, or changes the one on record; what changed goes on record too, with the reason if one is given.

    `version` is the one that the actor was looking at. A new badge number or name makes the open pages of the agent's
    open request stale, because they show another person.
    Raises AgentChanged when the agent has changed since; PermissionDenied when the actor does not keep the list of the
    office that the agent is at or of the one he is to be at; ValidationError when he may not change the badge number,
    or when it or the e-mail address is another agent's.
    """
    with transaction.atomic():
        before = _locked(agent) if agent.pk else None
        offices = [agent.office, before.office] if before else [agent.office]
        if not all(may_keep_agents_of(actor, office) for office in offices):
            raise PermissionDenied("Only a coordinator of the agent's office, or HSI headquarters, may do this.")
        if before is None:
            _save(agent)
            record_added([(agent, f"Added to {agent.office.code}.")], actor=actor)
        else:
            _change(before, agent, actor=actor, version=version, reason=reason.strip())
    return agent


def _change(before: Agent, agent: Agent, *, actor: User, version: int | None, reason: str) -> None:
    if version is not None and version != before.version:
        since = max(before.version - version, 1)
        raise AgentChanged(list(changes_of(before)[:since]), before.version)
    changed = {name for name in RECORDED if getattr(before, name) != getattr(agent, name)}
    if not changed:
        return
    if "badge_number" in changed:
        _check_badge_number(before, actor, reason)
    agent.version = before.version + 1
    _save(agent)
    told = f"{_told(before, agent, changed)} Reason: {reason}" if reason else _told(before, agent, changed)
    record_changed([(agent, told)], actor=actor)
    if changed & IDENTITY:
        Request.objects.open().filter(agent=agent).update(version=F("version") + 1)


def _check_badge_number(agent: Agent, actor: User, reason: str) -> None:
    """The badge number says whom the record is about."""
    if not is_on_record(agent):
        return
    if not actor.has_role(Role.HSI_HQ):
        raise ValidationError({"badge_number": BADGE_STAYS})
    if is_blank(reason):
        raise ValidationError({"reason": WHY_CORRECTED})


def is_on_record(agent: Agent) -> bool:
    """Whether a request was ever filed for the agent; a draft is nobody's business but the office's."""
    return Request.objects.filter(agent=agent).exclude(state=State.DRAFT).exists()


def _save(agent: Agent) -> None:
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError as error:
        raise ValidationError(TAKEN) from error


def set_active(agent: Agent, is_active: bool, *, actor: User) -> Agent:
    """Marks the agent active or not. His requests and designations stay as they are. Raises PermissionDenied."""
    with transaction.atomic():
        agent = _locked(agent)
        agent.is_active = is_active
        return save_agent(agent, actor=actor)


def move_agents(moves: Iterable[tuple[Agent, Office, str]], *, actor: User) -> None:
    """Moves agents, whom the caller has locked, each to an office and by what, as "T21-2026-000123"."""
    moved = [(agent, office, by) for agent, office, by in moves if agent.office_id != office.pk]
    changes = [(agent, f"HSI office: {agent.office.code} → {office.code}, by {by}.") for agent, office, by in moved]
    for agent, office, _by in moved:
        agent.office = office
        agent.version += 1
    Agent.objects.bulk_update([agent for agent, _office, _by in moved], ["office", "version"], batch_size=1000)
    record_changed(changes, actor=actor)


@dataclass(frozen=True)
class ChangeSince:
    """A change of a request's agent that was made after the request was."""

    request: Request
    entry: LogEntry


def changes_since(requests: Sequence[Request]) -> list[ChangeSince]:
    """How the requests' agents were changed since each request was made, oldest first."""
    if not requests:
        return []
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Agent),
        object_id__in={str(request.agent_id) for request in requests},
        action_flag=CHANGE,
        action_time__gte=min(request.created_at for request in requests),
    )
    of_agent: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        of_agent[str(request.agent_id)].append(request)
    return [
        ChangeSince(request, entry)
        for entry in entries.select_related("user").order_by("action_time", "pk")
        for request in of_agent[str(entry.object_id)]
        if entry.action_time >= request.created_at
    ]


def _told(before: Agent, after: Agent, changed: set[str]) -> str:
    """What differs, as "E-mail: none → lee@example.gov; Active: yes → no."."""
    changes = [
        f"{label}: {_value(before, name)} → {_value(after, name)}"
        for name, label in RECORDED.items()
        if name in changed
    ]
    return f"{'; '.join(changes)}."


def _value(agent: Agent, name: str) -> str:
    value: Any = getattr(agent, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.code if isinstance(value, Office) else value or "none"


def _locked(agent: Agent) -> Agent:
    return Agent.objects.select_for_update(of=("self",)).select_related("office").get(pk=agent.pk)
