"""The one statement that says what a request's times are; figures, summaries and lists of requests all read it.

A fact is one time of one request: `subject`, `at` (when it ended or was filed), its dimensions as `d0`, `d1` ... in
the order of the names given, `measure` and `name` (see `audit.reports.question.Measure`), `seconds` of business time
over all its stays, `stays`, and how many of the goals that were `judged` it `met`.

A request that no clock ever ran for, as a draft that was withdrawn, has no times; `unclocked` finds those. Where no
party is declared every case counts: one that ended with its first step took 0 seconds in no stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from audit.goals import ERAS
from audit.machine import Subject
from audit.models import Goal
from audit.reports.limits import limit_sql
from audit.reports.question import ENDED, Measure, MeasuredWith, Question
from audit.statements import SQL, rows_of, sql_of

# Who ended in the period: whose last step is a final one.
ENDED_CASES = """
SELECT step.subject, step.at, step.dimensions
FROM audit_stepevent AS step
WHERE step.workflow = %(workflow)s AND step.final AND step.at >= %(since)s AND step.at < %(until)s
  AND NOT EXISTS (
      SELECT FROM audit_stepevent AS later
      WHERE later.workflow = step.workflow AND later.subject = step.subject AND later.sequence = step.sequence + 1
  )
"""
# Who was filed in the period: whose first stay on a clock began in it. A resubmission never resets that.
FILED_CASES = """
SELECT stay.subject, stay.entered_at AS at, {dimensions} AS dimensions
FROM audit_stagevisit AS stay
WHERE stay.workflow = %(workflow)s AND stay.entered_at >= %(since)s AND stay.entered_at < %(until)s AND {counts}
  AND stay.clock_began_at IS NULL
"""
HAS_NO_STAY = """NOT EXISTS (
    SELECT FROM audit_stagevisit AS stay
    WHERE stay.workflow = %(workflow)s AND stay.subject = {cases}.subject AND {counts}
)"""
AT_LAST_STEP = """(
    SELECT last.dimensions FROM audit_stepevent AS last
    WHERE last.workflow = stay.workflow AND last.subject = stay.subject ORDER BY last.sequence DESC LIMIT 1
)"""
# Filters are asked of what was found, never while it is being found: how many rows they leave PostgreSQL cannot know,
# and a plan for one row that meets thousands reads all stays again for each of them.
CASES = """
WITH found AS {materialized} ({found})
SELECT found.subject, found.at {dimensions} FROM found WHERE {conditions}
"""
SO_FAR = "audit_business_seconds(%(calendar)s, stay.entered_at, %(as_of)s)"
# The stays of each case are found by their key and summed up by themselves, for the same reason: whatever number of
# cases is expected, the work grows with the number that there is.
FACTS = """
WITH cases AS MATERIALIZED ({cases}),
timed AS (
    SELECT cases.*, summed.*
    FROM cases CROSS JOIN LATERAL (
        SELECT CASE WHEN grouping(stay.stage) = 0 THEN 'stage' WHEN grouping(stay.party) = 0 THEN 'party'
                    ELSE 'process' END AS measure,
               coalesce(CASE WHEN grouping(stay.stage) = 0 THEN stay.stage ELSE stay.party END, '') AS name,
               coalesce(sum({seconds}), 0)::bigint AS seconds, count(*) AS stays, min(stay.sequence) AS first_sequence,
               count({stay_met}) AS judged_stays, count(*) FILTER (WHERE {stay_met}) AS met_stays
        FROM audit_stagevisit AS stay
        WHERE stay.workflow = %(workflow)s AND stay.subject = cases.subject AND {counts}
        GROUP BY GROUPING SETS ((stay.stage), (stay.party), ())
        HAVING {has_times}
    ) AS summed
    WHERE NOT (summed.measure = 'party' AND summed.name = '')
)
{facts}
"""
OF_STAYS = """
SELECT subject, at {dimensions}, measure, name, seconds, stays,
       judged_stays * (measure = 'stage')::int AS judged, met_stays * (measure = 'stage')::int AS met
FROM timed
"""
STAY_MET = "coalesce(stay.met, CASE WHEN stay.left_at IS NULL AND stay.due_at < %(as_of)s THEN false END)"
# A party's and the whole process's goal is the one in force when its clock first ran, as audit.clocks has it.
# It is asked once for all that began in one era with the same dimensions.
OF_STAYS_AND_THE_WHOLE = f""",
era AS MATERIALIZED ({ERAS}),
begun AS MATERIALIZED (
    SELECT timed.*, first.dimensions AS begun_with, first.entered_at,
           width_bucket(first.entered_at, era.beginnings) AS era
    FROM timed CROSS JOIN era
    LEFT JOIN audit_stagevisit AS first ON timed.measure <> 'stage' AND first.workflow = %(workflow)s
                                       AND first.subject = timed.subject AND first.sequence = timed.first_sequence
),
asked AS MATERIALIZED (
    SELECT measure, name, begun_with, era,
           audit_goal_of(measure, %(workflow)s, '', name, begun_with, min(entered_at)) AS goal_id
    FROM begun WHERE measure <> 'stage' GROUP BY measure, name, begun_with, era
)
SELECT begun.subject, begun.at {{dimensions}}, begun.measure, begun.name, begun.seconds, begun.stays,
       CASE WHEN begun.measure = 'stage' THEN begun.judged_stays
            WHEN {{ended}} OR begun.seconds > goal.business_seconds THEN (goal.id IS NOT NULL)::int
            ELSE 0 END AS judged,
       CASE WHEN begun.measure = 'stage' THEN begun.met_stays
            WHEN {{ended}} THEN coalesce(begun.seconds <= goal.business_seconds, false)::int ELSE 0 END AS met
FROM begun LEFT JOIN asked USING (measure, name, begun_with, era)
LEFT JOIN audit_goal AS goal ON goal.id = asked.goal_id
"""
ENDED_ALREADY = """NOT EXISTS (
    SELECT FROM audit_stagevisit AS still
    WHERE still.workflow = %(workflow)s AND still.subject = begun.subject AND still.left_at IS NULL)"""


def cases(question: Question, names: Sequence[str], calendar: MeasuredWith, *, as_filed: bool = False) -> SQL:
    """The requests that the question is about: `subject`, `at` and the dimensions `d0`, `d1` ... of those names.

    A name may also be that of a declared part: then the value is `IN_PART` or empty.
    `as_filed` takes the dimensions of a filed request as they were when it was filed, which nothing changes later.
    """
    since, until = question.period.bounds(calendar.zone)
    parameters: dict[str, Any] = {"workflow": question.workflow, "since": since, "until": until}
    asks_dimensions = bool(names or question.wanted_dimensions())
    if question.cohort == ENDED:
        found = ENDED_CASES
    else:
        found = FILED_CASES.format(
            dimensions="stay.dimensions" if as_filed else AT_LAST_STEP if asks_dimensions else "NULL::jsonb",
            counts=counts(question, "stay"),
        )
        if question.every_stay_counts:
            # What ended with its first step was filed then.
            found += f"UNION ALL {ENDED_CASES} AND {HAS_NO_STAY.format(cases='step', counts='true')}"
    restricted = restrictions(question, "found")
    parameters |= restricted.parameters
    columns = ""
    for place, name in enumerate(names):
        column = _column(question, name, place)
        columns += f", {column.text} AS d{place}"
        parameters |= column.parameters
    filtered = question.wanted_dimensions() or not sees_all(question)
    text = CASES.format(
        materialized="MATERIALIZED" if filtered else "NOT MATERIALIZED",
        found=found,
        dimensions=columns,
        conditions=restricted.text,
    )
    return SQL(text, parameters)


def _column(question: Question, name: str, place: int) -> SQL:
    """The value of a dimension; of a part, whether the row is `IN_PART`."""
    parts = parts_of(question.model)
    if name not in parts:
        return SQL(f"coalesce(found.dimensions ->> %(name_{place})s, '')", {f"name_{place}": name})
    rows = _numbers(_rows(question).filter(parts[name]), named=f"part_{place}")
    return SQL(f"CASE WHEN found.subject IN ({rows.text}) THEN '{IN_PART}' ELSE '' END", rows.parameters)


def unclocked(question: Question, names: Sequence[str], calendar: MeasuredWith) -> SQL:
    """As `cases`: of the requests that ended in the period, those that no clock ever ran for."""
    of = cases(question.but(cohort=ENDED), names, calendar)
    none = "false" if question.every_stay_counts else HAS_NO_STAY.format(cases="ended", counts=counts(question, "stay"))
    return SQL(f"SELECT * FROM ({of.text}) AS ended WHERE {none}", of.parameters)


def restrictions(question: Question, rows: str) -> SQL:
    """The question's filters, and what its user may see, as a condition on rows with `subject` and `dimensions`."""
    conditions = ["true"]
    parameters: dict[str, Any] = {}
    for place, (name, values) in enumerate(question.wanted_dimensions().items()):
        conditions.append(f"coalesce({rows}.dimensions ->> %(dimension_{place})s, '') = ANY(%(values_{place})s)")
        parameters |= {f"dimension_{place}": name, f"values_{place}": list(values)}
    if visible := visible_subjects(question):
        # Looked up for each row: as a join, PostgreSQL would read all that is visible for a few hundred.
        seen = f"SELECT FROM ({visible.text}) AS visible WHERE visible.number = {rows}.subject OFFSET 0"
        conditions.append(f"EXISTS ({seen})")
        parameters |= visible.parameters
    return SQL(" AND ".join(conditions), parameters)


def facts(
    question: Question, names: Sequence[str], calendar: MeasuredWith, as_of: datetime, *, as_filed: bool = False
) -> SQL:
    """The times of the requests that `cases` finds; a stay that goes on counts up to `as_of`."""
    of = cases(question, names, calendar, as_filed=as_filed)
    goals = Goal.objects.filter(workflow=question.workflow).exclude(measure=Goal.Measure.STAGE).exists()
    open_ones = question.cohort != ENDED
    text = FACTS.format(
        cases=of.text,
        seconds=f"coalesce(stay.business_seconds, {SO_FAR})" if open_ones else "stay.business_seconds",
        stay_met=STAY_MET if open_ones else "stay.met",
        counts=counts(question, "stay"),
        has_times="true" if question.every_stay_counts else "count(*) > 0",
        facts=(OF_STAYS_AND_THE_WHOLE if goals else OF_STAYS).format(
            dimensions="".join(f", d{place}" for place in range(len(names))),
            ended=ENDED_ALREADY if open_ones else "true",
        ),
    )
    return SQL(text, of.parameters | {"calendar": calendar.pk, "as_of": as_of})


def counts(question: Question, stay: str) -> str:
    """The condition under which a stay counts: that it is on somebody's clock."""
    return "true" if question.every_stay_counts else f"{stay}.party <> ''"


def sees_all(question: Question) -> bool:
    """Whether no rule keeps a row of the workflow from the user."""
    if question.user is None or question.model is None:
        return True
    return not _visible_rows(question).query.where


IN_PART = "yes"


def parts_of(model: type[Subject] | None) -> Mapping[str, Q]:
    """The parts of its rows that the model declares, by their names."""
    return model.exported.parts if model is not None and model.exported else {}


def part_seen(question: Question) -> str | None:
    """The part of the workflow's rows that the user sees: empty where he sees all, None where it is not declared."""
    if sees_all(question):
        return ""
    seen = _numbers(_visible_rows(question), named="seen")
    return next(
        (
            name
            for name, part in parts_of(question.model).items()
            if _numbers(_rows(question).filter(part), named="seen") == seen
        ),
        None,
    )


def visible_subjects(question: Question) -> SQL | None:
    """The numbers of the requests that the user may see, as the model's own queryset has it; None for all."""
    return None if sees_all(question) else _numbers(_visible_rows(question), named="visible")


def _numbers(rows: Any, *, named: str) -> SQL:
    return sql_of(rows.order_by().values("number"), named=named)


def _rows(question: Question) -> Any:
    model: Any = question.model
    return model._default_manager.all()


def _visible_rows(question: Question) -> Any:
    return _rows(question).visible_to(question.user)


# What facts come to: the columns of `audit.reports.figures.Figures` after the measure, and of `PeriodFigures`.
AGGREGATES = """
    count(*) AS requests, sum(seconds)::bigint AS seconds,
    percentile_cont(ARRAY[0.25, 0.5, 0.75, 0.9, 0.95]) WITHIN GROUP (ORDER BY seconds::float8) AS percentiles,
    max(seconds) AS slowest, sum(stays)::bigint AS stays, sum(judged)::bigint AS judged, sum(met)::bigint AS met
"""


def wanted_sql(measures: Sequence[Measure]) -> tuple[str, dict[str, list[str]]]:
    """A condition on the columns `measure` and `name`, with its parameters."""
    if not measures:
        return "true", {}
    names = {
        "measure_whats": [measure.what for measure in measures],
        "measure_names": [measure.name for measure in measures],
    }
    return "(measure, name) IN (SELECT * FROM unnest(%(measure_whats)s::text[], %(measure_names)s::text[]))", names


# Whole tables are read, which PostgreSQL without statistics, as after a first import, would take for small; and a JIT
# compilation costs more than it saves.
PLAN = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"


def fetch(sql: SQL) -> list[tuple]:
    """The rows of a statement that may read many stays. Raises TookTooLong within `audit.reports.limits.limited_to`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PLAN + limit_sql())
        return rows_of(sql)
