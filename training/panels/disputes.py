"""What the page of a request shows of the disputes on it."""

from __future__ import annotations

from django.urls import reverse

from designation.models import Request, User
from designation.panels import Panel
from training.models import About, Dispute
from training.workflow.disputes import why_not_open


def on_request(row: Request, user: User) -> Panel | None:
    """The disputes on the request, open ones first, and for those who speak for a side the way to open another."""
    found = Dispute.objects.visible_to(user).filter(request=row).with_clocks().with_age()
    disputes = sorted(found, key=lambda dispute: (dispute.state in Dispute.final_states, dispute.pk))
    may_open = why_not_open(row, user) is None
    if not disputes and not may_open:
        return None
    url = reverse("training:dispute_open", args=[About.REQUEST, row.number]) if may_open else ""
    context = {"disputes": disputes, "open_url": url}
    return Panel("Disputes between the agencies", "training/disputes_panel.html", context)
