"""What every report hands on: a table of plain cells, and the picture of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from audit.machine import Subject
from audit.reports.question import PARTY, PROCESS, Measure, Question

TEXT, COUNT, HOURS, PERCENT, DAY = "text", "count", "business hours", "percent", "date"
NOT_STATED = "Not stated"  # what people read for a dimension that is empty


@dataclass(frozen=True)
class Table:
    """A title, columns of (name, unit), and rows of plain cells: text, whole numbers, floats, dates; None is empty.

    `behind` has for each row the columns whose number leads to a list, and for each of them how the report's question
    must be changed to ask for that list: fields of `Question`, and of `audit.reports.behind.FIELDS`.
    """

    title: str
    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    behind: Sequence[Mapping[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def header(self) -> list[str]:
        """The names of the columns with their units, for a file."""
        return [name if unit == TEXT else f"{name} ({unit})" for name, unit in self.columns]


@dataclass(frozen=True)
class Picture:
    """A chart of `audit.charts`, what it is drawn from, and a sentence for those who do not see it."""

    chart: str
    data: dict[str, Any]
    says: str


def hours(seconds: float | None) -> float | None:
    """Business hours with four decimals, as the exports have them; None stays None."""
    return None if seconds is None else round(seconds / 3600, 4)


def percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def stage_label(model: type[Subject] | None, stage: str) -> str:
    return model.state_label(stage) if model is not None else stage


def measure_label(model: type[Subject] | None, measure: Measure) -> str:
    """As “Whole process”, “DEA’s clock”, “DEA intake”."""
    if measure.what == PROCESS:
        return "Whole process"
    return f"{measure.name}’s clock" if measure.what == PARTY else stage_label(model, measure.name)


def dimension_label(question: Question, name: str) -> str:
    model = question.model
    if model is not None and model.exported and name in model.exported.dimensions:
        return model.exported.dimensions[name].label
    return name


def value_labels(question: Question, name: str) -> dict[str, str]:
    """What people call the values of a dimension, where the workflow says so."""
    model = question.model
    if model is not None and model.exported and name in model.exported.dimensions:
        return dict(model.exported.dimensions[name].choices())
    return {}


def plain_date(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def shown(value: Any, unit: str) -> str:
    """A cell as people read it: “1,204”, “14.5”, “93.2 %”, “March 1, 2026”; a dash where there is none."""
    if value is None or value == "":
        return "–"
    if unit == HOURS:
        return f"{value:,.1f}"
    if unit == PERCENT:
        return f"{value:.1f} %"
    if isinstance(value, date):
        return plain_date(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
