"""A section of a version: its texts, its attachments, who signed it off, and how it is changed."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Outcome, Refused
from designation.act_forms import VersionForm
from designation.declared import declared
from designation.files import as_download
from designation.markdown import rendered
from designation.models import Role, User
from designation.selectors import timeline, visits_of
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.acts import Page, act_on
from designation.views.requests import ask_again, refused_to
from training import differences
from training.forms.modules import AttachmentForm, SectionForm, TextForm
from training.models import Attachment, ModuleVersion, Section
from training.models.sections import AttachmentQuerySet
from training.permissions import TRAINING_READERS
from training.selectors import modules as selectors
from training.views.versions import crumbs_of
from training.workflow import sections as workflow
from training.workflow.disputes import why_not_open
from training.workflow.sections import Changed

UNKNOWN_TYPE = "application/octet-stream"


def _section(request: SignedIn, number: str) -> Section:
    found: Section = visible_or_404(
        Section.objects.with_disputed().select_related("module_version__module"), request, number=number
    )
    return found


def _place(section: Section) -> str:
    """Where the section stands on the page of its version."""
    return f"{section.module_version.get_absolute_url()}#{section.key}"


def _crumbs(section: Section) -> list[dict[str, str]]:
    return [*crumbs_of(section.module_version), {"label": section.title, "url": _section_url(section)}]


def _section_url(section: Section) -> str:
    return reverse("training:section", args=[section.number])


@require_safe
@role_required(*TRAINING_READERS)
def section_detail(request: SignedIn, number: str) -> HttpResponse:
    """What the section says and said, what is attached, and what each agency has signed."""
    section = _section(request, number)
    context = {
        "section": section,
        "html": rendered(section.body, under=2),
        "crumbs": crumbs_of(section.module_version),
        "why_not_changed": selectors.why_not("change", section, request.user),
        "acts": _acts(section, request.user),
        "disputes": selectors.open_disputes(request.user).filter(section=section),
        "attachments": section.attachments.defer("content"),
        "sign_offs": section.sign_offs.all(),
        "texts": selectors.texts_of(section, request.GET.get("revision", "")),
        "timeline": timeline(section, visits_of(section)),
    }
    return render(request, "training/section.html", context)


def _acts(section: Section, user: User) -> list[dict[str, Any]]:
    """What a training manager does with a section, each with why he may not now; for others who may, to dispute it."""
    number, change = section.number, selectors.why_not("change", section, user)
    undisputed = why_not_open(section, user)
    dispute = {
        "label": "Open a dispute",
        "says": "Asks both agencies, and in time leadership, to settle what the section says.",
        "url": reverse("training:dispute_open", args=["section", number]),
        "why_not": undisputed.message if undisputed else "",
        "outline": True,
    }
    if not user.has_role(Role.TRAINING_MANAGER):
        return [] if undisputed else [dispute]
    return [
        {
            "label": "Change",
            "says": declared(Section, "change").says,
            "url": reverse("training:section_change", args=[number]),
            "why_not": change,
        },
        {
            "label": "Attach a file",
            "says": "Adds a file to the section and clears its sign-offs too.",
            "url": reverse("training:attachment_add", args=[number]),
            "why_not": change,
            "outline": True,
        },
        {
            "label": "Remove",
            "says": declared(Section, "remove").says,
            "url": reverse("training:section_act", args=[number, "remove"]),
            "why_not": selectors.why_not("remove", section, user),
            "outline": True,
        },
        dispute,
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def section_add(request: SignedIn, number: str) -> HttpResponse:
    version = visible_or_404(ModuleVersion.objects.select_related("module"), request, number=number)
    form = TextForm(request.POST or None)
    previewed = "preview" in request.POST
    if form.is_valid() and not previewed:
        try:
            section = workflow.add_section(version, **form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(None, f"Nothing was saved. {refused}")
        else:
            messages.success(request, f"“{section}” is added at the end.")
            return redirect(_place(section))
    context = {
        "heading": f"Add a section to {version}",
        "current": "Add a section",
        "crumbs": crumbs_of(version),
        "cancel_url": version.get_absolute_url(),
        "form": form,
        "preview": _preview(form) if previewed else None,
    }
    return render(request, "training/section_form.html", context)


def _preview(form: BaseForm) -> dict[str, str] | None:
    """What was typed, as the page would show it; None while something in the form is wrong."""
    if not form.is_valid():
        return None
    return {"title": form.cleaned_data["title"], "html": rendered(form.cleaned_data["body"], under=3)}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def section_change(request: SignedIn, number: str) -> HttpResponse:
    section = _section(request, number)
    if request.method != "POST" and (why := selectors.why_not("change", section, request.user)):
        return refused_to(request, _place(section), why)
    initial = {"title": section.title, "body": section.body, "version": section.version}
    form = SectionForm(request.POST or None, initial=initial)
    previewed = "preview" in request.POST
    overwritten: list[Any] = []
    if form.is_valid() and not previewed:
        seen, text = form.cleaned_data["version"], {name: form.cleaned_data[name] for name in ("title", "body")}
        try:
            changed = workflow.change_section(section.pk, actor=request.user, version=seen, **text)
        except Refused as refused:
            ask_again(request, form, section.version, str(refused))
            overwritten = differences.folded(differences.rows(section.body, text["body"]))
        else:
            _tell_changed(request, changed, f"is saved as revision {changed.section.revision}", section.revision)
            return redirect(_place(changed.section))
    context = {
        "section": section,
        "heading": f"Change “{section}”",
        "current": "Change",
        "crumbs": _crumbs(section),
        "cancel_url": _place(section),
        "form": form,
        "preview": _preview(form) if previewed else None,
        "overwritten": overwritten,
    }
    return render(request, "training/section_form.html", context)


def _tell_changed(request: SignedIn, changed: Changed, done: str, revision_before: int | None = None) -> None:
    """Says what was done to the section, and whose sign-offs that cleared."""
    if changed.section.revision == revision_before:
        messages.info(request, f"“{changed.section}” says what it said before: nothing was changed.")
        return
    told = f"“{changed.section}” {done}."
    if changed.cleared:
        whose = " and ".join(changed.cleared)
        told += f" The sign-off of {whose} is cleared: it was given to what was there before."
        messages.warning(request, told)
    else:
        messages.success(request, told)


def _place_url(request: SignedIn, number: str) -> str:
    return _place(_section(request, number))


@role_required(Role.TRAINING_MANAGER)
@post_only(_place_url)
def section_move(request: SignedIn, number: str) -> HttpResponse:
    """Moves the section one place up or down."""
    section = _section(request, number)
    try:
        workflow.move_section(section.pk, actor=request.user, up=request.POST.get("to") == "up")
    except Refused as refused:
        return refused_to(request, _place(section), str(refused))
    return redirect(_place(section))


def _remove(
    _name: str, pks: Sequence[int], *, actor: User, reason: str, versions: Mapping[int, int]
) -> Outcome[Section]:
    (pk,) = pks
    try:
        return Outcome(done=[workflow.remove_section(pk, actor=actor, version=versions[pk], reason=reason)])
    except Refused as refused:
        return Outcome(refused=[refused.refusal])


ON_SECTION = Page(
    acts=("remove",),
    preview=workflow.preview_sections,
    perform=_remove,
    crumbs=lambda section: crumbs_of(section.module_version),
    about=lambda section: section.title,
    template="training/act.html",
)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def section_act(request: SignedIn, number: str, name: str) -> HttpResponse:
    """Takes the section out of its version, with a reason."""
    return act_on(request, _section(request, number), name, ON_SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def attachment_add(request: SignedIn, number: str) -> HttpResponse:
    section = _section(request, number)
    if request.method != "POST" and (why := selectors.why_not("change", section, request.user)):
        return refused_to(request, _section_url(section), why)
    form = AttachmentForm(request.POST or None, request.FILES or None, initial={"version": section.version})
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            changed = workflow.add_attachment(
                section.pk,
                actor=request.user,
                version=form.cleaned_data["version"],
                name=file.name,
                content_type=mimetypes.guess_type(file.name)[0] or UNKNOWN_TYPE,
                content=file.read(),
            )
        except Refused as refused:
            ask_again(request, form, section.version, f"{refused} Choose the file again.")
        else:
            _tell_changed(request, changed, f"has the attachment {file.name}")
            return redirect(_section_url(section))
    context = {"section": section, "form": form, "crumbs": _crumbs(section), "cancel_url": _section_url(section)}
    return render(request, "training/attachment_form.html", context)


@require_safe
def attachment(request: SignedIn, pk: int) -> FileResponse:
    """The file as it was attached, to be saved and never shown by the browser."""
    found = visible_or_404(_attachments(request.user), request, pk=pk)
    return as_download(found)


def _attachments(user: User) -> AttachmentQuerySet:
    """What was removed stays on record for those who develop or audit training."""
    if user.has_role(*TRAINING_READERS):
        return Attachment.objects.all()
    return Attachment.objects.current().filter(section__in=Section.objects.in_text())


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def attachment_remove(request: SignedIn, pk: int) -> HttpResponse:
    found = visible_or_404(Attachment.objects.current().defer("content"), request, pk=pk)
    section = Section.objects.with_disputed().select_related("module_version__module").get(pk=found.section_id)
    if request.method != "POST" and (why := selectors.why_not("change", section, request.user)):
        return refused_to(request, _section_url(section), why)
    form = VersionForm(request.POST or None, initial={"version": section.version})
    if form.is_valid():
        try:
            changed = workflow.remove_attachment(found, actor=request.user, version=form.cleaned_data["version"])
        except Refused as refused:
            ask_again(request, form, section.version, str(refused))
        else:
            _tell_changed(request, changed, f"has the attachment {found.name} no longer")
            return redirect(_section_url(section))
    context = {
        "attachment": found,
        "section": section,
        "signed": section.sign_offs.current(),
        "crumbs": _crumbs(section),
        "heading": f"Remove {found.name}",
        "form": form,
        "submit": "Remove",
        "danger": True,
        "cancel_url": _section_url(section),
    }
    return render(request, "training/attachment_remove.html", context)


urlpatterns = [
    path("versions/<str:number>/sections/add/", section_add, name="section_add"),
    path("sections/<str:number>/", section_detail, name="section"),
    path("sections/<str:number>/change/", section_change, name="section_change"),
    path("sections/<str:number>/move/", section_move, name="section_move"),
    path("sections/<str:number>/acts/<slug:name>/", section_act, name="section_act"),
    path("sections/<str:number>/attachments/add/", attachment_add, name="attachment_add"),
    path("attachments/<int:pk>/", attachment, name="attachment"),
    path("attachments/<int:pk>/remove/", attachment_remove, name="attachment_remove"),
]
