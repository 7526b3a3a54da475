"""What a bulk act did, kept for its page.

The outcome goes into the session, and the browser is sent to a page of its own: going back, or loading that page again,
repeats nothing. Steps that were made stand in the ledger in any case; refusals are on record nowhere else.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import get_random_string

from audit.machine import Outcome, Refusal
from audit.spreadsheets import harmless
from designation.admin.declared import Declared
from designation.admin.pages import WorkflowAdmin

SESSION_KEY = "bulk_outcomes"
KEPT = 3  # the last ones; each reads with every page of the session


def grouped(refused: Iterable[Refusal]) -> list[tuple[str, list[str]]]:
    """(why, numbers) of the refusals, the most frequent reason first."""
    numbers: dict[str, list[str]] = {}
    for refusal in refused:
        numbers.setdefault(refusal.message, []).append(refusal.number)
    return sorted(numbers.items(), key=lambda group: -len(group[1]))


class OutcomeAdmin(WorkflowAdmin):
    """Adds the pages on what became of a bulk act."""

    def keep_outcome(self, request: HttpRequest, act: Declared, outcome: Outcome[Any], reason: str) -> str:
        """Keeps the outcome in the session; returns the key of its page."""
        key = get_random_string(12)
        kept = {
            "act": act.name,
            "reason": reason,
            "done": [[row.pk, row.number] for row in outcome.done],
            "refused": grouped(outcome.refused),
        }
        earlier = request.session.get(SESSION_KEY, [])
        request.session[SESSION_KEY] = [*earlier, [key, kept]][-KEPT:]
        return key

    def outcome_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """What was done, and what was refused and why."""
        kept = self._kept(request, key)
        if kept is None:
            return self._no_longer_kept(request)
        refused_count = sum(len(numbers) for _, numbers in kept["refused"])
        act = self.act_or_404(kept["act"])
        context = {
            "title": f"{len(kept['done']):,} {act.done}",
            "act_done": act.done,
            "done": kept["done"],
            "reason": kept["reason"],
            "refused": kept["refused"],
            "refused_count": refused_count,
            "refused_url": self.url("refused", key),
            "following": self.next_in_queue(request, []),
        }
        return self.render(request, "admin/designation/bulk_outcome.html", context)

    def refused_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """The refused ones as CSV: number, why."""
        kept = self._kept(request, key)
        if kept is None:
            return self._no_longer_kept(request)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="refused-{kept["act"]}.csv"'
        writer = csv.writer(response)
        writer.writerow(["number", "why"])
        for why, numbers in kept["refused"]:
            writer.writerows([harmless(number), harmless(why)] for number in numbers)
        return response

    def _kept(self, request: HttpRequest, key: str) -> dict[str, Any] | None:
        kept = dict(request.session.get(SESSION_KEY, [])).get(key)
        return kept if kept and kept["act"] in self.acts else None

    def _no_longer_kept(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, "That result is no longer kept. What was done stands in each timeline.")
        return redirect(self.url("changelist"))
