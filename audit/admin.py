"""The record, for auditors to read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest

from audit import closure_admin, goal_admin  # noqa: F401 - they register closures and goals
from audit.machine import Subject
from audit.models import AccessRecord, Calendar, StageVisit, StepEvent
from audit.role_admin import RoleAdmin


class RecordAdmin(RoleAdmin):
    """Read by auditors; changed by nobody."""

    readers: ClassVar[tuple[str, ...]] = ("auditor",)


class WorkflowFilter(admin.SimpleListFilter):
    """By workflow; the choices come from the code, since the ledger is too long to ask."""

    title = "workflow"
    parameter_name = "workflow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(model.workflow, model.workflow) for model in Subject.__subclasses__()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(workflow=self.value()) if self.value() else queryset


class TransitionFilter(admin.SimpleListFilter):
    title = "transition"
    parameter_name = "transition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = {name for model in Subject.__subclasses__() for name in model.transition_names()}
        return [(name, name.replace("_", " ")) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(transition=self.value()) if self.value() else queryset


@admin.register(StepEvent)
class StepEventAdmin(RecordAdmin):
    list_display = ["at", "workflow", "subject", "sequence", "transition", "to_state", "actor_name", "reason"]
    list_display_links = ["at", "subject"]
    list_filter = [WorkflowFilter, TransitionFilter, "source"]
    search_fields = ["=subject", "=actor_name"]
    search_help_text = "The whole number of a request or designation, or a user name."
    ordering = ["-id"]
    fields = [
        "workflow",
        "subject",
        "sequence",
        "transition",
        "from_state",
        "to_state",
        "party",
        "final",
        "at",
        "source",
        "actor_name",
        "actor_agency",
        "actor_role",
        "reason",
        "dimensions",
        "previous_hash_hex",
        "hash_hex",
    ]
    readonly_fields = ["previous_hash_hex", "hash_hex"]

    @admin.display(description="Hash of the step before")
    def previous_hash_hex(self, step: StepEvent) -> str:
        return bytes(step.previous_hash).hex() or "None: the subject's first step"

    @admin.display(description="Hash")
    def hash_hex(self, step: StepEvent) -> str:
        return bytes(step.hash).hex()


@admin.register(StageVisit)
class StageVisitAdmin(RecordAdmin):
    list_display = [
        "subject",
        "workflow",
        "stage",
        "party",
        "entered_at",
        "left_at",
        "business_seconds",
        "due_at",
        "met",
    ]
    list_filter = [WorkflowFilter, "met"]
    search_fields = ["=subject"]
    search_help_text = "The whole number of a request or designation."
    ordering = ["-id"]
    list_select_related = ["goal"]


@admin.register(AccessRecord)
class AccessRecordAdmin(RecordAdmin):
    list_display = ["at", "actor_name", "act", "row_count", "parameters"]
    search_fields = ["=actor_name"]
    search_help_text = "A user name."


@admin.register(Calendar)
class CalendarAdmin(RecordAdmin):
    list_display = ["name", "time_zone", "opens", "closes", "first_day", "last_day", "built_at"]


@admin.register(LogEntry)
class LogEntryAdmin(RecordAdmin):
    """What operators changed in the admin: users, roles, offices."""

    readers = ("auditor", "operator")
    list_display = ["action_time", "user", "content_type", "object_repr", "what"]
    list_display_links = None
    list_filter = ["action_flag", "content_type"]
    list_select_related = ["user", "content_type"]
    search_fields = ["=user__username", "object_repr"]
    search_help_text = "A user name, or the name of what was changed."
    ordering = ["-action_time", "-id"]

    @admin.display(description="change")
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message()
