"""Business seconds of a million pairs in SQL: against a scan that only subtracts, and against businesstimedelta."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import holidays
import pytz
from businesstimedelta import HolidayRule, Rules, WorkDayRule
from django.db import connection

from audit import calendar
from benchmarks.harness import Check, main, timed

PAIRS = 1_000_000
SAMPLE = 1_000  # pairs that businesstimedelta is given

# Whole seconds, since businesstimedelta knows no others, from 2016 on and up to 48 days long.
TABLE = f"""
CREATE TEMPORARY TABLE pair AS
SELECT i AS id, a, a + make_interval(secs => hashint8extended(i, 2) & 4194303) AS b
FROM (
    SELECT i, timestamptz '2016-01-01 00:00Z' + make_interval(secs => (hashint8extended(i, 1) & 268435455)) AS a
    FROM generate_series(1, {PAIRS}) AS i
) AS start;
ANALYZE pair;
"""
# The baseline reads the same pairs and sums the difference of the two instants, in seconds.
SUBTRACT = "SELECT sum(extract(epoch FROM b - a)) FROM pair"


def measure() -> tuple[list[Check], Mapping[str, float]]:
    clock = calendar.load()
    span = calendar.seconds_between_sql("a", "b", calendar="%(calendar)s")
    parameters = {"calendar": clock.calendar_id}
    each = f"SELECT id, a, b, {span.seconds} FROM pair {span.joins}"
    cursor = connection.cursor()
    cursor.execute(TABLE)

    def subtract() -> None:
        cursor.execute(SUBTRACT)
        cursor.fetchone()

    def business() -> None:
        cursor.execute(f"SELECT sum({span.seconds}) FROM pair {span.joins}", parameters)
        cursor.fetchone()

    timings = timed({"subtracting": subtract, "business time": business})
    cursor.execute(f"{each} ORDER BY id", parameters)
    pairs = cursor.fetchall()
    different = sum(clock.between(a, b) != found for _, a, b, found in pairs)
    rules = _rules()
    sample = pairs[:SAMPLE]
    seconds = timings.medians()
    seconds |= timed({"businesstimedelta": lambda: [_walked(rules, a, b) for _, a, b, _ in sample]}, rounds=1).medians()
    different += sum(_walked(rules, a, b) != found for _, a, b, found in sample)
    per_pair = seconds["businesstimedelta"] / SAMPLE
    return [
        Check("business time against subtracting", timings.ratio("business time", "subtracting"), 4, "times"),
        Check(
            "faster than businesstimedelta", per_pair * PAIRS / seconds["business time"], 100, "times", at_least=True
        ),
        Check(
            f"pairs of {PAIRS:,} that differ from Python, or of {SAMPLE:,} from businesstimedelta",
            different,
            0,
            "pairs",
        ),
    ], seconds


def _rules() -> Rules:
    zone = pytz.timezone("America/New_York")
    closed = holidays.US(categories=("government",), years=range(2015, 2027))
    del closed[date(2015, 12, 24)]  # a half day, before all pairs, which a rule of whole days cannot hold
    hours = WorkDayRule(start_time=time(9), end_time=time(17), working_days=[0, 1, 2, 3, 4], tz=zone)
    return Rules([hours, HolidayRule(closed, tz=zone)])


def _walked(rules: Rules, start: datetime, end: datetime) -> int:
    return rules.difference(start, end).timedelta // timedelta(seconds=1)


if __name__ == "__main__":
    main("Business time of a million pairs", measure)
