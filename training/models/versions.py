"""The versions of a module, from draft to end, and what must hold before each step."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django_fsm import RETURN_VALUE, FSMField, transition

from audit.machine import Condition, Dimension, Exported, Subject
from audit.models import present_stay
from designation.models import User
from designation.models.people import DEA, HSI
from training.models.modules import AGENCY_CHOICES, Module
from training.permissions import (
    AGREEING_OWNER,
    ASKING_OWNER,
    BOTH,
    OWNERS,
    REVIEWING_AGENCY,
    TRAINING_READERS,
)


class VersionState(models.TextChoices):
    DRAFTING = "drafting", "Drafting"
    HSI_REVIEW = "hsi_review", "In review by HSI"
    DEA_REVIEW = "dea_review", "In review by DEA"
    SIGN_OFF = "sign_off", "Joint sign-off"
    PUBLISHED = "published", "Published"
    SUPERSEDED = "superseded", "Superseded"
    RETIRED = "retired", "Retired"


IN_DEVELOPMENT = (
    VersionState.DRAFTING.value,
    VersionState.HSI_REVIEW.value,
    VersionState.DEA_REVIEW.value,
    VersionState.SIGN_OFF.value,
)


HAS_SECTIONS = Condition(lambda version: version.sections.in_text().exists(), "Write a section first.")
ALL_SIGNED = Condition(
    lambda version: not version.sections.not_signed().exists(),
    "Not every section is signed off yet by each agency that owns the module.",
)
NOTHING_IN_DISPUTE = Condition(
    lambda version: not version.open_disputes().exists(),
    "A dispute on it is open. Settle that first.",
)
OWNED_BY_BOTH = Condition(
    lambda version: version.module.is_joint, "One agency owns the module, and retires it without asking the other."
)
NOT_ASKED = Condition(
    lambda version: not version.retirement_asked_by, "Its retirement is asked for already. The other agency retires it."
)
ASKED_OF_THE_OTHER = Condition(
    lambda version: not version.module.is_joint or version.retirement_asked_by,
    "Both agencies agree to retire what they published jointly: ask the other agency first.",
)


class ModuleVersionQuerySet(models.QuerySet["ModuleVersion"]):
    def visible_to(self, user: User) -> ModuleVersionQuerySet:
        """Those who develop or audit training see drafts; everybody else what was published."""
        if user.has_role(*TRAINING_READERS):
            return self
        return self.once_published() if user.is_active else self.none()

    def with_clock(self) -> ModuleVersionQuerySet:
        """Adds the present stay in a state: `clock_party`, `entered_at`, `due_at`, `seconds_so_far` (business seconds)
        and `clock_status`.
        """
        return self.annotate(**present_stay(ModuleVersion.workflow))

    def in_development(self) -> ModuleVersionQuerySet:
        return self.filter(state__in=IN_DEVELOPMENT)

    def published(self) -> ModuleVersionQuerySet:
        return self.filter(state=VersionState.PUBLISHED)

    def most_telling_first(self) -> ModuleVersionQuerySet:
        """The published one, then those that were published, the last first, then the others, the last first."""
        was_published = Case(
            When(state=VersionState.PUBLISHED, then=0), When(published_on__isnull=False, then=1), default=2
        )
        return self.order_by(was_published, "-ordinal")

    def once_published(self) -> ModuleVersionQuerySet:
        """Those that are published, and those that were."""
        return self.filter(published_on__isnull=False)


PASS = {
    "label": "Pass",
    "done": "passed in review",
    "says": "The agency has no objection; the next agency reviews, or sign-off begins.",
}
RETURN = {
    "label": "Return to drafting",
    "done": "returned to drafting",
    "says": "Sends it back to be written again. Sign-offs stay until a section's text changes.",
    "reason_required": True,
}
RETIRE = {
    "label": "Retire",
    "done": "retired",
    "says": "Nobody completes it any more. Completions of before stay on record.",
    "reason_required": True,
    "harmful": True,
}


class ModuleVersion(Subject):
    """One version of a module, from its draft to its publication and its end."""

    workflow: ClassVar[str] = "module version"
    parties = {
        VersionState.DRAFTING.value: BOTH,
        VersionState.HSI_REVIEW.value: HSI,
        VersionState.DEA_REVIEW.value: DEA,
        VersionState.SIGN_OFF.value: BOTH,
    }
    final_states = frozenset({VersionState.PUBLISHED.value, VersionState.SUPERSEDED.value, VersionState.RETIRED.value})
    moved_fields = ("published_on", "ended_on", "retirement_asked_by")
    exported = Exported(
        identifiers={"module_title": ("module__title", "The module’s title.")},
        dimensions={
            "module": Dimension("Module", "Code of the module.", lambda: Module.objects.values_list("code", "title")),
            "owner": Dimension(
                "Owner", "The agency that owns it, or both.", lambda: [(HSI, HSI), (DEA, DEA), (BOTH, BOTH)]
            ),
        },
        counts={"drafts": (VersionState.DRAFTING.value, "How often it was in drafting.")},
    )

    number = models.CharField(max_length=20, unique=True, editable=False)
    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="versions")
    ordinal = models.PositiveSmallIntegerField(editable=False, help_text="1 for the module's first version.")
    state = FSMField(
        max_length=20, choices=VersionState.choices, default=VersionState.DRAFTING.value, protected=True, editable=False
    )
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False, null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    published_on = models.DateField(null=True, editable=False)
    ended_on = models.DateField(null=True, editable=False, help_text="The first day on which it no longer counted.")
    retirement_asked_by = models.CharField(
        max_length=10,
        choices=AGENCY_CHOICES,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The owner that asked the other to retire it while it is published.",
    )

    objects = ModuleVersionQuerySet.as_manager()

    class Meta:
        ordering = ["module", "-ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["module", "ordinal"], name="version_ordinal_unique"),
            models.UniqueConstraint(
                fields=["module"], name="version_one_in_development", condition=Q(state__in=IN_DEVELOPMENT)
            ),
            models.UniqueConstraint(
                fields=["module"], name="version_one_published", condition=Q(state=VersionState.PUBLISHED.value)
            ),
            models.CheckConstraint(name="version_state_known", condition=Q(state__in=VersionState.values)),
            models.CheckConstraint(
                name="version_published_has_its_day",
                condition=~Q(state__in=["published", "superseded"]) | Q(published_on__isnull=False),
            ),
            models.CheckConstraint(
                name="version_retirement_asked_while_published",
                condition=Q(state="published") | Q(retirement_asked_by=""),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def dimensions(self) -> dict[str, str]:
        return {"module": self.module.code, "owner": self.module.owner}

    def party(self) -> str:
        """A module of one agency is on that agency's clock alone."""
        shared = super().party()
        return self.module.owner if shared == BOTH else shared

    def get_absolute_url(self) -> str:
        return reverse("training:version", args=[self.number])

    def open_disputes(self) -> Any:
        """Disputes on the version or on one of its sections that are not settled."""
        from training.models.disputes import Dispute

        return Dispute.objects.open().filter(Q(module_version=self) | Q(section__module_version=self))

    def requirements_to_lift(self) -> Any:
        """Requirements of the module in force today or later, which block nobody once no version is published."""
        return self.module.requirements.not_ended(timezone.localdate())

    @transition(
        state,
        source=VersionState.DRAFTING,
        target=RETURN_VALUE(VersionState.HSI_REVIEW, VersionState.DEA_REVIEW),
        permission=OWNERS,
        conditions=[HAS_SECTIONS],
        custom={
            "label": "Send to review",
            "done": "sent to review",
            "says": "Each agency that owns the module reviews it in turn, HSI first.",
        },
    )
    def send_to_review(self, *, by: User, reason: str) -> str:
        return VersionState.HSI_REVIEW.value if HSI in self.module.owners else VersionState.DEA_REVIEW.value

    @transition(
        state,
        source=VersionState.HSI_REVIEW,
        target=RETURN_VALUE(VersionState.DEA_REVIEW, VersionState.SIGN_OFF),
        permission=REVIEWING_AGENCY,
        custom=PASS,
    )
    @transition(
        state,
        source=VersionState.DEA_REVIEW,
        target=RETURN_VALUE(VersionState.SIGN_OFF),
        permission=REVIEWING_AGENCY,
        custom=PASS,
    )
    def pass_review(self, *, by: User, reason: str) -> str:
        if self.state == VersionState.HSI_REVIEW and DEA in self.module.owners:
            return VersionState.DEA_REVIEW.value
        return VersionState.SIGN_OFF.value

    @transition(
        state, source=VersionState.HSI_REVIEW, target=VersionState.DRAFTING, permission=REVIEWING_AGENCY, custom=RETURN
    )
    @transition(
        state, source=VersionState.DEA_REVIEW, target=VersionState.DRAFTING, permission=REVIEWING_AGENCY, custom=RETURN
    )
    @transition(state, source=VersionState.SIGN_OFF, target=VersionState.DRAFTING, permission=OWNERS, custom=RETURN)
    def return_to_drafting(self, *, by: User, reason: str) -> None:
        """It is written again."""

    @transition(
        state,
        source=VersionState.SIGN_OFF,
        target=VersionState.PUBLISHED,
        permission=OWNERS,
        conditions=[NOTHING_IN_DISPUTE, ALL_SIGNED],
        custom={
            "label": "Publish",
            "done": "published",
            "says": "Completions count and requirements apply from today. The version before is superseded.",
        },
    )
    def publish(self, *, by: User, reason: str) -> None:
        self.published_on = timezone.localdate()

    @transition(
        state,
        source=VersionState.PUBLISHED,
        target=VersionState.SUPERSEDED,
        permission=OWNERS,
        custom={"label": "Supersede", "done": "superseded", "says": "A newer version takes its place."},
    )
    def supersede(self, *, by: User, reason: str) -> None:
        self.ended_on, self.retirement_asked_by = timezone.localdate(), ""

    @transition(
        state,
        source=VersionState.PUBLISHED,
        target=VersionState.PUBLISHED,
        permission=OWNERS,
        conditions=[OWNED_BY_BOTH, NOT_ASKED, NOTHING_IN_DISPUTE],
        custom={
            "label": "Ask to retire",
            "done": "proposed for retirement",
            "says": "Asks the other agency to retire it. It stays published until that agency does.",
            "reason_required": True,
        },
    )
    def ask_retirement(self, *, by: User, reason: str) -> None:
        self.retirement_asked_by = by.agency_code

    @transition(
        state,
        source=VersionState.PUBLISHED,
        target=VersionState.PUBLISHED,
        permission=ASKING_OWNER,
        custom={
            "label": "Take back asking to retire",
            "done": "kept published",
            "says": "Your agency no longer asks the other to retire it.",
        },
    )
    def take_back_retirement(self, *, by: User, reason: str) -> None:
        self.retirement_asked_by = ""

    @transition(
        state,
        source=[VersionState.DRAFTING, VersionState.SIGN_OFF, VersionState.SUPERSEDED],
        target=VersionState.RETIRED,
        permission=OWNERS,
        conditions=[NOTHING_IN_DISPUTE],
        custom=RETIRE,
    )
    @transition(
        state,
        source=VersionState.PUBLISHED,
        target=VersionState.RETIRED,
        permission=AGREEING_OWNER,
        conditions=[ASKED_OF_THE_OTHER, NOTHING_IN_DISPUTE],
        custom=RETIRE,
    )
    def retire(self, *, by: User, reason: str) -> None:
        self.ended_on, self.retirement_asked_by = self.ended_on or timezone.localdate(), ""
