"""How requirements are set and ended, and waivers granted and taken back. None is ever edited."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format

from audit.machine import Refusal, Refused
from audit.reasons import is_blank
from designation.models import User
from training.models import Audience, Module, Requirement, Waiver
from training.permissions import SETTERS

NEVER_BEGAN = Q(effective_until=F("effective_from"))
ONLY_SETTERS = "Only a training manager, or the headquarters of HSI or DEA, may do this."


def set_requirement(requirement: Requirement, *, actor: User) -> Requirement:
    """Puts a requirement on file. It begins today or later, so that nobody's past is judged by it.

    Raises PermissionDenied; Refused where one of the same module and audience is in force then.
    """
    _only_setters(actor)
    with transaction.atomic():
        Module.objects.select_for_update().get(pk=requirement.module_id)
        if requirement.effective_from < timezone.localdate():
            raise Refused(Refusal(str(requirement), "past", "A requirement begins today or later."))
        same = (
            Requirement.objects.filter(
                Q(effective_until__isnull=True) | Q(effective_until__gt=requirement.effective_from),
                module=requirement.module,
                audience__overlap=requirement.audience,
            )
            .exclude(NEVER_BEGAN)
            .first()
        )
        if same is not None:
            whom = ", ".join(Audience(found).label for found in same.audience if found in requirement.audience)
            message = f"One is in force from {date_format(same.effective_from)} on: {whom}. End that one first."
            raise Refused(Refusal(str(requirement), "overlap", message))
        requirement.set_by_name = actor.recorded_name
        requirement.save(force_insert=True)
    return requirement


def end_requirement(pk: int, *, actor: User, why: str, until: date | None = None) -> Requirement:
    """Ends a requirement today, or on a later day; one that has not begun never does.

    An end that is yet to come can be brought forward; why it was to end then stays on record. Raises Refused.
    """
    _only_setters(actor)
    with transaction.atomic():
        requirement = Requirement.objects.select_for_update().get(pk=pk)
        today = timezone.localdate()
        end = until or today
        if requirement.has_ended(today):
            raise Refused(Refusal(str(requirement), "ended", "This requirement has ended."))
        if end < today:
            raise Refused(Refusal(str(requirement), "past", "A requirement ends today or later."))
        before = requirement.effective_until
        if before is not None and end >= before:
            message = f"It ends on {date_format(before)} already. Give an earlier day."
            raise Refused(Refusal(str(requirement), "ended", message))
        if is_blank(why):
            raise Refused(Refusal(str(requirement), "reason", "Give a reason: it goes on record."))
        requirement.effective_until = max(end, requirement.effective_from)
        reasons = [why.strip()]
        if before is not None:
            said = f"{requirement.ended_by_name}: {requirement.ended_why}"
            reasons.append(f"It was to end on {date_format(before)}, by {said}")
        requirement.ended_by_name, requirement.ended_why = actor.recorded_name, "\n".join(reasons)
        requirement.ended_at = timezone.now()
        requirement.save(update_fields=["effective_until", "ended_by_name", "ended_why", "ended_at"])
    return requirement


def grant_waiver(waiver: Waiver, *, actor: User) -> Waiver:
    """Lets a person do without a module from today until a day. Raises PermissionDenied, Refused."""
    _only_setters(actor)
    today = timezone.localdate()
    if waiver.until < today:
        raise Refused(Refusal(str(waiver), "past", "The last day of a waiver is today or later."))
    if waiver.user_id == actor.pk:
        raise Refused(Refusal(str(waiver), "permission", "Nobody waives a module for himself."))
    with transaction.atomic():
        person = {"agent": waiver.agent} if waiver.agent_id else {"user": waiver.user}
        Module.objects.select_for_update().get(pk=waiver.module_id)
        if Waiver.objects.in_force(today).filter(module=waiver.module, **person).exists():
            raise Refused(Refusal(str(waiver), "overlap", "A waiver is in force already. End that one first."))
        waiver.granted_on, waiver.granted_by, waiver.granted_by_name = today, actor, actor.recorded_name
        waiver.save(force_insert=True)
    return waiver


def end_waiver(pk: int, *, actor: User, why: str) -> Waiver:
    """Ends a waiver today. Raises PermissionDenied, Refused."""
    _only_setters(actor)
    if is_blank(why):
        raise Refused(Refusal(f"#{pk}", "reason", "Give a reason: it goes on record."))
    with transaction.atomic():
        waiver = Waiver.objects.select_for_update().get(pk=pk)
        if waiver.ended_on is not None:
            raise Refused(Refusal(str(waiver), "ended", "This waiver was ended already."))
        waiver.ended_on, waiver.ended_by_name, waiver.ended_why = (
            timezone.localdate(),
            actor.recorded_name,
            why.strip(),
        )
        waiver.save(update_fields=["ended_on", "ended_by_name", "ended_why"])
    return waiver


def _only_setters(actor: User) -> None:
    if not actor.has_role(*SETTERS):
        raise PermissionDenied(ONLY_SETTERS)
