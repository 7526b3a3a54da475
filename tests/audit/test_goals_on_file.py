"""Goals are set and ended, never changed, and never alter what was measured already."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import ledger
from audit.goals import GoalRefused, end_goal, set_goal, version
from audit.models import Goal, StageVisit
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def goal(**fields: object) -> Goal:
    given = {
        "workflow": "request",
        "stage": "hsi_review",
        "business_seconds": 16 * 3600,
        "effective_from": timezone.now() + DAY,
        "set_by_name": "hq",
        "why": "GAO asked for goals.",
    }
    return Goal(**(given | fields))


def set_now(**fields: object) -> Goal:
    return set_goal(goal(**fields), at_once=True)


def end(which: Goal, **how: object) -> Goal:
    return end_goal(which, **({"ended_by_name": "hq", "why": "Too slow."} | how))


@pytest.mark.parametrize(
    "other",
    [
        {"workflow": "another"},
        {"stage": "dea_intake"},
        {"party": "HSI"},
        {"applies_to": {"priority": "expedited"}},
        {"measure": "process", "stage": ""},
    ],
)
def test_goals_for_different_things_stand_beside_each_other(other):
    set_now(applies_to={"kind": "renewal"})
    assert set_now(**other).pk


def test_a_second_goal_for_the_same_is_refused_by_the_form_s_function_and_by_the_database():
    first = set_now(applies_to={"kind": "renewal", "priority": "routine"})
    same = {"applies_to": {"priority": "routine", "kind": "renewal"}, "effective_from": timezone.now() + 30 * DAY}
    with pytest.raises(
        GoalRefused,
        match=f"number {first.pk}: Request: each stay in “HSI review”, Renewal, Routine, within 2 business days",
    ):
        set_goal(goal(**same))
    with pytest.raises(IntegrityError, match="goal_in_force_alone"), transaction.atomic():
        goal(**same).save()


def test_one_goal_follows_another_without_a_gap():
    first = set_now()
    until = timezone.now() + DAY
    end(first, until=until)
    assert set_goal(goal(effective_from=until)).pk


def test_a_goal_that_never_came_into_force_is_in_nobody_s_way():
    planned = set_goal(goal())
    ended = end(planned)
    assert ended.effective_until == ended.effective_from
    assert set_now().pk


@pytest.mark.parametrize(
    "change",
    [
        "business_seconds = 3600",
        "share_percent = 1",
        "why = ''",
        "effective_from = effective_from - interval '1 day'",
        "effective_until = now() + interval '1 day', party = 'DEA'",
    ],
)
def test_the_database_refuses_to_change_a_goal(change):
    which = set_now()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_goal SET {change} WHERE id = %s", [which.pk])


def test_the_database_refuses_to_delete_goals():
    which = set_now()
    for statement in ("DELETE FROM audit_goal", "TRUNCATE audit_goal CASCADE"):
        with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
            connection.cursor().execute(statement)
    assert Goal.objects.filter(pk=which.pk).exists()


@pytest.mark.parametrize("blank", [{"why": ""}, {"why": " \n"}, {"set_by_name": ""}])
def test_the_database_refuses_a_goal_without_who_and_why(blank):
    with pytest.raises(IntegrityError, match="goal_says_who_and_why"), transaction.atomic():
        goal(**blank).save()


@pytest.mark.parametrize("blank", ["ended_by_name = ''", "ended_why = ' '", "ended_at = NULL"])
def test_the_database_refuses_an_end_without_who_why_and_when(blank):
    which = set_now()
    said = {"ended_by_name": "'hq'", "ended_why": "'Too slow.'", "ended_at": "now()"}
    said |= dict([blank.split(" = ")])
    ends = ", ".join(f"{column} = {value}" for column, value in said.items())
    with pytest.raises(IntegrityError, match="who decided it, why and when"), transaction.atomic():
        connection.cursor().execute(
            f"UPDATE audit_goal SET effective_until = now() + interval '1 day', {ends} WHERE id = %s", [which.pk]
        )


def test_an_end_to_come_is_brought_forward_and_the_earlier_decision_stays_on_file():
    which = set_now()
    mistyped = end(which, until=timezone.now() + 40 * 365 * DAY, why="Until 2066.")
    soon = timezone.now() + DAY
    start = version()
    ended = end(which, until=soon, why="Meant 2026.")
    assert (ended.effective_until, ended.ended_why) == (soon, "Meant 2026.")
    [earlier] = which.earlier_ends.all()
    assert (earlier.effective_until, earlier.ended_by_name, earlier.ended_why, earlier.ended_at) == (
        mistyped.effective_until,
        "hq",
        "Until 2066.",
        mistyped.ended_at,
    )
    assert version() == start + 1
    assert set_goal(goal(effective_from=soon)).pk


def test_an_end_is_never_put_off_nor_taken_back_nor_moved_once_it_has_come():
    which = set_now()
    ended = end(which, until=timezone.now() + DAY)
    with pytest.raises(GoalRefused, match="never put off"):
        end(which, until=timezone.now() + 2 * DAY)
    for until in (timezone.now() + 2 * DAY, None, ended.effective_until):
        with pytest.raises(IntegrityError, match="brought forward"), transaction.atomic():
            Goal.objects.filter(pk=which.pk).update(effective_until=until)
    end(which)
    with pytest.raises(GoalRefused, match="has ended already"):
        end(which)


@pytest.mark.parametrize("statement", ["UPDATE audit_earlierend SET ended_why = 'x'", "DELETE FROM audit_earlierend"])
def test_the_database_keeps_the_ends_that_were_brought_forward(statement):
    end(set_now(), until=timezone.now() + 2 * DAY)
    end(Goal.objects.get(), until=timezone.now() + DAY)
    with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
        connection.cursor().execute(statement)


def test_a_goal_never_begins_or_ends_before_what_was_measured(people):
    before = timezone.now()
    in_force = set_now(stage="dea_intake")
    factories.request(people, "hsi_review")
    with pytest.raises(GoalRefused, match="before what was measured already"):
        set_goal(goal(effective_from=before))
    with pytest.raises(GoalRefused, match="before what was measured already"):
        end(in_force, until=before)


def test_a_visit_keeps_the_goal_that_was_in_force_when_it_began(people):
    unmeasured = factories.request(people, "hsi_review")
    first = set_now()
    measured = factories.request(people, "hsi_review")
    end(first)
    second = set_now(business_seconds=3600)
    newest = factories.request(people, "hsi_review")
    wanted = {unmeasured.number: None, measured.number: first.pk, newest.number: second.pk}

    def goals_of_visits() -> dict[str, int | None]:
        return dict(StageVisit.objects.filter(stage="hsi_review").values_list("subject", "goal"))

    assert goals_of_visits() == wanted
    assert ledger.visits_that_differ() == []
    ledger.rebuild_visits()
    assert goals_of_visits() == wanted


def test_the_version_counts_every_goal_set_and_ended():
    start = version()
    end(set_now())
    set_now()
    assert version() == start + 3


@pytest.mark.django_db(transaction=True)
def test_a_step_waits_for_the_goal_that_is_being_set_and_sees_it(people):
    request = factories.request(people, "draft")
    seen: list[int | None] = []

    def submit() -> None:
        from designation import workflow

        try:
            workflow.transition_one("submit", request.pk, actor=people.coordinator)
            seen.append(StageVisit.objects.open().get(subject=request.number).goal_id)
        finally:
            connection.close()

    submitting = threading.Thread(target=submit)
    with transaction.atomic():
        which = set_now()
        submitting.start()
        submitting.join(timeout=0.5)
        assert submitting.is_alive()
    submitting.join(timeout=20)
    assert seen == [which.pk]
    assert ledger.visits_that_differ() == []
