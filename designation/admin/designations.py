"""Designations, which DEA headquarters suspends, reinstates and revokes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from audit.machine import Outcome
from designation import workflow
from designation.admin.acts import ActsAdmin
from designation.admin.base import FoundByName, user_of
from designation.admin.queue import KindFilter, OfficeFilter, SelectFilter
from designation.models import Designation, Request, Role, User
from designation.models.designations import Status


class StatusFilter(SelectFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Status.choices)


class RequestKindFilter(KindFilter):
    lookup = "request__kind"


@admin.register(Designation)
class DesignationAdmin(FoundByName, ActsAdmin):
    readers = (Role.DEA_FIELD, Role.DEA_HQ, Role.AUDITOR)
    acts = ("suspend", "reinstate", "revoke")
    job_kind = "designations"
    page_template = "admin/designation/designation/page.html"
    change_list_template = "admin/designation/request/queue.html"

    list_display = ["number", "agent", "office", "status", "valid_from", "valid_until", "kind"]
    list_filter = [StatusFilter, RequestKindFilter, OfficeFilter]
    sorts = {"pk": ("pk",), "valid_until": ("valid_until", "pk")}
    search_fields = ["number", "agent__badge_number__begins", "agent__last_name__begins", "agent__first_name__begins"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Designation]:
        return super().get_queryset(request).select_related("agent", "office", "agreement", "request")

    @admin.display(description="State", ordering="state")
    def status(self, row: Designation) -> str:
        return render_to_string("components/status.html", {"state": row.state, "label": row.get_state_display()})

    @admin.display(description="Kind of request", ordering="request__kind")
    def kind(self, row: Designation) -> str:
        return row.request.get_kind_display()

    def perform(
        self, name: str, pks: Sequence[int], *, actor: User, reason: str, versions: Mapping[int, int]
    ) -> Outcome[Designation]:
        return workflow.change_designations(name, pks, actor=actor, reason=reason, versions=versions)

    def preview(
        self, name: str, pks: Sequence[int], *, actor: User, versions: Mapping[int, int] | None = None
    ) -> Outcome[Designation]:
        return workflow.preview_designations(name, pks, actor=actor, versions=versions)

    def page_context(self, request: HttpRequest, row: Designation) -> dict[str, Any]:
        visible = Request.objects.visible_to(user_of(request))
        return {"request_is_visible": visible.filter(pk=row.request_id).exists()}
