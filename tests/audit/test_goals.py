"""Which goal a visit is measured against."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from audit import ledger
from audit.goals import Entry, asked_of_both, goals_for, meeting
from audit.ledger import PastStep
from audit.models import Goal, StageVisit
from tests.audit.calendars import eastern

pytestmark = pytest.mark.django_db

START = eastern("2024-01-01")
LATER = eastern("2024-06-01")


def set_goal(**fields: object) -> Goal:
    given = {
        "workflow": "invented",
        "stage": "intake",
        "business_seconds": 8 * 3600,
        "effective_from": START,
        "set_by_name": "Invented Person",
        "why": "A test",
    }
    return Goal.objects.create(**(given | fields))


def entry(**fields: object) -> Entry:
    return Entry(**({"workflow": "invented", "stage": "intake", "at": LATER} | fields))


def goal_for(begun: Entry) -> Goal | None:
    return goals_for([begun])[0]


def test_the_goal_that_names_most_dimensions_wins():
    anyones = set_goal()
    expedited = set_goal(applies_to={"priority": "expedited"})
    expedited_renewal = set_goal(applies_to={"priority": "expedited", "kind": "renewal"})
    found = goals_for(
        [
            entry(dimensions={"priority": "routine", "kind": "renewal"}),
            entry(dimensions={"priority": "expedited", "kind": "initial"}),
            entry(dimensions={"priority": "expedited", "kind": "renewal", "office": "HSI-MIA"}),
            entry(),
        ]
    )
    assert found == [anyones, expedited, expedited_renewal, anyones]


def test_a_party_s_own_goal_wins_over_anyone_s():
    anyones, deas = set_goal(), set_goal(party="DEA")
    assert goals_for([entry(party="DEA"), entry(party="HSI")]) == [deas, anyones]


@pytest.mark.parametrize("other", [{"workflow": "another"}, {"stage": "decision"}])
def test_a_goal_of_another_workflow_or_stage_does_not_apply(other):
    set_goal(**other)
    assert goal_for(entry()) is None


def test_a_goal_is_in_force_from_its_first_instant_until_before_its_last():
    first = set_goal(effective_until=LATER)
    second = set_goal(effective_from=LATER)
    instant = timedelta(microseconds=1)
    assert goals_for([entry(at=START - instant), entry(at=START), entry(at=LATER - instant), entry(at=LATER)]) == [
        None,
        first,
        first,
        second,
    ]


BOTH = {"kind": "renewal", "priority": "expedited"}


@pytest.mark.parametrize("shorter_is_newer", [True, False])
def test_of_two_that_name_as_much_the_shorter_wins_whichever_came_last(shorter_is_newer):
    since = {True: eastern("2024-05-01"), False: START}
    renewals = set_goal(applies_to={"kind": "renewal"}, effective_from=since[not shorter_is_newer])
    expedited = set_goal(
        applies_to={"priority": "expedited"}, business_seconds=3600, effective_from=since[shorter_is_newer]
    )
    assert goal_for(entry(dimensions=BOTH)) == expedited
    assert meeting(renewals) == [expedited]
    assert asked_of_both(renewals, expedited) == asked_of_both(expedited, renewals) == expedited


def test_of_two_that_name_as_much_and_are_as_long_the_one_in_force_last_wins():
    older = set_goal(applies_to={"kind": "renewal"})
    newer = set_goal(applies_to={"priority": "expedited"}, effective_from=eastern("2024-05-01"))
    assert goal_for(entry(dimensions=BOTH)) == newer == asked_of_both(older, newer)


def test_goals_meet_where_no_dimension_that_both_name_differs():
    renewals = set_goal(applies_to={"kind": "renewal"})
    anyones = set_goal()
    set_goal(applies_to={"kind": "transfer", "priority": "expedited"})
    set_goal(applies_to={"priority": "expedited"}, effective_until=START + timedelta(days=1))
    set_goal(applies_to={"priority": "expedited"}, stage="another")
    fresh = Goal(workflow="invented", stage="intake", applies_to={"kind": "renewal", "priority": "routine"})
    fresh.effective_from, fresh.business_seconds = LATER, 9
    assert meeting(fresh) == [renewals, anyones]
    assert asked_of_both(fresh, renewals) == fresh


def test_what_began_before_the_shorter_was_asked_keeps_its_goal():
    """An upgrade of a system at work: what was measured before it, and what is rebuilt after it, is the same."""
    rule = import_module("audit.migrations.0010_the_shorter_goal")
    set_goal(applies_to={"kind": "renewal"}, business_seconds=3600)
    newer = set_goal(applies_to={"priority": "expedited"}, effective_from=eastern("2024-05-01"))
    with connection.cursor() as cursor:
        cursor.execute(rule.GOAL_OF.format(shorter=""))
        steps = [PastStep("I-1", "move", "intake", party="DEA", at=LATER, actor_name="x", dimensions=BOTH)]
        ledger.append_history("invented", steps, source="invented")
        before = list(StageVisit.objects.values())
        assert before[0]["goal_id"] == newer.pk
        cursor.execute(rule.SINCE + rule.GOAL_OF.format(shorter=rule.SHORTER))
    assert ledger.visits_that_differ() == []
    assert goal_for(entry(dimensions=BOTH, at=LATER)) == newer
    assert goal_for(entry(dimensions=BOTH, at=timezone.now())).business_seconds == 3600


def test_a_stay_a_party_s_part_and_a_process_have_goals_of_their_own():
    stay = set_goal()
    part = set_goal(measure="party", stage="", party="DEA")
    process = set_goal(measure="process", stage="")
    found = goals_for(
        [
            entry(party="DEA"),
            entry(stage="", party="DEA", measure="party"),
            entry(stage="", party="HSI", measure="party"),
            entry(stage="", measure="process"),
        ]
    )
    assert found == [stay, part, None, process]


def test_goals_of_a_batch_take_two_queries(django_assert_num_queries):
    goal = set_goal()
    with django_assert_num_queries(2):
        assert goals_for([entry()] * 100) == [goal] * 100
    assert goals_for([]) == []


def test_entries_without_a_time_zone_are_refused():
    with pytest.raises(ValueError, match="no time zone"):
        goal_for(entry(at=datetime(2024, 6, 1)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"business_seconds": 0},
        {"share_percent": 0},
        {"share_percent": 101},
        {"effective_until": START - timedelta(days=1)},
        {"stage": ""},
        {"measure": "party", "party": "DEA"},
        {"measure": "party", "stage": ""},
        {"measure": "process", "stage": "", "party": "DEA"},
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(IntegrityError):
        set_goal(**wrong)
