"""What of training waits for the user, on his home page."""

from __future__ import annotations

from designation.models import Role, User
from designation.panels import Panel
from training.selectors.modules import waiting_for


def on_home(_row: User, user: User) -> Panel | None:
    """Reviews, sign-offs and disputes that wait for the user; a training manager is also told that none does."""
    tasks = waiting_for(user)
    if not tasks and not user.has_role(Role.TRAINING_MANAGER):
        return None
    return Panel("Training that waits for you", "training/panel_waiting.html", {"tasks": tasks})
