"""The ledger: steps that are only ever added, and the stays in each stage that follow from them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.models.calendar import Calendar
from audit.models.goals import Goal


class StepEvent(models.Model):
    """One step of one subject: who moved it from which state to which, when and why, as recorded then.

    Database triggers refuse update, delete and truncate. `hash` is the SHA-256 of the step's canonical form
    (`audit.canonical.canonical_form`), which contains `previous_hash`: the steps of a subject are a chain.
    """

    class Source(models.TextChoices):
        SYSTEM = "system", "timed by this system"
        IMPORTED = "imported", "imported history"
        INVENTED = "invented", "invented for demonstration"

    id = models.BigAutoField(primary_key=True)
    workflow = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    sequence = models.PositiveIntegerField(help_text="1 for the subject's first step.")
    transition = models.CharField(max_length=60)
    from_state = models.CharField(max_length=120, blank=True)
    to_state = models.CharField(max_length=120)
    party = models.CharField(max_length=40, blank=True, help_text="Whose clock runs after the step.")
    final = models.BooleanField(default=False, help_text="The step ends the process.")
    # Indexed below, without the steps of nobody, as all of an imported history are.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=160)
    actor_agency = models.CharField(max_length=40, blank=True)
    actor_role = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    dimensions = models.JSONField(default=dict, help_text="What reports group by, as of the step: text to text.")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.SYSTEM)
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "subject", "sequence"], name="stepevent_sequence_unique"),
        ]
        indexes = [
            models.Index(fields=["workflow", "at"], name="stepevent_ends", condition=Q(final=True)),
            models.Index(fields=["workflow", "to_state", "at"], name="stepevent_reasons", condition=~Q(reason="")),
            models.Index(fields=["workflow", "source"], name="stepevent_sources"),
            models.Index(fields=["actor"], name="stepevent_actors", condition=Q(actor__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} step {self.sequence}: {self.transition}"


class StageVisitQuerySet(models.QuerySet["StageVisit"]):
    def open(self) -> StageVisitQuerySet:
        return self.filter(left_at__isnull=True)

    def with_business_seconds_so_far(self) -> StageVisitQuerySet:
        """Adds `seconds_so_far`: business seconds from entry until the stage was left, or until now."""
        from audit.calendar import default_calendar_id

        return self.annotate(
            seconds_so_far=models.Func(
                models.Value(default_calendar_id()),
                models.F("entered_at"),
                models.functions.Coalesce(models.F("left_at"), models.functions.Now()),
                function="audit_business_seconds",
                output_field=models.BigIntegerField(),
            )
        )

    def with_clock_status(self) -> StageVisitQuerySet:
        """Adds `clock_status`, how an open stay stands now to its due time: a value of `audit.clocks.Status`."""
        from audit.calendar import default_name

        status = models.Func(
            models.Subquery(Calendar.objects.filter(name=default_name()).values("pk")),
            models.F("due_at"),
            models.F("goal__business_seconds"),
            models.functions.Now(),
            function="audit_clock_status",
            output_field=models.CharField(),
        )
        return self.annotate(
            clock_status=models.Case(models.When(left_at__isnull=True, then=status), output_field=models.CharField())
        )


def present_stay(workflow: str) -> dict[str, models.Subquery]:
    """Annotations for subjects that are known by their `number`, of the stay in a stage that goes on.

    `clock_party`, `entered_at`, `due_at`, `seconds_so_far` (business seconds) and `clock_status`; empty where the
    process has ended.
    """
    visits: Any = StageVisit.objects.open().filter(workflow=workflow, subject=models.OuterRef("number"))
    return {
        "clock_party": models.Subquery(visits.values("party")[:1]),
        "entered_at": models.Subquery(visits.values("entered_at")[:1]),
        "due_at": models.Subquery(visits.values("due_at")[:1]),
        "seconds_so_far": models.Subquery(visits.with_business_seconds_so_far().values("seconds_so_far")[:1]),
        "clock_status": models.Subquery(visits.with_clock_status().values("clock_status")[:1]),
    }


class StageVisit(models.Model):
    """One stay of one subject in one stage. Derived from the steps: `rebuild_stage_visits` makes it again."""

    id = models.BigAutoField(primary_key=True)
    workflow = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    sequence = models.PositiveIntegerField(help_text="Of the step that entered the stage.")
    stage = models.CharField(max_length=120)
    party = models.CharField(max_length=40, blank=True)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    clock_began_at = models.DateTimeField(
        null=True, help_text="When the subject's first stay that counts began, if that is an earlier one."
    )
    business_seconds = models.BigIntegerField(null=True, help_text="From entry to leaving; empty while in the stage.")
    # Indexed below, without the many stays that have none.
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True)
    met = models.BooleanField(null=True, help_text="Left by the due time; empty without a goal or while in the stage.")
    dimensions = models.JSONField(default=dict)

    objects = StageVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "subject", "sequence"], name="stagevisit_sequence_unique"),
            models.UniqueConstraint(
                fields=["workflow", "subject"], name="stagevisit_one_open", condition=Q(left_at__isnull=True)
            ),
            models.CheckConstraint(
                name="stagevisit_measured_when_left",
                condition=Q(left_at__isnull=True, business_seconds__isnull=True)
                | Q(left_at__isnull=False, business_seconds__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["workflow", "stage", "entered_at"],
                name="stagevisit_open_by_stage",
                condition=Q(left_at__isnull=True),
            ),
            models.Index(
                fields=["workflow", "entered_at", "subject"],
                name="stagevisit_open_by_entry",
                condition=Q(left_at__isnull=True),
            ),
            models.Index(
                fields=["workflow", "due_at", "subject"],
                name="stagevisit_open_by_due",
                condition=Q(left_at__isnull=True),
            ),
            models.Index(
                fields=["workflow", "entered_at"],
                name="stagevisit_firsts",
                condition=Q(clock_began_at__isnull=True),
            ),
            models.Index(fields=["goal"], name="stagevisit_goals", condition=Q(goal__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} in {self.stage}"


class AccessRecord(models.Model):
    """Who took or looked up what. Only ever added, like the steps."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=models.functions.Now())
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    act = models.CharField(max_length=60, help_text="As “export processing times”.")
    parameters: Any = models.JSONField(default=dict)
    row_count = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["actor_name"], name="accessrecord_of_nobody", condition=Q(actor__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.act}"
