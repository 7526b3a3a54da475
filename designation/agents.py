"""Who may change the list of agents, how it is changed, and the record of who changed what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from designation.models import Agent, Office, Role, User

TAKEN = "Another agent was given this badge number or e-mail address a moment ago."
RECORDED = {
    "badge_number": "Badge number",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "office": "HSI office",
    "is_active": "Active",
}


def may_keep_agents_of(user: User, office: Office) -> bool:
    """Coordinators keep the list of their own office, HSI headquarters those of all HSI offices."""
    if user.has_role(Role.HSI_HQ):
        return office.agency_id == "HSI"
    return user.has_role(Role.COORDINATOR) and office.pk == user.office_id


def save_agent(agent: Agent, *, actor: User) -> Agent:
    """Adds the agent, or changes the one on record; what changed goes on record too.

    Raises PermissionDenied when the actor does not keep the list of the office that the agent is at or of the
    one he is to be at, ValidationError when the badge number or e-mail address is another agent's.
    """
    with transaction.atomic():
        before = _locked(agent) if agent.pk else None
        offices = [agent.office, before.office] if before else [agent.office]
        if not all(may_keep_agents_of(actor, office) for office in offices):
            raise PermissionDenied("Only a coordinator of the agent's office, or HSI headquarters, may do this.")
        try:
            with transaction.atomic():
                agent.save()
        except IntegrityError as error:
            raise ValidationError(TAKEN) from error
        if before is None:
            record_added([(agent, f"Added to {agent.office.code}.")], actor=actor)
        elif changed := _changed(before, agent):
            record_changed([(agent, changed)], actor=actor)
    return agent


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
    Agent.objects.bulk_update([agent for agent, _office, _by in moved], ["office"], batch_size=1000)
    record_changed(changes, actor=actor)


def record_added(agents: Iterable[tuple[Agent, str]], *, actor: User) -> None:
    """Puts on record, in Django's log of changes, who added the agents, each with a sentence on how."""
    _record(ADDITION, agents, actor)


def record_changed(agents: Iterable[tuple[Agent, str]], *, actor: User) -> None:
    """Puts on record, in Django's log of changes, who changed the agents, each with its old and new values."""
    _record(CHANGE, agents, actor)


def _record(flag: int, agents: Iterable[tuple[Agent, str]], actor: User) -> None:
    entries = [
        LogEntry(
            user=actor,
            content_type=ContentType.objects.get_for_model(Agent),
            object_id=str(agent.pk),
            object_repr=str(agent)[:200],
            action_flag=flag,
            change_message=told,
        )
        for agent, told in agents
    ]
    LogEntry.objects.bulk_create(entries, batch_size=1000)


def changes_of(agent: Agent) -> QuerySet[LogEntry]:
    """The changes of the agent that are on record, newest first, with their users."""
    kind = ContentType.objects.get_for_model(Agent)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(agent.pk))
    return entries.select_related("user").order_by("-action_time", "-pk")


def _changed(before: Agent, after: Agent) -> str:
    """What differs, as "E-mail: none → lee@example.gov; Active: yes → no."; empty when nothing does."""
    changes = [
        f"{label}: {old} → {new}"
        for name, label in RECORDED.items()
        if (old := _value(before, name)) != (new := _value(after, name))
    ]
    return f"{'; '.join(changes)}." if changes else ""


def _value(agent: Agent, name: str) -> str:
    value: Any = getattr(agent, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.code if isinstance(value, Office) else value or "none"


def _locked(agent: Agent) -> Agent:
    return Agent.objects.select_for_update(of=("self",)).select_related("office").get(pk=agent.pk)
