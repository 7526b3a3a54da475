"""The training page, and the pages of modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Refused
from audit.moments import moment
from designation.changes import changes_of
from designation.models import Role
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.requests import forbidden, refused_to
from training.forms.modules import ModuleForm
from training.models import Module, ModuleVersion
from training.models.versions import VersionState
from training.permissions import OWNERS, TRAINING_READERS
from training.selectors import modules as selectors
from training.views.disputes import READERS as DISPUTE_READERS
from training.workflow.modules import ModuleChanged, draft_version, may_keep, save_module

DISPUTES_SHOWN = 20
SAVE_AGAIN = "What you typed is kept below. Save again to put it in place of what is on record now."


@require_safe
def overview(request: SignedIn) -> HttpResponse:
    """What training there is and how it stands, for everybody who signs in."""
    disputes = selectors.open_disputes(request.user)
    shown = list(disputes[: DISPUTES_SHOWN + 1])
    context = {
        "modules": selectors.modules_standing(request.user),
        "waiting": selectors.waiting_for(request.user),
        "disputes": shown[:DISPUTES_SHOWN],
        "more_disputes": len(shown) > DISPUTES_SHOWN,
        "develops": request.user.has_role(*TRAINING_READERS),
        "follows": request.user.has_role(*DISPUTE_READERS),
        "adds": request.user.has_role(Role.TRAINING_MANAGER),
    }
    return render(request, "training/overview.html", context)


@require_safe
def module_detail(request: SignedIn, code: str) -> HttpResponse:
    module = visible_or_404(Module.objects.select_related("agreement"), request, code=code)
    versions = ModuleVersion.objects.visible_to(request.user).filter(module=module)
    shown = list(versions.with_clock().order_by("-ordinal"))
    keeps = may_keep(module, request.user)
    context = {
        "module": module,
        "facts": _facts(module),
        "versions": shown,
        "is_retired": _is_retired(shown),
        "keeps": keeps,
        "drafted_from": versions.most_telling_first().first() if keeps else None,
        "in_development": next((version for version in shown if version.party()), None) if keeps else None,
        "changes": [{"entry": entry} for entry in changes_of(module)],
    }
    return render(request, "training/module.html", context)


def _is_retired(versions: Sequence[ModuleVersion]) -> bool:
    """Whether the module was available once, and is no longer."""
    once = [version.state for version in versions if version.published_on]
    return bool(once) and VersionState.PUBLISHED not in once


def _facts(module: Module) -> list[dict[str, Any]]:
    return [
        {"label": "Purpose", "value": module.purpose},
        {"label": "Owner", "value": f"{module.owner}, jointly" if module.is_joint else module.owner},
        {"label": "Agreement", "value": module.agreement.title if module.agreement else "None"},
        {"label": "Provision", "value": module.provision or "Not on record"},
        {
            "label": "Pass mark",
            "value": f"{module.pass_mark} %" if module.pass_mark else "None, completing it is enough",
        },
        {"label": "Attempts", "value": module.attempts or "Any number"},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def module_add(request: SignedIn) -> HttpResponse:
    return _module_form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def module_change(request: SignedIn, code: str) -> HttpResponse:
    module = visible_or_404(Module.objects.all(), request, code=code)
    if not may_keep(module, request.user):
        return forbidden(request, reverse("training:module", args=[module.code]), OWNERS.why)
    return _module_form(request, module)


def _module_form(request: SignedIn, module: Module | None) -> HttpResponse:
    heading = f"Change {module.code}" if module else "Add a module"
    back = reverse("training:module", args=[module.code]) if module else reverse("training:overview")
    form = ModuleForm(request.POST or None, instance=module, user=request.user)
    if form.is_valid():
        try:
            saved = save_module(form.instance, actor=request.user, change_count=form.cleaned_data.get("change_count"))
        except ValidationError as error:
            form.add_error(None, error)
        except IntegrityError:
            form.add_error("code", "Another module was given this code a moment ago.")
        except ModuleChanged:
            _ask_again(request, form)
        else:
            messages.success(request, f"{saved.code} is saved.")
            return redirect("training:module", saved.code)
    return render(request, "training/module_form.html", {"form": form, "heading": heading, "cancel_url": back})


def _ask_again(request: SignedIn, form: ModuleForm) -> None:
    """Keeps what was typed, tells what changed meanwhile, and takes the form as having seen it."""
    now = Module.objects.get(pk=form.instance.pk)
    last = changes_of(now).first()
    told = f"{last.user} changed it on {moment(last.action_time)}: {last.get_change_message()}" if last else ""
    form.data = {**request.POST.dict(), "change_count": now.change_count}
    form.add_error(None, ["Nothing was saved: this module was changed since you opened the page.", told, SAVE_AGAIN])


def _module_url(_request: SignedIn, code: str) -> str:
    return reverse("training:module", args=[code])


@role_required(Role.TRAINING_MANAGER)
@post_only(_module_url)
def version_draft(request: SignedIn, code: str) -> HttpResponse:
    """Begins the module's next version."""
    module = visible_or_404(Module.objects.all(), request, code=code)
    try:
        drafted = draft_version(module, actor=request.user)
    except Refused as refused:
        return refused_to(request, _module_url(request, code), str(refused))
    messages.success(request, f"{drafted} is drafted.")
    return redirect(drafted)


urlpatterns = [
    path("", overview, name="overview"),
    path("modules/add/", module_add, name="module_add"),
    path("modules/<str:code>/", module_detail, name="module"),
    path("modules/<str:code>/change/", module_change, name="module_change"),
    path("modules/<str:code>/draft/", version_draft, name="version_draft"),
]
