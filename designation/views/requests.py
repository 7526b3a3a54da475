"""The list of requests, and one request with its history and what may be done with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import keyset
from audit.clocks import Status
from designation import selectors
from designation.agents import changes_since
from designation.comment_forms import discussion
from designation.lists.asked import ListOf
from designation.lists.requests import REQUESTS
from designation.models import FieldOpinion, Request
from designation.models.requests import FINAL_STATES, State
from designation.panels import panels_of
from designation.permissions import DEA_ROLES, HSI_ROLES, READER_ROLES
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.bulk import bulk_acts, states_for
from designation.views.lists import shown_list

PER_PAGE = 50
OWN_PAGES = {"submit": "designation:request_check", "resubmit": "designation:request_answer"}


@require_safe
@role_required(*READER_ROLES)
def request_list(request: SignedIn) -> HttpResponse:
    """The requests that the user may see, filtered and sorted as the address says."""
    address = request.GET.dict()
    of = ListOf(REQUESTS, request.user, address)
    tools, instead = shown_list(request, of)
    if instead:
        return redirect(instead)
    filters = of.form.filters()
    found = selectors.find_requests(request.user, **filters)
    sort = request.GET.get("sort", "")
    sort = sort if sort in selectors.SORTS else selectors.DEFAULT_SORT
    page = keyset.page_of(
        selectors.request_parts(found, sort, selectors.states_asked_for(**filters)), address, PER_PAGE
    )
    rows: list[Any] = page.rows(selectors.with_columns(found, of.shown.names), key="number")
    bulk = bulk_acts(request.user)
    selectable = set(states_for(bulk, request.user))
    late = selectors.late_clock_labels() if filters.get("clock") == Status.LATE else {}
    context = tools | {
        "form": of.form,
        "page": page,
        "count": keyset.count_beside(page, found, address),
        "items": [
            {"row": row, "selectable": row.state in selectable, "late_by": late.get(row.number, [])} for row in rows
        ],
        "sort": sort,
        "filtered": bool(filters),
        "shown": of.shown,
        "heads": [*([{"label": "Select", "hidden_label": True}] if bulk else []), *of.shown.heads()],
        "bulk": bulk,
        "selectable": "in HSI review" if selectable == {State.HSI_REVIEW} else "open",
        "selectable_in_all": _selectable_in_all(request, found, selectable),
        "files": request.user.has_role(*HSI_ROLES),
    }
    return render(request, "designation/request_list.html", context)


def _selectable_in_all(request: SignedIn, found: QuerySet[Request], states: Collection[str]) -> keyset.Count:
    """On how many of the requests found one of the bulk acts can be made; no query where there is no act."""
    if not states:
        return keyset.Count(0)
    return keyset.count_of(found.filter(state__in=states), exactly=request.GET.get(keyset.COUNT) == keyset.ALL)


@require_safe
@role_required(*READER_ROLES)
def request_detail(request: SignedIn, number: str) -> HttpResponse:
    row = visible_or_404(Request.objects.with_people().with_clock(), request, number=number)
    visits = selectors.visits_of(row)
    times = selectors.stage_times(row, visits)
    opinions = FieldOpinion.objects.visible_to(request.user).filter(request=row)
    context = {
        "row": row,
        "clocks": selectors.clocks(row, visits),
        "facts": _facts(row),
        "acts": _acts(request, row),
        "why_no_acts": _why_no_acts(request, row),
        "review_url": review_url(request, row),
        "agent_changes": changes_since([row]),
        "timeline": selectors.timeline(row, visits),
        "stage_times": times,
        "party_times": selectors.party_times(times),
        "opinions": opinions.select_related("division"),
        "panels": panels_of("request", row, request.user),
        "discussion": discussion(row, request.user),
    }
    return render(request, "designation/request_detail.html", context)


def _facts(row: Request) -> list[dict[str, Any]]:
    return [
        {"label": "Badge number", "value": row.agent.badge_number},
        {"label": "HSI office", "value": row.office},
        {"label": "DEA division", "value": row.division},
        {"label": "Kind of request", "value": row.get_kind_display()},
        {"label": "Priority", "value": row.get_priority_display()},
        {"label": "Agreement", "value": row.agreement.title},
        {"label": "Filed by", "value": row.filed_by.recorded_name},
        {"label": "Justification", "value": row.justification},
    ]


def _acts(request: SignedIn, row: Request) -> list[dict[str, Any]]:
    if not request.user.has_role(*HSI_ROLES):
        return []
    return [{"act": act, "url": _act_url(row, act.name)} for act in selectors.acts_open_to(row, request.user)]


def _why_no_acts(request: SignedIn, row: Request) -> str:
    """Why HSI, which acts on this page, can do nothing more with a request that has ended."""
    if row.state not in FINAL_STATES or not request.user.has_role(*HSI_ROLES):
        return ""
    if row.state == State.DENIED and not row.reconsidered:
        return "It is denied. DEA headquarters may reconsider it once: a comment says why it should."
    return "The request has ended. To ask again, file a new one."


def _act_url(row: Request, name: str) -> str:
    if name in OWN_PAGES:
        return reverse(OWN_PAGES[name], args=[row.number])
    return reverse("designation:request_act", args=[row.number, name])


def review_url(request: SignedIn, row: Request) -> str:
    """Where DEA's reviewers act on the request; they do not act here."""
    if not request.user.has_role(*DEA_ROLES):
        return ""
    return reverse("admin:designation_request_change", args=[row.pk])


def refused_to(request: SignedIn, url: str, why: str) -> HttpResponse:
    """Leads to the page of what was to be changed, as it is now, with why nothing was done, and any reason typed."""
    messages.error(request, f"Nothing was done. {why}")
    if typed := request.POST.get("reason", "").strip():
        messages.info(request, f"You had written: {typed}")
    return redirect(url)


def forbidden(request: SignedIn, url: str, why: str) -> HttpResponse:
    """The page, with status 403, that says why the user may not do this, and leads back."""
    return render(request, "403.html", {"exception": why, "back_url": url}, status=403)


def ask_again(request: SignedIn, form: BaseForm, version: int, why: str) -> None:
    """Keeps what was typed in a form that was refused, and gives it the version of what the page shows now."""
    form.data = {**request.POST.dict(), "version": version}
    form.add_error(None, f"Nothing was done. {why}")


def detail_url(row: Request) -> str:
    return reverse("designation:request_detail", args=[row.number])
