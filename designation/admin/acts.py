"""Acts on rows that a workflow owns: one at a time or many, each through a page that says what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods

from audit.machine import Refusal
from designation import selectors, workflow
from designation.act_forms import ActForm
from designation.admin.base import user_of
from designation.admin.bulk import BulkAdmin
from designation.declared import Declared
from designation.views.access import View, post_only

STATUS = {"permission": 403, "not_found": 404}
CONFLICT = 409


class ActsAdmin(BulkAdmin):
    """Adds the page of a row and the page of each act, and says which addresses there are."""

    def get_urls(self) -> list[URLPattern]:
        """No address to add, change or delete by: only the list, the page of a row, and the acts."""
        return [
            self._path("", self.changelist_view, "changelist"),
            self._path("acts/<slug:name>/", post_only(self._list_url)(self.bulk_view), "bulk"),
            self._path("outcomes/<slug:key>/", require_GET(self.outcome_view), "outcome"),
            self._path("outcomes/<slug:key>/refused.csv", require_GET(self.refused_view), "refused"),
            self._path("<int:pk>/change/", require_GET(self.page_view), "change"),
            self._path("<int:pk>/<slug:name>/", require_http_methods(["GET", "POST"])(self.act_view), "act"),
        ]

    def _path(self, route: str, view: View, name: str) -> URLPattern:
        def permitted(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, **kwargs)

        return path(route, self.admin_site.admin_view(permitted), name=self._url_name(name))

    def _list_url(self, request: HttpRequest, **_arguments: str) -> str:
        return self.queue_url(request)

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The row, its acts, and its timeline; nothing here is edited."""
        row = self.row_or_404(request, pk)
        offered = [act for act in workflow.acts(row, user_of(request)) if act.name in self.acts]
        context = {
            "row": row,
            "title": str(row),
            "open_acts": [act for act in offered if not act.why_not],
            "closed_acts": [act for act in offered if act.why_not],
            "timeline": selectors.timeline(row, selectors.visits_of(row)),
            **self.page_context(request, row),
        }
        return self.render(request, self.page_template, context)

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Says what the act will do to one row, takes the reason, and does it."""
        act = self.act_or_404(name)
        row = self.row_or_404(request, pk)
        if request.method == "GET":
            seen = request.GET.get("version", "")[:10]
            version = int(seen) if seen.isdecimal() else row.version
            form = ActForm(initial={"version": version}, reason_required=act.needs_reason([row]))
            return self._act_page(request, act, row, form, self._refusal(request, act, row, version))
        form = ActForm(request.POST, reason_required=act.needs_reason([row]))
        if not form.is_valid():
            seen = form.cleaned_data.get("version", row.version)
            return self._act_page(request, act, row, form, self._refusal(request, act, row, seen))
        return self._act_on_one(request, act, row, form)

    def _act_on_one(self, request: HttpRequest, act: Declared, row: Any, form: ActForm) -> HttpResponse:
        outcome = self.perform(
            act.name,
            [row.pk],
            actor=user_of(request),
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

    def _refusal(self, request: HttpRequest, act: Declared, row: Any, version: int) -> Refusal | None:
        """Why the act would be refused at this moment."""
        refused = self.preview(act.name, [row.pk], actor=user_of(request), versions={row.pk: version}).refused
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
            **({} if refusal else self.consequences(act.name, [row], user_of(request))),
        }
        return self.render(request, "admin/designation/act.html", context, status=status)
