"""What training needs on file from the beginning, as far as it is not there."""

from __future__ import annotations

from audit.goals import set_goal
from audit.models import Goal
from training.models import Dispute
from training.models.disputes import Level

DAY = 8 * 3600
# Business days within which each level settles a dispute. Without a goal none would ever escalate by itself.
LEVEL_DAYS = {Level.WORKING: 10, Level.HEADQUARTERS: 10, Level.LEADERSHIP: 20}
DEFAULT = "The default of this system, in force until the headquarters of the agencies set another."


def load() -> dict[str, int]:
    """Adds what is missing; returns how many goals of disputes it set."""
    return {"default goals of disputes": _default_goals()}


def _default_goals() -> int:
    """Sets the levels' goals where none was ever set, so that one that was ended is not set again."""
    if Goal.objects.filter(workflow=Dispute.workflow).exists():
        return 0
    for level, days in LEVEL_DAYS.items():
        goal = Goal(
            workflow=Dispute.workflow,
            stage=level.value,
            business_seconds=days * DAY,
            set_by_name="system",
            why=DEFAULT,
        )
        set_goal(goal, at_once=True)
    return len(LEVEL_DAYS)
