"""What came in and what went out, what was returned and why, and the ways that requests really took."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from audit import summaries
from audit.machine import Subject
from audit.reports.facts import SQL, cases, fetch, restrictions, unclocked
from audit.reports.figures import Moment, figures, joined
from audit.reports.periods import EVERY, MONTH, label, split
from audit.reports.question import ENDED, FILED, Measure, Question
from audit.reports.tables import COUNT, HOURS, PERCENT, TEXT, Picture, Table, hours, percent, stage_label

FILED_BY_PERIOD = """
SELECT greatest({bucket}, %(first_day)s::date), count(*) FROM ({cases}) AS filed GROUP BY 1
"""


@dataclass(frozen=True)
class Throughput:
    """How many were filed and how many ended in each week, month or fiscal year, whatever the question's cohort."""

    question: Question
    moment: Moment
    every: str = MONTH

    @cached_property
    def ended(self) -> dict[date | None, int]:
        question = self.question.but(cohort=ENDED)
        return {
            row.since: row.requests for row in figures(question, self.moment, every=self.every, measures=[Measure()])
        }

    @cached_property
    def filed(self) -> dict[date, int]:
        """By the first day of each period; by the dimensions as they were when it was filed."""
        wanted = list(split(self.question.period, self.every))
        ended = self.question.but(cohort=ENDED)
        counts, missing = summaries.kept_counts(summaries.FILED_ONES, ended, wanted, self.moment.calendar)
        for period in joined(missing):
            of = cases(self.question.but(cohort=FILED, period=period), [], self.moment.calendar, as_filed=True)
            text = FILED_BY_PERIOD.format(bucket=summaries.bucket_sql(self.every), cases=of.text)
            zone = {"zone": self.moment.calendar.zone.key, "first_day": period.since}
            counts |= dict(fetch(SQL(text, of.parameters | zone)))
        return counts

    def table(self) -> Table:
        periods = list(split(self.question.period, self.every))
        return Table(
            f"Filed and ended by {EVERY[self.every].lower()}",
            [(EVERY[self.every], TEXT), ("Filed", COUNT), ("Ended", COUNT), ("Ended less filed", COUNT)],
            [
                [label(period, self.every), filed, ended, ended - filed]
                for period in periods
                for filed, ended in [(self.filed.get(period.since, 0), self.ended.get(period.since, 0))]
            ],
        )

    def picture(self) -> Picture:
        rows = [{"label": row[0], "filed": row[1], "ended": row[2]} for row in self.table().rows]
        filed, ended = sum(row["filed"] for row in rows), sum(row["ended"] for row in rows)
        says = f"Requests filed and ended by {EVERY[self.every].lower()}: {filed:,} filed, {ended:,} ended in all."
        return Picture("flow", {"rows": rows}, says)


def unclocked_count(question: Question, moment: Moment) -> int:
    """How many of the requests that ended in the period no clock ever ran for, so that they have no time.

    They are none of those that the question is about if it is about the filed.
    """
    if question.cohort != ENDED:
        return 0
    kept, missing = summaries.kept_counts(summaries.UNCLOCKED, question, [question.period], moment.calendar)
    if not missing:
        return sum(kept.values())
    of = unclocked(question, [], moment.calendar)
    return int(fetch(SQL(f"SELECT count(*) FROM ({of.text}) AS found", of.parameters))[0][0])


RETURNS = """
SELECT step.from_state, trim(step.reason), count(*)
FROM audit_stepevent AS step
WHERE step.workflow = %(workflow)s AND step.to_state = ANY(%(returned)s) AND step.reason <> ''
  AND step.at >= %(since)s AND step.at < %(until)s AND {conditions}
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


@dataclass(frozen=True)
class Returns:
    """What was returned in the period, from which stage and for which reason, the most frequent first."""

    question: Question
    moment: Moment

    @cached_property
    def reasons(self) -> list[tuple[str, str, int]]:
        """(stage that returned, reason, number); every one of them."""
        question = self.question
        since, until = question.period.bounds(self.moment.calendar.zone)
        parameters: dict[str, Any] = {
            "workflow": question.workflow,
            "returned": returned_stages(question.model),
            "since": since,
            "until": until,
        }
        restricted = restrictions(question, "step")
        return fetch(SQL(RETURNS.format(conditions=restricted.text), parameters | restricted.parameters))

    def by_stage(self) -> Table:
        counts: dict[str, int] = defaultdict(int)
        for stage, _, count in self.reasons:
            counts[stage] += count
        total = sum(counts.values())
        return Table(
            "Returns by the stage that returned",
            [("Returned from", TEXT), ("Returns", COUNT), ("Of all returns", PERCENT)],
            [
                [stage_label(self.question.model, stage), count, percent(count / total)]
                for stage, count in sorted(counts.items(), key=lambda found: -found[1])
            ],
        )

    def table(self) -> Table:
        return Table(
            "Returns by reason",
            [("Reason on record", TEXT), ("Returned from", TEXT), ("Returns", COUNT)],
            [[reason, stage_label(self.question.model, stage), count] for stage, reason, count in self.reasons],
        )


def returned_stages(model: type[Subject] | None) -> list[str]:
    """The stages that a workflow counts as returns; those named so where it declares none."""
    if model is not None and model.exported:
        return [stage for stage, _ in model.exported.counts.values()]
    return ["returned"]


TRAVELLED = """
WITH cases AS MATERIALIZED ({cases})
SELECT step.from_state, step.to_state, count(*), avg(step.sequence)::float8,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY stay.business_seconds::float8)
FROM cases
JOIN audit_stepevent AS step ON step.workflow = %(workflow)s AND step.subject = cases.subject
LEFT JOIN audit_stagevisit AS stay ON stay.workflow = step.workflow AND stay.subject = step.subject
                                  AND stay.sequence = step.sequence - 1
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


@dataclass(frozen=True)
class Arrow:
    """A way from state to state that was really taken: how often, and the median stay before it in business seconds.

    `from_state` is empty where a request begins; `place` is the mean number of the step among those of its request.
    """

    from_state: str
    to_state: str
    count: int
    place: float
    median: float | None


@dataclass(frozen=True)
class ProcessMap:
    """The states as the question's requests really travelled them."""

    question: Question
    moment: Moment

    @cached_property
    def arrows(self) -> list[Arrow]:
        of = cases(self.question, [], self.moment.calendar)
        return [Arrow(*row) for row in fetch(SQL(TRAVELLED.format(cases=of.text), of.parameters))]

    @property
    def states(self) -> list[str]:
        """The most travelled way from the beginning, then the other states as they are reached."""
        left = self._places()
        way, state = [], ""
        while onward := [arrow for arrow in self.arrows if arrow.from_state == state and arrow.to_state in left]:
            state = onward[0].to_state
            way.append(state)
            del left[state]
        return way + sorted(left, key=lambda state: (left[state], state))

    def _places(self) -> dict[str, float]:
        """State -> the mean number of the step that led to it."""
        totals: dict[str, float] = defaultdict(float)
        counts: dict[str, int] = defaultdict(int)
        for arrow in self.arrows:
            totals[arrow.to_state] += arrow.place * arrow.count
            counts[arrow.to_state] += arrow.count
        return {state: total / counts[state] for state, total in totals.items()}

    def table(self) -> Table:
        model = self.question.model
        return Table(
            "Ways taken",
            [("From", TEXT), ("To", TEXT), ("Times", COUNT), ("Median time before it", HOURS)],
            [
                [
                    stage_label(model, arrow.from_state) if arrow.from_state else "Begun",
                    stage_label(model, arrow.to_state),
                    arrow.count,
                    hours(arrow.median),
                ]
                for arrow in self.arrows
            ],
        )
