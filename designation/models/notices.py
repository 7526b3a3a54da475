"""What people are told: one notice for each person and batch, kept in the app and sent by e-mail."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from designation.models.people import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        return self.filter(recipient=user)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)

    def unsent(self) -> NoticeQuerySet:
        """Those to be sent now; what a mail server refused waits until it may be tried again."""
        return self.filter(Q(try_after__isnull=True) | Q(try_after__lte=Now()), sent_at__isnull=True)


class Notice(models.Model):
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    transition = models.CharField(max_length=60, help_text="Or what else it is: a kind of reminder, or a digest.")
    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    body = models.TextField(blank=True, help_text="What the e-mail says, where it is not title, reason and numbers.")
    numbers = ArrayField(models.CharField(max_length=20), help_text="The requests that it is about.")
    path = models.CharField(max_length=200, blank=True, help_text="The page of what else it is about.")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    read_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When the e-mail was handed to the mail server.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often the mail server refused it.")
    try_after = models.DateTimeField(null=True, help_text="Not to be sent before, after a refusal.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_recipient_newest"),
            models.Index(fields=["id"], name="notice_unsent", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title
