"""What `load_reference` puts on file for training, and what it leaves as the agencies have it."""

from __future__ import annotations

import pytest

from audit.goals import end_goal
from audit.models import Goal
from designation import references
from tests.training.factories import Managers, dispute, section, version

pytestmark = pytest.mark.django_db


def goals_on_file() -> dict[str, float]:
    """Stage -> business days."""
    return {goal.stage: goal.business_seconds / (8 * 3600) for goal in Goal.objects.filter(workflow="dispute")}


def test_each_level_of_a_dispute_has_a_goal_from_the_beginning() -> None:
    references.load()
    assert goals_on_file() == {"working_level": 10, "headquarters_review": 10, "leadership": 20}


def test_a_dispute_is_due_by_the_goal_of_its_level() -> None:
    people = Managers()
    references.load()
    opened = dispute(section(version(people)), people.dea_manager)
    assert type(opened).objects.with_clocks().get(pk=opened.pk).due_at is not None


def test_loading_again_sets_no_goal_twice() -> None:
    references.load()
    assert references.load()["default goals of disputes"] == 0


def test_a_goal_that_was_ended_does_not_come_back() -> None:
    references.load()
    for goal in Goal.objects.all():
        end_goal(goal, ended_by_name="Headquarters", why="No goal for now.")
    references.load()
    assert not Goal.objects.filter(effective_until__isnull=True).exists()
