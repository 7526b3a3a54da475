"""Disputes between the agencies over training or over a request, and the levels that settle them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django_fsm import FSMField, transition

from audit.calendar import default_name
from audit.machine import Condition, Dimension, Exported, Subject
from audit.models import Calendar, StageVisit, StepEvent, present_stay
from designation.models import Office, Request, Role, User
from designation.models.people import DEA, HSI
from training.models.modules import AGENCY_CHOICES, Module
from training.models.sections import Section
from training.models.versions import ModuleVersion
from training.permissions import BOTH, DISPUTE_SIDES, HEADQUARTERS, LEADERSHIP, OTHER_SIDE, SYSTEM, TRAINING_READERS


class Level(models.TextChoices):
    """The states: the levels of the mechanism that the joint letter of 2021 asks for, then the end."""

    WORKING = "working_level", "Working level"
    HEADQUARTERS = "headquarters_review", "Headquarters Review Team"
    LEADERSHIP = "leadership", "Leadership"
    SETTLED = "settled", "Settled"


OPEN_LEVELS = (Level.WORKING.value, Level.HEADQUARTERS.value, Level.LEADERSHIP.value)
NEXT_LEVEL = {Level.WORKING.value: Level.HEADQUARTERS.value, Level.HEADQUARTERS.value: Level.LEADERSHIP.value}


class About(models.TextChoices):
    SECTION = "section", "A section of a module"
    VERSION = "version", "A version of a module"
    REQUEST = "request", "A request"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: User) -> DisputeQuerySet:
        """Those who develop or audit training see all; everybody else those on requests that they see."""
        if user.has_role(*TRAINING_READERS):
            return self
        return self.filter(request__in=Request.objects.visible_to(user))

    def open(self) -> DisputeQuerySet:
        return self.exclude(state=Level.SETTLED)

    def with_subjects(self) -> DisputeQuerySet:
        """Adds what it is about and who opened it."""
        return self.select_related(
            "section__module_version__module",
            "module_version__module",
            "request__agent",
            "request__office",
            "request__division",
            "opened_by",
        )

    def with_clocks(self) -> DisputeQuerySet:
        """Adds `entered_at`, `due_at`, `seconds_so_far` (business seconds) and `clock_status` of the level it is at."""
        return self.annotate(**present_stay(Dispute.workflow))

    def with_age(self) -> DisputeQuerySet:
        """Adds `settled_at`, empty while open, and `age_seconds`: business seconds since it was opened, until then."""
        visits = StageVisit.objects.filter(workflow=Dispute.workflow, subject=OuterRef("number"))
        age = Func(
            Subquery(Calendar.objects.filter(name=default_name()).values("pk")),
            Subquery(visits.order_by("sequence").values("entered_at")[:1]),
            Coalesce(F("settled_at"), Now()),
            function="audit_business_seconds",
            output_field=models.BigIntegerField(),
        )
        settled_at = Subquery(visits.order_by("-sequence").values("left_at")[:1])
        return self.annotate(settled_at=settled_at).annotate(age_seconds=age)

    def waiting_for(self, agency: str) -> DisputeQuerySet:
        """Those open in which the agency has not stated its position, or has an outcome to answer, or all that wait
        for leadership, which either agency's headquarters speaks for."""
        stated = Position.objects.filter(dispute=OuterRef("pk"), agency=agency)
        to_answer = Proposal.objects.filter(dispute=OuterRef("pk"), answered_at__isnull=True).exclude(agency=agency)
        return self.open().filter(~Exists(stated) | Exists(to_answer) | Q(state=Level.LEADERSHIP))

    def argued_by(self, user: User) -> DisputeQuerySet:
        """Those that the user opened, stated a position in, proposed or answered an outcome for, or escalated."""
        escalated = StepEvent.objects.filter(workflow=Dispute.workflow, subject=OuterRef("number"), actor=user)
        return self.filter(
            Q(opened_by=user)
            | Exists(Position.objects.filter(dispute=OuterRef("pk"), stated_by=user))
            | Exists(Proposal.objects.filter(Q(made_by=user) | Q(answered_by=user), dispute=OuterRef("pk")))
            | Exists(escalated.filter(transition="escalate"))
        )


HAS_PROPOSAL = Condition(
    lambda dispute: dispute.open_proposal is not None, "No outcome is proposed. Propose one, or escalate."
)


def heard(agency: str) -> Condition:
    """The agency has said what it holds, or had the whole time of the present level to say so."""
    return Condition(
        lambda dispute: agency in dispute.stated_agencies or dispute.is_overdue,
        f"{agency} has not stated its position, and the due time of this level has not passed.",
    )


class Dispute(Subject):
    """A point on which the agencies do not agree, until both accept an outcome or leadership decides."""

    class Settled(models.TextChoices):
        AGREED = "agreed", "Both sides accepted the outcome"
        DECIDED = "decided", "Decided by leadership"

    workflow: ClassVar[str] = "dispute"
    parties = dict.fromkeys(OPEN_LEVELS, BOTH)
    final_states = frozenset({Level.SETTLED.value})
    moved_fields = ("outcome", "settled")
    exported = Exported(
        identifiers={"point_at_issue": ("title", "The point at issue, in a few words.")},
        dimensions={
            "about": Dimension("About", "What it is about: a section, a version, or a request.", lambda: About.choices),
            "module": Dimension(
                "Module",
                "Code of the module, where it is about one.",
                lambda: Module.objects.values_list("code", "title"),
            ),
            "office": Dimension(
                "HSI office",
                "Code of the office of the request, where it is about one.",
                lambda: Office.objects.hsi().values_list("code", "name"),
            ),
            "opened_by": Dimension("Opened by", "The agency that opened it.", lambda: AGENCY_CHOICES),
        },
        counts={},
    )

    number = models.CharField(max_length=20, unique=True, editable=False)
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, related_name="disputes", editable=False)
    module_version = models.ForeignKey(
        ModuleVersion, on_delete=models.PROTECT, null=True, related_name="disputes", editable=False
    )
    request = models.ForeignKey(Request, on_delete=models.PROTECT, null=True, related_name="disputes", editable=False)
    title = models.CharField(max_length=120)
    issue = models.TextField(help_text="The point at issue.")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    opened_by_agency = models.CharField(max_length=10, choices=AGENCY_CHOICES, editable=False)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    state = FSMField(max_length=20, choices=Level.choices, default=Level.WORKING.value, protected=True, editable=False)
    outcome = models.TextField(blank=True, editable=False)
    settled = models.CharField(max_length=10, choices=Settled.choices, blank=True, editable=False)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="dispute_is_about_one_thing",
                condition=Q(section__isnull=False, module_version__isnull=True, request__isnull=True)
                | Q(section__isnull=True, module_version__isnull=False, request__isnull=True)
                | Q(section__isnull=True, module_version__isnull=True, request__isnull=False),
            ),
            models.CheckConstraint(name="dispute_state_known", condition=Q(state__in=Level.values)),
            models.CheckConstraint(
                name="dispute_settled_with_an_outcome",
                condition=(Q(state="settled") & ~Q(outcome="") & ~Q(settled=""))
                | (~Q(state="settled") & Q(outcome="", settled="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("training:dispute", args=[self.number])

    @property
    def about(self) -> About:
        if self.request_id:
            return About.REQUEST
        return About.SECTION if self.section_id else About.VERSION

    @property
    def module(self) -> Module | None:
        if self.section is not None:
            return self.section.module_version.module
        return self.module_version.module if self.module_version is not None else None

    @property
    def subject(self) -> Section | ModuleVersion | Request:
        found = self.section or self.module_version or self.request
        assert found is not None
        return found

    def dimensions(self) -> dict[str, str]:
        return {
            "about": self.about.value,
            "module": self.module.code if self.module else "",
            "office": self.request.office.code if self.request else "",
            "opened_by": self.opened_by_agency,
        }

    def concerns(self, user: User) -> bool:
        """Whether the user has a part in what it is about: anywhere at headquarters, else in his reach."""
        if user.has_role(*HEADQUARTERS):
            return True
        if self.request is None:
            return user.has_role(Role.TRAINING_MANAGER)
        if user.has_role(Role.COORDINATOR):
            return bool(self.request.office_id == user.office_id)
        return user.has_role(Role.DEA_FIELD) and self.request.division_id == user.office_id

    @property
    def open_proposal(self) -> Proposal | None:
        return next((found for found in self.proposals.all() if found.answered_at is None), None)

    @property
    def stated_agencies(self) -> set[str]:
        return {position.agency for position in self.positions.all()}

    @property
    def is_overdue(self) -> bool:
        """Whether the due time of the level that it is at has passed; one without a goal never is."""
        stays = StageVisit.objects.open().filter(workflow=self.workflow, subject=self.number)
        return stays.filter(due_at__lt=Now()).exists()

    def is_argued_by(self, user: User) -> bool:
        """Whether the user opened it, or stated, proposed or escalated anything in it."""
        return Dispute.objects.argued_by(user).filter(pk=self.pk).exists()

    def proposed_to(self, user: User) -> bool:
        """Whether an outcome waits for an answer of the user's agency."""
        proposal = self.open_proposal
        return proposal is not None and proposal.agency != user.agency_code

    @transition(
        state,
        source=Level.WORKING,
        target=Level.HEADQUARTERS,
        permission=DISPUTE_SIDES,
        custom={
            "label": "Escalate",
            "done": "escalated",
            "says": "Takes it to the next level, whose clock starts. Both sides are told.",
            "reason_required": True,
        },
    )
    @transition(
        state,
        source=Level.HEADQUARTERS,
        target=Level.LEADERSHIP,
        permission=DISPUTE_SIDES,
        custom={
            "label": "Escalate",
            "done": "escalated",
            "says": "Takes it to the next level, whose clock starts. Both sides are told.",
            "reason_required": True,
        },
    )
    def escalate(self, *, by: User, reason: str) -> None:
        """The next level takes it."""

    @transition(
        state,
        source=Level.WORKING,
        target=Level.HEADQUARTERS,
        permission=SYSTEM,
        custom={"label": "Escalate when overdue", "done": "escalated", "says": "The level's goal has passed."},
    )
    @transition(
        state,
        source=Level.HEADQUARTERS,
        target=Level.LEADERSHIP,
        permission=SYSTEM,
        custom={"label": "Escalate when overdue", "done": "escalated", "says": "The level's goal has passed."},
    )
    def escalate_overdue(self, *, by: User | None, reason: str) -> None:
        """The next level takes it, since this one did not settle it in time."""

    @transition(
        state,
        source=list(OPEN_LEVELS),
        target=Level.SETTLED,
        permission=OTHER_SIDE,
        conditions=[HAS_PROPOSAL],
        custom={
            "label": "Accept the outcome",
            "done": "settled",
            "says": "Accepts, for your agency, the outcome that the other proposes, and ends the dispute.",
        },
    )
    def accept(self, *, by: User, reason: str) -> None:
        assert self.open_proposal is not None
        self.outcome, self.settled = self.open_proposal.text, self.Settled.AGREED.value

    @transition(
        state,
        source=Level.LEADERSHIP,
        target=Level.SETTLED,
        permission=LEADERSHIP,
        conditions=[heard(HSI), heard(DEA)],
        custom={
            "label": "Decide",
            "done": "decided",
            "says": "Records what leadership has decided, which ends the dispute for both sides.",
            "reason_required": True,
        },
    )
    def decide(self, *, by: User, reason: str) -> None:
        self.outcome, self.settled = reason.strip(), self.Settled.DECIDED.value


class Position(models.Model):
    """What a side holds in a dispute. A later one supersedes it; none is deleted."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="positions")
    agency = models.CharField(max_length=10, choices=AGENCY_CHOICES)
    text = models.TextField()
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stated_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    stated_at = models.DateTimeField(db_default=Now())
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["stated_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "agency"], name="position_one_current", condition=Q(superseded_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} on {self.dispute}"


class Proposal(models.Model):
    """An outcome that one side proposes. The other accepts or rejects it; another proposal withdraws it."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="proposals")
    agency = models.CharField(max_length=10, choices=AGENCY_CHOICES)
    text = models.TextField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    made_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    accepted = models.BooleanField(null=True, help_text="Empty until answered.")
    withdrawn = models.BooleanField(
        default=False, db_default=False, help_text="Not accepted, since the agency proposed another outcome itself."
    )
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    answered_by_name = models.CharField(max_length=160, blank=True, help_text="As recorded then.")
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], name="proposal_one_open", condition=Q(answered_at__isnull=True)
            ),
            models.CheckConstraint(
                name="proposal_answered_when_accepted_or_not",
                condition=Q(answered_at__isnull=True, accepted__isnull=True)
                | Q(answered_at__isnull=False, accepted__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} proposes on {self.dispute}"

    @property
    def fate(self) -> str:
        """What became of it, in a word or two; empty while it waits for an answer."""
        if self.answered_at is None:
            return ""
        if self.accepted:
            return "Accepted"
        return "Withdrawn" if self.withdrawn else "Not accepted"
