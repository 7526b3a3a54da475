"""The pages of reports. Page, picture and file of a report come from one object, asked by one address."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from audit import drawing, goals, maps
from audit.models import AccessRecord
from audit.report_forms import Asked, ReportForm
from audit.reports.backlog import Backlog
from audit.reports.behind import PAGE_SIZE, Behind, trail
from audit.reports.figures import Moment
from audit.reports.flow import ProcessMap, Returns, Throughput
from audit.reports.tables import COUNT, DAY, HOURS, PERCENT, Table, measure_label, plain_date
from audit.reports.timeliness import Compared, Stages, Trend
from audit.spreadsheets import harmless

MAP = "map"
REPORTS: dict[str, Callable[[Asked, Moment], Any]] = {
    "trend": lambda asked, moment: Trend(asked.question, moment, asked.every),
    "stages": lambda asked, moment: Stages(asked.question, moment),
    "compared": lambda asked, moment: Compared(asked.question, moment, asked.by),
    "backlog": lambda asked, moment: Backlog(asked.question, moment),
    "throughput": lambda asked, moment: Throughput(asked.question, moment, asked.every),
    "returns": lambda asked, moment: Returns(asked.question, moment),
    MAP: lambda asked, moment: ProcessMap(asked.question, moment),
}

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
    names = ["trend", "stages", *(["compared"] if asked.by else []), "backlog", "throughput"]
    reports = {name: REPORTS[name](asked, moment) for name in names}
    stages: Stages = reports["stages"]
    context = _context(form, asked, moment) | {
        "whole": stages.of(asked.question.measure),
        "backlog": reports["backlog"].total,
        "sections": [_section(name, report, asked) for name, report in reports.items()],
    }
    return render(request, "audit/reports/timeliness.html", context)


@asks("audit/reports/returns.html")
def returns(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    report = Returns(asked.question, moment)
    tables = [_section("returns", report, asked, report.by_stage()), _section("returns", report, asked)]
    return render(request, "audit/reports/returns.html", _context(form, asked, moment) | {"sections": tables})


@asks("audit/reports/map.html")
def process_map(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    section = _section(MAP, ProcessMap(asked.question, moment), asked)
    return render(request, "audit/reports/map.html", _context(form, asked, moment) | {"section": section})


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
    if name == MAP:
        drawn = maps.svg(report)
    elif hasattr(report, "picture"):
        found = report.picture()
        width = drawing.NARROW if request.GET.get("size") == "narrow" else drawing.WIDE
        drawn = drawing.draw(found.chart, found.data, width=width)
    else:
        raise Http404
    return HttpResponse(drawn, content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@asks("audit/reports/timeliness.html")
def table_csv(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, name: str) -> HttpResponse:
    """The table of a report as CSV; that it was taken goes on record."""
    report = Behind(asked.question, moment, request.GET.get("open_in")) if name == "behind" else None
    table = (report or _report(name, asked, moment)).table()
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(name if unit == "text" else f"{name} ({unit})" for name, unit in table.columns)
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


def _section(name: str, report: Any, asked: Asked, table: Table | None = None) -> Section:
    table = table or report.table()
    says = report.picture().says if hasattr(report, "picture") else ""
    rows = [_cells(table, place, asked) for place in range(len(table.rows))]
    return Section(name, table, rows, says, asked.address(), empty=not table.rows)


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


def shown(value: Any, unit: str) -> str:
    """A cell as people read it: “1,204”, “14.5”, “93.2 %”, “March 1, 2026”; a dash where there is none."""
    if value is None or value == "":
        return "–"
    if unit == HOURS:
        return f"{value:,.1f}"
    if unit == PERCENT:
        return f"{value:.1f} %"
    if isinstance(value, date):
        return plain_date(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
