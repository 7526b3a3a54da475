"""Requests as DEA reviews them: the queue, the request, and the acts."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone

from audit.keyset import PARAMETERS, Part, page_of
from audit.machine import Outcome
from designation import workflow
from designation.admin.base import user_of
from designation.admin.comments import CommentsAdmin
from designation.admin.queue import (
    ClockFilter,
    DivisionFilter,
    KindFilter,
    OfficeFilter,
    PriorityFilter,
    QueueFilter,
    StateFilter,
    is_queue,
    states_listed,
)
from designation.agents import changes_since
from designation.models import Designation, FieldOpinion, Request, Role, User
from designation.panels import Act, panels_of
from designation.permissions import DEA_ROLES
from designation.selectors import clocks, matching, request_parts, visits_of, waiting_for

# The orders of the list -> those of `selectors.SORTS`, where "-age" is the longest in its stage first.
SORTS = {
    "number": "number",
    "-number": "-number",
    "in_stage_since": "-age",
    "-in_stage_since": "age",
    "due_at": "due",
    "-due_at": "-due",
}


def _is_narrowed(request: HttpRequest) -> bool:
    """Whether the list is searched or filtered, beside being a queue or not."""
    return any(value for name, value in request.GET.items() if name not in (QueueFilter.parameter_name, *PARAMETERS))


@admin.register(Request)
class RequestAdmin(CommentsAdmin):
    readers = (Role.DEA_FIELD, Role.DEA_HQ, Role.AUDITOR)
    acts = (
        "accept",
        "concur",
        "nonconcur",
        "approve",
        "deny",
        "refer_back",
        "return_to_office",
        "reconsider",
    )
    job_kind = "requests"
    page_template = "admin/designation/request/page.html"
    change_list_template = "admin/designation/request/queue.html"

    list_display = [
        "number",
        "agent",
        "office_code",
        "division_code",
        "kind",
        "urgency",
        "status",
        "in_stage",
        "due",
    ]
    list_filter = [QueueFilter, StateFilter, KindFilter, PriorityFilter, ClockFilter, OfficeFilter, DivisionFilter]
    search_fields = ["number"]  # for the field to show; what it finds is said in `get_search_results`
    listed_by = "number"
    sorts = {"number": ("number",), "in_stage_since": ("entered_at", "subject"), "due_at": ("due_at", "subject")}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Request], search_term: str
    ) -> tuple[QuerySet[Request], bool]:
        """By number, badge number or name, as the list of requests is searched."""
        text = search_term.strip()
        return (queryset.filter(matching(Request, text)) if text else queryset), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        visible: Any = super().get_queryset(request)
        return visible.with_people().with_clock()

    def first_order(self, request: HttpRequest) -> str:
        """The queue begins with what has waited longest, the list of all with the newest."""
        return "in_stage_since" if is_queue(request) else "-number"

    def parts(self, request: HttpRequest, found: QuerySet[Request], order: str) -> Sequence[Part]:
        return request_parts(found, SORTS[order], states_listed(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Of the acts, those that can be made from the states in the list."""
        possible = {found.name for state in states_listed(request) for found in Request.transitions_from(state)}
        return {name: action for name, action in super().get_actions(request).items() if name in possible}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A queue in which a search finds nothing says how many match among all that the reviewer may see."""
        response = super().changelist_view(request, extra_context)
        context: Any = getattr(response, "context_data", None)
        empty = context is not None and "cl" in context and not context["cl"].result_count
        if empty and is_queue(request) and _is_narrowed(request):
            context["elsewhere"] = self._elsewhere(request)
        return response

    def _elsewhere(self, request: HttpRequest) -> dict[str, Any]:
        filters = request.GET.copy()
        filters[QueueFilter.parameter_name] = QueueFilter.ALL
        among_all = copy.copy(request)
        among_all.GET = QueryDict(filters.urlencode())
        found: Any = self.get_changelist_instance(among_all)
        return {
            "count": found.count,
            "url": f"{self.url('changelist')}?{filters.urlencode()}",
        }

    def list_title(self, request: HttpRequest) -> tuple[str, str]:
        if not is_queue(request):
            return super().list_title(request)
        nothing = "Nothing that waits for you matches." if _is_narrowed(request) else "Nothing waits for you."
        return "Requests waiting for me", nothing

    @admin.display(description="Office", ordering="office__code")
    def office_code(self, row: Request) -> str:
        return row.office.code

    @admin.display(description="Division", ordering="division__code")
    def division_code(self, row: Request) -> str:
        return row.division.code

    @admin.display(description="Priority", ordering="priority")
    def urgency(self, row: Request) -> str:
        return render_to_string("admin/designation/request/priority.html", {"row": row})

    @admin.display(description="State", ordering="state")
    def status(self, row: Request) -> str:
        return render_to_string("components/status.html", {"state": row.state, "label": row.get_state_display()})

    @admin.display(description="Time in stage", ordering="in_stage_since")
    def in_stage(self, row: Request) -> str:
        return render_to_string("admin/designation/request/in_stage.html", {"row": row})

    @admin.display(description="Due", ordering="due_at")
    def due(self, row: Request) -> str:
        return render_to_string("admin/designation/request/due.html", {"row": row})

    def perform(
        self, name: str, pks: Sequence[int], *, actor: User, reason: str, versions: Mapping[int, int]
    ) -> Outcome[Request]:
        return workflow.transition(name, pks, actor=actor, reason=reason, versions=versions)

    def preview(
        self, name: str, pks: Sequence[int], *, actor: User, versions: Mapping[int, int] | None = None
    ) -> Outcome[Request]:
        return workflow.preview(name, pks, actor=actor, versions=versions)

    def consequences(self, name: str, rows: Sequence[Request], user: User) -> dict[str, Any]:
        """What changed of the agents meanwhile; for a decision, the division's nonconcurrences.

        For an approval also its term and what it replaces.
        """
        shown: dict[str, Any] = {
            "agent_changes": changes_since(rows),
            "panels": panels_of("act", Act(name, rows), user),
        }
        if name in {"approve", "deny"}:
            opinions = FieldOpinion.objects.current().filter(request__in=rows, concurs=False)
            shown["nonconcurrences"] = opinions.select_related("request", "division", "given_by")
        if name == "approve":
            agents = [row.agent_id for row in rows]
            first_day = timezone.localdate()
            shown["first_day"], shown["last_day"] = first_day, workflow.term_end(first_day)
            shown["replaced"] = Designation.objects.live().filter(agent__in=agents).select_related("agent", "office")
        return shown

    def page_context(self, request: HttpRequest, row: Request) -> dict[str, Any]:
        opinions = list(row.opinions.select_related("division", "given_by"))
        return {
            **super().page_context(request, row),
            "clocks": clocks(row, visits_of(row)),
            "agent_changes": changes_since([row]),
            "panels": panels_of("request", row, user_of(request)),
            "opinion": next((opinion for opinion in opinions if opinion.superseded_at is None), None),
            "superseded": [opinion for opinion in opinions if opinion.superseded_at is not None],
            "designations": row.agent.designations.select_related("office").order_by("-valid_from", "-pk"),
            "other_requests": Request.objects.visible_to(user_of(request))
            .filter(agent=row.agent_id)
            .exclude(pk=row.pk)
            .select_related("office"),
        }

    def next_in_queue(self, request: HttpRequest, done: Sequence[int]) -> Request | None:
        """The first that waits for the reviewer in the list as he left it, filters and order included."""
        if not user_of(request).has_role(*DEA_ROLES):
            return None
        list_request = copy.copy(request)
        list_request.GET = QueryDict(self.list_filters(request))
        rows: Any = self.get_changelist_instance(list_request)
        waiting = rows.queryset.filter(waiting_for(user_of(request))).exclude(pk__in=done)
        page = page_of(self.parts(list_request, waiting, rows.order), {}, 1)
        return next(iter(page.rows(waiting, key="number")), None)
