"""The queue of a DEA reviewer, and the other filters of the list of requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.clocks import Status
from designation.admin.base import user_of
from designation.models import Office, Request, Role
from designation.models.requests import OPEN_STATES, State
from designation.permissions import DEA_ROLES
from designation.selectors import in_clock_status, offices_seen_by, states_seen_by, waiting_for


class SelectFilter(SimpleListFilter):
    """A filter that shows as a select field of the list's filter bar, which works without script."""

    template = "admin/designation/select_filter.html"
    everything = "All"
    lookup = ""

    def value(self) -> str | None:
        """The choice in force; what is mistyped in the address filters nothing."""
        return None if self.unread() else super().value()

    def unread(self) -> str:
        """What stands in the address and is none of the choices."""
        given = super().value() or ""
        return given if given not in [str(value) for value, _display in self.lookup_choices] else ""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield {"value": "", "display": self.everything, "selected": not self.value()}
        for value, display in self.lookup_choices:
            yield {"value": value, "display": display, "selected": self.value() == str(value)}

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if not self.value():
            return queryset
        return queryset.filter(**{self.lookup or str(self.parameter_name): self.value()})


class QueueFilter(SelectFilter):
    """What is the reviewer's now, unless all is asked for. Who decides nothing sees all."""

    title = "queue"
    parameter_name = "queue"
    everything = "Waiting for me"
    ALL = "all"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(self.ALL, "All I can see")] if user_of(request).has_role(*DEA_ROLES) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if is_queue(request):
            return queryset.filter(waiting_for(user_of(request)))
        return queryset


def is_queue(request: HttpRequest) -> bool:
    """Whether the list shows what waits for the user, rather than all that he may see."""
    return request.GET.get(QueueFilter.parameter_name) != QueueFilter.ALL and user_of(request).has_role(*DEA_ROLES)


def states_listed(request: HttpRequest) -> Sequence[str]:
    """The states in which requests of the list can be."""
    state = request.GET.get(StateFilter.parameter_name)
    if state in State.values:
        return [state]
    only_open = is_queue(request) or request.GET.get(ClockFilter.parameter_name) in Status.values
    return OPEN_STATES if only_open else State.values


class StateFilter(SelectFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return states_seen_by(user_of(request))


class KindFilter(SelectFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return list(Request.Kind.choices)


class PriorityFilter(SelectFilter):
    title = "priority"
    parameter_name = "priority"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return list(Request.Priority.choices)


class ClockFilter(SelectFilter):
    title = "due time"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return list(Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        return queryset.filter(in_clock_status(value)) if value else queryset


class OfficeFilter(SelectFilter):
    title = "HSI office"
    parameter_name = "office"
    lookup = "office__code"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(office.code, str(office)) for office in offices_seen_by(user_of(request))]


class DivisionFilter(SelectFilter):
    title = "DEA division"
    parameter_name = "division"
    lookup = "division__code"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        if not user_of(request).has_role(Role.DEA_HQ, Role.AUDITOR):
            return []
        divisions = Office.objects.dea().filter(routed_offices__isnull=False).distinct()
        return [(division.code, str(division)) for division in divisions]
