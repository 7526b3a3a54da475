"""Who may change the list of agents, and how it is changed."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from designation.models import Agent, Office, Role, User

TAKEN = "Another agent was given this badge number or e-mail address a moment ago."


def may_keep_agents_of(user: User, office: Office) -> bool:
    """Coordinators keep the list of their own office, HSI headquarters those of all HSI offices."""
    if user.has_role(Role.HSI_HQ):
        return office.agency_id == "HSI"
    return user.has_role(Role.COORDINATOR) and office.pk == user.office_id


def save_agent(agent: Agent, *, actor: User) -> Agent:
    """Adds the agent, or changes the one on record.

    Raises PermissionDenied when the actor does not keep the list of the office that the agent is at or of the
    one he is to be at, ValidationError when the badge number or e-mail address is another agent's.
    """
    with transaction.atomic():
        offices = [agent.office]
        if agent.pk:
            offices.append(_locked(agent).office)
        if not all(may_keep_agents_of(actor, office) for office in offices):
            raise PermissionDenied("Only a coordinator of the agent's office, or HSI headquarters, may do this.")
        try:
            with transaction.atomic():
                agent.save()
        except IntegrityError as error:
            raise ValidationError(TAKEN) from error
    return agent


def set_active(agent: Agent, is_active: bool, *, actor: User) -> Agent:
    """Marks the agent active or not. His requests and designations stay as they are. Raises PermissionDenied."""
    with transaction.atomic():
        agent = _locked(agent)
        agent.is_active = is_active
        return save_agent(agent, actor=actor)


def _locked(agent: Agent) -> Agent:
    return Agent.objects.select_for_update(of=("self",)).select_related("office").get(pk=agent.pk)
