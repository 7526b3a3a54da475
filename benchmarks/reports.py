"""The default report through the web response, and every cell of office by month by stage against DuckDB.

DuckDB is given the events as CSV with the business seconds of the stay that each of them ended, which spares it the
business time; its figures must equal ours, cell by cell.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from math import inf, isclose
from pathlib import Path

import duckdb
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from audit.models import StepEvent
from audit.reports import figures, periods
from audit.reports.question import STAGE, Measure, Question, known_measures
from benchmarks.harness import Check, main, timed
from benchmarks.users import signed_in, user_with
from designation.models import Request, User

WORKFLOW = "request"
# Ours hardly grows with the requests, DuckDB's does: the comparison is promised for many, and shown for fewer.
AGAINST_DUCKDB = 0.25
MANY = 1_000_000
OF_PART = 2_000  # what was filed in twelve months is counted one by one
EVENTS = """
COPY (
    SELECT step.subject, step.sequence, step.from_state AS stage, step.final,
           step.at AT TIME ZONE %(zone)s AS local, step.dimensions ->> 'office' AS office,
           CASE WHEN visit.party <> '' THEN visit.business_seconds END AS business_seconds
    FROM audit_stepevent AS step
    LEFT JOIN audit_stagevisit AS visit ON visit.workflow = step.workflow AND visit.subject = step.subject
                                       AND visit.sequence = step.sequence - 1
    WHERE step.workflow = %(workflow)s
) TO STDOUT (FORMAT csv, HEADER)
"""
CELLS = """
WITH event AS (
    SELECT * FROM read_csv(?, header = true, columns = {
        'subject': 'VARCHAR', 'sequence': 'INTEGER', 'stage': 'VARCHAR', 'final': 'BOOLEAN', 'local': 'TIMESTAMP',
        'office': 'VARCHAR', 'business_seconds': 'BIGINT'
    })
),
ended AS (
    SELECT subject, max_by(local, sequence) AS ended_at, max_by(office, sequence) AS office
    FROM event GROUP BY subject HAVING max_by(final, sequence)
),
spent AS (
    SELECT subject, stage, sum(business_seconds) AS seconds
    FROM event WHERE business_seconds IS NOT NULL GROUP BY subject, stage
)
SELECT office, date_trunc('month', ended_at)::date AS month, stage, count(*), sum(seconds)::bigint,
       quantile_cont(seconds::double, [0.5, 0.75, 0.9, 0.95])
FROM ended JOIN spent USING (subject)
WHERE ended_at < ?
GROUP BY ALL
"""


def measure() -> tuple[list[Check], Mapping[str, float]]:
    settings.ALLOWED_HOSTS = ["testserver"]
    auditor, headquarters = user_with("auditor"), user_with("dea_hq", "DEA-HQ")
    call_command("summarise_periods", verbosity=0)
    moment = figures.Moment.now()
    question = Question(WORKFLOW, _closed_months(moment), user=auditor)
    stages = [found for found in known_measures(WORKFLOW) if found.what == STAGE]
    found: dict[str, list] = {}

    def default_report_of(asking: User) -> Callable[[], None]:
        client = signed_in(asking)

        def ask() -> None:
            response = client.get(reverse("audit:timeliness"))
            assert response.status_code == 200

        return ask

    def cells() -> None:
        found["ours"] = figures.figures(question, moment, by="office", every=periods.MONTH, measures=stages)

    with tempfile.NamedTemporaryFile(suffix=".csv") as events:
        _write_events(events.name, moment)

        def by_duckdb() -> None:
            found["DuckDB's"] = duckdb.execute(CELLS, [events.name, question.period.until]).fetchall()

        default_report, report_of_dea = default_report_of(auditor), default_report_of(headquarters)
        default_report()  # the first of a process also compiles its templates
        arms = {"default report": default_report, "default report of DEA": report_of_dea}
        timings = timed({**arms, "cells": cells, "cells by DuckDB": by_duckdb})
    seconds = timings.medians()
    limit = AGAINST_DUCKDB if Request.objects.count() >= MANY else inf
    return [
        Check("default report", seconds["default report"] * 1000, 100, "ms"),
        Check("default report of DEA, which sees a part", seconds["default report of DEA"] * 1000, OF_PART, "ms"),
        Check("office by month by stage against DuckDB", timings.ratio("cells", "cells by DuckDB"), limit, "times"),
        Check(f"cells of {len(found['ours']):,} that differ", _different(found["ours"], found["DuckDB's"]), 0, "cells"),
    ], seconds


def _closed_months(moment: figures.Moment) -> periods.Period:
    first = StepEvent.objects.filter(workflow=WORKFLOW).order_by("at").values_list("at", flat=True)[0]
    since = first.astimezone(moment.calendar.zone).date().replace(day=1)
    return periods.Period(since, moment.today.replace(day=1))


def _write_events(path: str, moment: figures.Moment) -> None:
    with Path(path).open("wb") as file, connection.cursor() as cursor:
        parameters = {"workflow": WORKFLOW, "zone": moment.calendar.zone.key}
        with cursor.cursor.copy(EVENTS, parameters) as copy:
            for block in copy:
                file.write(block)


Cell = tuple[int, int, float, float, float, float]


def _different(ours: list[figures.Figures], theirs: list[tuple]) -> int:
    """How many cells only one of them has, or have other figures."""
    mine: dict[tuple[str, date | None, Measure], Cell] = {
        (row.key, row.since, row.measure): (row.requests, row.seconds, row.median, row.p75, row.p90, row.p95)
        for row in ours
    }
    others: dict[tuple[str, date | None, Measure], Cell] = {
        (office, month, Measure(STAGE, stage)): (requests, total, *percentiles)
        for office, month, stage, requests, total, percentiles in theirs
    }
    return sum(
        cell not in mine
        or cell not in others
        or not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(mine[cell], others[cell], strict=True))
        for cell in mine.keys() | others.keys()
    )


if __name__ == "__main__":
    main("Reports", measure)
