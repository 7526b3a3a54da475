"""Pages of exports: see how far one is, take it and its manifest, and have them made by schedule."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from audit import progress
from audit.export_forms import ScheduleForm
from audit.exports import orders, rights, schedules
from audit.exports.formats import FORMATS
from audit.exports.making import MANIFEST_SUFFIX, as_json
from audit.exports.query import QUESTIONS
from audit.filters import ALL, COHORTS
from audit.manifest import words
from audit.models import AccessRecord, ExportFile, ScheduledExport
from audit.reading import name_of, rows_of
from audit.views import View, asked_model, for_report_readers, workflow_choices

FILES_ON_A_PAGE = 50
RIGHTS_HAVE_SHRUNK = (
    "Your roles or your office have changed since this file was made, and what you may see now is not what it holds. "
    "Have the export made again."
)


def for_schedulers(view: View) -> View:
    """Lets in the roles of settings.AUDIT_SCHEDULERS."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if not user.has_role(*settings.AUDIT_SCHEDULERS):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@for_report_readers
def export_list(request: HttpRequest) -> HttpResponse:
    files = ExportFile.objects.of(request.user).select_related("schedule")
    page: Any = Paginator(files, FILES_ON_A_PAGE).get_page(request.GET.get("page"))
    for file in page:
        file.workflow_name = name_of(file.workflow)
    user: Any = request.user
    may_schedule = user.has_role(*settings.AUDIT_SCHEDULERS)
    return render(request, "audit/exports/list.html", {"page": page, "may_schedule": may_schedule})


@require_http_methods(["GET", "POST"])
@for_report_readers
def export_detail(request: HttpRequest, key: UUID) -> HttpResponse:
    """How far the export is; asked every second by the page itself, until there is another page to show.

    The page says which status it shows, and gets another only where there is one. A post cancels the export.
    """
    file = _own_or_404(request, key)
    if request.method == "POST":
        _cancel(request, file)
        return redirect("audit:export_detail", key=key)
    how_far = progress.progress_of(file, "Expired" if file.removed_at else "")
    if not request.headers.get("HX-Request"):
        return render(request, "audit/exports/detail.html", how_far | {"file": file, "rows": _rows(file)})
    return progress.answer(request, how_far, noun="export")


def _cancel(request: HttpRequest, file: ExportFile) -> None:
    if orders.cancel(file):
        messages.success(request, "The export was cancelled.")
    else:
        messages.warning(request, "There was nothing to cancel: the export had ended.")


@require_GET
@for_report_readers
def export_download(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """The file, to whoever ordered it while he may see what it holds, on record."""
    file = _own_or_404(request, key)
    if file.removed_at:
        return _gone(request, file)
    if not file.can_be_downloaded:
        raise Http404("There is no file to download.")
    if not rights.cover(file):
        raise PermissionDenied(RIGHTS_HAVE_SHRUNK)
    try:
        content = orders.path_of(file).open("rb")
    except FileNotFoundError:
        return _gone(request, file)
    _on_record(file, "download export")
    response = FileResponse(
        content, as_attachment=True, filename=_name_of(file), content_type=FORMATS[file.format].content_type
    )
    response["Cache-Control"] = "no-store"
    return response


def _gone(request: HttpRequest, file: ExportFile) -> HttpResponse:
    """For whoever kept a link to a file that was removed."""
    return render(request, "audit/exports/gone.html", {"file": file}, status=410)


def _on_record(file: ExportFile, act: str) -> None:
    AccessRecord.objects.create(
        actor=file.owner,
        actor_name=file.owner_name,
        act=act,
        parameters={"export": str(file.key), "sha256": file.manifest["sha256"]},
        row_count=file.rows,
    )


@require_GET
@for_report_readers
def export_manifest(request: HttpRequest, key: UUID) -> HttpResponse:
    file = _own_or_404(request, key)
    if file.manifest is None:
        raise Http404("There is no manifest yet.")
    _on_record(file, "download manifest")
    name = _name_of(file) + MANIFEST_SUFFIX
    return HttpResponse(
        as_json(file.manifest),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_http_methods(["GET", "POST"])
@for_schedulers
def schedule_list(request: HttpRequest) -> HttpResponse:
    """The user's schedules, and a form for another. A post adds one, or ends the one that its button names."""
    user: Any = request.user
    own = ScheduledExport.objects.filter(owner=user, ended_at=None)
    if "end" in request.POST:
        _end(request, own)
        return redirect("audit:schedule_list")
    model = asked_model(request)
    form = ScheduleForm(request.POST if request.method == "POST" else None, model=model, owner=user)
    if form.is_valid() and _schedule(user, model.workflow, form):
        messages.success(request, "The export is scheduled: it comes once the period under way is over.")
        return redirect("audit:schedule_list")
    status = 400 if form.errors else 200
    context = {
        "form": form,
        "schedules": [(schedule, rows_of(schedule.workflow)) for schedule in own],
        "workflows": workflow_choices(request),
        "rows": rows_of(model.workflow),
    }
    return render(request, "audit/exports/schedules.html", context, status=status)


def _schedule(user: Any, workflow: str, form: ScheduleForm) -> bool:
    """Returns whether it could be scheduled; the form says why not."""
    try:
        schedules.schedule_export(owner=user, workflow=workflow, **form.values())
    except ValueError as error:
        form.add_error(None, str(error))
        return False
    return True


def _end(request: HttpRequest, own: QuerySet[ScheduledExport]) -> None:
    """Raises Http404."""
    key = request.POST["end"]
    schedule = own.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    if schedule is None:
        raise Http404("Not found, or not yours.")
    schedules.end(schedule)
    messages.success(request, "No more exports come by this schedule.")


def _own_or_404(request: HttpRequest, key: UUID) -> ExportFile:
    """Nobody else's, not even for auditors: a file holds what its owner may see. Raises Http404."""
    file = ExportFile.objects.of(request.user).select_related("schedule", "owner").filter(key=key).first()
    if file is None:
        raise Http404("Not found, or not yours to see.")
    return file


def _name_of(file: ExportFile) -> str:
    if file.schedule:
        return schedules.name_of(file, file.schedule)
    day = timezone.localdate(file.ordered_at)
    return f"{file.what.replace(' ', '-')}-{day:%Y-%m-%d}-{file.pk}.{FORMATS[file.format].suffix}"


def _asked(file: ExportFile) -> list[tuple[str, str]]:
    asked = dict(file.filters)
    if in_words := asked.get("in_words"):
        return list(in_words.items())
    rows = [("Workflow", name_of(file.workflow))]
    if file.what in QUESTIONS:
        rows.append(("Which", COHORTS[asked.pop("cohort", ALL)]))
    rows += [(name, ", ".join(values)) for name, values in asked.pop("dimensions", {}).items()]
    return rows + [(name, words(value)) for name, value in asked.items()]


def _rows(file: ExportFile) -> list[dict[str, str]]:
    """What was asked for and given out, as the summary list takes it."""
    rows = [("Holds", file.what.capitalize()), ("Format", FORMATS[file.format].label), *_asked(file)]
    if file.manifest:
        rows.append(("SHA-256 of the file", file.manifest["sha256"]))
    return [{"label": f"{name[0].upper()}{name[1:]}".replace("_", " "), "value": value} for name, value in rows]
