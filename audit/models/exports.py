"""Exports that were ordered or taken, and those that are made by schedule."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ScheduledExport(models.Model):
    """An export that is made for each period once it is over, and sent to a mailbox or put into a folder.

    It holds what its owner may see when it is made.
    """

    class Period(models.TextChoices):
        MONTH = "month", "Each month"
        FISCAL_YEAR = "fiscal year", "Each fiscal year (from October)"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    workflow = models.CharField(max_length=60)
    format = models.CharField(max_length=10)
    period = models.CharField(max_length=12, choices=Period.choices, default=Period.MONTH)
    filters: Any = models.JSONField(default=dict, help_text="As Filters.as_parameters gives them, without days.")
    recipient = models.EmailField(blank=True)
    folder = models.CharField(max_length=100, blank=True, help_text="Under settings.EXPORT_DELIVERY_FOLDER.")
    first_day = models.DateField(help_text="Of the first period that it is made for.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(folder="") & ~Q(recipient="")) | (Q(recipient="") & ~Q(folder="")),
                name="scheduledexport_mailbox_or_folder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_period_display()} as {self.format} to {self.recipient or self.folder}"


class ExportFileQuerySet(models.QuerySet["ExportFile"]):
    def of(self, user: Any) -> ExportFileQuerySet:
        """Those that the user ordered; nobody else's, since each holds what its owner may see."""
        return self.filter(owner=user)

    def unfinished(self) -> ExportFileQuerySet:
        return self.filter(state__in=(ExportFile.State.WAITING, ExportFile.State.RUNNING))


class ExportFile(models.Model):
    """One export: who ordered it, how far it is, and the manifest of the file that was given out.

    Triggers refuse any change of a manifest, and any deletion.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.BigAutoField(primary_key=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    owner_name = models.CharField(max_length=160)
    what = models.CharField(max_length=20)
    workflow = models.CharField(max_length=60)
    format = models.CharField(max_length=10)
    filters: Any = models.JSONField(default=dict, help_text="As Filters.as_parameters gives them.")
    kept = models.BooleanField(default=True, help_text="Kept for download; not where it was sent as it was made.")
    ordered_at = models.DateTimeField(db_default=Now(), editable=False)

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(db_default=Now(), help_text="When its worker last said that it is alive.")
    expected_rows = models.BigIntegerField(null=True)
    rows = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why it failed.")
    manifest: Any = models.JSONField(null=True)
    kept_until = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    schedule = models.ForeignKey(ScheduledExport, on_delete=models.PROTECT, null=True, related_name="files")
    period_start = models.DateField(null=True)
    delivered_at = models.DateTimeField(null=True)
    delivery_tried_at = models.DateTimeField(null=True)
    delivery_problem = models.TextField(blank=True)

    objects = ExportFileQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="exportfile_by_owner"),
            models.Index(
                fields=["heartbeat_at"], name="exportfile_unfinished", condition=Q(state__in=("waiting", "running"))
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "period_start"], name="exportfile_once_each_period"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(manifest__isnull=False), name="exportfile_done_has_manifest"
            ),
            models.CheckConstraint(
                condition=Q(schedule__isnull=True) | Q(period_start__isnull=False),
                name="exportfile_schedule_has_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} as {self.format} for {self.owner_name}"

    @property
    def percent(self) -> int | None:
        """How much of it is made, of 100; None while the number of its rows is not known."""
        if self.state == self.State.DONE:
            return 100
        return min(99, 100 * self.rows // self.expected_rows) if self.expected_rows else None

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def can_be_downloaded(self) -> bool:
        return self.state == self.State.DONE and self.kept and self.removed_at is None
