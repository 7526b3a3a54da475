"""What is open now, and how long it has been: shown beside whatever has ended, so that the slow are never dropped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from audit.calendar import seconds_between_sql
from audit.reports.facts import counts, fetch, restrictions
from audit.reports.figures import Moment
from audit.reports.question import Question
from audit.reports.tables import COUNT, HOURS, TEXT, Picture, Table, hours, stage_label
from audit.statements import SQL

# Upper bounds in business hours; a week has forty.
AGES = [(40, "Up to 1 week"), (80, "1 to 2 weeks"), (160, "2 to 4 weeks"), (480, "4 to 12 weeks")]
OLDER = "Over 12 weeks"
AGE_NAMES = [name for _, name in AGES] + [OLDER]

AGE = seconds_between_sql(
    "open.filed_at",
    "%(as_of)s",
    calendar="%(calendar)s",
    name="age",
    within=("(SELECT min(filed_at) FROM open)", "%(as_of)s"),
)
# The age of a request is that since it was first filed, whatever stage it is in now.
OPEN_STAYS = f"""
WITH open AS MATERIALIZED (
    SELECT stay.subject, stay.stage, stay.party, stay.entered_at, stay.due_at < %(as_of)s AS late,
           coalesce(stay.clock_began_at, stay.entered_at) AS filed_at
    FROM audit_stagevisit AS stay
    WHERE stay.workflow = %(workflow)s AND stay.left_at IS NULL AND {{counts}} AND {{conditions}}
)
SELECT open.subject, open.stage, open.party, open.entered_at, open.late, {AGE.seconds} AS age
FROM open {AGE.joins}
"""
# OFFSET 0, so that the age of each is computed once and not for every band.
BACKLOG = """
SELECT stage, max(party), count(*), count(*) FILTER (WHERE late),
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY age::float8), max(age), {ages}
FROM ({open} OFFSET 0) AS stay GROUP BY GROUPING SETS ((stage), ()) ORDER BY stage NULLS LAST
"""


@dataclass(frozen=True)
class Aged:
    """The open requests of one stage, or of all where `stage` is None; times in business seconds."""

    stage: str | None
    party: str
    count: int
    late: int
    median: float
    p90: float
    oldest: int
    by_age: list[int]


@dataclass(frozen=True)
class Backlog:
    """Open requests by stage and by age; period and cohort of the question do not matter, its filters do."""

    question: Question
    moment: Moment

    @cached_property
    def stages(self) -> list[Aged]:
        """As the workflow has the stages, then all together."""
        model = self.question.model
        order = list(model.parties) if model else []
        found = []
        for stage, party, count, late, percentiles, oldest, *by_age in fetch(self._sql()):
            if count:
                median, p90 = percentiles
                found.append(Aged(stage, party or "", count, late, median, p90, oldest, by_age))
        return sorted(
            found,
            key=lambda row: (
                row.stage is None,
                order.index(row.stage) if row.stage in order else len(order),
                row.stage or "",
            ),
        )

    @property
    def total(self) -> Aged | None:
        return next((row for row in self.stages if row.stage is None), None)

    def _sql(self) -> SQL:
        of = open_stays(self.question, self.moment)
        ages = ", ".join(f"count(*) FILTER (WHERE {in_band})" for in_band in AGE_BANDS.values())
        return SQL(BACKLOG.format(open=of.text, ages=ages), of.parameters)

    def table(self) -> Table:
        model = self.question.model
        rows: list[list[Any]] = []
        for row in self.stages:
            name = "All open" if row.stage is None else stage_label(model, row.stage)
            of_ages = [hours(row.median), hours(row.p90), hours(row.oldest)]
            rows.append([name, row.party if row.stage else "", row.count, row.late, *of_ages, *row.by_age])
        behind = [_behind(row.stage or "") for row in self.stages]
        ages = [(name, COUNT) for name in AGE_NAMES]
        columns = [("Stage", TEXT), ("Clock", TEXT), ("Open", COUNT), ("Late in the stage", COUNT)]
        times = [("Median age", HOURS), ("90th percentile of age", HOURS), ("Oldest", HOURS)]
        return Table(f"Open {self.question.rows} and their age", [*columns, *times, *ages], rows, behind)

    def picture(self) -> Picture:
        model = self.question.model
        rows = [
            {"label": stage_label(model, row.stage), "age": age, "count": count}
            for row in self.stages
            if row.stage is not None
            for age, count in zip(AGE_NAMES, row.by_age, strict=True)
        ]
        total = self.total
        says = (
            f"{total.count:,} open {self.question.rows} by stage and age since filing." if total else "Nothing is open."
        )
        return Picture("ages", {"rows": rows, "ages": AGE_NAMES}, says)


def open_stays(question: Question, moment: Moment) -> SQL:
    """The stays that go on: `subject`, `stage`, `party`, `entered_at`, whether `late`; `age` in business seconds."""
    parameters: dict[str, Any] = {
        "workflow": question.workflow,
        "as_of": moment.as_of,
        "calendar": moment.calendar.pk,
    }
    restricted = restrictions(question, "stay")
    text = OPEN_STAYS.format(counts=counts(question, "stay"), conditions=restricted.text)
    return SQL(text, parameters | restricted.parameters)


def _age_bands() -> dict[str, str]:
    """As addresses name them, in business hours: “40-80”; with the condition on `age`."""
    bounds = [bound for bound, _ in AGES]
    bands = {f"0-{bounds[0]}": f"age <= {bounds[0] * 3600}"}
    bands |= {f"{low}-{high}": f"age > {low * 3600} AND age <= {high * 3600}" for low, high in pairwise(bounds)}
    return bands | {f"{bounds[-1]}-": f"age > {bounds[-1] * 3600}"}


AGE_BANDS = _age_bands()


def _behind(stage: str) -> dict[str, dict[str, str]]:
    of_ages = {name: {"open_in": stage, "age": band} for name, band in zip(AGE_NAMES, AGE_BANDS, strict=True)}
    return {"Open": {"open_in": stage}, "Late in the stage": {"open_in": stage, "late": "1"}, **of_ages}
