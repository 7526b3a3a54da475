"""Which goal a visit is measured against."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from audit.goals import Entry, goal_for, goals_for
from audit.models import Goal
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


def test_of_two_that_name_as_much_the_one_in_force_last_wins():
    set_goal(applies_to={"kind": "renewal"})
    newer = set_goal(applies_to={"priority": "expedited"}, effective_from=eastern("2024-05-01"))
    assert goal_for(entry(dimensions={"kind": "renewal", "priority": "expedited"})) == newer


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
