"""Rosters: upload a file, say what its columns mean, look at what would be filed, file it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit import jobs
from audit.jobs import UnderWay
from audit.models import Job
from designation.dues import due_after_filing
from designation.file_forms import SheetForm
from designation.forms import ColumnsForm, RosterUploadForm
from designation.jobs import is_large
from designation.models import RosterUpload, User
from designation.permissions import HSI_ROLES
from designation.rosters import uploads
from designation.rosters.headers import ROSTER, Field
from designation.rosters.jobs import order_filing
from designation.rosters.plan import PlannedRow, RosterPlan, RowStatus
from designation.sheets.columns import Proposal
from designation.sheets.files import UnusableFile
from designation.sheets.uploaded import proposal_for, workbook_of
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.jobs import job_ended, job_under_way
from designation.views.sheets import asked_header_row, columns_context

STEPS = ["Upload", "Match the columns", "Check and file"]
EARLIER_UPLOADS = 10
ROWS_PER_PAGE = 50
NAMES_DIFFER = "names_differ"


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def roster_upload(request: SignedIn) -> HttpResponse:
    """Takes a roster file in; below, the uploads before it."""
    form = RosterUploadForm(request.POST or None, request.FILES or None, user=request.user)
    if form.is_valid():
        upload = _start(request, form)
        if upload:
            return redirect("designation:roster", upload.pk)
    earlier = RosterUpload.objects.visible_to(request.user).defer("content", "result")
    context = {
        "form": form,
        "steps": STEPS,
        "earlier": earlier.select_related("office", "uploaded_by")[:EARLIER_UPLOADS],
    }
    return render(request, "designation/roster_upload.html", context)


def _start(request: SignedIn, form: RosterUploadForm) -> RosterUpload | None:
    given = form.cleaned_data
    try:
        return uploads.start_upload(
            given["file"].read(),
            given["file"].name,
            form.filing_office(),
            request.user,
            default_justification=given["default_justification"],
        )
    except UnusableFile as error:
        form.add_error("file", str(error))
        return None


def _upload(request: SignedIn, pk: int) -> RosterUpload:
    return visible_or_404(RosterUpload.objects.select_related("office"), request, pk=pk)


@require_safe
@role_required(*HSI_ROLES)
def roster(request: SignedIn, pk: int) -> HttpResponse:
    """The upload where it stands: its result if it is filed, how far filing is, its preview, or what is to be asked."""
    upload = _upload(request, pk)
    job = jobs.last_about(uploads.job_about(upload))
    if job and job.is_unfinished:
        return job_under_way(request, job)
    if request.headers.get("HX-Request"):
        return job_ended()
    if upload.filed_at:
        return _result_page(request, upload)
    if not upload.sheet:
        return redirect("designation:roster_sheet", pk)
    if not upload.is_mapped:
        return redirect("designation:roster_columns", pk)
    try:
        plan = uploads.plan_upload(upload, request.user)
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect("designation:roster_columns", pk)
    return _preview_page(request, upload, plan, stopped=job)


def _preview_page(request: SignedIn, upload: RosterUpload, plan: RosterPlan, *, stopped: Job | None) -> HttpResponse:
    """What filing would do; `stopped` is the job that filed some of it and did not come to its end."""
    shown = _shown(plan)
    asked = request.GET.get("rows", "")
    default = RowStatus.ERROR.value if plan.errors else RowStatus.READY.value
    status = asked if asked in shown else default
    context = {
        "upload": upload,
        "plan": plan,
        "steps": STEPS,
        "status": status,
        "tabs": _tabs(shown, status),
        "page": Paginator(shown[status], ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "before": _filed_before(upload),
        "is_large": is_large(plan.rows),
        "stopped": stopped,
    }
    return render(request, "designation/roster_preview.html", context)


def _shown(plan: RosterPlan) -> dict[str, tuple[PlannedRow, ...]]:
    """The rows that the preview can list, by what it calls them; those of differing names only if there are any."""
    shown = {status.value: plan.with_status(status) for status in (RowStatus.READY, RowStatus.ERROR)}
    if plan.names_differing:
        shown[NAMES_DIFFER] = plan.names_differing
    return {**shown, RowStatus.ALREADY_FILED.value: plan.already_filed}


def _tabs(shown: dict[str, tuple[PlannedRow, ...]], status: str) -> list[dict[str, Any]]:
    labels = {
        RowStatus.READY.value: "ready to file",
        RowStatus.ERROR.value: "with problems",
        NAMES_DIFFER: f"name{pluralize(len(shown.get(NAMES_DIFFER, ())), ' differs,s differ')} from the record",
        RowStatus.ALREADY_FILED.value: "filed already",
    }
    return [
        {"value": tab, "label": labels[tab], "count": len(rows), "current": tab == status}
        for tab, rows in shown.items()
    ]


def _filed_before(upload: RosterUpload) -> RosterUpload | None:
    """The upload by which the office has filed the very same file, if any."""
    same = RosterUpload.objects.filter(office=upload.office, sha256=upload.sha256, filed_at__isnull=False)
    return same.defer("content", "result").first()


def _result_page(request: SignedIn, upload: RosterUpload) -> HttpResponse:
    result = uploads.result_of(upload)
    count = len(result.filed)
    context = {
        "upload": upload,
        "heading": f"{count:,} request{'' if count == 1 else 's'} filed",
        "filed": result.filed,
        "dues": due_after_filing(result.filed),
        "already_filed": result.already_filed,
        "rejected": [{"row": row, "reason": reason} for row, reason in result.rejected.items()],
    }
    return render(request, "designation/roster_result.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def roster_sheet(request: SignedIn, pk: int) -> HttpResponse:
    """Asks which sheet holds the roster."""
    upload = _upload(request, pk)
    if upload.filed_at:
        return redirect("designation:roster", pk)
    sheets = workbook_of(upload, ROSTER).sheets
    form = SheetForm(
        request.POST or None,
        sheets=[sheet.name for sheet in sheets],
        holds=ROSTER.held,
        initial={"sheet": upload.sheet},
    )
    if form.is_valid():
        try:
            uploads.choose_sheet(upload, request.user, form.cleaned_data["sheet"])
        except UnusableFile as error:
            form.add_error(None, str(error))
        else:
            return redirect("designation:roster", pk)
    return render(request, "components/sheet_page.html", _page_of(upload, form))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def roster_columns(request: SignedIn, pk: int) -> HttpResponse:
    """Asks what the columns mean. `?header_row=N` takes another row of the file for the header, 0 none."""
    upload = _upload(request, pk)
    if upload.filed_at or not upload.sheet:
        return redirect("designation:roster", pk)
    try:
        proposal = proposal_for(upload, ROSTER, asked_header_row(request))
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect("designation:roster_columns", pk)
    workbook = workbook_of(upload, ROSTER)
    form = ColumnsForm(
        request.POST or None,
        proposal=proposal,
        width=workbook.sheet(upload.sheet).width,
        default_justification=upload.default_justification,
    )
    if form.is_valid() and _apply(request, upload, proposal, form):
        return redirect("designation:roster", pk)
    context = {
        **_page_of(upload, form),
        **columns_context(workbook, upload.sheet, proposal),
        "sheet_url": reverse("designation:roster_sheet", args=[upload.pk]),
    }
    return render(request, "designation/roster_columns.html", context)


def _page_of(upload: RosterUpload, form: SheetForm | ColumnsForm) -> dict[str, Any]:
    """What a page says that asks about the file."""
    url = reverse("designation:roster_upload")
    return {"upload": upload, "form": form, "steps": STEPS, "upload_url": url, "upload_label": "Upload a roster"}


def _apply(request: SignedIn, upload: RosterUpload, proposal: Proposal[Field], form: ColumnsForm) -> bool:
    try:
        uploads.apply_mapping(
            upload,
            request.user,
            sheet=upload.sheet,
            header_row=proposal.header_row,
            mapping=form.mapping(),
            default_justification=form.cleaned_data["default_justification"],
        )
    except UnusableFile as error:
        form.add_error(None, str(error))
        return False
    return True


def _roster_url(_request: SignedIn, pk: int) -> str:
    return reverse("designation:roster", args=[pk])


@role_required(*HSI_ROLES)
@post_only(_roster_url)
def roster_file(request: SignedIn, pk: int) -> HttpResponse:
    """Files the rows that are ready, or has a worker do so where they are many. Pressed twice, it files once."""
    upload = _upload(request, pk)
    try:
        rows = uploads.roster_of(upload).rows
        if is_large(rows) and not upload.filed_at:
            _order(upload, request.user, len(rows))
        else:
            uploads.file_upload(upload, request.user)
    except UnusableFile as error:
        messages.error(request, f"Nothing was filed. {error}")
    return redirect("designation:roster", pk)


def _order(upload: RosterUpload, owner: User, rows: int) -> None:
    with suppress(UnderWay):
        order_filing(upload, owner, rows=rows)


@require_safe
@role_required(*HSI_ROLES)
def roster_rejected(request: SignedIn, pk: int) -> HttpResponse:
    """The rows that are not filed, with the reason of each, as CSV in the columns of the office's own file."""
    upload = _upload(request, pk)
    try:
        text = uploads.rejected_rows(upload, request.user)
    except UnusableFile as error:
        messages.error(request, str(error))
        return redirect(reverse("designation:roster", args=[pk]))
    # The mark at the start tells Excel that the text is UTF-8.
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="roster-{pk}-not-filed.csv"'
    return response
