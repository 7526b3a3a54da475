"""The figures of a question: number, mean, percentiles and share within goal, in all and by dimension or period.

A percentile is PostgreSQL's `percentile_cont`: linear interpolation between closest ranks, type 7 of Hyndman and Fan
(1996), as numpy and pandas have it by default. Where figures were kept that still hold (`audit.summaries`), they are
taken; else they are computed from the stays. Both come from `audit.reports.facts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from audit import summaries
from audit.reports.facts import AGGREGATES, facts, fetch, wanted_sql
from audit.reports.periods import EVERY, Period, split
from audit.reports.question import Measure, MeasuredWith, Question, measured_with
from audit.statements import SQL


class Figures(NamedTuple):
    """What the times of some requests come to. `key` is the dimension's value where figures are by one, `since` the
    first day of the period where they are by period. Times are in business seconds; percentiles are interpolated.

    `judged` counts what had a goal, of which `met` were in time: stays for a stage, requests for a party or the whole.
    """

    key: str
    since: date | None
    measure: Measure
    requests: int
    seconds: int
    p25: float
    median: float
    p75: float
    p90: float
    p95: float
    slowest: int
    stays: int
    judged: int
    met: int

    @property
    def mean(self) -> float:
        return self.seconds / self.requests

    @property
    def share_met(self) -> float | None:
        """Of those judged, from 0 to 1; None where none was."""
        return self.met / self.judged if self.judged else None


@dataclass(frozen=True)
class Moment:
    """When, and with which calendar, figures were had; to be stated with them."""

    as_of: datetime
    calendar: MeasuredWith
    _held: dict[tuple[str, Period], int | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def now(cls) -> Moment:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            return cls(cursor.fetchone()[0], measured_with())

    @property
    def today(self) -> date:
        return self.as_of.astimezone(self.calendar.zone).date()

    def holding(self, workflow: str, wanted: Sequence[Period]) -> dict[Period, int]:
        """As `audit.summaries.holding`, which is asked once for each period, however many reports a page has.

        It is asked for the whole of neighbouring periods too: a page that shows a trend shows the whole beside it.
        """
        every = dict.fromkeys([*wanted, *joined(wanted)])
        unknown = [period for period in every if (workflow, period) not in self._held]
        if unknown:
            found = summaries.holding(workflow, unknown, self.calendar)
            self._held.update({(workflow, period): found.get(period) for period in unknown})
        held = {period: self._held[workflow, period] for period in wanted}
        return {period: key for period, key in held.items() if key is not None}


@contextmanager
def one_moment(*, durable: bool = False) -> Iterator[None]:
    """Within the block all reports see the database as it is at its first statement, whatever is committed meanwhile.

    Within a transaction they see what that sees; a `durable` block refuses to be in one, with RuntimeError.
    """
    if connection.in_atomic_block and not durable:
        yield
        return
    with transaction.atomic(durable=durable), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


AGGREGATE = """
SELECT {key} AS key, {since} AS since, measure, name, {aggregates}
FROM ({facts}) AS fact
WHERE {wanted}
GROUP BY 1, 2, 3, 4
ORDER BY 2, 1, 3, 4
"""


def figures(
    question: Question,
    moment: Moment,
    *,
    by: str = "",
    every: str = "",
    measures: Sequence[Measure] = (),
) -> list[Figures]:
    """The figures of the question's requests, for each of the measures, or for all there are.

    `by` names a dimension: figures for each of its values. `every` is a kind of period (`audit.reports.periods`):
    figures for each of the question's period; where nothing ended or was filed in one, there are none.
    """
    if every and every not in EVERY:
        raise ValueError(f"Reports know no {every!r}.")
    wanted = list(split(question.period, every)) if every else [question.period]
    kept, missing = summaries.kept_figures(question, wanted, moment, by=by, measures=measures)
    found = [_read(row, bool(every)) for row in kept]
    for period in joined(missing):
        found += _computed(question.but(period=period), moment, by, every, measures)
    return sorted(found, key=lambda row: (row.since or date.min, row.key, row.measure.what, row.measure.name))


def joined(periods: Sequence[Period]) -> list[Period]:
    """Neighbouring periods as one, so that one statement reads them."""
    joined: list[Period] = []
    for period in periods:
        if joined and joined[-1].until == period.since:
            joined[-1] = Period(joined[-1].since, period.until)
        else:
            joined.append(period)
    return joined


def _computed(question: Question, moment: Moment, by: str, every: str, measures: Sequence[Measure]) -> list[Figures]:
    of = facts(question, [by] if by else [], moment.calendar, moment.as_of)
    bucket = summaries.bucket_sql(every) if every else "NULL::date"
    # The first period may be a part of a week, month or year.
    since = f"greatest({bucket}, %(first_day)s::date)" if every else bucket
    wanted, of_measures = wanted_sql(measures)
    text = AGGREGATE.format(key="d0" if by else "''", since=since, aggregates=AGGREGATES, facts=of.text, wanted=wanted)
    parameters = of.parameters | of_measures
    parameters |= {"zone": moment.calendar.zone.key, "first_day": question.period.since}
    return [_read(row, bool(every)) for row in fetch(SQL(text, parameters))]


def _read(row: Sequence[Any], with_period: bool) -> Figures:
    key, since, what, name, requests, seconds, percentiles, slowest, stays, judged, met = row
    p25, median, p75, p90, p95 = percentiles
    return Figures(
        key=key,
        since=since if with_period else None,
        measure=Measure(what, name),
        requests=requests,
        seconds=seconds,
        p25=p25,
        median=median,
        p75=p75,
        p90=p90,
        p95=p95,
        slowest=slowest,
        stays=stays,
        judged=judged,
        met=met,
    )
