"""Invented goals, so that the demonstration has something to measure against: no agency has set any."""

from __future__ import annotations

from datetime import datetime

from audit.models import Goal
from designation.models import Request
from designation.models.people import DEA, HSI
from designation.models.requests import State

DAY = 8 * 3600
SET_BY = "Headquarters (demo)"
WHY = "Invented for demonstration. Neither agency has set such a goal."

# Business days: what is measured, the goal of what is routine or not told apart, and that of what is expedited.
STAGES = {
    State.HSI_REVIEW: (3, 1),
    State.DEA_INTAKE: (2, 1),
    State.FIELD_REVIEW: (8, 3),
    State.DEA_DECISION: (4, 2),
    State.RETURNED: (6, 3),
}
PARTIES = {HSI: (8, 3), DEA: (15, 6)}
PROCESS = (20, 8)


def invented_goals(effective_from: datetime) -> list[Goal]:
    """Goals for each stage, each party and the whole process, routine and expedited; not saved."""
    goals = []
    for stage, days in STAGES.items():
        goals += _pair(days, effective_from, measure=Goal.Measure.STAGE, stage=stage.value)
    for party, days in PARTIES.items():
        goals += _pair(days, effective_from, measure=Goal.Measure.PARTY, party=party)
    return goals + _pair(PROCESS, effective_from, measure=Goal.Measure.PROCESS)


def _pair(days: tuple[int, int], effective_from: datetime, **measured: str) -> list[Goal]:
    cases: tuple[dict[str, str], dict[str, str]] = ({}, {"priority": Request.Priority.EXPEDITED.value})
    return [
        Goal(
            workflow=Request.workflow,
            applies_to=applies_to,
            business_seconds=number * DAY,
            share_percent=90,
            effective_from=effective_from,
            set_by_name=SET_BY,
            why=WHY,
            **measured,
        )
        for applies_to, number in zip(cases, days, strict=True)
    ]
