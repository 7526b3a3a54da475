"""On track, due soon, late: the same in SQL and in Python; and the clocks of parties and of the whole process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import calendar, ledger
from audit.clocks import Clock, Status, clocks_of, open_clocks, status
from audit.ledger import PastStep
from audit.models import Goal, StageVisit
from designation.models import Request
from tests import factories
from tests.audit.calendars import eastern

pytestmark = pytest.mark.django_db
HOUR = 3600
WHEN = st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 30), timezones=st.just(UTC))


def in_sql(due: datetime | None, goal_seconds: int | None, at: datetime) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_clock_status(%s, %s, %s, %s)", [calendar.default_calendar_id(), due, goal_seconds, at]
        )
        return cursor.fetchone()[0]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(entered=WHEN, goal_seconds=st.integers(1, 80 * HOUR), passed=st.integers(-60, 70 * 24 * HOUR))
def test_sql_and_python_agree(entered, goal_seconds, passed):
    clock = calendar.load()
    due = clock.add(entered, goal_seconds)
    soon = clock.add(entered, goal_seconds - min(8 * HOUR, goal_seconds // 4))
    for edge in (due, soon):
        for off in (-1, 0, 1):
            at = edge + timedelta(microseconds=off)
            assert in_sql(due, goal_seconds, at) == status(due, goal_seconds, at, clock)
    at = entered + timedelta(seconds=passed)
    assert in_sql(due, goal_seconds, at) == status(due, goal_seconds, at, clock)


@pytest.mark.parametrize(
    ("goal_hours", "at", "expected"),
    [
        (80, "2024-03-05 10:00", Status.ON_TRACK),  # a business day and a second left
        (80, "2024-03-05 10:00:01", Status.DUE_SOON),
        (8, "2024-03-06 07:59:59", Status.DUE_SOON),
        (8, "2024-03-05 15:59:59", Status.ON_TRACK),  # a quarter of eight hours, and a second, left
        (8, "2024-03-05 16:00", Status.DUE_SOON),
        (80, "2024-03-06 10:00:01", Status.DUE_SOON),
        (80, "2024-03-06 10:00:02", Status.LATE),
    ],
)
def test_due_soon_is_eight_hours_or_a_quarter_of_the_goal(goal_hours, at, expected):
    due = eastern("2024-03-06 10:00:01") if goal_hours == 80 else eastern("2024-03-06 10:00")
    assert status(due, goal_hours * HOUR, eastern(at), calendar.load()) == expected
    assert in_sql(due, goal_hours * HOUR, eastern(at)) == expected


def test_without_a_due_time_there_is_no_status():
    assert status(None, None, timezone.now(), calendar.load()) is None
    assert in_sql(None, None, timezone.now()) is None


def test_lists_say_how_each_request_stands(people):
    now, clock = timezone.now(), calendar.load()
    rows = factories.requests(people, "hsi_review", count=4)
    dues = [clock.add(now, 30 * HOUR), clock.add(now, 4 * HOUR), now - timedelta(minutes=1), None]
    for row, due in zip(rows, dues, strict=True):
        StageVisit.objects.open().filter(subject=row.number).update(due_at=due)
    ended = factories.request(people, "approved")
    found = dict(Request.objects.with_clock().values_list("number", "clock_status"))
    assert [found[row.number] for row in [*rows, ended]] == ["on_track", "due_soon", "late", None, None]


def goal(**fields: object) -> Goal:
    given = {"workflow": "request", "effective_from": eastern("2024-01-01"), "set_by_name": "hq", "why": "A test"}
    return Goal.objects.create(**(given | fields))


def stay(sequence: int, party: str, entered: str, left: str = "") -> StageVisit:
    return StageVisit(
        workflow="request",
        subject="T21-2024-000001",
        sequence=sequence,
        stage="some",
        party=party,
        entered_at=eastern(entered),
        left_at=eastern(left) if left else None,
        dimensions={"kind": "initial"},
    )


RETURNED = [
    stay(1, "", "2024-03-01 09:00", "2024-03-04 09:00"),
    stay(2, "HSI", "2024-03-04 09:00", "2024-03-04 13:00"),
    stay(3, "DEA", "2024-03-04 13:00", "2024-03-05 10:00"),  # five hours
    stay(4, "HSI", "2024-03-05 10:00"),
]


def of_parties(found: list[Clock]) -> dict[str, Clock]:
    return {clock.party: clock for clock in found}


def test_a_returned_request_rests_dea_s_clock_and_runs_hsi_s():
    for party in ("DEA", "HSI"):
        goal(measure="party", party=party, business_seconds=16 * HOUR)
    found = of_parties(clocks_of(RETURNED, eastern("2024-03-06 10:00"), calendar.load()))
    dea, hsi = found["DEA"], found["HSI"]
    assert (dea.running, dea.used, dea.left, dea.due_at) == (False, 5 * HOUR, 11 * HOUR, None)
    assert (hsi.running, hsi.used, hsi.left) == (True, 12 * HOUR, 4 * HOUR)
    assert hsi.due_at == eastern("2024-03-06 14:00")
    assert (dea.status, hsi.status) == (Status.ON_TRACK, Status.DUE_SOON)


def test_a_clock_that_runs_again_has_what_it_left():
    goal(measure="party", party="DEA", business_seconds=16 * HOUR)
    visits = [*RETURNED[:3], stay(4, "HSI", "2024-03-05 10:00", "2024-03-25 10:00"), stay(5, "DEA", "2024-03-25 10:00")]
    [dea] = clocks_of(visits, eastern("2024-03-25 11:00"), calendar.load())
    assert (dea.used, dea.due_at) == (6 * HOUR, eastern("2024-03-26 13:00"))


def test_a_missed_clock_says_when_its_goal_was_used_up_though_it_rests():
    goal(measure="party", party="DEA", business_seconds=2 * HOUR)
    [dea] = clocks_of(RETURNED, eastern("2024-03-06 10:00"), calendar.load())
    assert (dea.status, dea.due_at, dea.left) == (Status.LATE, eastern("2024-03-04 15:00"), -3 * HOUR)


def test_the_process_counts_from_the_first_submission_and_a_draft_not_at_all():
    goal(measure="process", business_seconds=24 * HOUR)
    [process] = clocks_of(RETURNED, eastern("2024-03-06 10:00"), calendar.load())
    assert (process.party, process.used, process.due_at) == ("", 17 * HOUR, eastern("2024-03-06 17:00"))
    assert clocks_of(RETURNED[:1], eastern("2024-03-06 10:00"), calendar.load()) == []


def test_an_ended_process_has_no_status_but_says_whether_it_missed_its_goal():
    goal(measure="process", business_seconds=9 * HOUR - 1)
    goal(measure="party", party="DEA", business_seconds=5 * HOUR)
    found = of_parties(clocks_of(RETURNED[:3], eastern("2024-04-01 10:00"), calendar.load()))
    assert [(clock.status, clock.missed) for clock in (found[""], found["DEA"])] == [(None, True), (None, False)]
    assert found[""].due_at == eastern("2024-03-05 09:59:59")


def test_the_goal_is_the_one_in_force_when_the_clock_first_ran():
    first = goal(measure="party", party="DEA", business_seconds=HOUR, effective_until=eastern("2024-03-04 13:00:01"))
    goal(measure="party", party="DEA", business_seconds=2 * HOUR, effective_from=eastern("2024-03-04 13:00:01"))
    goal(measure="party", party="HSI", business_seconds=HOUR, applies_to={"kind": "renewal"})
    assert [clock.goal for clock in clocks_of(RETURNED, eastern("2024-03-06 10:00"), calendar.load())] == [first]


def test_the_clocks_of_a_request_take_two_queries(django_assert_max_num_queries):
    goal(measure="process", business_seconds=HOUR)
    clock = calendar.load()
    with django_assert_max_num_queries(2):
        assert len(clocks_of(RETURNED, eastern("2024-03-06 10:00"), clock)) == 1


def past(subject: str, stays: list[tuple[str, int]]) -> None:
    """A history of stays with a party, or with nobody, each of so many seconds; one with "done" ends it."""
    at, steps = eastern("2024-03-01 09:00"), []
    for party, lasts in stays:
        final = party == "done"
        who = "" if final else party
        steps.append(PastStep(subject, "move", party or "none", party=who, final=final, at=at, actor_name="x"))
        at += timedelta(seconds=lasts)
    ledger.append_history("invented", steps, source="invented")


def test_each_open_clock_has_the_goal_of_the_time_in_which_it_began_and_of_its_kind():
    change = eastern("2024-03-11 09:00")
    ended = {"effective_until": change, "ended_by_name": "hq", "ended_why": "A test", "ended_at": timezone.now()}
    for_all = {"workflow": "invented", "measure": "process"}
    goal(**for_all, business_seconds=10 * HOUR, **ended)
    goal(**for_all, business_seconds=20 * HOUR, effective_from=change)
    goal(**for_all, business_seconds=5 * HOUR, applies_to={"priority": "expedited"})
    begun = {
        "before": (change - timedelta(microseconds=1), {"priority": "routine"}),
        "at the change": (change, {"priority": "routine"}),
        "after": (change + timedelta(days=1), {"priority": "routine"}),
        "expedited": (change + timedelta(days=1), {"priority": "expedited"}),
    }
    for subject, (at, dimensions) in begun.items():
        step = PastStep(subject, "move", "some", party="HSI", at=at, actor_name="x", dimensions=dimensions)
        ledger.append_history("invented", [step], source="invented")
    assert {found.subject: found.goal_seconds // HOUR for found in open_clocks("invented")} == {
        "before": 10,
        "at the change": 20,
        "after": 20,
        "expedited": 5,
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    histories=st.lists(
        st.lists(st.tuples(st.sampled_from(["", "HSI", "DEA"]), st.integers(0, 60 * HOUR)), min_size=1, max_size=7),
        min_size=1,
        max_size=4,
    ),
    goals=st.tuples(*[st.integers(1, 60 * HOUR)] * 3),
    ended=st.booleans(),
)
def test_what_is_found_of_all_open_subjects_at_once_is_what_the_page_of_each_says(histories, goals, ended):
    with transaction.atomic():
        for (measure, party), seconds in zip([("process", ""), ("party", "HSI"), ("party", "DEA")], goals, strict=True):
            goal(workflow="invented", measure=measure, party=party, business_seconds=seconds)
        for number, stays in enumerate(histories):
            past(f"s{number}", [*stays, ("done", 0)] if ended and number == 0 else stays)
        at, clock = eastern("2024-06-03 12:00"), calendar.load()
        expected = set()
        for number in range(len(histories)):
            visits = list(StageVisit.objects.filter(subject=f"s{number}").order_by("sequence"))
            for found in clocks_of(visits, at, clock):
                if found.due_at is not None and not found.ended:
                    expected.add((f"s{number}", found.party, found.due_at, found.running, found.goal.business_seconds))
        given = open_clocks("invented")
        assert {(one.subject, one.party, one.due_at, one.running, one.goal_seconds) for one in given} == expected
        assert [one.due_at for one in given] == sorted(one.due_at for one in given)
        assert open_clocks("invented", late_at=at) == [one for one in given if at > one.due_at]
        transaction.set_rollback(True)
