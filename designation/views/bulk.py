"""One act on many requests: a page that says what will be done and what not, and a page that says what was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import ledger
from audit.machine import Outcome
from audit.models import Job
from designation import selectors, workflow
from designation.act_forms import BulkActForm
from designation.agents import changes_since
from designation.declared import Declared, declared
from designation.fields import is_key
from designation.forms import RequestFilterForm
from designation.jobs import is_large, order_acts
from designation.models import Request, Role, User
from designation.models.requests import State
from designation.panels import Act, panels_of
from designation.permissions import HSI_ROLES
from designation.selections import AT_ONCE, NOT_KEPT_HERE, grouped, hindrance, keep_outcome, kept_outcome, still_refused
from designation.views.access import SignedIn, post_only, role_required

ACTS: dict[Role, tuple[str, ...]] = {
    Role.HSI_HQ: ("endorse", "return_to_office"),
    Role.COORDINATOR: ("submit", "resubmit", "withdraw"),
}
ALL_ACTS = tuple(name for names in ACTS.values() for name in names)


def bulk_acts(user: User) -> list[Declared]:
    """The acts that the user's roles make on many requests at once."""
    return [declared(Request, name) for role, names in ACTS.items() if user.has_role(role) for name in names]


def states_for(acts: Iterable[Declared], user: User) -> list[str]:
    """The states from which the user's roles can make one of the acts at least."""
    names = {act.name for act in acts}
    return [
        state
        for state in State.values
        if any(
            found.name in names and user.has_role(*getattr(found.permission, "scopes", ()))
            for found in Request.transitions_from(state)
        )
    ]


def _list_url(request: SignedIn, **_arguments: str) -> str:
    return _with_filters(request, reverse("designation:request_list"))


@role_required(*HSI_ROLES)
@post_only(_list_url)
def bulk_preview(request: SignedIn) -> HttpResponse:
    """Says what the act will do to the selected requests, or to all that the filter shows; changes nothing."""
    act = _act_or_404(request, request.POST.get("act", ""))
    pks = _selected(request, act)
    if told := hindrance(len(pks)):
        messages.warning(request, told)
        return redirect(_list_url(request))
    outcome = workflow.preview(act.name, pks, actor=request.user)
    form = _form(act, outcome)
    return _confirm_page(request, act, form, outcome)


def _act_or_404(request: SignedIn, name: str) -> Declared:
    if name not in ALL_ACTS:
        raise Http404("There is no such act.")
    act = declared(Request, name)
    if act not in bulk_acts(request.user):
        raise PermissionDenied(f"“{act.label}” on many requests at once is not for your role.")
    return act


def _selected(request: SignedIn, act: Declared) -> list[int]:
    if "everything" in request.POST:
        filters = RequestFilterForm(request.GET, user=request.user).filters()
        found = selectors.find_requests(request.user, **filters).filter(state__in=states_for([act], request.user))
        return list(found.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    return [int(pk) for pk in request.POST.getlist("selected") if is_key(pk)]


def _form(act: Declared, outcome: Outcome[Request] | None = None, data: Any = None) -> BulkActForm:
    """The form of the act, to be sent or as it was sent."""
    initial = BulkActForm.initial_for(outcome) if outcome else None
    form = BulkActForm(data, initial=initial, reason_required=bool(act.reason_required))
    if act.name == "resubmit":
        form.fields["reason"].label = "Your answer to all of them"
        form.fields["reason"].help_text = "It goes on record with each. To change what a request asks, answer it alone."
    return form


def _with_filters(request: SignedIn, url: str) -> str:
    """The address, with the list's filters to come back to."""
    filters = request.GET.urlencode()
    return f"{url}?{filters}" if filters else url


def _confirm_page(request: SignedIn, act: Declared, form: BulkActForm, outcome: Outcome[Request]) -> HttpResponse:
    heading = f"{act.label}: {_counted(len(outcome.done))}"
    context = {
        "act": act,
        "form": form,
        "heading": heading,
        "submit": heading,
        "action_url": _with_filters(request, reverse("designation:bulk_act", args=[act.name])),
        "cancel_url": _list_url(request),
        "done": outcome.done,
        "asked": _asked(outcome.done) if act.name == "resubmit" else {},
        "agent_changes": changes_since(outcome.done),
        "panels": panels_of("act", Act(act.name, outcome.done), request.user),
        "refused": grouped(outcome.refused),
        "refused_count": len(outcome.refused),
    }
    return render(request, "designation/bulk_confirm.html", context)


def _asked(returned: Sequence[Request]) -> dict[str, str]:
    """Number -> what the return of the request asks for."""
    steps = ledger.last_steps(Request.workflow, [row.number for row in returned])
    return {number: step.reason for number, step in steps.items()}


def _counted(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"


@role_required(*HSI_ROLES)
@post_only(_list_url)
def bulk_act(request: SignedIn, name: str) -> HttpResponse:
    """Makes the act on what the preview showed, and leads to the page that says what came of it."""
    act = _act_or_404(request, name)
    form = _form(act, data=request.POST)
    valid = form.is_valid()
    versions, left_out = form.cleaned_data.get("selection"), form.cleaned_data.get("left_out")
    if not versions or left_out is None:
        messages.warning(request, hindrance(0))
        return redirect(_list_url(request))
    if valid and is_large(versions):
        return redirect(_ordered(request, act, form).path)
    if valid:
        reason = form.cleaned_data["reason"]
        outcome = workflow.transition(name, versions, actor=request.user, reason=reason, versions=versions)
    else:
        outcome = workflow.preview(name, versions, actor=request.user, versions=versions)
    outcome.refused += still_refused(workflow.preview(name, left_out, actor=request.user))
    if not valid:
        return _confirm_page(request, act, form, outcome)
    key = keep_outcome(request.session, name, outcome, reason)
    return redirect(_with_filters(request, reverse("designation:bulk_result", args=[key])))


def _ordered(request: SignedIn, act: Declared, form: BulkActForm) -> Job:
    given = form.cleaned_data
    return order_acts(
        "requests",
        act.name,
        owner=request.user,
        title=f"{act.label} {_counted(len(given['selection']))}",
        versions=given["selection"],
        left_out=given["left_out"],
        reason=given["reason"],
        back=_list_url(request),
    )


@require_safe
@role_required(*HSI_ROLES)
def bulk_result(request: SignedIn, key: str) -> HttpResponse:
    """What one of the user's last batches did, and what it refused and why."""
    kept = kept_outcome(request.session, key, ALL_ACTS)
    if kept is None:
        messages.info(request, NOT_KEPT_HERE)
        return redirect(_list_url(request))
    done = declared(Request, kept["act"]).done
    context = {
        **kept,
        "heading": f"{_counted(len(kept['done']))} {done}",
        "act_done": done,
        "list_url": _list_url(request),
    }
    return render(request, "designation/bulk_result.html", context)
