"""How designations change: an approval grants them, people act on them, and time ends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import ledger, machine
from audit.machine import Outcome
from designation.agents import move_agents
from designation.models import Agent, Designation, Request, User
from designation.notices import notify_of_designations
from designation.workflow.locks import lock_agents_of


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


def term_end(first_day: date) -> date:
    """The last day of a term of settings.DESIGNATION_TERM_YEARS that begins on the day."""
    year = first_day.year + settings.DESIGNATION_TERM_YEARS
    try:
        anniversary = first_day.replace(year=year)
    except ValueError:  # 29 February, in a year that has none
        anniversary = date(year, 3, 1)
    return anniversary - timedelta(days=1)


def designate(requests: Sequence[Request], actor: User, reason: str) -> None:
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


def _move_transferred(requests: Sequence[Request], actor: User) -> None:
    transfers = [request for request in requests if request.kind == Request.Kind.TRANSFER]
    agents = Agent.objects.select_related("office").in_bulk([request.agent_id for request in transfers])
    moves = [(agents[request.agent_id], request.office, request.number) for request in transfers]
    move_agents(moves, actor=actor)


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
        lock_agents_of(Designation.objects.filter(pk__in=pks))
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
        lock_agents_of(over)
        pks = list(over.values_list("pk", flat=True))
        return machine.perform("expire", Designation.objects.with_people(), pks, actor=None)
