"""By when what was filed goes on, as far as goals say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from audit import calendar
from audit.clocks import clocks_of
from audit.models import StageVisit
from designation.models import Request
from designation.models.requests import State

NO_GOAL = "No goal is set for HSI review, so there is no time by which headquarters is to act."


def due_after_filing(numbers: Sequence[str]) -> list[dict[str, Any]]:
    """By when HSI headquarters is to act on requests that were filed, in sentences that end in a time `at`, if any.

    Many that are due at several times are counted by day. Of a single one it also says when the whole process is due.
    """
    reviews = StageVisit.objects.filter(workflow=Request.workflow, subject__in=numbers, stage=State.HSI_REVIEW)
    first = reviews.order_by("subject", "sequence").distinct("subject")
    dues = sorted(due for due in first.values_list("due_at", flat=True) if due)
    said = _by_day(dues, len(numbers)) if dues else [{"says": NO_GOAL}]
    return said + _whole_process(numbers[0]) if len(numbers) == 1 else said


def _by_day(dues: Sequence[datetime], asked: int) -> list[dict[str, Any]]:
    """The latest time of each day, with how many are due on it; and how many have no goal."""
    latest: dict[date, datetime] = {timezone.localdate(due): due for due in dues}
    counts = Counter(map(timezone.localdate, dues))
    if len(latest) == 1 and len(dues) == asked:
        whom = "it" if asked == 1 else "them"
        return [{"says": f"HSI headquarters is to act on {whom} by", "at": dues[-1]}]
    said: list[dict[str, Any]] = [
        {"says": f"HSI headquarters is to act on {counts[day]:,} of them by", "at": due} for day, due in latest.items()
    ]
    without = asked - len(dues)
    return [*said, {"says": f"For {without:,} of them no goal is set."}] if without else said


def _whole_process(number: str) -> list[dict[str, Any]]:
    visits = list(StageVisit.objects.filter(workflow=Request.workflow, subject=number).order_by("sequence"))
    found = clocks_of(visits, timezone.now(), calendar.load())
    process = next((clock for clock in found if not clock.party and not clock.stage and clock.due_at), None)
    return [{"says": "The whole process is to end by", "at": process.due_at}] if process else []
