"""Exports that were ordered or taken, and those that are made by schedule."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.models.ledger import AccessRecord
from audit.models.work import Work, WorkQuerySet


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
    filters: Any = models.JSONField(default=dict, help_text="What is asked for beside the days of the period.")
    recipient = models.EmailField(blank=True)
    folder = models.CharField(
        max_length=100, blank=True, help_text="In the folder for deliveries that the operators have set."
    )
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


class ExportFile(Work):
    """One export: who ordered it, how far it is, and the manifest of the file that was given out.

    Nobody but its owner sees it: it holds what he may see. Triggers refuse any change of a manifest, and any deletion.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    what = models.CharField(max_length=20)
    workflow = models.CharField(max_length=60)
    format = models.CharField(max_length=10)
    filters: Any = models.JSONField(default=dict, help_text="As Filters.as_parameters gives them.")
    kept = models.BooleanField(default=True, help_text="Kept for download; not where it was sent as it was made.")

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    manifest: Any = models.JSONField(null=True)
    scope = models.CharField(max_length=64, blank=True, help_text="What its owner saw when it was made.")
    begun = models.ForeignKey(
        AccessRecord,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="What says that the running attempt began, until its end is on record too.",
    )
    kept_until = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    schedule = models.ForeignKey(ScheduledExport, on_delete=models.PROTECT, null=True, related_name="files")
    period_start = models.DateField(null=True)
    delivered_at = models.DateTimeField(null=True)
    delivery_tried_at = models.DateTimeField(null=True)
    delivery_problem = models.TextField(blank=True)

    objects = WorkQuerySet.as_manager()

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
    def can_be_downloaded(self) -> bool:
        return self.state == self.State.DONE and self.kept and self.removed_at is None
