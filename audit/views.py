"""Pages on processing times: choose what an export holds, take it, and read what its columns mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audit import exports
from audit.exports.columns import Sums, columns_of
from audit.forms import ExportForm
from audit.machine import Subject

View = Callable[[HttpRequest], HttpResponseBase]


def for_report_readers(view: View) -> View:
    """Lets in the roles of settings.AUDIT_REPORT_ROLES."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        user: Any = request.user
        if not user.has_role(*settings.AUDIT_REPORT_ROLES):
            raise PermissionDenied
        return view(request)

    return guarded


@require_GET
@for_report_readers
def processing_times(request: HttpRequest) -> HttpResponse:
    """What the file will hold, under the filters in the address."""
    form = ExportForm(request.GET, model=_model())
    return _page(request, form)


@require_GET
@for_report_readers
def processing_times_csv(request: HttpRequest) -> HttpResponseBase:
    """The file itself, as it comes from the database."""
    form = ExportForm(request.GET, model=_model())
    if not form.is_valid():
        return _page(request, form)
    export = exports.processing_times(_model().workflow, user=request.user, filters=form.filters())
    name = f"processing-times-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        exports.stream(export, actor=request.user),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_GET
@for_report_readers
def data_dictionary(request: HttpRequest) -> HttpResponse:
    return render(request, "audit/data_dictionary.html", {"columns": columns_of(_model(), Sums())})


def _page(request: HttpRequest, form: ExportForm) -> HttpResponse:
    if not form.is_valid():
        return render(request, "audit/processing_times.html", {"form": form}, status=400)
    export = exports.processing_times(_model().workflow, user=request.user, filters=form.filters())
    context = {"form": form, "row_count": exports.row_count(export), "columns": export.columns}
    return render(request, "audit/processing_times.html", context)


def _model() -> type[Subject]:
    """The workflow that the pages are about: the one whose model declares an export."""
    return exports.exported_models()[0]
