"""The pages of reports. Page, picture and file of a report come from one object, asked by one address."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from audit import drawing, goals
from audit.exports.formats import FORMATS, CannotWrite
from audit.models import AccessRecord
from audit.report_forms import Asked, ReportForm
from audit.reports import printing
from audit.reports.backlog import Backlog
from audit.reports.behind import PAGE_SIZE, Behind, trail
from audit.reports.figures import Moment
from audit.reports.pages import PAGES, REPORTS, Part, has_picture, svg
from audit.reports.tables import COUNT, DAY, Table, measure_label, plain_date, shown
from audit.reports.timeliness import Stages
from audit.spreadsheets import harmless

View = Callable[..., HttpResponse]


def asks(template: str) -> Callable[[View], Any]:
    """Lets in the roles of settings.AUDIT_REPORT_ROLES, and gives the view what the address asks.

    For an address that asks what cannot be answered, the page of the template says what is wrong.
    """

    def decorate(view: View) -> Any:
        @require_GET
        @wraps(view)
        def asking(request: HttpRequest, **named: Any) -> HttpResponse:
            user: Any = request.user
            if not user.has_role(*settings.AUDIT_REPORT_ROLES):
                raise PermissionDenied
            moment = Moment.now()
            form = ReportForm(request.GET.dict(), user=user, moment=moment)
            if not form.is_valid():
                return render(request, template, {"form": form}, status=400)
            return view(request, form, form.asked(), moment, **named)

        return asking

    return decorate


@dataclass(frozen=True)
class Section:
    """A report on a page: its table with cells as people read them, its picture, and the addresses of both."""

    name: str
    table: Table
    rows: list[list[dict[str, Any]]]
    says: str
    address: str
    empty: bool = False


@asks("audit/reports/timeliness.html")
def timeliness(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["timeliness"]
    parts = page.parts(asked, moment)
    reports = {part.name: part.report for part in parts}
    stages: Stages = reports["stages"]
    backlog: Backlog = reports["backlog"]
    context = _context(form, asked, moment) | {
        "whole": stages.of(asked.question.measure),
        "backlog": backlog.total,
        "page": page,
        "sections": [_section(part, asked) for part in parts],
    }
    return render(request, "audit/reports/timeliness.html", context)


@asks("audit/reports/returns.html")
def returns(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["returns"]
    sections = [_section(part, asked) for part in page.parts(asked, moment)]
    context = _context(form, asked, moment) | {"page": page, "sections": sections}
    return render(request, "audit/reports/returns.html", context)


@asks("audit/reports/map.html")
def process_map(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["process-map"]
    (part,) = page.parts(asked, moment)
    context = _context(form, asked, moment) | {"page": page, "section": _section(part, asked)}
    return render(request, "audit/reports/map.html", context)


@asks("audit/reports/timeliness.html")
def file(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, name: str, format: str) -> HttpResponse:
    """A page as PDF or as a workbook, of the reports that it shows, asked once more; on record, with a manifest."""
    page = PAGES.get(name)
    if page is None or format not in printing.FORMATS:
        raise Http404
    address = f"{reverse(page.url)}?{asked.address()}"
    try:
        file, content = printing.take(
            page, asked, format, address=request.build_absolute_uri(address), owner=request.user
        )
    except (drawing.CannotDraw, CannotWrite) as error:
        messages.error(request, f"The file could not be made. {error}")
        return redirect(address)
    return HttpResponse(
        content,
        content_type=FORMATS[format].content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{moment.today}-{file.pk}.{FORMATS[format].suffix}"',
            "Cache-Control": "no-store",
        },
    )


@asks("audit/reports/behind.html")
def behind(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    """The requests behind a figure, each with the way to its trail of states and dates."""
    report: Any = Behind(asked.question, moment, request.GET.get("open_in"))
    page: Any = Paginator(report, PAGE_SIZE).get_page(request.GET.get("page"))
    context = _context(form, asked, moment)
    context |= {"page": page, "open_in": report.open_in, "count": report.count}
    return render(request, "audit/reports/behind.html", context)


@asks("audit/reports/timeliness.html")
def trail_page(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, subject: str) -> HttpResponse:
    """One request's states and dates, without names or reasons."""
    steps = trail(asked.question, subject)
    if not steps:
        raise Http404
    context = {"subject": subject, "steps": steps, "address": asked.address()}
    return render(request, "audit/reports/trail.html", context)


@asks("audit/reports/timeliness.html")
def picture(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, name: str) -> HttpResponse:
    """The picture of a report as SVG; with `size=narrow` for a phone."""
    report = _report(name, asked, moment)
    if not has_picture(report):
        raise Http404
    width = drawing.NARROW if request.GET.get("size") == "narrow" else drawing.WIDE
    drawn = svg(report, width)
    return HttpResponse(drawn, content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@asks("audit/reports/timeliness.html")
def table_csv(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, name: str) -> HttpResponse:
    """The table of a report as CSV; that it was taken goes on record."""
    report = Behind(asked.question, moment, request.GET.get("open_in")) if name == "behind" else None
    table = (report or _report(name, asked, moment)).table()
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows)
    user: Any = request.user
    AccessRecord.objects.create(
        actor=user,
        actor_name=user.recorded_name,
        act="take report table",
        parameters={"report": name, "asked": asked.address(), "as_of": moment.as_of.isoformat()},
        row_count=len(table.rows),
    )
    return HttpResponse(
        lines.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{moment.today}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _report(name: str, asked: Asked, moment: Moment) -> Any:
    if name not in REPORTS:
        raise Http404
    return REPORTS[name](asked, moment)


def _context(form: ReportForm, asked: Asked, moment: Moment) -> dict[str, Any]:
    question = asked.question
    return {
        "form": form,
        "asked": asked,
        "question": question,
        "first_day": plain_date(question.period.since),
        "last_day": plain_date(question.period.last_day),
        "measure": measure_label(question.model, question.measure),
        "moment": moment,
        "goals_version": goals.version(),
        "address": asked.address(),
        "periods": [(name, asked.address(period=period)) for name, period in form.usual_periods()],
    }


def _section(part: Part, asked: Asked) -> Section:
    table = part.table
    rows = [_cells(table, place, asked) for place in range(len(table.rows))]
    return Section(part.name, table, rows, part.says, asked.address(), empty=not table.rows)


def _cells(table: Table, place: int, asked: Asked) -> list[dict[str, Any]]:
    """The row as people read it; its first number leads to the requests behind it."""
    cells = [
        {"text": shown(value, unit), "number": unit not in ("text", DAY), "url": ""}
        for value, (_, unit) in zip(table.rows[place], table.columns, strict=True)
    ]
    changes = table.behind[place] if table.behind else None
    first = next((index for index, (_, unit) in enumerate(table.columns) if unit == COUNT), None)
    if changes is not None and first is not None and table.rows[place][first]:
        cells[first]["url"] = f"{reverse('audit:behind')}?{asked.address(**changes)}"
    return cells
