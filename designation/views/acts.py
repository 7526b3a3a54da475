"""One act on one row of a workflow: a page that says what it will do, takes the reason, and does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from audit.machine import Outcome
from designation import workflow
from designation.act_forms import ActForm
from designation.declared import declared
from designation.models import Designation, Request
from designation.permissions import HSI_ROLES
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.requests import ask_again, detail_url, forbidden, refused_to


@dataclass(frozen=True)
class Page:
    """What differs between the acts on rows of one kind and those of another, as requests and designations.

    `crumbs` are the pages above, of which the last is the one to go back to; `about` tells the row in a few words.
    """

    acts: tuple[str, ...]
    preview: Callable[..., Outcome[Any]]
    perform: Callable[..., Outcome[Any]]
    crumbs: Callable[[Any], list[dict[str, str]]]
    about: Callable[[Any], str]
    template: str = "designation/act.html"


def _request_crumbs(row: Request) -> list[dict[str, str]]:
    return [
        {"label": "Requests", "url": reverse("designation:request_list")},
        {"label": row.number, "url": detail_url(row)},
    ]


def _designation_crumbs(row: Designation) -> list[dict[str, str]]:
    return [
        {"label": "Agents", "url": reverse("designation:agent_list")},
        {"label": row.agent.full_name, "url": reverse("designation:agent_detail", args=[row.agent_id])},
    ]


# Submitting and answering a request have pages of their own.
ON_REQUEST = Page(
    acts=("endorse", "return_to_office", "withdraw"),
    preview=workflow.preview,
    perform=workflow.transition,
    crumbs=_request_crumbs,
    about=lambda row: f"{row.get_kind_display()}, {row.get_priority_display().lower()}",
)
ON_DESIGNATION = Page(
    acts=("relinquish",),
    preview=workflow.preview_designations,
    perform=workflow.change_designations,
    crumbs=_designation_crumbs,
    about=lambda row: f"{date_format(row.valid_from)} to {date_format(row.valid_until)}",
)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def request_act(request: SignedIn, number: str, name: str) -> HttpResponse:
    """An act of HSI on a request."""
    row = visible_or_404(Request.objects.with_people().with_clock(), request, number=number)
    return act_on(request, row, name, ON_REQUEST)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def designation_act(request: SignedIn, number: str, name: str) -> HttpResponse:
    """An act of HSI on a designation."""
    row = visible_or_404(Designation.objects.with_people(), request, number=number)
    return act_on(request, row, name, ON_DESIGNATION)


def _has_moved_on(request: SignedIn, row: Any) -> bool:
    """Whether somebody else acted since the form that was sent was opened: it may now be another's turn."""
    return request.POST.get("version", str(row.version)) != str(row.version)


def act_on(request: SignedIn, row: Any, name: str, page: Page) -> HttpResponse:
    """The page of the act on a row that the user may see. Raises Http404 for an act that the page does not have."""
    if name not in page.acts:
        raise Http404("There is no such act.")
    act, crumbs = declared(type(row), name), page.crumbs(row)
    back = crumbs[-1]["url"]
    refused = page.preview(name, [row.pk], actor=request.user).refused
    if refused and refused[0].code == "permission" and not _has_moved_on(request, row):
        return forbidden(request, back, refused[0].message)
    if refused:
        return refused_to(request, back, refused[0].message)
    form = ActForm(request.POST or None, reason_required=act.needs_reason([row]), initial={"version": row.version})
    if form.is_valid():
        reason, versions = form.cleaned_data["reason"], {row.pk: form.cleaned_data["version"]}
        refused = page.perform(name, [row.pk], actor=request.user, reason=reason, versions=versions).refused
        if not refused:
            messages.success(request, f"{row.number} is {act.done}.")
            return redirect(back)
        if refused[0].code != "stale":
            return refused_to(request, back, refused[0].message)
        ask_again(request, form, row.version, refused[0].message)
    context = {
        "row": row,
        "act": act,
        "form": form,
        "about": page.about(row),
        "crumbs": crumbs,
        "heading": f"{act.label}: {row.number}",
        "submit": act.label,
        "danger": act.harmful,
        "cancel_url": back,
    }
    return render(request, page.template, context)
