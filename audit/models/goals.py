"""How long a stage, a party's part, or the whole process may take, in business time."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

HOUR = 3600
DAY = 8 * HOUR


def business_time(seconds: int) -> str:
    """Whole days as days of eight hours, anything else as hours: "30 business days", "1 business hour"."""
    days, rest = divmod(seconds, DAY)
    number, unit = (seconds / HOUR, "hour") if rest or not days else (days, "day")
    return f"{number:g} business {unit}{'' if number == 1 else 's'}"


class Goal(models.Model):
    """The time within which a share of what begins while it is in force is to end.

    Triggers refuse any change but an end, which may be brought forward while it is to come; any deletion; and a
    beginning or an end that would alter what was measured already. An exclusion constraint refuses two goals for the
    same that are in force at one time.
    """

    class Measure(models.TextChoices):
        STAGE = "stage", "Each stay in a stage"
        PARTY = "party", "All the time on a party's clock"
        PROCESS = "process", "The whole process"

    workflow = models.CharField(max_length=60)
    measure = models.CharField(max_length=10, choices=Measure.choices, default=Measure.STAGE)
    stage = models.CharField(max_length=120, blank=True, help_text="Empty unless each stay in it is measured.")
    party = models.CharField(max_length=40, blank=True, help_text="Whose clock; for a stage, empty for anyone's.")
    applies_to: Any = models.JSONField(
        default=dict,
        blank=True,
        help_text="Dimension values that what is measured must have, as {“priority”: “expedited”}.",
    )
    business_seconds = models.PositiveBigIntegerField()
    share_percent = models.PositiveSmallIntegerField(default=90, help_text="Of what is measured, at least.")
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="First instant no longer in force; that of the beginning if it never came into force.",
    )
    set_by_name = models.CharField(max_length=160)
    why = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_by_name = models.CharField(max_length=160, blank=True, editable=False)
    ended_why = models.TextField(blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="When the end was decided.")

    class Meta:
        ordering = ["workflow", "measure", "stage", "party", "effective_from", "id"]
        indexes = [models.Index(fields=["workflow", "stage"], name="goal_by_stage")]
        constraints = [
            models.CheckConstraint(condition=Q(business_seconds__gt=0), name="goal_takes_time"),
            models.CheckConstraint(condition=Q(share_percent__range=(1, 100)), name="goal_share_is_percent"),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")),
                name="goal_ends_after_start",
            ),
            models.CheckConstraint(
                condition=(Q(measure="stage") & ~Q(stage=""))
                | (Q(measure="party", stage="") & ~Q(party=""))
                | Q(measure="process", stage="", party=""),
                name="goal_names_what_it_measures",
            ),
            models.CheckConstraint(
                condition=Q(set_by_name__regex=r"\S", why__regex=r"\S"), name="goal_says_who_and_why"
            ),
        ]

    def __str__(self) -> str:
        from audit.goal_words import in_words

        return f"{in_words(self)}, {self.share_percent} %"


class EarlierEnd(models.Model):
    """An end of a goal that was brought forward later, as it was decided. A trigger writes it, and it stays."""

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="earlier_ends")
    effective_until = models.DateTimeField()
    ended_by_name = models.CharField(max_length=160)
    ended_why = models.TextField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.goal_id} until {self.effective_until}"
