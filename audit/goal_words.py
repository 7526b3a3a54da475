"""Goals in the words of the pages: what is measured, for whom, within what."""

from __future__ import annotations

from typing import Any

from django.utils.text import capfirst

from audit.machine import Dimension, Subject
from audit.models import Goal
from audit.models.goals import business_time


def timed_models() -> list[type[Subject]]:
    """The workflows on whose stages somebody's clock runs."""
    return [model for model in Subject.__subclasses__() if model.parties]


def measured(workflow: str, measure: str, named: str) -> str:
    """What a goal of the workflow measures; `named` is its stage or its party."""
    model = next((model for model in timed_models() if model.workflow == workflow), None)
    options: Any = model._meta if model else None
    name = capfirst(options.verbose_name) if options else workflow
    if measure == Goal.Measure.STAGE:
        return f"{name}: each stay in “{model.state_label(named) if model else named}”"
    if measure == Goal.Measure.PARTY:
        return f"{name}: all the time on {named}’s clock"
    return f"{name}: the whole process, whoever’s clock runs"


def limited_to(goal: Goal) -> str:
    """The labels of the dimension values that what is measured must have, or "All"."""
    known = dimensions(goal.workflow)
    labels = [
        dict(known[name].choices()).get(value, value) if name in known else value
        for name, value in goal.applies_to.items()
    ]
    return ", ".join(labels) or "All"


def dimensions(workflow: str) -> dict[str, Dimension]:
    """By name, what goals of the workflow can be limited to."""
    found: dict[str, Dimension] = {}
    for model in timed_models():
        if model.workflow == workflow and model.exported:
            found |= model.exported.dimensions
    return found


def in_words(goal: Goal) -> str:
    """The goal as a list would show it, on one line."""
    what = measured(goal.workflow, goal.measure, goal.stage or goal.party)
    whom = f", {limited_to(goal)}" if goal.applies_to else ""
    return f"{what}{whom}, within {business_time(goal.business_seconds)}"
