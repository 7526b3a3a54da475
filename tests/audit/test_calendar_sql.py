"""Business time in SQL equals that in Python, exactly, row by row and for whole tables."""

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import DataError, connection, transaction

from audit import calendar, measuring
from audit.models import Calendar
from tests.audit.calendars import eastern, instants, stormy_calendar

pytestmark = pytest.mark.django_db

PAIRS = "unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS pair(a, b, place)"


def query(statement: str, **parameters: object) -> list:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] if len(row) == 1 else row for row in cursor.fetchall()]


def by_row(made: Calendar, pairs: list[tuple]) -> list[int]:
    starts, ends = zip(*pairs, strict=True)
    return query(
        f"SELECT audit_business_seconds(%(calendar)s, a, b) FROM {PAIRS} ORDER BY place",
        calendar=made.pk,
        starts=list(starts),
        ends=list(ends),
    )


def set_based(made: Calendar, pairs: list[tuple]) -> list[int]:
    starts, ends = zip(*pairs, strict=True)
    span = calendar.seconds_between_sql("pair.a", "pair.b", calendar="%(calendar)s")
    return query(
        f"SELECT {span.seconds} FROM {PAIRS} {span.joins} ORDER BY place",
        calendar=made.pk,
        starts=list(starts),
        ends=list(ends),
    )


def set_based_within(made: Calendar, pairs: list[tuple]) -> list[int]:
    starts, ends = zip(*pairs, strict=True)
    known = [at for at in (*starts, *ends) if at is not None]
    span = calendar.seconds_between_sql(
        "pair.a", "pair.b", calendar="%(calendar)s", within=("%(first)s::timestamptz", "%(last)s::timestamptz")
    )
    return query(
        f"SELECT {span.seconds} FROM {PAIRS} {span.joins} ORDER BY place",
        calendar=made.pk,
        starts=list(starts),
        ends=list(ends),
        first=min(known),
        last=max(known),
    )


@pytest.fixture(params=["federal", "stormy", "stormy in Guam"])
def made(request: pytest.FixtureRequest) -> Calendar:
    if request.param == "federal":
        return measuring.ensure_default()
    return stormy_calendar("Pacific/Guam" if "Guam" in request.param else "America/New_York")


@pytest.fixture
def points(made: Calendar) -> list[datetime]:
    """Random instants over the calendar, more of them where closures and daylight saving are."""
    over_all = instants(made.starts_at, made.ends_at, 3000, seed=5)
    eventful = instants(eastern("2024-01-01"), eastern("2024-12-01"), 3000, seed=6)
    lapse = instants(eastern("2025-09-25"), eastern("2025-11-20"), 1000, seed=7)
    chosen = over_all + eventful + lapse
    random.Random(8).shuffle(chosen)
    return chosen


@pytest.mark.parametrize("measure", [by_row, set_based, set_based_within])
def test_seconds_equal_those_in_python(made, points, measure):
    clock = calendar.load(made.name)
    pairs = list(pairwise(points))
    assert measure(made, pairs) == [clock.between(start, end) for start, end in pairs]


def test_due_instants_equal_those_in_python(made, points):
    clock = calendar.load(made.name)
    chance = random.Random(9)
    early = [at for at in points if at < made.ends_at - timedelta(days=400)]
    added = [chance.choice([0, 1, 1800, 8 * 3600, chance.randrange(200 * 3600)]) for _ in early]
    due = query(
        """SELECT audit_business_add(%(calendar)s, at, seconds)
        FROM unnest(%(at)s::timestamptz[], %(seconds)s::bigint[]) WITH ORDINALITY AS given(at, seconds, place)
        ORDER BY place""",
        calendar=made.pk,
        at=early,
        seconds=added,
    )
    assert due == [clock.add(at, seconds) for at, seconds in zip(early, added, strict=True)]


@pytest.mark.parametrize("measure", [by_row, set_based, set_based_within])
def test_an_open_stay_has_no_length_and_no_row_is_lost(made, measure):
    noon = eastern("2024-03-06 12:00")
    assert measure(made, [(noon, None), (noon, noon), (None, noon)]) == [None, 0, None]


@pytest.mark.parametrize("measure", [by_row, set_based, set_based_within])
@pytest.mark.parametrize("outside", ["before", "after"])
def test_instants_outside_the_calendar_are_errors(made, measure, outside):
    at = made.starts_at - timedelta(microseconds=1) if outside == "before" else made.ends_at
    inside = eastern("2024-03-06 12:00")
    for pair in ((at, inside), (inside, at)):
        with pytest.raises(DataError, match=f"is outside the calendar {made.name}"), transaction.atomic():
            measure(made, [pair])


def test_due_instants_past_the_calendar_are_errors(made):
    inside = made.ends_at - timedelta(days=5)
    for at, seconds, message in (
        (inside, 10_000_000, "past the calendar"),
        (made.ends_at, 1, "outside the calendar"),
        (inside, -1, "not taken away"),
    ):
        with pytest.raises(DataError, match=message), transaction.atomic():
            query("SELECT audit_business_add(%(id)s, %(at)s, %(seconds)s)", id=made.pk, at=at, seconds=seconds)


def test_no_goal_gives_no_due_instant(made):
    assert query("SELECT audit_business_add(%(id)s, now(), NULL)", id=made.pk) == [None]


def test_a_whole_table_is_measured_by_joins_without_a_call_for_each_row(made):
    span = calendar.seconds_between_sql("pair.a", "pair.b", calendar="%(calendar)s")
    plan = "\n".join(
        query(
            f"""EXPLAIN VERBOSE SELECT {span.seconds}
            FROM (SELECT now() AS a, now() + n * interval '1 minute' AS b FROM generate_series(1, 1000000) AS n
                  OFFSET 0) AS pair {span.joins}""",
            calendar=made.pk,
        )
    )
    assert plan.count("Hash Left Join") == 2
    assert "audit_business" not in plan
