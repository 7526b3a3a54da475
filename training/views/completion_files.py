"""Files of completions: upload one, say what its columns mean, look at what would be recorded, record it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from audit.jobs import UnderWay, last_about
from audit.models import Job
from designation.file_forms import SheetForm
from designation.models import Role, User
from designation.sheets.columns import Proposal
from designation.sheets.files import UnusableFile
from designation.sheets.uploaded import proposal_for, workbook_of
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.jobs import job_ended, job_under_way
from designation.views.sheets import asked_header_row, columns_context
from training.completions import uploads
from training.completions.columns import COMPLETIONS
from training.completions.entries import Field
from training.completions.jobs import is_large, order_recording
from training.forms.completions import ColumnsForm, UploadForm
from training.models import CompletionUpload

STEPS = ["Upload", "Match the columns", "Check and record"]
EARLIER_UPLOADS = 10
ROWS_PER_PAGE = 50
FORM_BYTES = 64 * 1024  # what a form takes beside its file
BLOCK = 64 * 1024  # bytes
READY, ERROR, DUPLICATE, SET_ASIDE = "ready", "error", "duplicate", "set-aside"


@csrf_exempt  # the token stands in the body, which is not read at all when it is too large; below, it is demanded
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_upload(request: SignedIn) -> HttpResponse:
    """Takes a file in; below, the uploads before it. What is too large is refused before it is read."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > COMPLETIONS.max_bytes + FORM_BYTES:
        return _too_large(request)
    return csrf_protect(_upload_page)(request)


def _too_large(request: SignedIn) -> HttpResponse:
    """The body is passed over in small blocks: a browser shows the answer only once it has sent all."""
    while request.read(BLOCK):
        pass
    form = UploadForm({})
    form.errors["file"] = form.error_class([COMPLETIONS.too_large])
    return render(request, "training/completion_upload.html", _upload_context(request, form), status=413)


def _upload_page(request: HttpRequest) -> HttpResponse:
    signed_in: Any = request
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = uploads.start_upload(file.read(), file.name, signed_in.user)
        except UnusableFile as error:
            form.add_error("file", str(error))
        else:
            return redirect("training:completion_file", upload.pk)
    return render(request, "training/completion_upload.html", _upload_context(signed_in, form))


def _upload_context(request: SignedIn, form: UploadForm) -> dict[str, Any]:
    earlier = CompletionUpload.objects.visible_to(request.user).defer("content", "result")
    return {"form": form, "steps": STEPS, "earlier": earlier.select_related("uploaded_by")[:EARLIER_UPLOADS]}


def _upload(request: SignedIn, pk: int) -> CompletionUpload:
    found: CompletionUpload = visible_or_404(CompletionUpload.objects.all(), request, pk=pk)
    return found


@require_safe
@role_required(Role.TRAINING_MANAGER)
def completion_file(request: SignedIn, pk: int) -> HttpResponse:
    """The file where it stands: its result if it is recorded, how far that is, its preview, or what is to be asked."""
    upload = _upload(request, pk)
    job = last_about(uploads.job_about(upload))
    if job and job.is_unfinished:
        return job_under_way(request, job)
    if request.headers.get("HX-Request"):
        return job_ended()
    if upload.recorded_at:
        return _result_page(request, upload)
    if not upload.sheet:
        return redirect("training:completion_sheet", pk)
    if not upload.is_mapped:
        return redirect("training:completion_columns", pk)
    try:
        plan = uploads.plan_upload(upload, request.user)
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect("training:completion_columns", pk)
    return _preview_page(request, upload, plan, stopped=job)


def _preview_page(
    request: SignedIn, upload: CompletionUpload, plan: uploads.Plan, *, stopped: Job | None
) -> HttpResponse:
    """What recording would do; `stopped` is the job that was to record it, if it did not come to its end."""
    shown: dict[str, list[Any]] = {READY: plan.ready, ERROR: plan.problems, DUPLICATE: plan.duplicates}
    if plan.set_aside:
        shown[SET_ASIDE] = plan.set_aside
    asked = request.GET.get("rows", "")
    status = asked if asked in shown else ERROR if plan.problems else READY
    labels = {
        READY: "ready to record",
        ERROR: "with problems",
        DUPLICATE: "on record already, or repeated",
        SET_ASIDE: "withdrawn or corrected before",
    }
    failed = f"{plan.failed} failed attempt{pluralize(plan.failed)} among them" if plan.failed else ""
    tabs = [
        {
            "value": tab,
            "label": labels[tab],
            "count": len(rows),
            "current": tab == status,
            "note": failed if tab == READY else "",
        }
        for tab, rows in shown.items()
    ]
    context = {
        "upload": upload,
        "plan": plan,
        "steps": STEPS,
        "status": status,
        "tabs": tabs,
        "page": Paginator(shown[status], ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "is_large": is_large(plan.table.rows),
        "stopped": stopped,
        "before": _recorded_before(upload),
    }
    return render(request, "training/completion_preview.html", context)


def _recorded_before(upload: CompletionUpload) -> CompletionUpload | None:
    """The upload by which the very same file was recorded and not taken back, if any."""
    same = CompletionUpload.objects.filter(sha256=upload.sha256, imported__taken_back_at__isnull=True)
    return same.filter(imported__isnull=False).defer("content", "result").first()


def _result_page(request: SignedIn, upload: CompletionUpload) -> HttpResponse:
    result = uploads.result_of(upload)
    count = result.recorded
    context = {
        "upload": upload,
        "heading": f"{count:,} completion{'' if count == 1 else 's'} recorded",
        "result": result,
        "rejected": [{"row": row, "reason": reason} for row, reason in result.rejected.items()],
        "set_aside": [{"row": row, "reason": reason} for row, reason in result.set_aside.items()],
    }
    return render(request, "training/completion_result.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_sheet(request: SignedIn, pk: int) -> HttpResponse:
    """Asks which sheet holds the completions."""
    upload = _upload(request, pk)
    if upload.recorded_at:
        return redirect("training:completion_file", pk)
    sheets = workbook_of(upload, COMPLETIONS).sheets
    form = SheetForm(
        request.POST or None,
        sheets=[sheet.name for sheet in sheets],
        holds=COMPLETIONS.held,
        initial={"sheet": upload.sheet},
    )
    if form.is_valid():
        try:
            uploads.choose_sheet(upload, request.user, form.cleaned_data["sheet"])
        except UnusableFile as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:completion_file", pk)
    return render(request, "components/sheet_page.html", _page_of(upload, form))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_columns(request: SignedIn, pk: int) -> HttpResponse:
    """Asks what the columns mean. `?header_row=N` takes another row of the file for the header, 0 none."""
    upload = _upload(request, pk)
    if upload.recorded_at or not upload.sheet:
        return redirect("training:completion_file", pk)
    workbook = workbook_of(upload, COMPLETIONS)
    try:
        proposal = proposal_for(upload, COMPLETIONS, asked_header_row(request))
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect("training:completion_columns", pk)
    form = ColumnsForm(request.POST or None, proposal=proposal, width=workbook.sheet(upload.sheet).width)
    if form.is_valid() and _apply(request, upload, proposal, form):
        return redirect("training:completion_file", pk)
    context = {
        **_page_of(upload, form),
        **columns_context(workbook, upload.sheet, proposal),
        "sheet_url": reverse("training:completion_sheet", args=[upload.pk]),
    }
    return render(request, "training/completion_columns.html", context)


def _page_of(upload: CompletionUpload, form: SheetForm | ColumnsForm) -> dict[str, Any]:
    """What a page says that asks about the file."""
    url = reverse("training:completion_upload")
    return {"upload": upload, "form": form, "steps": STEPS, "upload_url": url, "upload_label": "Upload completions"}


def _apply(request: SignedIn, upload: CompletionUpload, proposal: Proposal[Field], form: ColumnsForm) -> bool:
    header_row, mapping = proposal.header_row, form.mapping()
    try:
        uploads.apply_mapping(upload, request.user, sheet=upload.sheet, header_row=header_row, mapping=mapping)
    except UnusableFile as error:
        form.add_error(None, str(error))
        return False
    return True


def _file_url(_request: SignedIn, pk: int) -> str:
    return reverse("training:completion_file", args=[pk])


@role_required(Role.TRAINING_MANAGER)
@post_only(_file_url)
def completion_record(request: SignedIn, pk: int) -> HttpResponse:
    """Records the rows that are ready, or has a worker do so where they are many. Pressed twice, it records once."""
    upload = _upload(request, pk)
    try:
        rows = uploads.table_of(upload).rows
        if is_large(rows) and not upload.recorded_at:
            _order(upload, request.user, len(rows))
        else:
            uploads.record_upload(upload, request.user)
    except UnusableFile as error:
        messages.error(request, f"Nothing was recorded. {error}")
    return redirect("training:completion_file", pk)


def _order(upload: CompletionUpload, owner: User, rows: int) -> None:
    with suppress(UnderWay):
        order_recording(upload, owner, rows=rows)


@require_safe
@role_required(Role.TRAINING_MANAGER)
def completion_rejected(request: SignedIn, pk: int) -> HttpResponse:
    """The rows that are not recorded, with the reason of each, as CSV in the columns of the file itself."""
    upload = _upload(request, pk)
    try:
        text = uploads.rejected_rows(upload, request.user)
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect("training:completion_file", pk)
    # The mark at the start tells Excel that the text is UTF-8.
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="completions-{pk}-not-recorded.csv"'
    return response


urlpatterns = [
    path("completions/upload/", completion_upload, name="completion_upload"),
    path("completions/files/<int:pk>/", completion_file, name="completion_file"),
    path("completions/files/<int:pk>/sheet/", completion_sheet, name="completion_sheet"),
    path("completions/files/<int:pk>/columns/", completion_columns, name="completion_columns"),
    path("completions/files/<int:pk>/record/", completion_record, name="completion_record"),
    path("completions/files/<int:pk>/not-recorded/", completion_rejected, name="completion_rejected"),
]
