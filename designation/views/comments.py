"""Comments and files on a request: added, given out, withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from audit.machine import Refused
from designation import comments
from designation.act_forms import ReasonForm
from designation.comment_forms import CommentForm, told
from designation.files import as_download
from designation.models import Request, RequestFile
from designation.models.requests import State
from designation.permissions import DEA_ROLES, HSI_ROLES, READER_ROLES
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.requests import detail_url, forbidden, refused_to, review_url

FROM_REVIEW = "review"


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES, *DEA_ROLES)
def request_comment(request: SignedIn, number: str) -> HttpResponse:
    """Adds a comment, files, or both. The form stands on the page of the request too."""
    row = visible_or_404(Request.objects.with_people(), request, number=number)
    if refused := comments.why_not_attach(row, request.user):
        return refused_to(request, detail_url(row), refused.message)
    form = CommentForm(request.POST or None, request.FILES or None, row=row)
    if request.method == "POST" and form.is_valid():
        try:
            added = form.save(request.user)
        except Refused as refused:
            form.add_error(None, f"Nothing was added. {refused}")
        else:
            messages.success(request, told(added))
            return redirect(_after_adding(row, added.place))
    return render(
        request, "designation/request_comment.html", {"row": row, "form": form, "cancel_url": detail_url(row)}
    )


def _after_adding(row: Request, place: str) -> str:
    """The check of a draft, which comes next; otherwise where it stands on the page of the request."""
    if row.state == State.DRAFT:
        return reverse("designation:request_check", args=[row.number])
    return f"{detail_url(row)}#{place}"


@require_GET
@role_required(*READER_ROLES)
def request_file(request: SignedIn, pk: int) -> FileResponse:
    """The file as it was added, to be saved; who took it goes on record."""
    file = visible_or_404(RequestFile.objects.current().select_related("request"), request, pk=pk)
    comments.put_download_on_record(file, by=request.user)
    return as_download(file)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES, *DEA_ROLES)
def file_withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Takes a file back, with a reason. `?from=review` leads back to the page on which DEA reviews."""
    file = visible_or_404(RequestFile.objects.select_related("request").defer("content"), request, pk=pk)
    back = review_url(request, file.request) if request.GET.get("from") == FROM_REVIEW else ""
    back = f"{back or detail_url(file.request)}#file-{file.pk}"
    if refused := comments.why_not_withdraw(file, request.user):
        if refused.code == "permission":
            return forbidden(request, back, refused.message)
        return refused_to(request, back, refused.message)
    form = ReasonForm(request.POST or None, reason_required=True)
    if form.is_valid():
        try:
            comments.withdraw_file(file.pk, actor=request.user, reason=form.cleaned_data["reason"])
        except Refused as refused:
            return refused_to(request, back, str(refused))
        messages.success(request, f"{file.name} is withdrawn.")
        return redirect(back)
    context = {
        "file": file,
        "form": form,
        "crumbs": [
            {"label": "Requests", "url": reverse("designation:request_list")},
            {"label": file.request.number, "url": detail_url(file.request)},
        ],
        "heading": f"Withdraw {file.name}",
        "submit": "Withdraw the file",
        "danger": True,
        "cancel_url": back,
    }
    return render(request, "designation/file_withdraw.html", context)
