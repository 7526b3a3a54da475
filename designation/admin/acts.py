"""Acts on rows that a workflow owns: one at a time or many, each through a page that says what will happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.machine import Outcome, Refusal
from designation import workflow
from designation.admin.base import ScopedAdmin
from designation.admin.bulk import BulkActs
from designation.admin.declared import Declared, declared
from designation.admin.forms import ActForm
from designation.admin.outcomes import OutcomePages
from designation.admin.timeline import timeline
from designation.models import User

STATUS = {"permission": 403, "not_found": 404}
CONFLICT = 409


class ActsAdmin(BulkActs, OutcomePages, ScopedAdmin):
    """Read-only pages of a workflow's rows, with the acts of `acts`. A subclass says how an act is performed."""

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

    def consequences(self, name: str, rows: Sequence[Any]) -> dict[str, Any]:
        """What else the act's page shows of what will happen to the rows."""
        return {}

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the row's page shows beside its acts and timeline."""
        return {}

    def next_in_queue(self, request: HttpRequest, done: Sequence[int]) -> Any:
        """The row to turn to after the ones done; none where there is no queue."""
        return None

    def get_urls(self) -> list[URLPattern]:
        """No address to add, change or delete by: only the list, the page of a row, and the acts."""
        return [
            self._path("", self.changelist_view, "changelist"),
            self._path("acts/<slug:name>/", require_POST(self.bulk_view), "bulk"),
            self._path("outcomes/<slug:key>/", require_GET(self.outcome_view), "outcome"),
            self._path("outcomes/<slug:key>/refused.csv", require_GET(self.refused_view), "refused"),
            self._path("<int:pk>/change/", require_GET(self.page_view), "change"),
            self._path("<int:pk>/<slug:name>/", require_http_methods(["GET", "POST"])(self.act_view), "act"),
        ]

    def _path(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        def permitted(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, **kwargs)

        return path(route, self.admin_site.admin_view(permitted), name=self._url_name(name))

    def _url_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{self._url_name(name)}", args=args, current_app=self.admin_site.name)

    def queue_url(self, request: HttpRequest) -> str:
        """The list as the reviewer left it."""
        filters = parse_qs(self.get_preserved_filters(request)).get("_changelist_filters", [""])[0]
        return self.url("changelist") + (f"?{filters}" if filters else "")

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

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The row, its acts, and its timeline; nothing here is edited."""
        row = self.row_or_404(request, pk)
        offered = [act for act in workflow.acts(row, request.user) if act.name in self.acts]
        context = {
            "row": row,
            "title": str(row),
            "open_acts": [act for act in offered if not act.why_not],
            "closed_acts": [act for act in offered if act.why_not],
            "timeline": timeline(row),
            **self.page_context(request, row),
        }
        return self.render(request, self.page_template, context)

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Says what the act will do to one row, takes the reason, and does it."""
        act = self.act_or_404(name)
        row = self.row_or_404(request, pk)
        if request.method == "POST":
            form = ActForm(request.POST, reason_required=act.reason_required)
            return (
                self._act_on_one(request, act, row, form)
                if form.is_valid()
                else self._act_page(request, act, row, form)
            )
        seen = request.GET.get("version", "")
        version = int(seen) if seen.isdecimal() else row.version
        form = ActForm(initial={"version": version}, reason_required=act.reason_required)
        return self._act_page(request, act, row, form, self._refusal(act, row, request.user, version))

    def _act_on_one(self, request: HttpRequest, act: Declared, row: Any, form: ActForm) -> HttpResponse:
        outcome = self.perform(
            act.name,
            [row.pk],
            actor=request.user,
            reason=form.cleaned_data["reason"],
            versions={row.pk: form.cleaned_data["version"]},
        )
        if outcome.refused:
            return self._act_page(request, act, self.row_or_404(request, row.pk), form, outcome.refused[0])
        following = self.next_in_queue(request, [row.pk])
        messages.success(request, self._told(request, act, row, following))
        if "_next" in request.POST and following is not None:
            return redirect(self.with_filters(request, self.url("change", following.pk)))
        return redirect(self.queue_url(request))

    def _refusal(self, act: Declared, row: Any, user: User, version: int) -> Refusal | None:
        refused = self.preview(act.name, [row.pk], actor=user, versions={row.pk: version}).refused
        return refused[0] if refused else None

    def _told(self, request: HttpRequest, act: Declared, row: Any, following: Any) -> SafeString:
        told = format_html("{} {}.", self._link(request, row), act.done)
        if following is None:
            return told
        return format_html("{} Next in your queue: {}.", told, self._link(request, following))

    def _link(self, request: HttpRequest, row: Any) -> SafeString:
        url = self.with_filters(request, self.url("change", row.pk))
        return format_html('<a href="{}">{}</a>', url, row)

    def _act_page(
        self, request: HttpRequest, act: Declared, row: Any, form: ActForm, refusal: Refusal | None = None
    ) -> HttpResponse:
        """The page of the act; when it was or would be refused, what that says takes the form's place."""
        status = STATUS.get(refusal.code, CONFLICT) if refusal and request.method == "POST" else 200
        context = {
            "title": f"{act.label}: {row}",
            "act": act,
            "row": row,
            "form": form,
            "refusal": refusal,
            "row_url": self.with_filters(request, self.url("change", row.pk)),
            "more_queued": self.next_in_queue(request, [row.pk]) is not None,
            **self.clock_after(act),
            **({} if refusal else self.consequences(act.name, [row])),
        }
        return self.render(request, "admin/designation/act.html", context, status=status)

    def clock_after(self, act: Declared) -> dict[str, str]:
        """Where the act leads, and whose clock runs there."""
        return {
            "to_state": act.to_state,
            "to_label": str(dict(self.model._meta.get_field("state").flatchoices)[act.to_state]),
            "to_party": self.model.parties.get(act.to_state, ""),
        }
