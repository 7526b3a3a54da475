"""What people are told: one notice for each person and batch, kept in the app and sent by e-mail."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now

from designation.models.people import User


class NoticeKind(models.TextChoices):
    """What people choose by whether it comes by e-mail too."""

    NEEDS_ME = "needs_me", "Something needs me"
    DECIDED = "decided", "Decided"
    AUTHORITY = "authority", "Authority of agents"
    COMMENTS = "comments", "Comments and files"
    DUE = "due", "Due soon and late"
    DIGEST = "digest", "Daily digest"
    TRAINING = "training", "Training and disputes"
    EXPORTS = "exports", "Exports"


# What is in none of these, as an escalation to headquarters, always comes by e-mail too.
TRANSITIONS_OF_KIND = {
    NoticeKind.NEEDS_ME: (
        *("submit", "endorse", "accept", "concur", "nonconcur"),
        *("refer_back", "return_to_office", "resubmit"),
    ),
    NoticeKind.DECIDED: ("approve", "deny", "reconsider", "withdraw"),
    NoticeKind.AUTHORITY: ("suspend", "reinstate", "revoke", "relinquish"),
    NoticeKind.COMMENTS: ("comment",),
    NoticeKind.DUE: ("due_soon", "overdue"),
    NoticeKind.DIGEST: ("digest",),
    NoticeKind.TRAINING: ("training",),
    NoticeKind.EXPORTS: ("export", "schedule_ended", "delivery_failed"),
}


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        return self.filter(recipient=user)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)

    def unsent(self) -> NoticeQuerySet:
        """Those to be sent now; what a mail server refused waits until it may be tried again."""
        due = self._waiting().filter(Q(try_after__isnull=True) | Q(try_after__lte=Now()))
        return due.filter(~_wanted_in_app_only())

    def keep_in_app(self) -> int:
        """Marks what waits to be sent though its recipient wants it in the app only; returns how many."""
        return self._waiting().filter(_wanted_in_app_only()).update(in_app_only=True)

    def _waiting(self) -> NoticeQuerySet:
        kinds = [When(transition__in=names, then=Value(kind.value)) for kind, names in TRANSITIONS_OF_KIND.items()]
        waiting = self.filter(sent_at__isnull=True, in_app_only=False)
        return waiting.alias(kind=Case(*kinds, output_field=models.CharField()))


def _wanted_in_app_only() -> Exists:
    return Exists(InAppOnly.objects.filter(user=OuterRef("recipient"), kind=OuterRef("kind")))


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
    in_app_only = models.BooleanField(
        default=False, db_default=False, help_text="No e-mail: so the recipient wanted when it was to be sent."
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often the mail server refused it.")
    try_after = models.DateTimeField(null=True, help_text="Not to be sent before, after a refusal.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_recipient_newest"),
            models.Index(fields=["id"], name="notice_unsent", condition=Q(sent_at__isnull=True, in_app_only=False)),
        ]

    def __str__(self) -> str:
        return self.title


class InAppOnlyManager(models.Manager["InAppOnly"]):
    def kinds_of(self, user: User) -> set[str]:
        """The kinds that the user wants in the app only."""
        return set(self.filter(user=user).values_list("kind", flat=True))

    def choose(self, user: User, kinds: Iterable[NoticeKind | str]) -> None:
        """Makes these the kinds that the user wants in the app only, and no others."""
        wanted = [InAppOnly(user=user, kind=NoticeKind(kind)) for kind in kinds]
        with transaction.atomic():
            self.filter(user=user).exclude(kind__in=[row.kind for row in wanted]).delete()
            self.bulk_create(wanted, ignore_conflicts=True)


class InAppOnly(models.Model):
    """A kind of notices of which a user wants no e-mail. Who has chosen nothing gets all by e-mail too."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=NoticeKind.choices)

    objects = InAppOnlyManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="in_app_only_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"
