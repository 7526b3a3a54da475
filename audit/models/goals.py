"""How long a stage may take, in business time."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Goal(models.Model):
    """The time within which a share of the visits to a stage, begun while it is in force, is to end."""

    workflow = models.CharField(max_length=60)
    stage = models.CharField(max_length=120)
    party = models.CharField(max_length=40, blank=True, help_text="Whose clock; empty for anyone's.")
    applies_to: Any = models.JSONField(
        default=dict,
        blank=True,
        help_text="Dimension values that the visit must have, as {“priority”: “expedited”}.",
    )
    business_seconds = models.PositiveBigIntegerField()
    share_percent = models.PositiveSmallIntegerField(default=90, help_text="Of the visits, at least.")
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True, help_text="First instant no longer in force.")
    set_by_name = models.CharField(max_length=160)
    why = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["workflow", "stage", "effective_from", "id"]
        indexes = [models.Index(fields=["workflow", "stage"], name="goal_by_stage")]
        constraints = [
            models.CheckConstraint(condition=Q(business_seconds__gt=0), name="goal_takes_time"),
            models.CheckConstraint(condition=Q(share_percent__range=(1, 100)), name="goal_share_is_percent"),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gt=F("effective_from")),
                name="goal_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} within {self.business_seconds / 3600:g} business hours, {self.share_percent} %"
