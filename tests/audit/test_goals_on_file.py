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
    with pytest.raises(GoalRefused, match=f"number {first.pk}: hsi_review within 16 business hours"):
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


def test_a_goal_is_ended_once():
    which = set_now()
    end(which, until=timezone.now() + DAY)
    with pytest.raises(GoalRefused, match="has an end already"):
        end(which)
    with pytest.raises(IntegrityError, match="ended, once"), transaction.atomic():
        Goal.objects.filter(pk=which.pk).update(effective_until=timezone.now() + 2 * DAY)


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
