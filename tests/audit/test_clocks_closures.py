"""A closure moves due times and measures at once, is withdrawn on record, and never vanishes."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from audit import calendar, closures, ledger, measuring
from audit.closures import ClosureRefused
from audit.ledger import PastStep
from audit.models import Calendar, CalendarDay, Closure, Goal, StageVisit
from tests import factories
from tests.audit.calendars import eastern

pytestmark = pytest.mark.django_db
HOUR = 3600


@pytest.fixture(autouse=True)
def calendar_as_before():
    """Tests that roll back leave the calendar in memory behind."""
    yield
    calendar._clocks.clear()


def closure(first: date, last: date | None = None, **fields: object) -> Closure:
    given = {
        "calendar": Calendar.objects.get(name=calendar.default_name()),
        "first_day": first,
        "last_day": last or first,
        "reason": "Snow emergency",
        "authority": "Notice 1",
        "entered_by_name": "op",
    }
    return Closure(**(given | fields))


def history(subject: str, *stays: tuple[str, str]) -> None:
    """A past history through the stages, each entered at a local time."""
    steps = [
        PastStep(subject, "move", stage, party="DEA", final=stage == "done", at=eastern(at), actor_name="x")
        for stage, at in stays
    ]
    ledger.append_history("invented", steps, source="invented")


def visit(subject: str, stage: str) -> StageVisit:
    return StageVisit.objects.get(subject=subject, stage=stage)


@pytest.fixture
def goal(db: None) -> Goal:
    return Goal.objects.create(
        workflow="invented",
        stage="intake",
        business_seconds=16 * HOUR,
        effective_from=eastern("2024-01-01"),
        set_by_name="hq",
        why="A test",
    )


def test_a_closure_moves_due_times_and_measures_and_withdrawing_it_moves_them_back(goal):
    history("open", ("intake", "2024-03-04 09:00"))
    history("late", ("intake", "2024-03-04 09:00"), ("done", "2024-03-06 09:00"))
    history("before", ("intake", "2024-02-26 09:00"), ("done", "2024-02-27 09:00"))
    history("after", ("intake", "2024-03-06 09:00"), ("done", "2024-03-07 09:00"))
    before = list(StageVisit.objects.order_by("pk").values())
    assert visit("late", "intake").met is False
    moved = closures.enter(closure(date(2024, 3, 5)))
    assert moved.visits == 2
    assert moved.version == calendar.load().version
    assert visit("open", "intake").due_at == eastern("2024-03-06 17:00")
    late = visit("late", "intake")
    assert (late.business_seconds, late.met) == (8 * HOUR, True)
    assert ledger.visits_that_differ() == []
    closures.withdraw(moved.closure, withdrawn_by_name="op", why="The wrong day.")
    assert list(StageVisit.objects.order_by("pk").values()) == before
    assert ledger.visits_that_differ() == []


@pytest.mark.parametrize(("first", "last"), [((2023, 12, 29), (2024, 3, 10)), ((2024, 3, 2), (2024, 3, 4))])
def test_what_is_measured_again_is_what_a_rebuild_makes(goal, first, last):
    for number in range(40):
        entered = eastern("2024-02-20 16:59:59") + timedelta(hours=11 * number)
        left = entered + timedelta(hours=7 * (number % 9) + 1)
        history(f"s{number}", ("intake", f"{entered:%Y-%m-%d %H:%M}"), ("done", f"{left:%Y-%m-%d %H:%M}"))
    closures.enter(closure(date(*first), date(*last)))
    assert ledger.visits_that_differ() == []


@pytest.mark.parametrize("hours", [{}, {"open_from": time(12)}, {"open_from": time(11), "open_until": time(14)}])
def test_what_it_would_do_is_said_before_and_is_what_it_does(goal, hours):
    for number in range(40):
        entered = eastern("2024-02-20 16:59:59") + timedelta(hours=11 * number)
        left = entered + timedelta(hours=7 * (number % 9) + 1)
        stays = [("intake", f"{entered:%Y-%m-%d %H:%M}"), ("done", f"{left:%Y-%m-%d %H:%M}")]
        history(f"s{number}", *stays[: 1 + number % 2])
    planned = closure(date(2024, 2, 23), date(2024, 2, 27), **hours)
    said = closures.effect(planned)
    assert (said.closed_days, said.shortened_days) == ((0, 3) if hours else (3, 0))
    assert min(said.open_stays, said.ended_stays) > 0
    before = dict(StageVisit.objects.values_list("pk", "due_at"))
    moved = closures.enter(planned)
    assert moved.visits == said.open_stays + said.ended_stays
    still_open = StageVisit.objects.open().values_list("pk", "due_at")
    assert said.open_stays == sum(before[pk] != due for pk, due in still_open)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (date(2024, 3, 5), date(2024, 3, 5), "on record already: number"),
        (date(2024, 3, 2), date(2024, 3, 3), "closes nothing"),
        (date(2024, 12, 25), date(2024, 12, 25), "closes nothing"),
        (date(2024, 1, 1), date(2025, 1, 1), "at most 366 days"),
    ],
)
def test_what_closes_nothing_or_more_than_a_year_is_refused(first, last, says):
    closures.enter(closure(date(2024, 3, 5)))
    version = calendar.load().version
    for act in (closures.effect, closures.enter):
        with pytest.raises(ClosureRefused, match=says):
            act(closure(first, last))
    assert calendar.load().version == version
    assert closures.enter(closure(date(2024, 3, 5), date(2024, 3, 6))).closure.pk


def test_the_due_time_of_an_open_request_moves(people):
    Goal.objects.create(
        workflow="request",
        stage="hsi_review",
        business_seconds=80 * HOUR,
        effective_from=timezone.now() - timedelta(days=1),
        set_by_name="hq",
        why="A test",
    )
    request = factories.request(people, "hsi_review")
    due = StageVisit.objects.open().get(subject=request.number).due_at
    day = timezone.localdate() + timedelta(days=1)
    closures.enter(closure(day, day + timedelta(days=6)))
    moved = StageVisit.objects.open().get(subject=request.number).due_at
    assert calendar.load().between(timezone.now(), moved) == pytest.approx(80 * HOUR, abs=5)
    assert moved > due


def test_a_closure_of_another_calendar_leaves_the_stays_alone(goal):
    other = Calendar.objects.create(name="other", first_day=date(2024, 1, 1), last_day=date(2024, 12, 31))
    calendar.rebuild(other)
    history("open", ("intake", "2024-03-04 09:00"))
    assert closures.effect(closure(date(2024, 3, 5), calendar=other)).open_stays == 0
    assert closures.enter(closure(date(2024, 3, 5), calendar=other)).visits == 0


def test_another_release_of_holidays_moves_due_times_and_measures_too(goal):
    """As an executive order does that the release before did not know."""
    unknown_day = date(2024, 12, 24)
    federal = Calendar.objects.get(name=calendar.default_name())
    days = list(CalendarDay.objects.filter(calendar=federal, day__gte=unknown_day).order_by("day"))
    days[0].closes_at = eastern("2024-12-24 17:00")
    for day in days[1:]:
        day.cumulative_seconds += 8 * HOUR
    CalendarDay.objects.filter(calendar=federal, day__gte=unknown_day).delete()
    CalendarDay.objects.bulk_create(days)
    Calendar.objects.filter(pk=federal.pk).update(built_from="holidays 0.1", version=F("version") + 1)
    history("open", ("intake", "2024-12-23 12:00"))
    history("ended", ("intake", "2024-12-23 12:00"), ("done", "2024-12-26 12:00"))
    assert visit("ended", "intake").business_seconds == 16 * HOUR
    measuring.ensure_default()
    assert visit("open", "intake").due_at == eastern("2024-12-27 12:00")
    assert visit("ended", "intake").business_seconds == 8 * HOUR
    assert ledger.visits_that_differ() == []


def test_a_closure_is_withdrawn_once():
    entered = closures.enter(closure(date(2024, 3, 5))).closure
    closures.withdraw(entered, withdrawn_by_name="op", why="The wrong day.")
    with pytest.raises(ClosureRefused, match="withdrawn already"):
        closures.withdraw(entered, withdrawn_by_name="op", why="Again.")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_closure SET last_day = last_day + 1",
        "UPDATE audit_closure SET withdrawn_at = now(), reason = 'Other'",
        "UPDATE audit_closure SET withdrawn_at = now()",
        "UPDATE audit_closure SET withdrawn_at = now(), withdrawn_by_name = 'op', withdrawn_why = ' '",
        "UPDATE audit_closure SET withdrawn_at = now(), withdrawn_why = 'The wrong day.'",
        "DELETE FROM audit_closure",
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE audit_closure",
    ],
)
def test_the_database_refuses_any_other_change(statement):
    closures.enter(closure(date(2024, 3, 5)))
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("blank", [{"reason": " "}, {"entered_by_name": ""}])
def test_the_database_refuses_a_closure_without_who_and_why(blank):
    with pytest.raises(IntegrityError, match="closure_says_who_and_why"), transaction.atomic():
        closure(date(2024, 3, 5), **blank).save()


def test_a_closure_that_makes_no_sense_leaves_nothing_behind():
    version = calendar.load().version
    with pytest.raises(IntegrityError), transaction.atomic():
        closures.enter(closure(date(2024, 3, 5), date(2024, 3, 4)))
    assert (Closure.objects.count(), calendar.load().version) == (0, version)
