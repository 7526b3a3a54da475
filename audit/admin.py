"""The record, for auditors to read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import Truncator

from audit import closure_admin, goal_admin  # noqa: F401 - it registers closures
from audit.calendar import HOLIDAY_SOURCE, special_days
from audit.exports import schedules
from audit.keyset_admin import KeysetAdmin
from audit.machine import Subject
from audit.models import AccessRecord, Calendar, ScheduledExport, StageVisit, StepEvent
from audit.moments import moment
from audit.reports.sources import workflow_sources
from audit.role_admin import RoleAdmin

SHORT = 80  # characters of a reason in a list


class RecordAdmin(RoleAdmin):
    """Read by auditors; changed by nobody."""

    readers: ClassVar[tuple[str, ...]] = ("auditor",)


class FoundByKeys(admin.ModelAdmin):
    """A list that is searched by whole values, each through the index that holds it, since its table grows for good."""

    def found_by(self, rows: QuerySet[Any], text: str) -> list[QuerySet[Any]]:
        """The rows that each way of searching finds."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        first, *others = [
            found.order_by().values("pk") for found in self.found_by(self.model._base_manager.all(), text)
        ]
        return queryset.filter(pk__in=first.union(*others) if others else first), False


def of_subject(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of the subject with the number, in whichever workflow: the index begins with the workflow."""
    return rows.filter(workflow__in=list(workflow_sources()), subject__in={text, text.upper()})


def of_actor(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of the user with the name."""
    users = get_user_model()._default_manager.filter(username__iexact=text)
    return rows.filter(actor__in=list(users.values_list("pk", flat=True)))


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
class StepEventAdmin(FoundByKeys, RecordAdmin, KeysetAdmin):
    class Media:
        css = {"all": ["title21/admin-records.css"]}

    list_display = [
        "when",
        "workflow",
        "subject",
        "sequence",
        "transition",
        "to_state",
        "actor_name",
        "reason_in_short",
    ]
    list_display_links = ["when", "subject"]
    list_filter = [WorkflowFilter, TransitionFilter, "source"]
    search_fields = ["subject"]  # for the field to show; what it finds is said in `found_by`
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
        "when",
        "source",
        "actor_name",
        "actor_agency",
        "actor_role",
        "reason",
        "dimensions",
        "previous_hash_hex",
        "hash_hex",
    ]
    readonly_fields = ["when", "previous_hash_hex", "hash_hex"]

    def found_by(self, rows: QuerySet[Any], text: str) -> list[QuerySet[Any]]:
        return [of_subject(rows, text), of_actor(rows, text)]

    @admin.display(description="At", ordering="at")
    def when(self, step: StepEvent) -> str:
        return moment(step.at)

    @admin.display(description="Reason")
    def reason_in_short(self, step: StepEvent) -> str:
        return Truncator(step.reason).chars(SHORT)

    @admin.display(description="Hash of the step before")
    def previous_hash_hex(self, step: StepEvent) -> str:
        return bytes(step.previous_hash).hex() or "None: the subject's first step"

    @admin.display(description="Hash")
    def hash_hex(self, step: StepEvent) -> str:
        return bytes(step.hash).hex()


@admin.register(StageVisit)
class StageVisitAdmin(FoundByKeys, RecordAdmin, KeysetAdmin):
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
    search_fields = ["subject"]  # as above
    search_help_text = "The whole number of a request or designation."
    ordering = ["-id"]
    list_select_related = ["goal"]

    def found_by(self, rows: QuerySet[Any], text: str) -> list[QuerySet[Any]]:
        return [of_subject(rows, text)]


def _told(name: str, value: Any) -> str:
    """A parameter in words, as "period from: 2026-01-01" or "office: HSI-MIA, HSI-TPA"."""
    if isinstance(value, dict):
        value = ", ".join(_told(*item) for item in value.items())
    elif isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    return f"{name.replace('_', ' ')}: {value if value not in (None, '') else 'none'}"


@admin.register(AccessRecord)
class AccessRecordAdmin(FoundByKeys, RecordAdmin, KeysetAdmin):
    class Media:
        css = {"all": ["title21/admin-records.css"]}

    list_display = ["when", "actor_name", "act", "row_count", "asked_for"]
    fields = ["when", "actor_name", "act", "row_count", "asked_for"]
    readonly_fields = ["when", "asked_for"]
    search_fields = ["actor_name"]  # as above
    search_help_text = "A user name, or what the command line was run by."

    def found_by(self, rows: QuerySet[Any], text: str) -> list[QuerySet[Any]]:
        return [of_actor(rows, text), rows.filter(actor=None, actor_name=text)]

    @admin.display(description="At", ordering="at")
    def when(self, record: AccessRecord) -> str:
        return moment(record.at)

    @admin.display(description="Parameters")
    def asked_for(self, record: AccessRecord) -> str:
        return "; ".join(_told(name, value) for name, value in record.parameters.items()) or "none"


@admin.register(ScheduledExport)
class ScheduledExportAdmin(RecordAdmin):
    """Exports by schedule, which operators end where their owner cannot."""

    readers = ("auditor", "operator")
    enders = ("operator",)
    list_display = ["__str__", "workflow", "owner", "first_day", "ended"]
    list_select_related = ["owner"]
    list_filter = ["period"]
    actions = ["end_schedules"]

    @admin.display(description="Ended", ordering="ended_at")
    def ended(self, schedule: ScheduledExport) -> str:
        return moment(schedule.ended_at) if schedule.ended_at else "No"

    def has_end_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_role(*self.enders))

    @admin.action(description="End the chosen schedules: no more exports come by them", permissions=["end"])
    def end_schedules(self, request: HttpRequest, queryset: QuerySet[ScheduledExport]) -> HttpResponse | None:
        chosen = queryset.filter(ended_at=None).select_related("owner")
        if chosen and "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "End the chosen schedules?",
                "opts": self.opts,
                "chosen": chosen,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/audit/scheduledexport/end_chosen.html", context)
        ended = sum(schedules.end(schedule, by=request.user) for schedule in chosen)
        self.message_user(request, f"Schedules ended: {ended}. What they had made stays.", messages.SUCCESS)
        return None


@admin.register(Calendar)
class CalendarAdmin(RecordAdmin):
    """The working hours, and year by year the days that differ, so that anybody can reckon a measure again."""

    readers = goal_admin.READERS
    list_display = ["name", "time_zone", "opens", "closes", "first_day", "last_day", "built"]
    fields = ["name", "time_zone", "opens", "closes", "first_day", "last_day", "version", "built", "built_from"]
    readonly_fields = ["version", "built", "built_from"]
    change_form_template = "admin/audit/calendar/page.html"

    @admin.display(description="Built", ordering="built_at")
    def built(self, row: Calendar) -> str:
        return moment(row.built_at) if row.built_at else "Not yet"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        shown = self._year(request, row) if row else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def _year(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        first, last = row.first_day.year, row.last_day.year
        asked = request.GET.get("year", "")
        year = int(asked) if asked.isdecimal() and first <= int(asked) <= last else timezone.localdate().year
        return {
            "year": year,
            "years": range(first, last + 1),
            "special_days": special_days(row, year),
            "holidays_source": f"{HOLIDAY_SOURCE}, country US, category “government”",
        }


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
