"""Invented goals for the levels of a dispute in the past: those that the system sets begin when it is set up."""

from __future__ import annotations

from datetime import datetime

from audit.models import Goal
from designation.demo.goals import SET_BY, WHY
from training.models import Dispute
from training.references import DAY, LEVEL_DAYS


def add_goals(effective_from: datetime) -> None:
    """Puts goals for the levels on file for the time before those that are there, if it had none."""
    standing = Goal.objects.filter(workflow=Dispute.workflow).order_by("effective_from").first()
    if standing is not None and standing.effective_from <= effective_from:
        return
    Goal.objects.bulk_create(
        Goal(
            workflow=Dispute.workflow,
            stage=level.value,
            business_seconds=days * DAY,
            effective_from=effective_from,
            effective_until=standing.effective_from if standing else None,
            set_by_name=SET_BY,
            why=WHY,
        )
        for level, days in LEVEL_DAYS.items()
    )
