"""A version of a module: its sections, who signed what, what may be done with it, and how it differs from another."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Outcome
from designation.fields import OUT_OF_ORDER, VersionsField
from designation.models import Role, User
from designation.selectors import timeline, visits_of
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.acts import Page, act_on
from training import differences
from training.forms.modules import CompareForm, SignOffForm
from training.models import ModuleVersion, Section
from training.models.versions import VersionState
from training.permissions import TRAINING_READERS
from training.selectors import modules as selectors
from training.workflow import modules as workflow
from training.workflow import sections as section_acts
from training.workflow.disputes import why_not_open


def crumbs_of(version: ModuleVersion) -> list[dict[str, str]]:
    """The pages above those of a version, and the version itself."""
    module = version.module
    return [
        {"label": "Training", "url": reverse("training:overview")},
        {"label": module.code, "url": reverse("training:module", args=[module.code])},
        {"label": version.number, "url": version.get_absolute_url()},
    ]


ON_VERSION = Page(
    acts=selectors.OFFERED,
    preview=workflow.preview_versions,
    perform=workflow.move_versions,
    crumbs=crumbs_of,
    about=lambda version: str(version.module),
    template="training/act.html",
)


@require_safe
def version_detail(request: SignedIn, number: str) -> HttpResponse:
    version = visible_or_404(ModuleVersion.objects.select_related("module").with_clock(), request, number=number)
    develops = request.user.has_role(*TRAINING_READERS)
    sections = selectors.sections_shown(version, request.user)
    disputes = list(selectors.disputes_on(version, request.user))
    to_sign = [shown.section for shown in sections if shown.to_sign and not shown.why_not]
    context = {
        "version": version,
        "crumbs": crumbs_of(version)[:-1],
        "sections": sections,
        "acts": selectors.acts_on(version, request.user),
        "missing": selectors.missing_by_agency(sections) if version.state == VersionState.SIGN_OFF else {},
        "disputes": [dispute for dispute in disputes if dispute.settled == ""],
        "settled_disputes": [dispute for dispute in disputes if dispute.settled],
        "to_sign": to_sign,
        "sign_all": VersionsField.text(to_sign),
        "writes": selectors.may_write(version, request.user),
        "arranges": selectors.may_arrange(version, request.user),
        **_why_not_written(version, request.user),
        "disputes_it": why_not_open(version, request.user) is None,
        "develops": develops,
        "others": list(_others(request, version)),
        "timeline": timeline(version, visits_of(version)) if develops else [],
    }
    return render(request, "training/version.html", context)


def _why_not_written(version: ModuleVersion, user: User) -> dict[str, str]:
    """Told to training managers: others change no text at any time."""
    if not user.has_role(Role.TRAINING_MANAGER):
        return {}
    arranged = section_acts.why_not_arrange(version, user)
    return {
        "why_not_written": selectors.why_not("change", Section(module_version=version), user),
        "why_not_arranged": arranged.message if arranged else "",
    }


def _others(request: SignedIn, version: ModuleVersion) -> list[ModuleVersion]:
    """The module's other versions that the user may see, first those before this in the order in which one is drafted
    from them."""
    found = ModuleVersion.objects.visible_to(request.user).filter(module=version.module_id).exclude(pk=version.pk)
    return sorted(found.most_telling_first(), key=lambda other: other.ordinal > version.ordinal)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def version_act(request: SignedIn, number: str, name: str) -> HttpResponse:
    """An act of a training manager on a version."""
    version = visible_or_404(ModuleVersion.objects.select_related("module").with_clock(), request, number=number)
    return act_on(request, version, name, ON_VERSION)


def _version_url(_request: SignedIn, number: str) -> str:
    return reverse("training:version", args=[number])


@role_required(Role.TRAINING_MANAGER)
@post_only(_version_url)
def sign_off(request: SignedIn, number: str) -> HttpResponse:
    """Signs off one section of the version or several, as the page showed them."""
    version = visible_or_404(ModuleVersion.objects.all(), request, number=number)
    form = SignOffForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was done. {OUT_OF_ORDER}")
        return redirect(version)
    seen = form.cleaned_data["selection"]
    sections = version.sections.filter(pk__in=seen).values_list("pk", flat=True)
    _tell_signed(request, section_acts.sign_off(sections, actor=request.user, versions=seen))
    return redirect(version)


def _tell_signed(request: SignedIn, outcome: Outcome[Section]) -> None:
    count = len(outcome.done)
    if count:
        told = f"“{outcome.done[0]}”" if count == 1 else f"{count} sections"
        messages.success(request, f"{told} signed off for {request.user.agency_code}.")
    for refusal in outcome.refused:
        messages.error(request, f"Not signed off: {refusal}")
    if not count and not outcome.refused:
        messages.info(request, "Nothing was left to sign off.")


@require_safe
def difference(request: SignedIn, number: str) -> HttpResponse:
    """The version beside another of its module, the older one first, section by section."""
    version = visible_or_404(ModuleVersion.objects.select_related("module"), request, number=number)
    others = _others(request, version)
    form = CompareForm(request.GET if "against" in request.GET else None, others=others)
    if form.is_valid():
        chosen = form.cleaned_data["against"]
    else:
        chosen = "" if form.is_bound or not others else others[0].number
        form.initial = {"against": chosen}
    context = {"version": version, "form": form, "others": others, "crumbs": crumbs_of(version)}
    if chosen:
        against = next(other for other in others if other.number == chosen)
        before, after = sorted((version, against), key=lambda one: one.ordinal)
        sections = differences.sections(selectors.in_text(before), selectors.in_text(after))
        context |= {
            "before": before,
            "after": after,
            "sections": sections,
            "changed": sum(section.status != "unchanged" for section in sections),
        }
    return render(request, "training/difference.html", context)


urlpatterns = [
    path("versions/<str:number>/", version_detail, name="version"),
    path("versions/<str:number>/acts/<slug:name>/", version_act, name="version_act"),
    path("versions/<str:number>/sign-off/", sign_off, name="sign_off"),
    path("versions/<str:number>/difference/", difference, name="difference"),
]
