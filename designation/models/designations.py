"""The granted designation, which lives on after the request that led to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django_fsm import FSMField, transition

from audit.machine import Subject
from designation.models.people import Agent, Agreement, Office, Role, User, in_reach_of
from designation.models.requests import Request
from designation.permissions import DEA_ON_DESIGNATION, FILING_OFFICE, SYSTEM


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    EXPIRED = "expired", "Expired"
    RELINQUISHED = "relinquished", "Relinquished"
    REVOKED = "revoked", "Revoked"


LIVE = (Status.ACTIVE.value, Status.SUSPENDED.value)


class DesignationQuerySet(models.QuerySet["Designation"]):
    def visible_to(self, user: User) -> DesignationQuerySet:
        """As agents are seen: coordinators their office's, field reviewers those routed to their division."""
        if user.has_role(Role.HSI_HQ, Role.DEA_HQ, Role.AUDITOR, Role.SUPERVISOR):
            return self
        return self.filter(in_reach_of(user))

    def with_people(self) -> DesignationQuerySet:
        return self.select_related("agent", "office", "request")

    def live(self) -> DesignationQuerySet:
        return self.filter(state__in=LIVE)

    def standing(self, standings: Collection[str]) -> DesignationQuerySet:
        """Those that stand so today. One whose last day is over has expired, also where that is not recorded yet."""
        live = [standing for standing in standings if standing in LIVE]
        wanted = Q(state__in=live, valid_until__gte=timezone.localdate())
        wanted |= Q(state__in=[standing for standing in standings if standing not in LIVE])
        if Status.EXPIRED in standings:
            wanted |= _over()
        return self.filter(wanted)

    def held(self, states: Collection[str] = LIVE) -> DesignationQuerySet:
        """As `standing`, of live states only, for asking who holds one.

        PostgreSQL takes a state and an end for independent of each other, expects a tenth of what `standing` finds, and
        reads them all before the first agent. What is not over is most of what is live, as it sees here.
        """
        return self.filter(Q(state__in=states) & ~_over())

    def with_standing(self) -> Any:
        """Adds how each stands today, `stands`: its state, or that it has expired."""
        expired = When(_over(), then=Value(Status.EXPIRED.value))
        return self.annotate(stands=Case(expired, default=F("state"), output_field=models.CharField()))


def _over() -> Q:
    """Selects those whose last day is over, and whose end is not recorded yet."""
    return Q(state__in=LIVE, valid_until__lt=timezone.localdate())


class Designation(Subject):
    """DEA's grant of Title 21 authority to one agent, from the day of approval until it ends."""

    workflow: ClassVar[str] = "designation"
    parties: ClassVar[dict[str, str]] = {}
    final_states = frozenset({Status.EXPIRED.value, Status.RELINQUISHED.value, Status.REVOKED.value})

    number = models.CharField(max_length=20, unique=True, editable=False)
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="designation")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="designations")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="designations")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="designations")
    valid_from = models.DateField()
    valid_until = models.DateField(help_text="The last day of the term.")
    state = FSMField(max_length=20, choices=Status.choices, default=Status.ACTIVE.value, protected=True, editable=False)

    objects = DesignationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], name="designation_one_live_per_agent", condition=Q(state__in=LIVE)
            ),
            models.CheckConstraint(name="designation_term_runs_forward", condition=Q(valid_until__gte=F("valid_from"))),
            models.CheckConstraint(name="designation_state_known", condition=Q(state__in=Status.values)),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="designation_state_newest"),
            models.Index(fields=["office", "-id"], name="designation_office_newest"),
            models.Index(fields=["valid_until", "id"], name="designation_by_end"),
            models.Index(fields=["office", "valid_until", "id"], name="designation_office_by_end"),
            models.Index(fields=["valid_from", "id"], name="designation_by_start"),
            models.Index(fields=["office", "valid_from", "id"], name="designation_office_by_start"),
            models.Index(fields=["valid_from", "id"], name="designation_live_by_start", condition=Q(state__in=LIVE)),
        ]

    def __str__(self) -> str:
        return self.number

    def dimensions(self) -> dict[str, str]:
        return {"office": self.office.code, "kind": self.request.kind}

    @transition(
        state,
        source=Status.ACTIVE,
        target=Status.SUSPENDED,
        permission=DEA_ON_DESIGNATION,
        custom={
            "label": "Suspend",
            "done": "suspended",
            "says": "The agent's authority rests until it is reinstated.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def suspend(self, *, by: User, reason: str) -> None:
        """The authority rests."""

    @transition(
        state,
        source=Status.SUSPENDED,
        target=Status.ACTIVE,
        permission=DEA_ON_DESIGNATION,
        custom={
            "label": "Reinstate",
            "done": "reinstated",
            "says": "The agent's authority is in force again.",
            "reason_required": True,
        },
    )
    def reinstate(self, *, by: User, reason: str) -> None:
        """The authority is in force again."""

    @transition(
        state,
        source=list(LIVE),
        target=Status.RELINQUISHED,
        permission=FILING_OFFICE,
        custom={
            "label": "Relinquish",
            "done": "relinquished",
            "says": "HSI gives the designation up, as when an agent leaves.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def relinquish(self, *, by: User, reason: str) -> None:
        """HSI gives it up."""

    @transition(
        state,
        source=list(LIVE),
        target=Status.RELINQUISHED,
        permission=DEA_ON_DESIGNATION,
        custom={"label": "Replace", "done": "replaced", "says": "A newer designation takes its place."},
    )
    def replace(self, *, by: User, reason: str) -> None:
        """A renewal or transfer was approved."""

    @transition(
        state,
        source=list(LIVE),
        target=Status.REVOKED,
        permission=DEA_ON_DESIGNATION,
        custom={
            "label": "Revoke",
            "done": "revoked",
            "says": "DEA takes the designation back for good.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def revoke(self, *, by: User, reason: str) -> None:
        """DEA takes it back."""

    @transition(
        state,
        source=list(LIVE),
        target=Status.EXPIRED,
        permission=SYSTEM,
        custom={"label": "Expire", "done": "expired", "says": "The term has ended."},
    )
    def expire(self, *, by: User | None, reason: str) -> None:
        """The term has ended."""
