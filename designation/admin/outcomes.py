"""The pages on what came of an act on a selection."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from audit.spreadsheets import harmless
from designation.admin.pages import WorkflowAdmin
from designation.selections import kept_outcome


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
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="refused-{kept["act"]}.csv"'
        writer = csv.writer(response)
        writer.writerow(["number", "why"])
        for why, numbers in kept["refused"]:
            writer.writerows([harmless(number), harmless(why)] for number in numbers)
        return response

    def _no_longer_kept(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, "That result is no longer kept. What was done stands in each timeline.")
        return redirect(self.url("changelist"))
