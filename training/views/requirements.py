"""Which module is required of whom, and who need not complete it: what is in force, what was, and by whom."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Refused
from designation.models import Role
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.requests import refused_to
from training.forms.tracking import EndRequirementForm, EndWaiverForm, RequirementForm, WaiverForm
from training.models import ModuleVersion, Requirement, Waiver
from training.permissions import TRAINING_READERS
from training.workflow.requirements import (
    ONLY_SETTERS,
    SETTERS,
    end_requirement,
    end_waiver,
    grant_waiver,
    set_requirement,
)

WAIVERS_ON_A_PAGE = 50


def _only_setters(request: SignedIn) -> None:
    if not request.user.has_role(*SETTERS):
        raise PermissionDenied(ONLY_SETTERS)


@require_safe
def requirement_list(request: SignedIn) -> HttpResponse:
    today = timezone.localdate()
    published = Exists(ModuleVersion.objects.published().filter(module=OuterRef("module")))
    once_published = Exists(ModuleVersion.objects.once_published().filter(module=OuterRef("module")))
    visible = Requirement.objects.visible_to(request.user).select_related("module")
    every = visible.annotate(available=published, once_published=once_published)
    rows = list(every.order_by("module__code", "effective_from", "pk"))
    ended = [row for row in rows if row.has_ended(today)]
    context = {
        "in_force": [row for row in rows if row.effective_from <= today and row not in ended],
        "to_come": [row for row in rows if row.effective_from > today and row not in ended],
        "ended": sorted(ended, key=lambda row: row.ended_at or row.set_at, reverse=True),
        "sets": request.user.has_role(*SETTERS),
    }
    return render(request, "training/requirement_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def requirement_set(request: SignedIn) -> HttpResponse:
    _only_setters(request)
    form = RequirementForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            row = set_requirement(form.instance, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{row.module.code} is required from {date_format(row.effective_from)} on.")
            return redirect("training:requirement_list")
    context = {
        "form": form,
        "heading": "Set a requirement",
        "submit": "Set requirement",
        "parent": "Requirements",
        "cancel_url": reverse("training:requirement_list"),
    }
    return render(request, "training/requirement_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def requirement_end(request: SignedIn, pk: int) -> HttpResponse:
    _only_setters(request)
    row = visible_or_404(Requirement.objects.select_related("module"), request, pk=pk)
    form = EndRequirementForm(request.POST or None)
    if row.has_ended(timezone.localdate()):
        return refused_to(request, reverse("training:requirement_list"), "This requirement has ended.")
    if form.is_valid():
        values = form.cleaned_data
        try:
            end_requirement(row.pk, actor=request.user, why=values["why"], until=values["until"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The requirement of {row.module.code} ends.")
            return redirect("training:requirement_list")
    context = {
        "form": form,
        "row": row,
        "heading": f"End the requirement of {row.module.code}",
        "submit": "End requirement",
        "parent": "Requirements",
        "cancel_url": reverse("training:requirement_list"),
        "danger": True,
    }
    return render(request, "training/requirement_form.html", context)


@require_safe
@role_required(*TRAINING_READERS, Role.COORDINATOR, Role.DEA_FIELD)
def waiver_list(request: SignedIn) -> HttpResponse:
    every = Waiver.objects.visible_to(request.user).select_related("module", "agent__office", "user")
    page = Paginator(every, WAIVERS_ON_A_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    rows: list[dict[str, Any]] = [{"waiver": row, "holds": _holds(row, today)} for row in page]
    context = {"page": page, "rows": rows, "grants": request.user.has_role(*SETTERS)}
    return render(request, "training/waiver_list.html", context)


def _holds(row: Waiver, today: Any) -> bool:
    return row.until >= today and (row.ended_on is None or row.ended_on > today)


@require_http_methods(["GET", "HEAD", "POST"])
def waiver_grant(request: SignedIn) -> HttpResponse:
    _only_setters(request)
    form = WaiverForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            row = grant_waiver(form.instance, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            name = form.cleaned_data["person"].name
            messages.success(request, f"{row.module.code} is waived for {name} until {date_format(row.until)}.")
            return redirect("training:waiver_list")
    context = {
        "form": form,
        "heading": "Waive a module for a person",
        "submit": "Grant waiver",
        "parent": "Waivers",
        "cancel_url": reverse("training:waiver_list"),
    }
    return render(request, "training/waiver_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def waiver_end(request: SignedIn, pk: int) -> HttpResponse:
    _only_setters(request)
    row = visible_or_404(Waiver.objects.select_related("module", "agent", "user"), request, pk=pk)
    form = EndWaiverForm(request.POST or None)
    if row.ended_on is not None:
        return refused_to(request, reverse("training:waiver_list"), "This waiver was ended already.")
    if form.is_valid():
        try:
            end_waiver(row.pk, actor=request.user, why=form.cleaned_data["why"])
        except Refused as refused:
            return refused_to(request, reverse("training:waiver_list"), str(refused))
        messages.success(request, f"The waiver of {row.module.code} for {row.agent or row.user} is ended.")
        return redirect("training:waiver_list")
    context = {
        "form": form,
        "row": row,
        "heading": f"End the waiver of {row.module.code} for {row.agent or row.user}",
        "submit": "End waiver",
        "parent": "Waivers",
        "cancel_url": reverse("training:waiver_list"),
        "danger": True,
    }
    return render(request, "training/waiver_form.html", context)


urlpatterns = [
    path("requirements/", requirement_list, name="requirement_list"),
    path("requirements/set/", requirement_set, name="requirement_set"),
    path("requirements/<int:pk>/end/", requirement_end, name="requirement_end"),
    path("waivers/", waiver_list, name="waiver_list"),
    path("waivers/grant/", waiver_grant, name="waiver_grant"),
    path("waivers/<int:pk>/end/", waiver_end, name="waiver_end"),
]
