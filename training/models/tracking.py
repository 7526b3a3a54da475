"""Figures that are kept at hand, and the marks that say which of them hold no longer. All of it is derived."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from designation.models import Office


class OfficeStandingQuerySet(models.QuerySet["OfficeStanding"]):
    def that_hold(self, day: Any) -> OfficeStandingQuerySet:
        """Those of the day of which nothing has changed since they were counted."""
        changed = OfficeChange.objects.filter(Q(office=OuterRef("pk")) | Q(office__isnull=True))
        return self.filter(~Exists(changed), day=day)


class OfficeStanding(models.Model):
    """How many agents of an office stand how in each module on a day, as `training.tracking.matrix` counted them."""

    office = models.OneToOneField(Office, on_delete=models.CASCADE, primary_key=True, related_name="+")
    day = models.DateField()
    counts: Any = models.JSONField(help_text="Module’s key -> what is counted -> how many.")
    counted_at = models.DateTimeField(db_default=Now())

    objects = OfficeStandingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.office_id} on {self.day}"


class OfficeChange(models.Model):
    """Says that what an office's counts are made from has changed: written by triggers, whoever writes.

    One without an office says it of all. A mark is never joined with another: which of them a count has seen is told
    by their keys.
    """

    office = models.ForeignKey(
        Office, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )

    def __str__(self) -> str:
        return f"Change of {self.office_id or 'all'}"
