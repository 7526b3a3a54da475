"""What came in and what went out, what was returned and why, and the ways that requests really took."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from audit import summaries
from audit.machine import Subject
from audit.reports.facts import cases, fetch, restrictions, unclocked
from audit.reports.figures import Moment, figures, joined
from audit.reports.periods import EVERY, MONTH, label, split
from audit.reports.question import ENDED, FILED, Measure, Question
from audit.reports.tables import COUNT, HOURS, NOT_STATED, PERCENT, TEXT, Picture, Table, hours, percent, stage_label
from audit.statements import SQL

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
        counts, missing = summaries.kept_counts(summaries.FILED_ONES, ended, wanted, self.moment)
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
            [
                {
                    "Filed": {"cohort": FILED, "period": period, "measure": Measure(), "as_filed": "1"},
                    "Ended": {"cohort": ENDED, "period": period, "measure": Measure()},
                }
                for period in periods
            ],
        )

    def picture(self) -> Picture:
        rows = [{"label": row[0], "filed": row[1], "ended": row[2]} for row in self.table().rows]
        filed, ended = sum(row["filed"] for row in rows), sum(row["ended"] for row in rows)
        counted = f"{filed:,} filed, {ended:,} ended in all"
        says = f"{self.question.rows.capitalize()} filed and ended by {EVERY[self.every].lower()}: {counted}."
        return Picture("flow", {"rows": rows}, says)


def unclocked_count(question: Question, moment: Moment) -> int:
    """How many of the requests that ended in the period no clock ever ran for, so that they have no time.

    They are none of those that the question is about if it is about the filed.
    """
    if question.cohort != ENDED:
        return 0
    kept, missing = summaries.kept_counts(summaries.UNCLOCKED, question, [question.period], moment)
    if not missing:
        return sum(kept.values())
    of = unclocked(question, [], moment.calendar)
    return int(fetch(SQL(f"SELECT count(*) FROM ({of.text}) AS found", of.parameters))[0][0])


# Each return and each way taken is a row: the step, and the business seconds of the stay that it ended.
RETURNED = """
SELECT step.subject, step.to_state, step.at, step.from_state, trim(step.reason) AS reason, stay.business_seconds
FROM audit_stepevent AS step
LEFT JOIN audit_stagevisit AS stay ON stay.workflow = step.workflow AND stay.subject = step.subject
                                  AND stay.sequence = step.sequence - 1
WHERE step.workflow = %(workflow)s AND step.to_state = ANY(%(returned)s) AND {with_reason}
  AND step.at >= %(since)s AND step.at < %(until)s AND {conditions}
"""
RETURNS = """
SELECT from_state, reason, count(*) FROM ({returned}) AS step GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


def returned(question: Question, moment: Moment) -> SQL:
    """The returns made in the period."""
    since, until = question.period.bounds(moment.calendar.zone)
    parameters: dict[str, Any] = {
        "workflow": question.workflow,
        "returned": returned_stages(question.model),
        "since": since,
        "until": until,
    }
    restricted = restrictions(question, "step")
    # A step of this system that returns has its reason, and the index holds those alone; imported steps have none.
    with_reason = "true" if question.model is None else "step.reason <> ''"
    text = RETURNED.format(with_reason=with_reason, conditions=restricted.text)
    return SQL(text, parameters | restricted.parameters)


def reason_key(reason: str) -> str:
    """What stands for a reason in an address: its SHA-256, as `REASON_KEY_SQL` has it."""
    return hashlib.sha256(reason.encode()).hexdigest()


REASON_KEY_SQL = "encode(sha256(convert_to(reason, 'UTF8')), 'hex')"


@dataclass(frozen=True)
class Returns:
    """What was returned in the period, from which stage and for which reason, the most frequent first."""

    question: Question
    moment: Moment

    @cached_property
    def reasons(self) -> list[tuple[str, str, int]]:
        """(stage that returned, reason, number); every one of them."""
        of = returned(self.question, self.moment)
        return fetch(SQL(RETURNS.format(returned=of.text), of.parameters))

    def by_stage(self) -> Table:
        counts: dict[str, int] = defaultdict(int)
        for stage, _, count in self.reasons:
            counts[stage] += count
        total = sum(counts.values())
        stages = sorted(counts.items(), key=lambda found: -found[1])
        return Table(
            "Returns by the stage that returned",
            [("Returned from", TEXT), ("Returns", COUNT), ("Of all returns", PERCENT)],
            [[stage_label(self.question.model, stage), count, percent(count / total)] for stage, count in stages],
            [{"Returns": {"returned_from": stage}} for stage, _ in stages],
        )

    def table(self) -> Table:
        return Table(
            "Returns by reason",
            [("Reason on record", TEXT), ("Returned from", TEXT), ("Returns", COUNT)],
            [
                [reason or NOT_STATED, stage_label(self.question.model, stage), count]
                for stage, reason, count in self.reasons
            ],
            [
                {"Returns": {"returned_from": stage, "reason": reason_key(reason)}}
                for stage, reason, count in self.reasons
            ],
        )


def returned_stages(model: type[Subject] | None) -> list[str]:
    """The stages that a workflow counts as returns; those named so where it declares none."""
    if model is not None and model.exported:
        return [stage for stage, _ in model.exported.counts.values()]
    return ["returned"]


TRAVELLED = """
WITH cases AS MATERIALIZED ({cases})
SELECT step.subject, step.to_state, step.at, step.from_state, step.sequence, stay.business_seconds
FROM cases
JOIN audit_stepevent AS step ON step.workflow = %(workflow)s AND step.subject = cases.subject
LEFT JOIN audit_stagevisit AS stay ON stay.workflow = step.workflow AND stay.subject = step.subject
                                  AND stay.sequence = step.sequence - 1
"""
ARROWS = """
SELECT from_state, to_state, count(*), avg(sequence)::float8,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY business_seconds::float8)
FROM ({travelled}) AS step GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


def travelled(question: Question, moment: Moment) -> SQL:
    """The ways that the question's requests took."""
    of = cases(question, [], moment.calendar)
    return SQL(TRAVELLED.format(cases=of.text), of.parameters)


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
    """The states as the requests really travelled them. Ways taken fewer than `least` times are not drawn."""

    question: Question
    moment: Moment
    least: int = 0

    @cached_property
    def arrows(self) -> list[Arrow]:
        of = travelled(self.question, self.moment)
        return [Arrow(*row) for row in fetch(SQL(ARROWS.format(travelled=of.text), of.parameters))]

    @property
    def requests(self) -> int:
        """How many requests took these ways: each begins once."""
        return sum(arrow.count for arrow in self.arrows if not arrow.from_state)

    @property
    def drawn(self) -> list[Arrow]:
        return [arrow for arrow in self.arrows if arrow.count >= self.least]

    @property
    def left_out(self) -> str:
        """What the picture does not show; empty if it shows all."""
        ways = len(self.arrows) - len(self.drawn)
        if not ways:
            return ""
        are = "1 way is" if ways == 1 else f"{ways} ways are"
        return f"{are} left out of the picture, taken fewer than {self.least:,} times."

    @property
    def states(self) -> list[str]:
        """Those drawn: the most travelled way from the beginning, then the other states as they are reached."""
        touched = {state for arrow in self.drawn for state in (arrow.from_state, arrow.to_state)}
        left = {state: place for state, place in self._places().items() if state in touched}
        way, state = [], ""
        while onward := [arrow for arrow in self.drawn if arrow.from_state == state and arrow.to_state in left]:
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
            [{"Times": {"way_from": arrow.from_state, "way_to": arrow.to_state}} for arrow in self.arrows],
        )
