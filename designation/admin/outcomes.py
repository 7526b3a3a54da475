"""The pages on what came of an act on a selection."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from designation.admin.pages import WorkflowAdmin
from designation.selections import NOT_KEPT_HERE, kept_outcome
from designation.views.jobs import refused_csv


class OutcomeAdmin(WorkflowAdmin):
    """Adds the pages on what became of a bulk act."""

    def outcome_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """What was done, and what was refused and why."""
        kept = kept_outcome(request.session, key, self.acts)
        if kept is None:
            return self._no_longer_kept(request)
        act = self.act_or_404(kept["act"])
        context = {
            "title": f"{len(kept['done']):,} {act.done}",
            **kept,
            "act_done": act.done,
            "refused_url": self.url("refused", key),
            "following": self.next_in_queue(request, []),
        }
        return self.render(request, "admin/designation/bulk_outcome.html", context)

    def refused_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """The refused ones as CSV: number, why."""
        kept = kept_outcome(request.session, key, self.acts)
        if kept is None:
            return self._no_longer_kept(request)
        return refused_csv(kept["act"], ((number, why) for why, numbers in kept["refused"] for number in numbers))

    def _no_longer_kept(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, NOT_KEPT_HERE)
        return redirect(self.url("changelist"))
