"""Makes the figures of closed periods that `audit.summaries` keeps, by sets from the stays, and proves them.

Kept are all months and federal fiscal years, the last twelve months as a whole and the weeks in them, each for all
requests and for the values of one dimension or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from django.db import connection, transaction

from audit.models import Calendar, SummarisedPeriod
from audit.reports import periods
from audit.reports.facts import AGGREGATES, cases, facts, unclocked
from audit.reports.periods import FISCAL_YEAR, MONTH, WEEK, Period
from audit.reports.question import FILED, MeasuredWith, Question, measured_with
from audit.reports.sources import workflow_sources
from audit.summaries import BUCKETS, holding, kept_by, kept_dimensions, kept_parts

TWELVE_MONTHS = "twelve_months"


def workflows() -> list[str]:
    """The names of the workflows that the ledger holds."""
    return list(workflow_sources())


@dataclass(frozen=True)
class Chunk:
    """Periods that are made together from one reading of the stays, by the way in which they divide the time."""

    by: dict[str, list[Period]]

    @property
    def span(self) -> Period:
        wanted = [period for found in self.by.values() for period in found]
        return Period(min(period.since for period in wanted), max(period.until for period in wanted))


def closed_periods(first: date, today: date) -> Iterator[Chunk]:
    """What is kept from the first day of a workflow until today: a chunk a fiscal year, and the last twelve months."""
    for year in periods.split(Period(first, max(today, first + timedelta(days=1))), FISCAL_YEAR):
        whole = periods.containing(FISCAL_YEAR, year.since)
        months = [month for month in periods.split(whole, MONTH) if first < month.until <= today]
        if months:
            yield Chunk({MONTH: months, FISCAL_YEAR: [whole] if whole.until <= today else []})
    last = periods.last_twelve_months(today)
    weeks = {periods.containing(WEEK, last.since + timedelta(days=7 * number)) for number in range(58)}
    yield Chunk({TWELVE_MONTHS: [last], WEEK: sorted(week for week in weeks if week.until <= today)})


def summarise(workflow: str, *, today: date | None = None) -> int:
    """Makes the figures of the workflow's closed periods that are not kept or hold no longer; returns how many periods.

    One transaction for a fiscal year: stopped half-way, it goes on from there at the next run.
    """
    first = _first_instant(workflow)
    if first is None:
        return 0
    zone = measured_with().zone
    today = today or datetime.now(zone).date()
    chunks = list(closed_periods(first.astimezone(zone).date(), today))
    made = sum(_summarise_chunk(workflow, chunk) for chunk in chunks)
    _forget_all_but(workflow, chunks)
    return made


# Each begins with a stay, but for a case that ended with its first step: both are found by an index.
FIRST_INSTANT = """
SELECT least(
    (SELECT min(entered_at) FROM audit_stagevisit WHERE workflow = %(workflow)s AND clock_began_at IS NULL),
    (SELECT min(at) FROM audit_stepevent WHERE workflow = %(workflow)s AND final)
)
"""


def _first_instant(workflow: str) -> datetime | None:
    """When the workflow's first case began."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST_INSTANT, {"workflow": workflow})
        return cursor.fetchone()[0]


# Waits for those who are adding steps, so that whatever comes later has a higher number than the position.
POSITION = "LOCK TABLE audit_stepevent IN SHARE MODE"
HOLD_SUMMARIES = "LOCK TABLE audit_summarisedperiod IN SHARE ROW EXCLUSIVE MODE"


def _position() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '30s'")
        cursor.execute(POSITION)
        cursor.execute("SELECT coalesce(max(id), 0) FROM audit_stepevent")
        return int(cursor.fetchone()[0])


NEAR_THE_END = 1_000  # steps that may have come since the figures were made, before they are looked through again
IS_NEAR = """
SELECT min(period.ledger_position) + %(near)s >= (SELECT max(id) FROM audit_stepevent)
FROM audit_summarisedperiod AS period WHERE period.id = ANY(%(periods)s)
"""


def _has_nothing_to_do(workflow: str, chunk: Chunk) -> bool:
    """Whether all that is wanted holds, as of lately: then nobody who adds steps need wait."""
    wanted = [period for found in chunk.by.values() for period in found]
    held = holding(workflow, wanted, measured_with())
    if len(held) < len(wanted):
        return False
    with connection.cursor() as cursor:
        cursor.execute(IS_NEAR, {"near": NEAR_THE_END, "periods": list(held.values())})
        return bool(cursor.fetchone()[0])


def _summarise_chunk(workflow: str, chunk: Chunk) -> int:
    if _has_nothing_to_do(workflow, chunk):
        return 0
    position = _position()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HOLD_SUMMARIES)
        calendar = Calendar.objects.get(pk=measured_with().pk)
        measured = measured_with()
        wanted = [period for found in chunk.by.values() for period in found]
        held = holding(workflow, wanted, measured)
        SummarisedPeriod.objects.filter(pk__in=held.values()).update(ledger_position=position)
        missing = Chunk(
            {every: [period for period in found if period not in held] for every, found in chunk.by.items()}
        )
        made = sum(map(len, missing.by.values()))
        if made:
            _make(cursor, workflow, missing, calendar, measured, position)
    return made


FACTS_OF_CHUNK = """
CREATE TEMPORARY TABLE audit_chunk ON COMMIT DROP AS
SELECT at AT TIME ZONE %(zone)s AS local {dimensions}, measure, name, seconds, stays, judged, met FROM ({ended}) AS fact
UNION ALL
SELECT at AT TIME ZONE %(zone)s AS local {dimensions_filed}, 'filed', '', 0, 0, 0, 0 FROM ({filed}) AS filed
UNION ALL
SELECT at AT TIME ZONE %(zone)s AS local {dimensions}, 'unclocked', '', 0, 0, 0, 0 FROM ({unclocked}) AS unclocked
"""
MAKE = """
INSERT INTO audit_periodfigures (
    period_id, grouped_by, dimensions, measure, name, requests, seconds, percentiles, slowest, stays, judged, met
)
SELECT period.id, made.grouped_by, made.dimensions, measure, name, requests, seconds, percentiles, slowest, stays,
       judged, met
FROM (
    SELECT {bucket} AS since, {grouped_by} AS grouped_by, {values} AS dimensions, measure, name, {aggregates}
    FROM audit_chunk
    WHERE local >= %(since)s AND local < %(until)s
    GROUP BY {bucket}, measure, name, GROUPING SETS ({sets})
) AS made JOIN audit_summarisedperiod AS period ON period.id = ANY(%(periods)s) AND period.since = made.since
"""


def _make(cursor: Any, workflow: str, chunk: Chunk, calendar: Calendar, measured: MeasuredWith, position: int) -> None:
    _read_facts(cursor, workflow, chunk.span, measured)
    for every, found in chunk.by.items():
        if not found:
            continue
        SummarisedPeriod.objects.filter(
            workflow=workflow,
            since__in=[period.since for period in found],
            until__in=[period.until for period in found],
        ).delete()
        made = SummarisedPeriod.objects.bulk_create(
            SummarisedPeriod(
                workflow=workflow,
                since=period.since,
                until=period.until,
                ledger_position=position,
                calendar=calendar,
                calendar_version=calendar.version,
                calendar_built_at=calendar.built_at,
                dimension_names=kept_by(workflow),
            )
            for period in found
        )
        bucket = "%(since)s::date" if every == TWELVE_MONTHS else BUCKETS[every].format(local="local")
        parameters = {
            "periods": [period.pk for period in made],
            "since": min(period.since for period in found),
            "until": max(period.until for period in found),
        }
        cursor.execute(MAKE.format(bucket=bucket, aggregates=AGGREGATES, **_sets(workflow)), parameters)
    cursor.execute("DROP TABLE audit_chunk")


def _read_facts(cursor: Any, workflow: str, span: Period, measured: MeasuredWith) -> None:
    question = Question(workflow, span)
    dimensions, parts = kept_dimensions(workflow), kept_parts(workflow)
    names = [*dimensions, *parts]
    ended = facts(question, names, measured, datetime.now(measured.zone))
    filed = cases(question.but(cohort=FILED), dimensions, measured, as_filed=True)
    never = unclocked(question, names, measured)
    columns = [f", d{place}" for place in range(len(names))]
    statement = FACTS_OF_CHUNK.format(
        dimensions="".join(columns),
        # What is filed may become part of what a user sees later: it is counted in no part.
        dimensions_filed="".join(columns[: len(dimensions)] + [", ''" for _ in parts]),
        ended=ended.text,
        filed=filed.text,
        unclocked=never.text,
    )
    cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '256MB'")
    cursor.execute(statement, {**never.parameters, **filed.parameters, **ended.parameters, "zone": measured.zone.key})
    cursor.execute("ANALYZE audit_chunk")


def _sets(workflow: str) -> dict[str, str]:
    """The parts of MAKE that depend on the dimensions: none of them, each, and each pair; so for all, and each part."""
    names = kept_by(workflow)
    columns = {name: f"d{place}" for place, name in enumerate(names)}
    grouped = [found for size in (0, 1, 2) for found in combinations(kept_dimensions(workflow), size)]
    sets = [[*found, *part] for part in ([], *([name] for name in kept_parts(workflow))) for found in grouped]
    labels = [f"CASE WHEN grouping({columns[name]}) = 0 THEN '{_quoted(name)}' END" for name in sorted(names)]
    pairs = [
        f"CASE WHEN grouping({column}) = 0 THEN jsonb_build_object('{_quoted(name)}', {column}) ELSE '{{}}' END"
        for name, column in columns.items()
    ]
    return {
        "sets": ", ".join(f"({', '.join(columns[name] for name in found)})" for found in sets),
        "grouped_by": f"concat_ws(' ', {', '.join(labels)})" if labels else "''",
        "values": f"({' || '.join(pairs)})" if pairs else "'{}'::jsonb",
    }


def _quoted(name: str) -> str:
    """A dimension's name inside a literal of a statement that also has parameters."""
    return name.replace("'", "''").replace("%", "%%")


def _kept(workflow: str) -> dict[Period, int]:
    """Every period of the workflow whose figures are kept, whether they hold or not, with its key."""
    rows = SummarisedPeriod.objects.filter(workflow=workflow).values_list("pk", "since", "until")
    return {Period(since, until): key for key, since, until in rows}


def _forget(workflow: str, forgotten: Sequence[Period]) -> None:
    kept = _kept(workflow)
    SummarisedPeriod.objects.filter(pk__in=[kept[period] for period in forgotten if period in kept]).delete()


def _forget_all_but(workflow: str, chunks: Sequence[Chunk]) -> None:
    """Drops what is kept no longer, as weeks of long ago."""
    wanted = {period for chunk in chunks for found in chunk.by.values() for period in found}
    _forget(workflow, [period for period in _kept(workflow) if period not in wanted])


def periods_that_differ(workflow: str) -> list[Period]:
    """Kept periods that hold, but whose figures are not what the stays come to when they are summed up again."""
    measured = measured_with()
    held = holding(workflow, list(_kept(workflow)), measured)
    return [period for period in held if _differs(workflow, period, measured)]


DIFFERENCE = """
WITH kept AS (
    SELECT grouped_by, dimensions, measure, name, requests, seconds, percentiles, slowest, stays, judged, met
    FROM audit_periodfigures JOIN audit_summarisedperiod AS period ON period.id = period_id
    WHERE workflow = %(workflow)s AND since = %(since)s AND until = %(until)s
),
made AS (
    SELECT {grouped_by} AS grouped_by, {values} AS dimensions, measure, name, {aggregates}
    FROM audit_chunk GROUP BY measure, name, GROUPING SETS ({sets})
)
SELECT EXISTS ((TABLE kept EXCEPT ALL TABLE made) UNION ALL (TABLE made EXCEPT ALL TABLE kept))
"""


def _differs(workflow: str, period: Period, measured: MeasuredWith) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        _read_facts(cursor, workflow, period, measured)
        statement = DIFFERENCE.format(aggregates=AGGREGATES, **_sets(workflow))
        cursor.execute(statement, {"workflow": workflow, "since": period.since, "until": period.until})
        differs = bool(cursor.fetchone()[0])
        cursor.execute("DROP TABLE audit_chunk")
    return differs
