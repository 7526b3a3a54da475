"""Which module is required of whom, and who need not complete it."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.formats import date_format

from designation.models import Agent, Request, User
from designation.models.people import in_reach_of
from training.models.modules import Module
from training.permissions import TRAINING_READERS


class Audience(models.TextChoices):
    """Of whom a module is required: agents, by the kind of request; or those who act on requests."""

    INITIAL = Request.Kind.INITIAL.value, "Agents of initial requests"
    RENEWAL = Request.Kind.RENEWAL.value, "Agents of renewals"
    TRANSFER = Request.Kind.TRANSFER.value, "Agents of transfers"
    DEA_REVIEWERS = "dea_reviewers", "DEA reviewers"
    COORDINATORS = "coordinators", "HSI coordinators"


AGENTS = (Audience.INITIAL.value, Audience.RENEWAL.value, Audience.TRANSFER.value)


class Blocks(models.TextChoices):
    """What a missing completion blocks. `NOTHING` warns."""

    NOTHING = "nothing", "Nothing: it warns"
    SUBMISSION = "submission", "Submission"
    APPROVAL = "approval", "Approval"


class RequirementQuerySet(models.QuerySet["Requirement"]):
    def not_ended(self, day: date) -> RequirementQuerySet:
        return self.filter(Q(effective_until__isnull=True) | Q(effective_until__gt=day))

    def in_force(self, day: date) -> RequirementQuerySet:
        return self.not_ended(day).filter(effective_from__lte=day)

    def visible_to(self, user: User) -> RequirementQuerySet:
        return self if user.is_active else self.none()


class Requirement(models.Model):
    """A module is required of an audience from a day on. It is never edited: another takes its place."""

    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="requirements")
    audience = ArrayField(models.CharField(max_length=20, choices=Audience.choices))
    blocks = models.CharField(max_length=12, choices=Blocks.choices, default=Blocks.NOTHING)
    valid_months = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How long a completion counts; empty for ever.",
    )
    effective_from = models.DateField()
    effective_until = models.DateField(null=True, blank=True, help_text="The first day on which it no longer holds.")
    set_by_name = models.CharField(max_length=160, editable=False)
    why = models.TextField(help_text="Goes on record.")
    set_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_by_name = models.CharField(max_length=160, blank=True, editable=False)
    ended_why = models.TextField(blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = RequirementQuerySet.as_manager()

    class Meta:
        ordering = ["module", "effective_from", "pk"]
        constraints = [
            models.CheckConstraint(name="requirement_of_somebody", condition=Q(audience__len__gt=0)),
            models.CheckConstraint(
                name="requirement_ends_after_start",
                condition=Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.module.code} from {date_format(self.effective_from)}"

    def has_ended(self, day: date) -> bool:
        """Whether its last day is over, or it was ended before it began."""
        until = self.effective_until
        return until is not None and until <= max(day, self.effective_from)

    @property
    def audience_labels(self) -> list[str]:
        return [str(Audience(audience).label) for audience in self.audience]


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def visible_to(self, user: User) -> WaiverQuerySet:
        """As completions are: agents' as agents are seen, users' by those who develop or audit training; one's own."""
        if user.has_role(*TRAINING_READERS):
            return self
        return self.filter(Q(user=user) | Q(agent__in=Agent.objects.filter(in_reach_of(user))))

    def in_force(self, day: date) -> WaiverQuerySet:
        return self.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=day), granted_on__lte=day, until__gte=day)


class Waiver(models.Model):
    """A person need not complete a module until a day. It can be ended early; it is never edited."""

    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="waivers")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="training_waivers", null=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="training_waivers", null=True)
    granted_on = models.DateField()
    until = models.DateField(help_text="The last day on which it holds.")
    why = models.TextField(help_text="Goes on record.")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    granted_by_name = models.CharField(max_length=160, editable=False, help_text="As recorded then.")
    granted_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_on = models.DateField(null=True, editable=False, help_text="The first day on which it no longer holds.")
    ended_by_name = models.CharField(max_length=160, blank=True, editable=False)
    ended_why = models.TextField(blank=True, editable=False)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="waiver_of_one_person",
                condition=Q(agent__isnull=False, user__isnull=True) | Q(agent__isnull=True, user__isnull=False),
            ),
            models.CheckConstraint(name="waiver_runs_forward", condition=Q(until__gte=F("granted_on"))),
        ]
        indexes = [models.Index(fields=["agent", "module"], name="waiver_of_agent")]

    def __str__(self) -> str:
        return f"{self.module.code} waived until {date_format(self.until)}"
