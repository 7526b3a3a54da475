"""The request for cross-designation and its state machine.

The transitions say from where to where, by whom and under which conditions. `designation.workflow` performs them:
it locks, checks and records, and nothing else may.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils.functional import cached_property
from django_fsm import RETURN_VALUE, FSMField, transition

from audit.machine import Condition, Dimension, Exported, ReasonRequired, Subject
from audit.models import StageVisit, StepEvent, present_stay
from designation.models.people import DEA, HSI, Agent, Agreement, Office, Role, User
from designation.permissions import (
    DEA_DIVISION,
    DEA_HEADQUARTERS,
    DEA_INTAKE,
    FILING_OFFICE,
    HSI_HEADQUARTERS,
)


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    HSI_REVIEW = "hsi_review", "HSI review"
    DEA_INTAKE = "dea_intake", "DEA intake"
    FIELD_REVIEW = "field_review", "DEA field review"
    DEA_DECISION = "dea_decision", "DEA decision"
    RETURNED = "returned", "Returned to HSI"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"


FINAL_STATES = frozenset({State.APPROVED.value, State.DENIED.value, State.WITHDRAWN.value})
OPEN_STATES = tuple(state.value for state in State if state not in FINAL_STATES)

NOT_RECONSIDERED = Condition(
    lambda request: not request.reconsidered, "A denial is reconsidered once; this one has been."
)

EXPORTED = Exported(
    identifiers={"badge_number": ("agent__badge_number", "The agent’s badge number, with its leading zeros.")},
    dimensions={
        "office": Dimension(
            "HSI office", "Code of the HSI office that files it.", lambda: _named(Office.objects.hsi())
        ),
        "division": Dimension(
            "DEA division", "Code of the DEA division that it is routed to.", lambda: _named(Office.objects.dea())
        ),
        "kind": Dimension("Kind", "What is asked for: initial, renewal or transfer.", lambda: Request.Kind.choices),
        "priority": Dimension("Priority", "Routine or expedited.", lambda: Request.Priority.choices),
    },
    counts={"returns": (State.RETURNED.value, "How often it was returned to the office.")},
    parts={"transmitted": Q(transmitted=True)},
)


def _named(offices: models.QuerySet[Office]) -> list[tuple[str, str]]:
    # As str(office) has it. Each report page lists them, and whole offices would take a tenth of its time.
    return [(code, f"{code} {name}") for code, name in offices.values_list("code", "name")]


AGAINST_NONCONCURRENCE = ReasonRequired(lambda request: request.nonconcurred, "against a nonconcurrence")

RETURN = {
    "label": "Return to office",
    "done": "returned",
    "says": "Sends it back to the HSI office with what is missing; HSI's clock runs until it answers.",
    "reason_required": True,
}


class RequestQuerySet(models.QuerySet["Request"]):
    def visible_to(self, user: User) -> RequestQuerySet:
        """Coordinators see their office's, HSI headquarters and auditors all, DEA what was transmitted to it."""
        if user.has_role(Role.HSI_HQ, Role.AUDITOR):
            return self
        allowed = Q(pk__in=[])
        if user.has_role(Role.COORDINATOR):
            allowed |= Q(office=user.office_id)
        if user.has_role(Role.DEA_HQ):
            allowed |= Q(transmitted=True)
        if user.has_role(Role.DEA_FIELD):
            allowed |= Q(transmitted=True, division=user.office_id)
        return self.filter(allowed)

    def open(self) -> RequestQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def with_clock(self) -> RequestQuerySet:
        """Adds the present stay in a stage: `clock_party`, `in_stage_since`, `in_stage_seconds` (business), `due_at`
        and `clock_status`.

        All are empty for a request that has ended.
        """
        stay = present_stay(Request.workflow)
        return self.annotate(
            clock_party=stay["clock_party"],
            in_stage_since=stay["entered_at"],
            in_stage_seconds=stay["seconds_so_far"],
            due_at=stay["due_at"],
            clock_status=stay["clock_status"],
        )

    def with_course(self) -> RequestQuerySet:
        """Adds when a clock first ran for it, `submitted_at`, and when it ended, `ended_at`, from the ledger."""
        of_it = {"workflow": Request.workflow, "subject": OuterRef("number")}
        clocked = StageVisit.objects.filter(**of_it).exclude(party="").order_by("sequence")
        last = StepEvent.objects.filter(**of_it).order_by("-sequence")
        return self.annotate(
            submitted_at=Subquery(clocked.values("entered_at")[:1]),
            ended_at=Case(When(state__in=FINAL_STATES, then=Subquery(last.values("at")[:1]))),
        )

    def with_people(self) -> RequestQuerySet:
        """Adds who and what it is about, and `nonconcurred`."""
        against = FieldOpinion.objects.current().filter(request=OuterRef("pk"), concurs=False)
        people = self.select_related("agent", "office", "division", "agreement", "filed_by", "decided_by")
        return people.annotate(nonconcurred=Exists(against))


class Request(Subject):
    """An HSI office asks DEA to cross-designate one agent."""

    class Kind(models.TextChoices):
        INITIAL = "initial", "Initial"
        RENEWAL = "renewal", "Renewal"
        TRANSFER = "transfer", "Transfer to a new office"

    class Priority(models.TextChoices):
        ROUTINE = "routine", "Routine"
        EXPEDITED = "expedited", "Expedited"

    workflow: ClassVar[str] = "request"
    parties = {
        State.HSI_REVIEW.value: HSI,
        State.DEA_INTAKE.value: DEA,
        State.FIELD_REVIEW.value: DEA,
        State.DEA_DECISION.value: DEA,
        State.RETURNED.value: HSI,
    }
    final_states = FINAL_STATES
    exported = EXPORTED
    moved_fields = ("filed_by_id", "transmitted", "returned_from", "decided_by_id", "reconsidered")

    number = models.CharField(max_length=20, unique=True, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="requests")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="requests", verbose_name="HSI office")
    division = models.ForeignKey(
        Office, on_delete=models.PROTECT, related_name="routed_requests", verbose_name="DEA division"
    )
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.INITIAL)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.ROUTINE)
    justification = models.TextField()
    filed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="filed_requests")
    created_at = models.DateTimeField(db_default=models.functions.Now(), editable=False)
    state = FSMField(max_length=20, choices=State.choices, default=State.DRAFT.value, protected=True, editable=False)
    transmitted = models.BooleanField(default=False, editable=False, help_text="HSI headquarters sent it to DEA.")
    returned_from = models.CharField(max_length=20, choices=State.choices, blank=True, editable=False)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="decided_requests", null=True, editable=False
    )
    reconsidered = models.BooleanField(default=False, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], name="request_one_open_per_agent", condition=Q(state__in=OPEN_STATES)
            ),
            models.CheckConstraint(name="request_not_decided_by_its_filer", condition=~Q(decided_by=F("filed_by"))),
            models.CheckConstraint(
                name="request_decided_by_somebody",
                condition=Q(state__in=["approved", "denied"], decided_by__isnull=False)
                | (~Q(state__in=["approved", "denied"]) & Q(decided_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="request_returned_from_a_state",
                condition=Q(state="returned", returned_from__in=["hsi_review", "dea_intake", "dea_decision"])
                | (~Q(state="returned") & Q(returned_from="")),
            ),
            models.CheckConstraint(name="request_state_known", condition=Q(state__in=State.values)),
        ]
        indexes = [
            models.Index(fields=["office", "state"], name="request_office_state"),
            models.Index(fields=["division", "state"], name="request_division_state"),
            models.Index(fields=["state", "-id"], name="request_state_newest"),
            models.Index(fields=["office", "-id"], name="request_office_newest"),
            models.Index(fields=["division", "-id"], name="request_division_newest"),
            models.Index(fields=["-id"], name="request_open_newest", condition=Q(state__in=OPEN_STATES)),
        ]

    def __str__(self) -> str:
        return self.number

    @cached_property
    def nonconcurred(self) -> bool:
        """Whether the division's opinion on file is against it; `with_people` knows it for all rows at once."""
        return self.opinions.filter(superseded_at__isnull=True, concurs=False).exists()

    def dimensions(self) -> dict[str, str]:
        return {
            "office": self.office.code,
            "division": self.division.code,
            "kind": self.kind,
            "priority": self.priority,
        }

    @transition(
        state,
        source=State.DRAFT,
        target=State.HSI_REVIEW,
        permission=FILING_OFFICE,
        custom={
            "label": "Submit",
            "done": "submitted",
            "says": "Sends it to HSI headquarters for endorsement.",
        },
    )
    def submit(self, *, by: User, reason: str) -> None:
        self.filed_by = by

    @transition(
        state,
        source=State.HSI_REVIEW,
        target=State.DEA_INTAKE,
        permission=HSI_HEADQUARTERS,
        custom={
            "label": "Endorse",
            "done": "endorsed",
            "says": "Endorses it for HSI and transmits it to DEA, whose clock starts.",
        },
    )
    def endorse(self, *, by: User, reason: str) -> None:
        self.transmitted = True

    @transition(
        state,
        source=State.DEA_INTAKE,
        target=State.FIELD_REVIEW,
        permission=DEA_INTAKE,
        custom={
            "label": "Accept",
            "done": "accepted",
            "says": "Takes it in as complete and sends it to the field division for its concurrence.",
        },
    )
    def accept(self, *, by: User, reason: str) -> None:
        """The request is complete; the division is asked."""

    @transition(
        state,
        source=State.FIELD_REVIEW,
        target=State.DEA_DECISION,
        permission=DEA_DIVISION,
        custom={
            "label": "Concur",
            "done": "recorded as concurred",
            "says": "Records the division's concurrence and sends it to DEA headquarters for decision.",
        },
    )
    def concur(self, *, by: User, reason: str) -> None:
        """The opinion itself is recorded by the workflow."""

    @transition(
        state,
        source=State.FIELD_REVIEW,
        target=State.DEA_DECISION,
        permission=DEA_DIVISION,
        custom={
            "label": "Nonconcur",
            "done": "recorded as nonconcurred",
            "says": "Records the division's nonconcurrence, which is shown to whoever decides.",
            "reason_required": True,
        },
    )
    def nonconcur(self, *, by: User, reason: str) -> None:
        """The opinion itself is recorded by the workflow."""

    @transition(
        state,
        source=State.DEA_DECISION,
        target=State.APPROVED,
        permission=DEA_HEADQUARTERS,
        custom={
            "label": "Approve",
            "done": "approved",
            "says": "Cross-designates the agent as of today and ends the request.",
            "reason_required": AGAINST_NONCONCURRENCE,
        },
    )
    def approve(self, *, by: User, reason: str) -> None:
        self.decided_by = by

    @transition(
        state,
        source=State.DEA_DECISION,
        target=State.DENIED,
        permission=DEA_HEADQUARTERS,
        custom={
            "label": "Deny",
            "done": "denied",
            "says": "Denies it and ends the request; a denial can be reconsidered once.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def deny(self, *, by: User, reason: str) -> None:
        self.decided_by = by

    @transition(
        state,
        source=State.DEA_DECISION,
        target=State.FIELD_REVIEW,
        permission=DEA_HEADQUARTERS,
        custom={
            "label": "Refer back",
            "done": "referred back",
            "says": "Asks the field division again; its new opinion takes the place of the one on file.",
            "reason_required": True,
        },
    )
    def refer_back(self, *, by: User, reason: str) -> None:
        """The division's next opinion supersedes the one on file."""

    @transition(state, source=State.HSI_REVIEW, target=State.RETURNED, permission=HSI_HEADQUARTERS, custom=RETURN)
    @transition(state, source=State.DEA_INTAKE, target=State.RETURNED, permission=DEA_INTAKE, custom=RETURN)
    @transition(state, source=State.DEA_DECISION, target=State.RETURNED, permission=DEA_HEADQUARTERS, custom=RETURN)
    def return_to_office(self, *, by: User, reason: str) -> None:
        self.returned_from = self.state

    @transition(
        state,
        source=State.RETURNED,
        target=RETURN_VALUE(State.HSI_REVIEW, State.DEA_INTAKE, State.DEA_DECISION),
        permission=FILING_OFFICE,
        custom={
            "label": "Resubmit",
            "done": "resubmitted",
            "says": "Sends the answer to whoever returned it, whose clock runs again.",
            "reason_required": True,
        },
    )
    def resubmit(self, *, by: User, reason: str) -> str:
        returned_from, self.returned_from = self.returned_from, ""
        return returned_from

    @transition(
        state,
        source=State.DENIED,
        target=State.DEA_DECISION,
        permission=DEA_HEADQUARTERS,
        conditions=[NOT_RECONSIDERED],
        custom={
            "label": "Reconsider",
            "done": "reopened",
            "says": "Opens the denied request for one new decision.",
            "reason_required": True,
        },
    )
    def reconsider(self, *, by: User, reason: str) -> None:
        self.reconsidered = True
        self.decided_by = None

    @transition(
        state,
        source=list(OPEN_STATES),
        target=State.WITHDRAWN,
        permission=FILING_OFFICE,
        custom={
            "label": "Withdraw",
            "done": "withdrawn",
            "says": "Ends the request for HSI. To ask again, the office files a new one.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def withdraw(self, *, by: User, reason: str) -> None:
        self.returned_from = ""


class FieldOpinionQuerySet(models.QuerySet["FieldOpinion"]):
    def current(self) -> FieldOpinionQuerySet:
        return self.filter(superseded_at__isnull=True)

    def visible_to(self, user: User) -> FieldOpinionQuerySet:
        return self.filter(request__in=Request.objects.visible_to(user))


class FieldOpinion(models.Model):
    """A division's concurrence or nonconcurrence. A later one supersedes it; none is deleted."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="opinions")
    division = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    concurs = models.BooleanField()
    reason = models.TextField(blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    given_at = models.DateTimeField(db_default=models.functions.Now())
    superseded_at = models.DateTimeField(null=True)

    objects = FieldOpinionQuerySet.as_manager()

    class Meta:
        ordering = ["given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], name="opinion_one_current", condition=Q(superseded_at__isnull=True)
            ),
            models.CheckConstraint(name="opinion_nonconcurrence_has_reason", condition=Q(concurs=True) | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.division.code} {'concurs' if self.concurs else 'does not concur'}"
