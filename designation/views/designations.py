"""The list of designations: who is cross-designated, until when, and whose renewal is under way."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import keyset
from designation import agent_selectors
from designation.agents import may_keep_agents_of
from designation.lists.asked import SORT, ListOf
from designation.lists.designations import DESIGNATIONS
from designation.models import User
from designation.models.designations import LIVE, Status
from designation.permissions import READER_ROLES
from designation.views.access import SignedIn, role_required
from designation.views.lists import shown_list

PER_PAGE = 50


@require_safe
@role_required(*READER_ROLES)
def designation_list(request: SignedIn) -> HttpResponse:
    """The designations that the user may see, filtered and sorted as the address says."""
    address = request.GET.dict()
    of = ListOf(DESIGNATIONS, request.user, address)
    tools, instead = shown_list(request, of)
    if instead:
        return redirect(instead)
    filters = of.form.filters()
    found = agent_selectors.find_designations(request.user, **filters)
    sort = address.get(SORT, "")
    sort = sort if sort in agent_selectors.DESIGNATION_SORTS else agent_selectors.NEWEST
    page = keyset.page_of(agent_selectors.designation_parts(found, sort), address, PER_PAGE)
    rows = page.rows(agent_selectors.with_designation_columns(found, request.user))
    context = tools | {
        "form": of.form,
        "page": page,
        "count": keyset.count_beside(page, found, address),
        "items": [_item(row, request.user) for row in rows],
        "sort": sort,
        "filtered": bool(filters),
        "shown": of.shown,
        "heads": of.shown.heads(),
    }
    return render(request, "designation/designation_list.html", context)


def _item(row: Any, user: User) -> dict[str, Any]:
    days_left = (row.valid_until - timezone.localdate()).days if row.stands in LIVE else None
    ends_soon = days_left is not None and days_left <= agent_selectors.RENEWED_WITHIN
    renews = ends_soon and row.agent.is_active and not row.has_open_request
    return {
        "row": row,
        "state": Status(row.stands),
        "days_left": days_left,
        "may_renew": renews and may_keep_agents_of(user, row.agent.office),
    }
