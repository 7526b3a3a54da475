"""Figures of closed periods that are kept, and when they hold; `audit.summarising` makes them.

A kept period holds while the calendar is the one that it was measured with, the workflow's dimensions are those by
which its figures were made, and no step has been added that touches it: one of that time, or one that reopened a
request that had ended then. A rebuild of the stays drops all. What does
not hold is computed from the stays until it is made again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection

from audit.reports.facts import IN_PART, part_seen, parts_of, wanted_sql
from audit.reports.periods import FISCAL_YEAR, MONTH, WEEK, Period
from audit.reports.question import ENDED, Measure, MeasuredWith, Question, dimension_names, model_of
from audit.statements import SQL, rows_of

if TYPE_CHECKING:
    from audit.reports.figures import Moment

MOST_DIMENSIONS = 6  # of which all pairs are kept
# What is only counted, beside the measures of times.
FILED_ONES, UNCLOCKED = "filed", "unclocked"

BUCKETS = {
    WEEK: "date_trunc('week', {local})::date",
    MONTH: "date_trunc('month', {local})::date",
    FISCAL_YEAR: "(date_trunc('year', {local} + interval '3 months') - interval '3 months')::date",
}


def bucket_sql(every: str, at: str = "at") -> str:
    """The first day of the week, month or fiscal year of an instant, in the zone of the parameter `zone`."""
    return BUCKETS[every].format(local=f"({at} AT TIME ZONE %(zone)s)")


def kept_dimensions(workflow: str) -> list[str]:
    """The dimensions by which figures are kept."""
    return dimension_names(workflow)[:MOST_DIMENSIONS]


def kept_parts(workflow: str) -> list[str]:
    """The parts that some users see all of, by each of which figures are kept beside the dimensions."""
    return sorted(parts_of(model_of(workflow)))


def kept_by(workflow: str) -> list[str]:
    """The dimensions, then the parts: each is a column of the facts that are summed up."""
    return [*kept_dimensions(workflow), *kept_parts(workflow)]


# Asked for by itself, so that PostgreSQL knows how few steps come after it.
OLDEST_POSITION = "SELECT coalesce(min(ledger_position), 0) FROM audit_summarisedperiod WHERE workflow = %s"
# Steps added since the oldest kept position: the time of each, and the time of the end that it undid.
HOLDING = """
WITH touching AS MATERIALIZED (
    SELECT step.id, step.at FROM audit_stepevent AS step
    WHERE step.workflow = %(workflow)s AND step.id > %(position)s
    UNION ALL
    SELECT step.id, ended.at FROM audit_stepevent AS step
    JOIN audit_stepevent AS ended ON ended.workflow = step.workflow AND ended.subject = step.subject
                                 AND ended.sequence = step.sequence - 1
    WHERE step.workflow = %(workflow)s AND step.id > %(position)s AND ended.final
)
SELECT period.id, period.since, period.until FROM audit_summarisedperiod AS period
JOIN audit_calendar AS calendar ON calendar.id = period.calendar_id
WHERE period.workflow = %(workflow)s AND period.calendar_id = %(calendar)s
  AND period.calendar_version = calendar.version
  AND period.calendar_built_at IS NOT DISTINCT FROM calendar.built_at
  AND period.dimension_names = %(dimensions)s::text[]
  AND (period.since, period.until) IN (SELECT * FROM unnest(%(since)s::date[], %(until)s::date[]))
  AND NOT EXISTS (
      SELECT FROM touching
      WHERE touching.id > period.ledger_position
        AND touching.at >= period.since::timestamp AT TIME ZONE %(zone)s
        AND touching.at < period.until::timestamp AT TIME ZONE %(zone)s
  )
"""


def holding(workflow: str, wanted: Sequence[Period], calendar: MeasuredWith) -> dict[Period, int]:
    """The kept periods among the wanted whose figures still hold, with their keys."""
    parameters: dict[str, Any] = {
        "workflow": workflow,
        "calendar": calendar.pk,
        "zone": calendar.zone.key,
        "dimensions": kept_by(workflow),
        "since": [period.since for period in wanted],
        "until": [period.until for period in wanted],
    }
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_POSITION, [workflow])
        cursor.execute(HOLDING, parameters | {"position": cursor.fetchone()[0]})
        return {Period(since, until): key for key, since, until in cursor.fetchall()}


# Each period gives a row at least, so that one which was made again since it was found to hold is not taken for empty.
KEPT = """
SELECT period.id, coalesce(figures.dimensions ->> %(by)s, ''), period.since, measure, name, requests, seconds,
       percentiles, slowest, stays, judged, met
FROM audit_summarisedperiod AS period
LEFT JOIN audit_periodfigures AS figures
       ON figures.period_id = period.id AND figures.grouped_by = %(grouped_by)s
      AND figures.dimensions @> %(filters)s::jsonb AND figures.measure <> ALL(%(only_counted)s) AND {wanted}
WHERE period.id = ANY(%(periods)s)
"""


def kept_figures(
    question: Question, wanted: Sequence[Period], moment: Moment, *, by: str = "", measures: Sequence[Measure] = ()
) -> tuple[list[tuple], list[Period]]:
    """Rows for the periods whose figures are kept and hold, and the periods that are left to compute."""
    if not _covers(question, by):
        return [], list(wanted)
    held = moment.holding(question.workflow, wanted)
    condition, of_measures = wanted_sql(measures)
    parameters = _asked(question, held, by) | of_measures | {"by": by, "only_counted": [FILED_ONES, UNCLOCKED]}
    rows = rows_of(SQL(KEPT.format(wanted=condition), parameters)) if held else []
    return [tuple(row) for _, *row in rows if row[2] is not None], _left(wanted, held, {row[0] for row in rows})


def _covers(question: Question, by: str) -> bool:
    filters = question.wanted_dimensions()
    return (
        question.cohort == ENDED
        and all(len(values) == 1 for values in filters.values())
        and len({*filters, *([by] if by else [])}) <= 2
        and {*filters, *([by] if by else [])} <= set(kept_dimensions(question.workflow))
        and part_seen(question) is not None
    )


def _asked(question: Question, held: Mapping[Period, int], by: str = "") -> dict[str, Any]:
    filters = {name: values[0] for name, values in question.wanted_dimensions().items()}
    if part := part_seen(question):
        filters[part] = IN_PART
    return {
        "periods": list(held.values()),
        "grouped_by": " ".join(sorted({*filters, *([by] if by else [])})),
        "filters": json.dumps(filters),
    }


def _left(wanted: Sequence[Period], held: Mapping[Period, int], found: Collection[int]) -> list[Period]:
    """The periods that are not kept, or are so no more."""
    return [period for period in wanted if held.get(period) not in found]


COUNTS = """
SELECT period.id, period.since, counted.number FROM audit_summarisedperiod AS period
JOIN LATERAL (
    SELECT coalesce(sum(requests), 0)::bigint AS number FROM audit_periodfigures
    WHERE period_id = period.id AND measure = %(counted)s AND grouped_by = %(grouped_by)s
      AND dimensions @> %(filters)s::jsonb
) AS counted ON true
WHERE period.id = ANY(%(periods)s)
"""


def kept_counts(
    counted: str, question: Question, wanted: Sequence[Period], moment: Moment
) -> tuple[dict[date, int], list[Period]]:
    """How many were filed, or ended without a clock (`FILED_ONES`, `UNCLOCKED`), in each kept period that holds.

    By its first day; and the periods left to compute.
    """
    # What is filed may become part of what a user sees later, without a step of that time.
    if not _covers(question, "") or (counted == FILED_ONES and part_seen(question)):
        return {}, list(wanted)
    held = moment.holding(question.workflow, wanted)
    rows = rows_of(SQL(COUNTS, _asked(question, held) | {"counted": counted})) if held else []
    return {since: number for _, since, number in rows}, _left(wanted, held, {row[0] for row in rows})
