"""What was on record of an agent's training on any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Subquery

from designation.models import Agent
from training.models import Completion
from training.tracking.standing import end_of


@dataclass(frozen=True)
class Attempt:
    """A completion as it was on record on a day; `undone` says why it did not count any more, empty where it did."""

    completion: Completion
    undone: str


def completions_of(agent: Agent, on: date) -> list[Attempt]:
    """The agent's completions that were on record by the end of the day, the latest first; in one query."""
    before = end_of(on)
    correction = Completion.objects.filter(corrects=OuterRef("pk"), recorded_at__lt=before)
    found = Completion.objects.filter(agent=agent, recorded_at__lt=before, withdrawn=False)
    return [
        Attempt(completion, _undone(completion, on))
        for completion in found.select_related("module", "imported")
        .annotate(was_withdrawn=Subquery(correction.values("withdrawn")[:1]))
        .order_by("-completed_on", "-pk")
    ]


def _undone(completion: Any, on: date) -> str:
    withdrawn: bool | None = completion.was_withdrawn
    if withdrawn is not None:
        return "Withdrawn" if withdrawn else "Corrected"
    file = completion.imported
    taken_back = file is not None and file.taken_back_at is not None and file.taken_back_at < end_of(on)
    return "Taken back with its file" if taken_back else ""
