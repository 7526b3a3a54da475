"""One act on many requests: a page that says what will be done and what not, and a page that says what was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.machine import Outcome, Refusal
from designation import selectors, workflow
from designation.forms import BulkActForm, RequestFilterForm, SelectionField, is_key
from designation.models import Request, Role
from designation.models.requests import State
from designation.views.access import SignedIn, role_required

ACTS = ("endorse", "return_to_office")
AT_ONCE = 10_000
# The session keeps what the last batch did, so that its page can be opened again and sent by nobody twice.
SESSION_KEY = "last_batch"


@require_POST
@role_required(Role.HSI_HQ)
def bulk_preview(request: SignedIn) -> HttpResponse:
    """Says what the act will do to the selected requests, or to all that the filter shows; changes nothing."""
    name = _act_or_404(request.POST.get("act", ""))
    pks = _selected(request)
    if not pks or len(pks) > AT_ONCE:
        told = f"Narrow the list to {AT_ONCE:,} requests or fewer." if pks else "Select at least one request."
        messages.warning(request, f"{told} Nothing was done.")
        return redirect(_list_url(request))
    outcome = workflow.preview(name, pks, actor=request.user)
    form = _form(name, initial={"selection": SelectionField.text(outcome.done)})
    return _confirm_page(request, name, form, outcome)


def _act_or_404(name: str) -> str:
    if name not in ACTS:
        raise Http404("There is no such act.")
    return name


def _selected(request: SignedIn) -> list[int]:
    if "everything" in request.POST:
        filters = RequestFilterForm(request.GET, user=request.user).filters()
        found = selectors.find_requests(request.user, **filters).filter(state=State.HSI_REVIEW)
        return list(found.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    return [int(pk) for pk in request.POST.getlist("selected") if is_key(pk)]


def _form(name: str, data: Any = None, **kwargs: Any) -> BulkActForm:
    return BulkActForm(data, reason_required=selectors.declared_act(name).reason_required, **kwargs)


def _list_url(request: SignedIn) -> str:
    filters = request.GET.urlencode()
    return reverse("designation:request_list") + (f"?{filters}" if filters else "")


def _confirm_page(request: SignedIn, name: str, form: BulkActForm, outcome: Outcome[Request]) -> HttpResponse:
    act = selectors.declared_act(name)
    filters = request.GET.urlencode()
    context = {
        "act": act,
        "form": form,
        "heading": f"{act.label}: {_counted(len(outcome.done))}",
        "submit": f"{act.label}: {_counted(len(outcome.done))}",
        "action_url": reverse("designation:bulk_act", args=[name]) + (f"?{filters}" if filters else ""),
        "cancel_url": _list_url(request),
        "done": outcome.done,
        "refused": grouped(outcome.refused),
        "refused_count": len(outcome.refused),
    }
    return render(request, "designation/bulk_confirm.html", context)


def _counted(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"


def grouped(refused: Sequence[Refusal]) -> list[dict[str, Any]]:
    """The refusals by their reason, the most frequent first."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for refusal in refused:
        numbers[refusal.message].append(refusal.number)
    groups = [{"why": why, "numbers": of_reason, "count": len(of_reason)} for why, of_reason in numbers.items()]
    return sorted(groups, key=lambda group: -group["count"])


@require_POST
@role_required(Role.HSI_HQ)
def bulk_act(request: SignedIn, name: str) -> HttpResponse:
    """Makes the act on what the preview showed, and leads to the page that says what came of it."""
    form = _form(_act_or_404(name), request.POST)
    valid = form.is_valid()
    versions = form.cleaned_data.get("selection")
    if not versions:
        messages.warning(request, "Select at least one request. Nothing was done.")
        return redirect(_list_url(request))
    if not valid:
        return _confirm_page(request, name, form, workflow.preview(name, versions, actor=request.user))
    outcome = workflow.transition(
        name, versions, actor=request.user, reason=form.cleaned_data["reason"], versions=versions
    )
    request.session[SESSION_KEY] = {
        "act": name,
        "done": [request.number for request in outcome.done],
        "refused": grouped(outcome.refused),
        "list_url": _list_url(request),
    }
    return redirect("designation:bulk_result")


@require_safe
@role_required(Role.HSI_HQ)
def bulk_result(request: SignedIn) -> HttpResponse:
    """What the user's last batch did, and what it refused and why."""
    result = request.session.get(SESSION_KEY)
    if result is None:
        return redirect("designation:request_list")
    refused_count = sum(group["count"] for group in result["refused"])
    done = selectors.done_word(result["act"])
    context = {
        **result,
        "heading": f"{_counted(len(result['done']))} {done}",
        "refused_count": refused_count,
        "done_word": done,
    }
    return render(request, "designation/bulk_result.html", context)
