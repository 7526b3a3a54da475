"""How long things took: where the time goes, how it develops, and how offices compare."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q

from audit.models import Goal
from audit.reports.figures import Figures, Moment, figures
from audit.reports.periods import EVERY, MONTH, label, split
from audit.reports.question import PARTY, PROCESS, STAGE, Measure, Question
from audit.reports.tables import (
    COUNT,
    HOURS,
    NOT_STATED,
    PERCENT,
    TEXT,
    Picture,
    Table,
    dimension_label,
    hours,
    measure_label,
    percent,
    value_labels,
)

TIMES = [
    ("Mean", HOURS),
    ("Median", HOURS),
    ("75th percentile", HOURS),
    ("90th percentile", HOURS),
    ("95th percentile", HOURS),
    ("Longest", HOURS),
]
GOALS = [("Measured against a goal", COUNT), ("Within goal", PERCENT)]
JUDGED, MET = "judged", "met"
OF_MEASURE = {PROCESS: 0, PARTY: 1, STAGE: 2}


def _times(row: Figures) -> list[Any]:
    return [hours(value) for value in (row.mean, row.median, row.p75, row.p90, row.p95, row.slowest)]


def _cells(row: Figures | None) -> list[Any]:
    """Number, times and share within goal; zero and empty where there is nothing."""
    if row is None:
        return [0, *[None] * len(TIMES), 0, None]
    return [row.requests, *_times(row), row.judged, percent(row.share_met)]


def _behind(of: Measure, **changes: Any) -> dict[str, dict[str, Any]]:
    """The lists behind a row of `_cells`. What is judged of a stage are its stays, of which there is no list."""
    lists = {"Number": changes}
    if of.what != STAGE:
        lists |= {GOALS[0][0]: changes | {"goal": JUDGED}, GOALS[1][0]: changes | {"goal": MET}}
    return lists


@dataclass(frozen=True)
class Stages:
    """Where the time goes: the whole process, each party's clock, each stage."""

    question: Question
    moment: Moment

    @cached_property
    def figures(self) -> list[Figures]:
        """Process first, then parties, then stages as the workflow has them."""
        model = self.question.model
        order = list(model.parties) if model else []
        found = figures(self.question, self.moment)
        places = {name: place for place, name in enumerate(order)}
        return sorted(
            found,
            key=lambda row: (OF_MEASURE[row.measure.what], places.get(row.measure.name, len(order)), row.measure.name),
        )

    def of(self, measure: Measure) -> Figures | None:
        return next((row for row in self.figures if row.measure == measure), None)

    def table(self) -> Table:
        model = self.question.model
        return Table(
            "Where the time goes",
            [("Time", TEXT), ("Number", COUNT), *TIMES, *GOALS],
            [[measure_label(model, row.measure), *_cells(row)] for row in self.figures],
            [_behind(row.measure, measure=row.measure) for row in self.figures],
        )

    def picture(self) -> Picture:
        model = self.question.model
        rows = [_bar(measure_label(model, row.measure), row) for row in self.figures]
        slowest = max((row for row in self.figures if row.measure.what == STAGE), key=_by_median, default=None)
        says = "Business hours by stage."
        if slowest:
            says = f"Business hours by stage. The longest median is that of {measure_label(model, slowest.measure)}."
        return Picture("quartiles", {"rows": rows}, says)


def _by_median(row: Figures) -> float:
    return row.median


def _bar(name: str, row: Figures) -> dict[str, Any]:
    times = {"p25": row.p25, "median": row.median, "p75": row.p75, "p90": row.p90}
    return {"label": name, **{which: hours(value) for which, value in times.items()}}


@dataclass(frozen=True)
class Trend:
    """How the time of the question's measure develops by week, month or fiscal year."""

    question: Question
    moment: Moment
    every: str = MONTH

    @cached_property
    def figures(self) -> dict[Any, Figures]:
        """By the first day of each period in which something ended, or was filed."""
        found = figures(self.question, self.moment, every=self.every, measures=[self.question.measure])
        return {row.since: row for row in found}

    @cached_property
    def goals(self) -> list[Goal]:
        """The goals in force now for the measure that may apply to what the question filters."""
        measure, now = self.question.measure, self.moment.as_of
        goals = Goal.objects.filter(
            Q(effective_until__isnull=True) | Q(effective_until__gt=now),
            workflow=self.question.workflow,
            measure=measure.what,
            stage=measure.name if measure.what == STAGE else "",
            effective_from__lte=now,
        )
        if measure.what == PARTY:
            goals = goals.filter(party=measure.name)
        filters = {name: values[0] for name, values in self.question.wanted_dimensions().items() if len(values) == 1}
        return [
            goal for goal in goals if all(filters.get(name, value) == value for name, value in goal.applies_to.items())
        ]

    @property
    def goal(self) -> Goal | None:
        """The goal that applies to all that the question filters: the line in the picture."""
        named = {name for name, values in self.question.wanted_dimensions().items() if len(values) == 1}
        fitting = [goal for goal in self.goals if goal.applies_to.keys() <= named]
        return max(fitting, key=lambda goal: len(goal.applies_to), default=None)

    @property
    def _says_of_goals(self) -> str:
        """What the line is, and which goals the shares within goal go by beside it."""
        line = self.goal
        said = f" The goal is {_goal_in_words(line)}." if line else ""
        reach = len(line.applies_to) if line else -1
        own = [self._applies_to(goal) for goal in self.goals if len(goal.applies_to) > max(reach, 0)]
        if not own:
            return said
        return f"{said} The shares within goal go by the goal of each request: there is another for {', '.join(own)}."

    def _applies_to(self, goal: Goal) -> str:
        return " and ".join(
            f"{dimension_label(self.question, name)} {value_labels(self.question, name).get(value, value)}"
            for name, value in sorted(goal.applies_to.items())
        )

    def table(self) -> Table:
        periods = list(split(self.question.period, self.every))
        return Table(
            f"{measure_label(self.question.model, self.question.measure)} by {EVERY[self.every].lower()}",
            [(EVERY[self.every], TEXT), ("Number", COUNT), *TIMES, *GOALS],
            [[label(period, self.every), *_cells(self.figures.get(period.since))] for period in periods],
            [_behind(self.question.measure, period=period) for period in periods],
        )

    def picture(self) -> Picture:
        rows = []
        for period in split(self.question.period, self.every):
            row = self.figures.get(period.since)
            of = {"median": hours(row.median), "p90": hours(row.p90)} if row else {"median": None, "p90": None}
            rows.append({"label": label(period, self.every), **of})
        data: dict[str, Any] = {"rows": rows, "goal": None}
        says = f"Median and 90th percentile by {EVERY[self.every].lower()}, in business hours."
        if goal := self.goal:
            label_of_line = f"Dashed line: the goal, {_goal_in_words(goal)}"
            data |= {"goal": goal.business_seconds / 3600, "goal_label": label_of_line}
        return Picture("trend", data, says + self._says_of_goals)


def _goal_in_words(goal: Goal) -> str:
    return f"{goal.share_percent} % within {goal.business_seconds / 3600:g} business hours"


@dataclass(frozen=True)
class Compared:
    """How the values of a dimension compare in the question's measure: offices, divisions, kinds."""

    question: Question
    moment: Moment
    by: str

    @cached_property
    def figures(self) -> list[Figures]:
        """The longest median first."""
        found = figures(self.question, self.moment, by=self.by, measures=[self.question.measure])
        return sorted(found, key=lambda row: (-row.median, row.key))

    @cached_property
    def names(self) -> dict[str, str]:
        return value_labels(self.question, self.by)

    def _name(self, row: Figures) -> str:
        return self.names.get(row.key, row.key) or NOT_STATED

    def table(self) -> Table:
        what = dimension_label(self.question, self.by)
        return Table(
            f"{measure_label(self.question.model, self.question.measure)} by {what}",
            [(what, TEXT), ("Number", COUNT), *TIMES, *GOALS],
            [[self._name(row), *_cells(row)] for row in self.figures],
            [
                _behind(self.question.measure, dimensions={**self.question.dimensions, self.by: (row.key,)})
                for row in self.figures
            ],
        )

    def picture(self) -> Picture:
        what = dimension_label(self.question, self.by)
        says = f"Business hours by {what}, the longest median first."
        return Picture("quartiles", {"rows": [_bar(self._name(row), row) for row in self.figures]}, says)
