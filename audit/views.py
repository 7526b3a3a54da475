"""Pages on processing times: choose what an export holds, take it, and read what its columns mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from audit import exports
from audit.export_forms import OrderForm
from audit.exports import orders, periods
from audit.exports.columns import Seen, Sums, columns_of, columns_of_any
from audit.filters import DECIDED
from audit.forms import ExportForm
from audit.machine import Subject
from audit.reading import models_read_by, name_of, row_of, rows_of

View = Callable[..., HttpResponseBase]


def for_report_readers(view: View) -> View:
    """Lets in the roles of settings.AUDIT_REPORT_ROLES."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if not user.has_role(*settings.AUDIT_REPORT_ROLES):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_http_methods(["GET", "POST"])
@for_report_readers
def processing_times(request: HttpRequest) -> HttpResponse:
    """What the file will hold, under the filters in the address; a post has it made in the format chosen."""
    form = ExportForm(request.GET, user=request.user)
    if request.method == "GET":
        return _page(request, form)
    chosen = OrderForm(request.POST)
    if not form.is_valid() or not chosen.is_valid():
        return _page(request, form, chosen)
    wanted = {"format": chosen.cleaned_data["format"], "workflow": form.asked_workflow, "filters": form.filters()}
    try:
        file = orders.order(owner=request.user, **wanted)
    except orders.OrderRefused as error:
        messages.error(request, str(error))
        return redirect("audit:export_list")
    return redirect("audit:export_detail", key=file.key)


@require_GET
@for_report_readers
def processing_times_csv(request: HttpRequest) -> HttpResponseBase:
    """The file itself, as it comes from the database."""
    form = ExportForm(request.GET, user=request.user)
    if not form.is_valid():
        return _page(request, form)
    workflow = form.asked_workflow
    export = exports.processing_times(workflow, user=request.user, filters=form.filters())
    of = rows_of(workflow) if form.model else workflow
    name = f"processing-times-of-{slugify(of)}-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        exports.stream(export, actor=request.user),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_GET
@for_report_readers
def data_dictionary(request: HttpRequest) -> HttpResponse:
    form = ExportForm(request.GET, user=request.user)
    workflow = form.asked_workflow
    columns = columns_of(form.model, Sums()) if form.model else columns_of_any(Seen(workflow), Sums())
    context = {"columns": columns, "row": row_of(workflow), "workflow": workflow}
    return render(request, "audit/data_dictionary.html", context)


def _page(request: HttpRequest, form: ExportForm, chosen: OrderForm | None = None) -> HttpResponse:
    """The page of processing times; `chosen` is the order of a file that was refused."""
    workflow = form.asked_workflow
    context: dict[str, Any] = {
        "form": form,
        "presets": _presets(workflow),
        "chosen": chosen or OrderForm(),
        "workflow": workflow,
        "workflows": [(name, urlencode({"workflow": code}), code == workflow) for code, name in form.workflows.items()],
        "row": row_of(workflow),
        "rows": rows_of(workflow),
    }
    if form.is_valid():
        export = exports.processing_times(workflow, user=request.user, filters=form.filters())
        context |= {"row_count": exports.row_count(export), "columns": export.columns}
    is_bad = not form.is_valid() or (chosen is not None and not chosen.is_valid())
    return render(request, "audit/processing_times.html", context, status=400 if is_bad else 200)


def _presets(workflow: str) -> list[dict[str, str]]:
    """Periods to choose with one click."""
    day = periods.today()
    month, year = (periods.last_period(kind, day) for kind in (periods.Kind.MONTH, periods.Kind.FISCAL_YEAR))
    return [
        {"label": f"Last fiscal year ({year.name})", "query": _decided_in(year, workflow)},
        {"label": f"Last month ({month.first_day:%B %Y})", "query": _decided_in(month, workflow)},
    ]


def _decided_in(period: periods.Period, workflow: str) -> str:
    days = {"first_day": period.first_day.isoformat(), "last_day": period.last_day.isoformat()}
    return urlencode({"workflow": workflow, "cohort": DECIDED} | days)


def workflow_choices(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """What the template `audit/_workflows.html` offers: the workflows with a model that the user reads."""
    asked = asked_model(request)
    return [
        (name_of(model.workflow), urlencode({"workflow": model.workflow}), model is asked)
        for model in models_read_by(request.user)
    ]


def asked_model(request: HttpRequest) -> type[Subject]:
    """The workflow with a model that the address names, else the first of those that the user reads."""
    models = models_read_by(request.user)
    return next((model for model in models if model.workflow == request.GET.get("workflow")), models[0])
