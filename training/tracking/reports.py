"""The figures of tracking: one object for each question, whose table feeds the page, the picture and the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from audit.reports.periods import last_twelve_months
from audit.reports.tables import COUNT, DAY, PERCENT, TEXT, Picture, Table, percent
from audit.statements import SQL, rows_of
from designation.models import Agent, Office, User
from training.models import Completion, Module
from training.tracking.matrix import Cell, Matrix
from training.tracking.standing import COMPLETE, LACKING, Status, people_of, required_agents, standing_sql

ANY_LACKING = "lacking"
REQUIRED_OF = (
    "Counted are active agents who have an open request, or else a live designation, of a kind that the module is "
    "required of. Share complete: of those who are not waived and whose module is available, how many hold a "
    "completion that counts today. Expiring ones, within 60 days of their last day, count as complete."
)
DEFINITIONS = {
    "Required": "Active agents with an open request, or else a live designation, of a kind the module is required of.",
    "Complete": "Of the required, those who hold a completion that counts today; expiring ones among them.",
    "Share complete": "Complete, of the required who are not waived and whose module has a published version.",
    "Not available": "Of the required, those who cannot complete it: no version was ever published, or what was "
    "published is retired.",
    "Waived": "Of the required, those who need not complete it today.",
    "Standing": "Met; expiring: met, and its last day is within 60 days; waived; not yet available: no version was "
    "ever published; no longer available: what was published is retired; expired; missing.",
    "Completed on": "The day of the latest pass that stands: not corrected, withdrawn or taken back.",
    "Valid until": "The last day on which the completion counts; empty where it has no end.",
    "Waived until": "The last day of the waiver.",
    "Passed": "Completions of the month that stand.",
    "Not passed": "Failed attempts of the month that stand.",
}


def matrix_table(matrix: Matrix) -> Table:
    """Offices by modules, and all offices as the last row."""
    parts = [
        ("required", COUNT),
        ("complete", COUNT),
        ("waived", COUNT),
        ("not available", COUNT),
        ("share complete", PERCENT),
    ]
    columns = [(f"{module.code} {name}", unit) for module in matrix.modules for name, unit in parts]
    rows = [
        [str(row.office or "All offices"), *(figure for cell in row.cells for figure in _figures(cell))]
        for row in [*matrix.rows, matrix.total]
    ]
    return Table("Offices by modules", [("Office", TEXT), *columns], rows)


def _figures(cell: Cell) -> list[int | float | None]:
    return [cell.required, cell.complete, cell.waived, cell.not_available, percent(cell.share)]


SELECTED = """
FROM ({standing}) AS standing
JOIN designation_agent AS agent ON agent.id = standing.agent_id
JOIN designation_office AS office ON office.id = agent.office_id
JOIN training_module AS module ON module.id = standing.module_id
WHERE standing.status = ANY(%(statuses)s)
  AND (%(module)s::bigint IS NULL OR standing.module_id = %(module)s)
  AND (%(within)s::int IS NULL OR standing.valid_until <= %(on)s + %(within)s::int)
"""
ROWS = """
SELECT agent.id, agent.last_name || ', ' || agent.first_name, agent.badge_number, office.code, module.code,
       module.title, standing.status, standing.completed_on, standing.valid_until, standing.waived_until
{selected}
ORDER BY {order}, agent.last_name, agent.first_name, agent.badge_number, module.code
LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True)
class Row:
    """An agent in one module that is required of him."""

    agent: int
    name: str
    badge_number: str
    office: str
    module: str
    title: str
    status: str
    completed_on: date | None
    valid_until: date | None
    waived_until: date | None

    @property
    def label(self) -> str:
        return str(Status(self.status).label)


class People:
    """The agents whom the user may see, each in the modules that are required of him; as a sequence for pages.

    `status` is a Status, or ANY_LACKING; `within` leaves those whose completion counts for at most so many days.
    """

    def __init__(
        self,
        user: User,
        on: date,
        *,
        office: Office | None = None,
        module: Module | None = None,
        status: str = "",
        within: int | None = None,
    ) -> None:
        agents: QuerySet[Agent] = Agent.objects.visible_to(user)
        if office is not None:
            agents = agents.filter(office=office)
        self.on, self.within = on, within
        rule = standing_sql(people_of(required_agents(agents)), on)
        self._selected = SELECTED.format(standing=rule.text)
        self._parameters = rule.parameters | {
            "statuses": _statuses(status, within),
            "module": module.pk if module else None,
            "within": within,
        }

    @cached_property
    def count(self) -> int:
        return int(rows_of(SQL(f"SELECT count(*) {self._selected}", self._parameters))[0][0])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, part: slice) -> list[Row]:
        return self._rows(limit=part.stop - part.start, offset=part.start)

    def _rows(self, *, limit: int | None, offset: int) -> list[Row]:
        order = "standing.valid_until" if self.within is not None else "agent.last_name"
        text = ROWS.format(selected=self._selected, order=order)
        return [Row(*row) for row in rows_of(SQL(text, self._parameters | {"limit": limit, "offset": offset}))]

    def table(self) -> Table:
        """Every one of them, for a file."""
        title = f"Training that expires within {self.within} days" if self.within is not None else "People by modules"
        columns = [
            ("Agent", TEXT),
            ("Badge number", TEXT),
            ("Office", TEXT),
            ("Module", TEXT),
            ("Standing", TEXT),
            ("Completed on", DAY),
            ("Valid until", DAY),
            ("Waived until", DAY),
        ]
        rows: list[list[Any]] = [
            [
                row.name,
                row.badge_number,
                row.office,
                row.module,
                row.label,
                row.completed_on,
                row.valid_until,
                row.waived_until,
            ]
            for row in self._rows(limit=None, offset=0)
        ]
        return Table(title, columns, rows)


def _statuses(status: str, within: int | None) -> list[str]:
    if within is not None:
        return list(COMPLETE)
    if status == ANY_LACKING:
        return list(LACKING)
    return [status] if status else list(Status.values)


@dataclass(frozen=True)
class Trend:
    """Attempts that stand, month by month, of the last twelve whole months and of this one so far."""

    user: User
    on: date
    module: Module | None = None

    @cached_property
    def months(self) -> Sequence[tuple[date, int, int]]:
        """(first day, passed, not passed) of each month, the earliest first."""
        since = last_twelve_months(self.on).since
        stand = Completion.objects.visible_to(self.user).standing().filter(completed_on__range=(since, self.on))
        if self.module is not None:
            stand = stand.filter(module=self.module)
        counted = (
            stand.annotate(month=TruncMonth("completed_on"))
            .order_by()
            .values_list("month")
            .annotate(passes=Count("pk", filter=Q(passed=True)), fails=Count("pk", filter=Q(passed=False)))
        )
        found = {month: (passes, fails) for month, passes, fails in counted}
        return [(month, *found.get(month, (0, 0))) for month in _months(since, self.on)]

    def table(self) -> Table:
        return Table(
            "Completions by month",
            [("Month", TEXT), ("Passed", COUNT), ("Not passed", COUNT)],
            [[f"{month:%B %Y}", passes, fails] for month, passes, fails in self.months],
        )

    def picture(self) -> Picture:
        rows = [
            {"label": f"{month:%b %y}", "Passed": passes, "Not passed": fails} for month, passes, fails in self.months
        ]
        total = sum(passes for _, passes, _ in self.months)
        data = {"rows": rows, "series": ["Passed", "Not passed"], "counts": "Attempts"}
        return Picture("bars", data, f"Completions by month: {total:,} passed since {self.months[0][0]:%B %Y}.")


def _months(since: date, until: date) -> list[date]:
    numbers = range(since.year * 12 + since.month - 1, until.year * 12 + until.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
