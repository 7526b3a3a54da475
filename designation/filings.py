"""Requests that are being filed and are no drafts yet: what was typed is kept for who typed it, and for nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from designation.models import Agent, BegunFiling, User

KEPT = timedelta(days=30)


def keep(user: User, agent: Agent | None, answers: Mapping[str, str]) -> None:
    """Keeps what was typed in place of what was kept before; nothing where nothing was. What is old is forgotten."""
    BegunFiling.objects.visible_to(user).filter(kept_at__lt=timezone.now() - KEPT).delete()
    if not answers:
        forget(user, agent)
        return
    kept = {"answers": dict(answers), "kept_at": timezone.now()}
    BegunFiling.objects.update_or_create(user=user, agent=agent, defaults=kept)


def kept(user: User, agent: Agent | None) -> BegunFiling | None:
    """What the user has begun to file for the agent, or for one who is not on the list."""
    return BegunFiling.objects.visible_to(user).filter(agent=agent).first()


def forget(user: User, agent: Agent | None) -> None:
    """Throws away what was kept, as when there is a draft."""
    BegunFiling.objects.visible_to(user).filter(agent=agent).delete()
