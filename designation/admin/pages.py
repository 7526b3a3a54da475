"""The pages of a workflow's rows: what the list, the row, the acts and their outcomes have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audit.keyset_admin import KeysetAdmin
from audit.machine import Outcome, Subject
from designation.admin.base import ScopedAdmin
from designation.declared import Declared, declared
from designation.models import User


class WorkflowAdmin(ScopedAdmin, KeysetAdmin):
    """A list of rows that a workflow owns, with the acts of `acts`; a subclass says how an act is performed."""

    model: type[Subject]
    acts: ClassVar[tuple[str, ...]] = ()
    page_template: ClassVar[str]

    actions_on_top = True
    list_per_page = 100
    list_max_show_all = 0

    def perform(
        self, name: str, pks: Sequence[int], *, actor: User, reason: str, versions: Mapping[int, int]
    ) -> Outcome[Any]:
        """Makes the act on all that may take it; what is refused, and why, is in the outcome."""
        raise NotImplementedError

    def preview(
        self, name: str, pks: Sequence[int], *, actor: User, versions: Mapping[int, int] | None = None
    ) -> Outcome[Any]:
        """What `perform` would do at this moment; changes nothing."""
        raise NotImplementedError

    def consequences(self, name: str, rows: Sequence[Any], user: User) -> dict[str, Any]:
        """What else the act's page shows of what will happen to the rows."""
        return {}

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the row's page shows beside its acts and timeline."""
        return {}

    def next_in_queue(self, request: HttpRequest, done: Sequence[int]) -> Any:
        """The row to turn to after the ones done; none where there is no queue."""
        return None

    def _url_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self._url_name(name)}", args=args, current_app=self.admin_site.name)

    def queue_url(self, request: HttpRequest) -> str:
        """The list as the reviewer left it."""
        filters = self.list_filters(request)
        return self.url("changelist") + (f"?{filters}" if filters else "")

    def list_filters(self, request: HttpRequest) -> str:
        """The query string of the list as the reviewer left it."""
        return parse_qs(self.get_preserved_filters(request)).get("_changelist_filters", [""])[0]

    def with_filters(self, request: HttpRequest, url: str) -> str:
        """The address, with the list's filters to come back to."""
        filters = self.get_preserved_filters(request)
        return f"{url}?{filters}" if filters else url

    def render(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
    ) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "queue_url": self.queue_url(request),
        }
        return TemplateResponse(request, template, {**shared, **context}, status=status)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title, nothing = self.list_title(request)
        return super().changelist_view(request, {"title": title, "nothing": nothing, **(extra_context or {})})

    def list_title(self, request: HttpRequest) -> tuple[str, str]:
        """The list's heading, and what it says when it is empty."""
        return str(self.opts.verbose_name_plural).capitalize(), "Nothing matches."

    def row_or_404(self, request: HttpRequest, pk: int) -> Any:
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404("Not found, or not yours to see.")
        return row

    def act_or_404(self, name: str) -> Declared:
        if name not in self.acts:
            raise Http404("There is no such act.")
        return declared(self.model, name)

    def clock_after(self, act: Declared) -> dict[str, Any]:
        """Where the act leads, and whose clock runs there, if clocks run at all."""
        return {
            "has_clock": bool(self.model.parties),
            "to_state": act.to_state,
            "to_label": self.model.state_label(act.to_state),
            "to_party": self.model.parties.get(act.to_state, ""),
        }
