"""The pages of reports. Page, picture and file of a report come from one object, asked by one address."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import wraps
from typing import Any, TypedDict

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from audit import drawing, goals, maps
from audit.exports.formats import FORMATS, CannotWrite
from audit.models import AccessRecord
from audit.report_forms import Asked, ReportForm
from audit.reports import printing, sources
from audit.reports.backlog import Backlog
from audit.reports.behind import FIELDS, PAGE_SIZE, Behind, trail
from audit.reports.figures import Moment, one_moment
from audit.reports.limits import TookTooLong, limited_to
from audit.reports.pages import BY_PERIOD, PAGES, REPORTS, Part, beside, has_picture, svg
from audit.reports.periods import Period
from audit.reports.question import ENDED, STAGE
from audit.reports.tables import DAY, TEXT, Table, measure_label, plain_date, shown
from audit.reports.timeliness import MET, Stages
from audit.spreadsheets import harmless

View = Callable[..., HttpResponse]
TOO_LONG = (
    "The report was stopped after {seconds} seconds, so that it does not slow down the work of others. Ask for a "
    "shorter period or with fewer filters, or order the cases as an export under Processing times, which may take as "
    "long as it needs."
)


def asks(template: str, page: str = "", *, at_one_moment: bool = True) -> Callable[[View], Any]:
    """Lets in the roles of settings.AUDIT_REPORT_ROLES, and gives the view what the address asks.

    For an address that asks what cannot be answered, or not within settings.AUDIT_REPORT_SECONDS, the page of the
    template says what is wrong. `page` names the one whose fields are shown, where the address itself does not name it
    or one of its reports. All that the view reads is of one moment, unless it sees to that itself.
    """

    def decorate(view: View) -> Any:
        @require_GET
        @wraps(view)
        def asking(request: HttpRequest, **named: Any) -> HttpResponse:
            user: Any = request.user
            if not user.has_role(*settings.AUDIT_REPORT_ROLES):
                raise PermissionDenied
            shows = _shows(page or named.get("name", ""))
            try:
                with one_moment() if at_one_moment else nullcontext():
                    moment = Moment.now()
                    form = ReportForm(request.GET.dict(), user=user, moment=moment, shows=shows)
                    if not form.is_valid():
                        return render(request, template, {"form": form}, status=400)
                    with limited_to(settings.AUDIT_REPORT_SECONDS):
                        return view(request, form, form.asked(), moment, **named)
            except TookTooLong:
                form.add_error(None, TOO_LONG.format(seconds=settings.AUDIT_REPORT_SECONDS))
                return render(request, template, {"form": form}, status=503)

        return asking

    return decorate


def _shows(name: str) -> tuple[str, ...]:
    """The fields that matter for a page, or for one of its reports."""
    if name in PAGES:
        return PAGES[name].shows
    return ("every",) if name in BY_PERIOD else ()


class Cell(TypedDict):
    """A cell as people read it; the number of some requests has the address of the list of them."""

    text: str
    number: bool
    url: str


@dataclass(frozen=True)
class Section:
    """A report on a page: its table, each row with its head and its other cells, its picture, and their address.

    `size` and `narrow` are about how wide and high the picture is in pixels, also on a phone.
    """

    name: str
    table: Table
    rows: list[tuple[str, list[Cell]]]
    says: str
    address: str
    empty: bool = False
    size: tuple[int, int] | None = None
    narrow: tuple[int, int] | None = None


@asks("audit/reports/timeliness.html", "timeliness")
def timeliness(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["timeliness"]
    parts = page.parts(asked, moment)
    reports = {part.name: part.report for part in parts}
    stages: Stages = reports["stages"]
    backlog: Backlog = reports["backlog"]
    context = _context(form, asked, moment) | {
        "whole": stages.of(asked.question.measure),
        "backlog": backlog.total,
        "elsewhere": None if stages.figures else _elsewhere(asked, moment),
        "page": page,
        "sections": [_section(part, asked) for part in parts],
        "behind": {
            name: _behind_url(asked, **chosen)
            for name, chosen in TILES.items()
            # What is judged of a stage are its stays.
            if name != "met" or asked.question.measure.what != STAGE
        },
    }
    return render(request, "audit/reports/timeliness.html", context)


def _elsewhere(asked: Asked, moment: Moment) -> dict[str, str] | None:
    """For an imported history with nothing in the period: the days of its ends, and the address that asks for them."""
    question = asked.question
    ends = sources.ended_between(question.workflow) if question.model is None else None
    if ends is None:
        return None
    first, last = (at.astimezone(moment.calendar.zone).date() for at in ends)
    period = Period(first, last + timedelta(days=1))
    return {
        "first_day": plain_date(first),
        "last_day": plain_date(last),
        "address": asked.address(period=period, cohort=ENDED, dimensions={}),
    }


TILES: dict[str, dict[str, str]] = {"requests": {}, "met": {"goal": MET}, "open": {"open_in": ""}}
"""The lists behind the numbers at the top of the page."""


@asks("audit/reports/returns.html", "returns")
def returns(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["returns"]
    sections = [_section(part, asked) for part in page.parts(asked, moment)]
    context = _context(form, asked, moment) | {"page": page, "sections": sections}
    return render(request, "audit/reports/returns.html", context)


@asks("audit/reports/map.html", "process-map")
def process_map(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment) -> HttpResponse:
    page = PAGES["process-map"]
    (part,) = page.parts(asked, moment)
    context = _context(form, asked, moment) | {
        "page": page,
        "section": _section(part, asked),
        "map": part.report,
        "size": maps.size(part.report),
    }
    return render(request, "audit/reports/map.html", context)


@asks("audit/reports/timeliness.html", at_one_moment=False)
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
    try:
        report: Any = _behind(request, asked, moment)
    except ValueError as error:
        form.add_error(None, str(error))
        return render(request, "audit/reports/behind.html", {"form": form}, status=400)
    page: Any = Paginator(report, PAGE_SIZE).get_page(request.GET.get("page"))
    context = _context(form, asked, moment)
    context |= {"page": page, "report": report, "count": report.count}
    return render(request, "audit/reports/behind.html", context)


@asks("audit/reports/timeliness.html")
def trail_page(request: HttpRequest, form: ReportForm, asked: Asked, moment: Moment, subject: str) -> HttpResponse:
    """One request's states and dates, without names or reasons."""
    steps = trail(asked.question, subject)
    if not steps:
        raise Http404
    context = {
        "subject": subject,
        "steps": steps,
        "address": asked.address(),
        "sources": list(dict.fromkeys(step.source for step in steps)),
    }
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
    try:
        report = _behind(request, asked, moment) if name == "behind" else _report(name, asked, moment)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    table = report.table()
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    rows = [table.header, *table.rows]
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
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


def _behind(request: HttpRequest, asked: Asked, moment: Moment) -> Behind:
    """The list that the address chooses. Raises ValueError where there is none such."""
    chosen = {name: request.GET[name] for name in FIELDS if name in request.GET}
    return Behind(asked.question, moment, chosen)


def _behind_url(asked: Asked, **changes: Any) -> str:
    return f"{reverse('audit:behind')}?{asked.address(**changes)}"


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
        "beside": beside(asked, moment),
        "unclocked_url": _behind_url(asked, unclocked="1"),
        "periods": [(name, asked.address(period=period)) for name, period in form.usual_periods()],
    }


def _section(part: Part, asked: Asked) -> Section:
    table = part.table
    lists_at = reverse("audit:behind")
    rows = [_row(table, place, asked, lists_at) for place in range(len(table.rows))]
    section = Section(part.name, table, rows, part.says, asked.address(), empty=not table.rows)
    if part.picture is None:
        return section
    picture = part.picture
    wide, narrow = (drawing.size(picture.chart, picture.data, width) for width in (drawing.WIDE, drawing.NARROW))
    return replace(section, size=wide, narrow=narrow)


def _row(table: Table, place: int, asked: Asked, lists_at: str) -> tuple[str, list[Cell]]:
    """The row's head, and its other cells; `lists_at` is the path of the lists behind its numbers of requests."""
    lists = table.behind[place] if table.behind else {}
    head, *values = table.rows[place]
    (_, unit), *columns = table.columns
    return shown(head, unit), [
        {
            "text": shown(value, unit),
            "number": unit not in (TEXT, DAY),
            "url": f"{lists_at}?{asked.address(**lists[name])}" if value and name in lists else "",
        }
        for value, (name, unit) in zip(values, columns, strict=True)
    ]
