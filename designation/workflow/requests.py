"""How requests change after they are filed: one transition of many, of one, a draft amended, a return answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from audit import machine
from audit.machine import Outcome, Refusal, Refused
from audit.reasons import is_blank
from designation.checks import all_checks
from designation.declared import Declared, declared
from designation.models import FieldOpinion, Request, User
from designation.notices import notify
from designation.workflow.designations import designate
from designation.workflow.locks import lock_agents_of


@dataclass(frozen=True)
class Act(Declared):
    """A transition as it is offered on a page: `why_not` is empty when the user may do it now."""

    why_not: str


def transition(
    name: str,
    pks: Iterable[int],
    *,
    actor: User,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
    tell: bool = True,
) -> Outcome[Request]:
    """Makes one transition of many requests, in one database transaction.

    `versions` maps primary keys to the version that the actor was looking at; a request that has changed since is
    refused. What is refused, and why, is in the outcome; the rest is done. With `tell` false, nobody is told: the
    caller does so, with `tell_of`, once he has made all of a large act.
    """
    pks = list(pks)
    with transaction.atomic():
        lock_agents_of(Request.objects.filter(pk__in=pks))
        outcome = machine.perform(
            name,
            Request.objects.visible_to(actor).with_people(),
            pks,
            actor=actor,
            reason=reason,
            versions=versions,
            checks=all_checks(),
        )
        if outcome.done and name in EFFECTS:
            EFFECTS[name](outcome.done, actor, reason)
        if tell:
            notify(name, outcome.done, actor=actor, reason=reason)
    return outcome


def tell_of(name: str, pks: Iterable[int], *, actor: User, reason: str = "") -> None:
    """Tells whom it concerns of a transition that the requests have made without it: one notice for each person."""
    notify(name, list(Request.objects.filter(pk__in=list(pks)).order_by("pk")), actor=actor, reason=reason)


def transition_one(name: str, pk: int, *, actor: User, reason: str = "", version: int | None = None) -> Request:
    """Makes one transition of one request. Raises Refused with the reason when it may not be made."""
    versions = {pk: version} if version is not None else None
    return _only(transition(name, [pk], actor=actor, reason=reason, versions=versions))


def _only(outcome: Outcome[Any]) -> Any:
    if outcome.refused:
        raise Refused(outcome.refused[0])
    return outcome.done[0]


def preview(
    name: str, pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None
) -> Outcome[Request]:
    """What `transition` would do and refuse at this moment; changes nothing."""
    return machine.preview(
        name,
        Request.objects.visible_to(actor).with_people(),
        pks,
        actor=actor,
        versions=versions,
        checks=all_checks(),
    )


def acts(row: machine.Subject, user: User) -> list[Act]:
    """The transitions that leave the row's present state, with why the user may not make those that he may not."""
    return [_offered(row, found.name, user) for found in row.transitions_from(row.state)]


def _offered(row: machine.Subject, name: str, user: User) -> Act:
    refused = machine.judge(name, [row], actor=user, reason="given later", checks=_checks_for(row)).refused
    return Act(**vars(declared(type(row), name, row.state)), why_not=refused[0].message if refused else "")


def _checks_for(row: machine.Subject) -> list[machine.Check]:
    return all_checks() if isinstance(row, Request) else []


def amend_draft(pk: int, *, actor: User, version: int, kind: str, priority: str, justification: str) -> Request:
    """Changes a draft. Raises Refused when it is no longer a draft, has changed since, or is not the actor's."""
    with transaction.atomic():
        request = _locked_for_change("submit", pk, actor=actor, version=version)
        Request.objects.filter(pk=pk).update(
            kind=kind, priority=priority, justification=justification, version=request.version + 1
        )
    return Request.objects.get(pk=pk)


def resubmit(
    pk: int, *, actor: User, version: int, answer: str, priority: str, justification: str, kind: str = ""
) -> Request:
    """Answers a returned request. What the answer changes in the request goes on record with it; a blank kind stays.

    Raises Refused.
    """
    with transaction.atomic():
        request = _locked_for_change("resubmit", pk, actor=actor, version=version)
        content = {"kind": kind or request.kind, "priority": priority, "justification": justification}
        changes = _described_changes(request, **content)
        Request.objects.filter(pk=pk).update(**content)
        reason = "\n\n".join([answer.strip(), *changes]) if not is_blank(answer) else ""
        return transition_one("resubmit", pk, actor=actor, reason=reason, version=version)


def _locked_for_change(name: str, pk: int, *, actor: User, version: int) -> Request:
    lock_agents_of(Request.objects.filter(pk=pk))
    visible = Request.objects.visible_to(actor).with_people().filter(pk=pk)
    rows = list(visible.select_for_update(of=("self",)))
    if not rows:
        raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
    versions = {pk: version}
    return _only(machine.judge(name, rows, actor=actor, reason="given later", versions=versions))


def _described_changes(request: Request, *, kind: str, priority: str, justification: str) -> list[str]:
    changes = []
    if kind != request.kind:
        changes.append(f"Kind changed from {request.get_kind_display()} to {Request.Kind(kind).label}.")
    if priority != request.priority:
        now = Request.Priority(priority).label
        changes.append(f"Priority changed from {request.get_priority_display()} to {now}.")
    if justification != request.justification:
        changes.append(f"Justification changed. It was: {request.justification}")
    return changes


def _record_opinions(requests: Sequence[Request], actor: User, reason: str, *, concurs: bool) -> None:
    FieldOpinion.objects.current().filter(request__in=requests).update(superseded_at=Now())
    FieldOpinion.objects.bulk_create(
        FieldOpinion(
            request=request,
            division=request.division,
            concurs=concurs,
            reason=reason.strip(),
            given_by=actor,
            given_by_name=actor.recorded_name,
        )
        for request in requests
    )


def _record_concurrence(requests: Sequence[Request], actor: User, reason: str) -> None:
    _record_opinions(requests, actor, reason, concurs=True)


def _record_nonconcurrence(requests: Sequence[Request], actor: User, reason: str) -> None:
    _record_opinions(requests, actor, reason, concurs=False)


EFFECTS = {
    "concur": _record_concurrence,
    "nonconcur": _record_nonconcurrence,
    "approve": designate,
}
