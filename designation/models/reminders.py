"""What people were reminded of. The rows are what makes each reminder and each daily digest come once."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from audit.models import Goal
from designation.models.notices import Notice
from designation.models.people import User


class Reminder(models.Model):
    """One person was told once that a clock of a request is due soon, is overdue, or is so for long.

    The clock is that of a stay in a stage, of a party, or of the whole process.
    Triggers refuse any change and any deletion.
    """

    class What(models.TextChoices):
        DUE_SOON = "due_soon", "Due soon"
        OVERDUE = "overdue", "Overdue"
        ESCALATION = "escalation", "Escalated to headquarters"

    what = models.CharField(max_length=10, choices=What.choices)
    subject = models.CharField(max_length=20, help_text="The request's number.")
    measure = models.CharField(max_length=10, choices=Goal.Measure.choices, default=Goal.Measure.STAGE)
    sequence = models.PositiveIntegerField(help_text="Of the step with which the clock first ran.")
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="reminders")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "measure", "sequence", "what", "recipient"], name="reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_what_display()}"


class Digest(models.Model):
    """One person's digest of one day; without a notice where there was nothing to tell."""

    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-day", "recipient"]
        constraints = [models.UniqueConstraint(fields=["recipient", "day"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"Digest of {self.day}"
