"""What an act that a worker does keeps in the database: whose it is, how far it has come, and how it ended."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class WorkQuerySet(models.QuerySet[Any]):
    def of(self, user: Any) -> Self:
        """Those that the user ordered."""
        return self.filter(owner=user)

    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)


class Work(models.Model):
    """Something that was ordered and that a worker does. `audit.work` moves it on, and nothing else does."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.BigAutoField(primary_key=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    owner_name = models.CharField(max_length=160)
    ordered_at = models.DateTimeField(db_default=Now(), editable=False)

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(db_default=Now(), help_text="When its worker last said that it is alive.")
    expected_rows = models.BigIntegerField(null=True)
    rows = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why it failed.")

    class Meta:
        abstract = True

    @property
    def percent(self) -> int | None:
        """How much of it is done, of 100; None while the number of its rows is not known."""
        if self.state == self.State.DONE:
            return 100
        return min(99, 100 * self.rows // self.expected_rows) if self.expected_rows else None

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED


UNFINISHED = (Work.State.WAITING.value, Work.State.RUNNING.value)
