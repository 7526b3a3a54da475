"""Long acts that a worker does for whoever ordered them."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.models.work import UNFINISHED, Work, WorkQuerySet


class JobQuerySet(WorkQuerySet):
    def visible_to(self, user: Any) -> Self:
        """One's own; those of settings.AUDIT_JOB_READERS see all."""
        return self if user.has_role(*settings.AUDIT_JOB_READERS) else self.of(user)


class Job(Work):
    """One long act: what is to be done, and how far it is. What it did and refused is in its parts.

    Triggers refuse any change of what was ordered, any change once it has ended, and any deletion.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40, help_text="Of settings.AUDIT_JOBS.")
    about = models.CharField(max_length=60, blank=True, help_text="The one thing that it is about, as “roster 12”.")
    title = models.CharField(max_length=200)
    parameters: Any = models.JSONField(default=dict)
    path = models.CharField(max_length=200, help_text="The page that shows how far it is, and then what came of it.")
    back = models.TextField(blank=True, help_text="Where its owner came from.")
    done_rows = models.BigIntegerField(default=0)
    refused_rows = models.BigIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="job_by_owner"),
            models.Index(fields=["about", "-id"], name="job_by_what", condition=~Q(about="")),
            models.Index(fields=["heartbeat_at"], name="job_unfinished", condition=Q(state__in=UNFINISHED)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["about"], name="job_one_at_a_time", condition=Q(state__in=UNFINISHED) & ~Q(about="")
            ),
        ]

    def __str__(self) -> str:
        return self.title


class JobPart(models.Model):
    """What one transaction of a job did and refused. Only ever added, one for each place."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="parts")
    place = models.PositiveIntegerField(help_text="From 0.")
    done: Any = models.JSONField(default=list, help_text="Primary key and number of each row.")
    refused: Any = models.JSONField(default=list, help_text="Number of each row, and why.")
    kept: Any = models.JSONField(default=dict, help_text="What else the job needs at its end.")

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["job", "place"], name="jobpart_once")]

    def __str__(self) -> str:
        return f"{self.job}, part {self.place}"
