"""Disputes: the list, one dispute, and what each side may do with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Refusal, Refused
from designation.declared import declared
from designation.fields import KeysField
from designation.models import Request
from designation.permissions import READER_ROLES
from designation.selectors import visits_of
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.requests import ask_again, forbidden, refused_to
from training.forms.disputes import WORDINGS, DisputeActForm, DisputeFilterForm, OpenForm
from training.models import About, Dispute, ModuleVersion, Section
from training.permissions import TRAINING_READERS
from training.selectors import disputes as selectors
from training.workflow import disputes
from training.workflow.disputes import STATEMENTS, Matter, move_disputes, why_not_open

PER_PAGE = 50
READERS = tuple(dict.fromkeys([*READER_ROLES, *TRAINING_READERS]))
COLUMNS = [
    {"label": "Number", "key": "number"},
    {"label": "Level"},
    {"label": "Due", "key": "due"},
    {"label": "Point at issue"},
    {"label": "Open for", "key": "age"},
    {"label": "Waits for"},
    {"label": "About"},
]
MATTERS: dict[str, Any] = {
    About.SECTION: Section.objects.select_related("module_version__module"),
    About.VERSION: ModuleVersion.objects.select_related("module"),
    About.REQUEST: Request.objects.select_related("agent", "office", "division"),
}


@require_safe
@role_required(*READERS)
def dispute_list(request: SignedIn) -> HttpResponse:
    """The disputes that the user may see, filtered and sorted as the address says."""
    form = DisputeFilterForm(request.GET, user=request.user)
    found = selectors.find_disputes(request.user, **form.filters())
    sort = request.GET.get("sort", "")
    sort = sort if sort in selectors.SORTS else selectors.DEFAULT_SORT
    rows = selectors.with_whom_it_waits_for(found.with_age()).with_subjects().order_by(*selectors.SORTS[sort])
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "sort": sort,
        "filtered": bool(form.filters()),
        "columns": COLUMNS,
        "standings": selectors.standings(request.user),
        "reads_training": request.user.has_role(*TRAINING_READERS),
    }
    return render(request, "training/dispute_list.html", context)


def _crumbs() -> list[dict[str, str]]:
    return [
        {"label": "Training", "url": reverse("training:overview")},
        {"label": "Disputes", "url": reverse("training:dispute_list")},
    ]


@require_safe
@role_required(*READERS)
def dispute_detail(request: SignedIn, number: str) -> HttpResponse:
    dispute = _dispute_or_404(request, number)
    positions, proposals = list(dispute.positions.all()), list(dispute.proposals.all())
    visits = visits_of(dispute)
    context = {
        "crumbs": _crumbs(),
        "dispute": dispute,
        "facts": _facts(request, dispute),
        "next": selectors.what_comes_next(dispute),
        "acts": selectors.acts_open_to(dispute, request.user),
        "sides": selectors.sides(positions),
        "proposals": proposals[::-1],
        "timeline": selectors.history(dispute, visits, positions, proposals),
    }
    return render(request, "training/dispute.html", context)


def _dispute_or_404(request: SignedIn, number: str) -> Dispute:
    found = Dispute.objects.with_subjects().with_clocks().with_age().prefetch_related("positions", "proposals")
    dispute: Dispute = visible_or_404(found, request, number=number)
    return dispute


def _facts(request: SignedIn, dispute: Dispute) -> list[dict[str, Any]]:
    name, url = selectors.subject_of(dispute, request.user)
    about = format_html('<a class="usa-link" href="{}">{}</a>', url, name) if url else name
    return [
        {"label": "Point at issue", "value": dispute.issue},
        {"label": "About", "value": about},
        {"label": "Opened by", "value": f"{dispute.opened_by.recorded_name}, {dispute.opened_by_agency}"},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*READERS)
def dispute_open(request: SignedIn, about: str, number: str) -> HttpResponse:
    """Opens a dispute on a section, a version or a request."""
    if about not in MATTERS:
        raise Http404("There is nothing of that kind to dispute.")
    matter: Matter = visible_or_404(MATTERS[about], request, number=number)
    name, url = selectors.subject_of(Dispute(**{selectors.FIELDS[About(about)]: matter}), request.user)
    back = url or reverse("training:dispute_list")
    if refused := why_not_open(matter, request.user):
        if refused.code == "permission":
            return forbidden(request, back, refused.message)
        return refused_to(request, back, refused.message)
    others = matter.disputes.open().order_by("pk")
    known = KeysField.joined(others.values_list("pk", flat=True))
    form = OpenForm(request.POST if request.method == "POST" else None, initial={"known": known})
    if form.is_valid():
        try:
            dispute = disputes.open_dispute(matter, actor=request.user, **form.cleaned_data)
        except Refused as error:
            form.data = {**request.POST.dict(), "known": known}
            form.add_error(None, f"Nothing was done. {error}")
        else:
            messages.success(request, f"{dispute.number} is open. The other agency is told.")
            return redirect(dispute)
    context = {
        "crumbs": _crumbs(),
        "form": form,
        "name": name,
        "cancel_url": back,
        "others": others,
    }
    return render(request, "training/dispute_open.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*READERS)
def dispute_act(request: SignedIn, number: str, name: str) -> HttpResponse:
    """One act on a dispute: a page that says what it will do, takes what is to be said, and does it."""
    if name not in WORDINGS:
        raise Http404("There is no such act.")
    dispute = _dispute_or_404(request, number)
    back = dispute.get_absolute_url()
    refused = _refusal(name, dispute, request)
    if refused and refused.code == "permission":
        return forbidden(request, back, refused.message)
    if refused:
        return _too_late(request, dispute, refused)
    form = DisputeActForm(
        request.POST if request.method == "POST" else None, name=name, initial=_initial(name, dispute, request)
    )
    if form.is_valid():
        refused = _perform(name, dispute, request, form.cleaned_data)
        if refused is None:
            messages.success(request, f"{dispute.number}: {_done(name)}.")
            return redirect(back)
        dispute = _dispute_or_404(request, number)
        if refused.code != "stale":
            return _too_late(request, dispute, refused)
        ask_again(request, form, dispute.version, refused.message)
    act = STATEMENTS.get(name) or declared(Dispute, name)
    context = {
        "crumbs": [*_crumbs(), {"label": dispute.number, "url": back}],
        "dispute": dispute,
        "act": act,
        "form": form,
        "sides": selectors.sides(dispute.positions.all()),
        "heading": f"{act.label}: {dispute.number}",
        "submit": act.label,
        "cancel_url": back,
    }
    return render(request, "training/dispute_act.html", context)


def _too_late(request: SignedIn, dispute: Dispute, refused: Refusal) -> HttpResponse:
    """Leads to the dispute's page; whoever has typed something keeps it, beside what the dispute says now."""
    typed, back = request.POST.get("text", "").strip(), dispute.get_absolute_url()
    if not typed:
        return refused_to(request, back, refused.message)
    context = {
        "crumbs": [*_crumbs(), {"label": dispute.number, "url": back}],
        "dispute": dispute,
        "why": refused.message,
        "typed": typed,
    }
    return render(request, "training/dispute_too_late.html", context)


def _refusal(name: str, dispute: Dispute, request: SignedIn) -> Refusal | None:
    """Why the user may not make the act as the dispute stands."""
    if name in STATEMENTS:
        return disputes.why_not_state(name, dispute, request.user)
    return next(iter(disputes.preview_disputes(name, [dispute.pk], actor=request.user).refused), None)


def _initial(name: str, dispute: Dispute, request: SignedIn) -> dict[str, Any]:
    """A position is restated from what it is now."""
    initial: dict[str, Any] = {"version": dispute.version}
    if name == "state_position":
        own = [side.now for side in selectors.sides(dispute.positions.all()) if side.agency == request.user.agency_code]
        initial["text"] = own[0].text if own and own[0] else ""
    return initial


def _perform(name: str, dispute: Dispute, request: SignedIn, values: dict[str, Any]) -> Refusal | None:
    """Makes the act; returns why it was refused, None where it was not."""
    text, version, actor = values["text"], values["version"], request.user
    try:
        if name == "state_position":
            disputes.state_position(dispute.pk, text=text, actor=actor, version=version)
        elif name == "propose":
            disputes.propose(dispute.pk, text=text, actor=actor, version=version)
        elif name == "reject":
            disputes.reject(dispute.pk, answer=text, actor=actor, version=version)
        else:
            versions = {dispute.pk: version}
            outcome = move_disputes(name, [dispute.pk], actor=actor, reason=text, versions=versions)
            return outcome.refused[0] if outcome.refused else None
    except Refused as error:
        return error.refusal
    return None


def _done(name: str) -> str:
    return STATEMENTS[name].done if name in STATEMENTS else f"it is {declared(Dispute, name).done}"


urlpatterns = [
    path("disputes/", dispute_list, name="dispute_list"),
    path("disputes/open/<slug:about>/<slug:number>/", dispute_open, name="dispute_open"),
    path("disputes/<slug:number>/", dispute_detail, name="dispute"),
    path("disputes/<slug:number>/<slug:name>/", dispute_act, name="dispute_act"),
]
