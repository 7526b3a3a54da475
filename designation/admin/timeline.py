"""A subject's steps as the timeline component shows them."""

from __future__ import annotations

from typing import Any

from audit.machine import Subject
from audit.models import StageVisit, StepEvent
from designation.admin.declared import declared, state_labels
from designation.models import Role

FIRST_STEPS = {"create": "Filed", "grant": "Granted"}


def timeline(subject: Subject) -> list[dict[str, Any]]:
    """The subject's steps, oldest first, each with the stage that it ended and the business seconds spent there."""
    rows = {"workflow": subject.workflow, "subject": subject.number}
    visits = {visit.sequence: visit for visit in StageVisit.objects.filter(**rows)}
    steps = StepEvent.objects.filter(**rows).select_related("actor").order_by("sequence")
    return [_entry(subject, step, visits.get(step.sequence - 1)) for step in steps]


def _entry(subject: Subject, step: StepEvent, left: StageVisit | None) -> dict[str, Any]:
    states = state_labels(type(subject))
    return {
        "label": _label(subject, step),
        "at": step.at,
        "who": _who(step),
        "reason": step.reason,
        "stage": states.get(left.stage, left.stage) if left else "",
        "seconds": left.business_seconds if left else None,
        "party": left.party if left else "",
        "late": left is not None and left.met is False,
    }


def _label(subject: Subject, step: StepEvent) -> str:
    if step.transition in subject.transition_names():
        return declared(type(subject), step.transition).done.capitalize()
    return FIRST_STEPS.get(step.transition, step.transition)


def _who(step: StepEvent) -> str:
    name = str(step.actor) if step.actor else step.actor_name
    role = Role(step.actor_role).label if step.actor_role in Role.values else ""
    return ", ".join(part for part in (name, role or step.actor_agency) if part)
