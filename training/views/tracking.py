"""Who has completed what: offices by modules, the people behind a figure, what expires, and how it went by month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from audit import drawing
from audit.exports.formats import FORMATS as KINDS
from audit.exports.formats import CannotWrite
from audit.reports.tables import Table, percent
from designation.models import Office, Role, User
from designation.permissions import READER_ROLES
from designation.views.access import SignedIn, role_required
from training.forms.tracking import ExpiringFilterForm, PeopleFilterForm, TrendFilterForm
from training.models import Module
from training.permissions import TRAINING_READERS
from training.tracking.exports import FORMATS, take
from training.tracking.matrix import WITHIN, Cell, matrix
from training.tracking.reports import REQUIRED_OF, People, Trend, matrix_table
from training.views import requirements

PER_PAGE = 50
TRACKING_ROLES = (*TRAINING_READERS, Role.COORDINATOR, Role.DEA_FIELD)


@dataclass(frozen=True)
class Shown:
    """A cell of the matrix on the page: `share` in percent, and the address of the people behind it."""

    cell: Cell
    share: float | None
    url: str


@require_safe
@role_required(*TRACKING_ROLES)
def tracking(request: SignedIn) -> HttpResponse:
    found = matrix(request.user, timezone.localdate())
    rows = [(row.office, _shown(row.cells, found.modules, row.office)) for row in found.rows]
    context = {
        "matrix": found,
        "rows": rows,
        "total": _shown(found.total.cells, found.modules, None),
        "required_of": REQUIRED_OF,
        "kept_to_office": len(found.rows) == 1,
    }
    return render(request, "training/tracking.html", context)


def _shown(cells: list[Cell], modules: list[Module], office: Office | None) -> list[Shown]:
    of_office = {"office": office.code} if office else {}
    base = reverse("training:tracking_people")
    return [
        Shown(cell, percent(cell.share), f"{base}?{urlencode({**of_office, 'module': module.code})}")
        for cell, module in zip(cells, modules, strict=True)
    ]


@require_safe
@role_required(*TRACKING_ROLES)
def tracking_people(request: SignedIn) -> HttpResponse:
    """The agents behind a figure of the matrix, each in the modules that are required of him."""
    form = PeopleFilterForm(request.GET, user=request.user)
    context: dict[str, Any] = {"form": form, "query": urlencode(form.given()), "required_of": REQUIRED_OF}
    context["opens_agents"] = request.user.has_role(*READER_ROLES, Role.TRAINING_MANAGER)
    if form.is_narrow:
        context["page"] = _page(request, _people(form, request.user))
    return render(request, "training/tracking_people.html", context)


def _people(form: PeopleFilterForm, user: User) -> People:
    status = form.cleaned_data.get("status", "")
    return People(user, timezone.localdate(), office=form.chosen_office, module=form.chosen_module, status=status)


def _page(request: SignedIn, people: People) -> Any:
    found: Any = people
    return Paginator(found, PER_PAGE).get_page(request.GET.get("page"))


@require_safe
@role_required(*TRACKING_ROLES)
def tracking_expiring(request: SignedIn) -> HttpResponse:
    """How much training expires in 30, 60 and 90 days in each office, and whose."""
    form = ExpiringFilterForm(request.GET, user=request.user)
    context: dict[str, Any] = {"form": form, "query": urlencode(form.given()), "within": form.within()}
    context["opens_agents"] = request.user.has_role(*READER_ROLES, Role.TRAINING_MANAGER)
    if form.is_narrow:
        context["page"] = _page(request, _expiring(form, request.user))
    else:
        found = matrix(request.user, timezone.localdate())
        context["offices"] = [(row.office, _expiring_cells(row.cells, row.office)) for row in found.rows]
    return render(request, "training/tracking_expiring.html", context)


def _expiring(form: ExpiringFilterForm, user: User) -> People:
    office, module = form.chosen_office, form.chosen_module
    return People(user, timezone.localdate(), office=office, module=module, within=form.within())


def _expiring_cells(cells: list[Cell], office: Office | None) -> list[tuple[int, str]]:
    """(completions that expire within so many days, the address of the list of them)."""
    base, code = reverse("training:tracking_expiring"), office.code if office else ""
    return [
        (sum(cell.within(days) for cell in cells), f"{base}?{urlencode({'office': code, 'days': str(days)})}")
        for days in WITHIN
    ]


@require_safe
@role_required(*TRACKING_ROLES)
def tracking_trend(request: SignedIn) -> HttpResponse:
    form = TrendFilterForm(request.GET, user=request.user)
    trend = _trend(form, request.user)
    module = {"module": form.chosen_module.code} if form.chosen_module else {}
    context = {"form": form, "table": trend.table(), "says": trend.picture().says, "query": urlencode(module)}
    return render(request, "training/tracking_trend.html", context)


def _trend(form: TrendFilterForm, user: User) -> Trend:
    return Trend(user, timezone.localdate(), form.chosen_module)


@require_safe
@role_required(*TRACKING_ROLES)
def tracking_picture(request: SignedIn) -> HttpResponse:
    """The picture of the trend as SVG; with `size=narrow` for a phone."""
    picture = _trend(TrendFilterForm(request.GET, user=request.user), request.user).picture()
    width = drawing.NARROW if request.GET.get("size") == "narrow" else drawing.WIDE
    drawn = drawing.draw(picture.chart, picture.data, width=width)
    return HttpResponse(drawn, content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


def _matrix_table(request: SignedIn) -> tuple[Callable[[], Table], dict[str, str]]:
    return lambda: matrix_table(matrix(request.user, timezone.localdate())), {}


def _people_table(request: SignedIn) -> tuple[Callable[[], Table], dict[str, str]]:
    form = PeopleFilterForm(request.GET, user=request.user)
    return lambda: _people(form, request.user).table(), form.given()


def _expiring_table(request: SignedIn) -> tuple[Callable[[], Table], dict[str, str]]:
    form = ExpiringFilterForm(request.GET, user=request.user)
    return lambda: _expiring(form, request.user).table(), {"days": str(form.within()), **form.given()}


def _trend_table(request: SignedIn) -> tuple[Callable[[], Table], dict[str, str]]:
    form = TrendFilterForm(request.GET, user=request.user)
    return _trend(form, request.user).table, {"module": form.chosen_module.code} if form.chosen_module else {}


TABLES = {
    "matrix": ("training:tracking", _matrix_table),
    "people": ("training:tracking_people", _people_table),
    "expiring": ("training:tracking_expiring", _expiring_table),
    "trend": ("training:tracking_trend", _trend_table),
}


@require_safe
@role_required(*TRACKING_ROLES)
def tracking_file(request: SignedIn, name: str, format: str) -> HttpResponse:
    """What a page of tracking shows, all of it, as CSV or XLSX; on record, with a manifest."""
    if name not in TABLES or format not in FORMATS:
        raise Http404
    page, table_of = TABLES[name]
    if name == "people" and not PeopleFilterForm(request.GET, user=request.user).is_narrow:
        messages.error(request, "Choose an office or a module: a file of everybody in every module would be too large.")
        return redirect(page)
    make, filters = table_of(request)
    address = f"{reverse(page)}?{urlencode(filters)}"
    try:
        file, content = take(
            name, make, format, filters=filters, address=request.build_absolute_uri(address), owner=request.user
        )
    except CannotWrite as error:
        messages.error(request, f"The file could not be made. {error}")
        return redirect(address)
    kind, day = KINDS[format], timezone.localdate()
    return HttpResponse(
        content,
        content_type=kind.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="training-{name}-{day}-{file.pk}.{kind.suffix}"',
            "Cache-Control": "no-store",
        },
    )


urlpatterns = [
    path("tracking/", tracking, name="tracking"),
    path("tracking/people/", tracking_people, name="tracking_people"),
    path("tracking/expiring/", tracking_expiring, name="tracking_expiring"),
    path("tracking/trend/", tracking_trend, name="tracking_trend"),
    path("tracking/trend.svg", tracking_picture, name="tracking_picture"),
    path("tracking/files/<slug:name>.<slug:format>", tracking_file, name="tracking_file"),
    *requirements.urlpatterns,
]
