"""Training modules, their versions, and the sections that the agencies sign off."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django_fsm import RETURN_VALUE, FSMField, transition

from audit.machine import Condition, Dimension, Exported, Subject
from audit.models import StageVisit
from designation.models import Agreement, User
from designation.models.people import DEA, HSI
from training.permissions import (
    AGREEING_OWNER,
    ASKING_OWNER,
    BOTH,
    OWNERS,
    REVIEWING_AGENCY,
    SECTION_OWNERS,
    SIGNS_FOR_DEA,
    SIGNS_FOR_HSI,
    TRAINING_READERS,
)

MODULE_CODE = RegexValidator(
    r"^[A-Z0-9]{2,6}(-[A-Z0-9]{1,6})?\Z", "Write capital letters and digits, with one hyphen at most, as JT-2009."
)
AGENCY_CHOICES = [(HSI, HSI), (DEA, DEA)]
LARGEST_ATTACHMENT = 10 * 1024 * 1024  # bytes


class ModuleQuerySet(models.QuerySet["Module"]):
    def visible_to(self, user: User) -> ModuleQuerySet:
        """What training there is is no secret: whoever may sign in sees the list of modules."""
        return self if user.is_active else self.none()


class Module(models.Model):
    """A training module that an agreement asks for, owned by one agency or jointly by both."""

    code = models.CharField(max_length=10, unique=True, validators=[MODULE_CODE])
    title = models.CharField(max_length=200)
    purpose = models.TextField()
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="modules", null=True, blank=True)
    provision = models.TextField(blank=True, help_text="What the agreement says of it, and where.")
    owners = ArrayField(
        models.CharField(max_length=10, choices=AGENCY_CHOICES), help_text="One agency, or both: a joint module."
    )
    pass_mark = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent; empty where completing it is enough.",
    )
    attempts = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="How many one has; empty for any number."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    change_count = models.PositiveIntegerField(default=1, editable=False)

    objects = ModuleQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="module_owned_by_one_or_both",
                condition=Q(owners__in=[[HSI], [DEA], [HSI, DEA]]),
                violation_error_message="A module is owned by HSI, by DEA, or by both.",
            ),
            models.CheckConstraint(
                name="module_pass_mark_is_percent", condition=Q(pass_mark__isnull=True) | Q(pass_mark__range=(1, 100))
            ),
            models.CheckConstraint(
                name="module_has_an_attempt", condition=Q(attempts__isnull=True) | Q(attempts__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def is_joint(self) -> bool:
        return len(self.owners) > 1

    @property
    def owner(self) -> str:
        """As “HSI”, “DEA”, or “HSI and DEA”."""
        return BOTH if self.is_joint else self.owners[0]


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


class SectionState(models.TextChoices):
    UNSIGNED = "unsigned", "Not signed off"
    SIGNED_BY_HSI = "signed_by_hsi", "Signed off by HSI"
    SIGNED_BY_DEA = "signed_by_dea", "Signed off by DEA"
    SIGNED = "signed", "Signed off"
    REMOVED = "removed", "Removed"


IN_TEXT = (
    SectionState.UNSIGNED.value,
    SectionState.SIGNED_BY_HSI.value,
    SectionState.SIGNED_BY_DEA.value,
    SectionState.SIGNED.value,
)

HAS_SECTIONS = Condition(
    lambda version: version.sections.exclude(state=SectionState.REMOVED).exists(), "Write a section first."
)
ALL_SIGNED = Condition(
    lambda version: not version.sections.exclude(state__in=[SectionState.SIGNED, SectionState.REMOVED]).exists(),
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
        visits: Any = StageVisit.objects.open().filter(workflow=ModuleVersion.workflow, subject=OuterRef("number"))
        return self.annotate(
            clock_party=Subquery(visits.values("party")[:1]),
            entered_at=Subquery(visits.values("entered_at")[:1]),
            due_at=Subquery(visits.values("due_at")[:1]),
            seconds_so_far=Subquery(visits.with_business_seconds_so_far().values("seconds_so_far")[:1]),
            clock_status=Subquery(visits.with_clock_status().values("clock_status")[:1]),
        )

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


class SectionQuerySet(models.QuerySet["Section"]):
    def visible_to(self, user: User) -> SectionQuerySet:
        return self.filter(module_version__in=ModuleVersion.objects.visible_to(user))

    def with_disputed(self) -> SectionQuerySet:
        """Adds `disputed`, whether a dispute on it is open."""
        from training.models.disputes import Dispute

        return self.annotate(disputed=Exists(Dispute.objects.open().filter(section=OuterRef("pk"))))

    def in_text(self) -> SectionQuerySet:
        """Those that are part of the version, without what was removed."""
        return self.filter(state__in=IN_TEXT)


IN_SIGN_OFF = Condition(
    lambda section: section.module_version.state == VersionState.SIGN_OFF,
    "Sections are signed off once each agency has passed the version in review.",
)
CAN_CHANGE = Condition(
    lambda section: section.module_version.state in {VersionState.DRAFTING, VersionState.SIGN_OFF},
    "Text changes in drafting and in sign-off only. Return the version to drafting first.",
)
IN_DRAFTING = Condition(
    lambda section: section.module_version.state == VersionState.DRAFTING,
    "Sections are removed in drafting only. Return the version to drafting first.",
)
NOT_IN_DISPUTE = Condition(
    lambda section: not section.disputed, "A dispute on this section is open. Settle that first."
)
SIGN = {
    "label": "Sign off",
    "done": "signed off",
    "says": "Your agency agrees to the text as it is. A later change clears the sign-off.",
}


class Section(Subject):
    """A section of a version: text in Markdown, which each agency that owns the module signs off.

    `key` stays the same from version to version, so that two versions can be compared section by section.
    """

    workflow: ClassVar[str] = "module section"
    parties = {SectionState.SIGNED_BY_HSI.value: DEA, SectionState.SIGNED_BY_DEA.value: HSI}
    final_states = frozenset({SectionState.REMOVED.value})

    number = models.CharField(max_length=20, unique=True, editable=False)
    module_version = models.ForeignKey(ModuleVersion, on_delete=models.PROTECT, related_name="sections")
    key = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Markdown.")
    revision = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the texts on record.")
    state = FSMField(
        max_length=20, choices=SectionState.choices, default=SectionState.UNSIGNED.value, protected=True, editable=False
    )

    objects = SectionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["module_version", "key"], name="section_key_unique", condition=Q(state__in=IN_TEXT)
            ),
            models.CheckConstraint(name="section_state_known", condition=Q(state__in=SectionState.values)),
        ]

    def __str__(self) -> str:
        return self.title

    def dimensions(self) -> dict[str, str]:
        return {**self.module_version.dimensions(), "version": self.module_version.number}

    @cached_property
    def disputed(self) -> bool:
        """Whether a dispute on it is open; `with_disputed` knows it for all rows at once."""
        return self.disputes.open().exists()

    @property
    def missing_agencies(self) -> list[str]:
        """The owners that have not signed it off."""
        given = {
            SectionState.UNSIGNED: (),
            SectionState.SIGNED_BY_HSI: (HSI,),
            SectionState.SIGNED_BY_DEA: (DEA,),
            SectionState.SIGNED: (HSI, DEA),
        }[SectionState(self.state)]
        return [agency for agency in self.module_version.module.owners if agency not in given]

    @transition(
        state,
        source=list(IN_TEXT),
        target=SectionState.UNSIGNED,
        permission=SECTION_OWNERS,
        conditions=[CAN_CHANGE],
        custom={
            "label": "Change",
            "done": "changed",
            "says": "Puts the new text in its place and clears the sign-offs of the old one.",
        },
    )
    def change(self, *, by: User, reason: str) -> None:
        """The text itself is kept by the workflow."""

    @transition(
        state,
        source=[SectionState.UNSIGNED, SectionState.SIGNED_BY_DEA],
        target=RETURN_VALUE(SectionState.SIGNED_BY_HSI, SectionState.SIGNED),
        permission=SIGNS_FOR_HSI,
        conditions=[IN_SIGN_OFF, NOT_IN_DISPUTE],
        custom=SIGN,
    )
    def sign_for_hsi(self, *, by: User, reason: str) -> str:
        return self._signed_by(HSI, SectionState.SIGNED_BY_HSI)

    @transition(
        state,
        source=[SectionState.UNSIGNED, SectionState.SIGNED_BY_HSI],
        target=RETURN_VALUE(SectionState.SIGNED_BY_DEA, SectionState.SIGNED),
        permission=SIGNS_FOR_DEA,
        conditions=[IN_SIGN_OFF, NOT_IN_DISPUTE],
        custom=SIGN,
    )
    def sign_for_dea(self, *, by: User, reason: str) -> str:
        return self._signed_by(DEA, SectionState.SIGNED_BY_DEA)

    def _signed_by(self, agency: str, alone: SectionState) -> str:
        return alone.value if set(self.missing_agencies) - {agency} else SectionState.SIGNED.value

    @transition(
        state,
        source=list(IN_TEXT),
        target=SectionState.REMOVED,
        permission=SECTION_OWNERS,
        conditions=[IN_DRAFTING, NOT_IN_DISPUTE],
        custom={
            "label": "Remove",
            "done": "removed",
            "says": "Takes the section out of the version. Its texts stay on record.",
            "reason_required": True,
            "harmful": True,
        },
    )
    def remove(self, *, by: User, reason: str) -> None:
        """Its texts stay on record."""


class SectionText(models.Model):
    """A text that a section had. Only ever added."""

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="texts")
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    written_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["section", "revision"]
        constraints = [models.UniqueConstraint(fields=["section", "revision"], name="section_text_once")]

    def __str__(self) -> str:
        return f"{self.section} revision {self.revision}"


class SignOffQuerySet(models.QuerySet["SignOff"]):
    def current(self) -> SignOffQuerySet:
        return self.filter(cleared_at__isnull=True)


class SignOff(models.Model):
    """An agency's agreement to a section's text. A change of the text clears it; none is deleted."""

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="sign_offs")
    revision = models.PositiveIntegerField(help_text="Of the text that was agreed to.")
    agency = models.CharField(max_length=10, choices=AGENCY_CHOICES)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    given_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True)
    cleared_why = models.CharField(max_length=200, blank=True)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        ordering = ["given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["section", "agency"], name="sign_off_one_current", condition=Q(cleared_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} signed off {self.section}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> AttachmentQuerySet:
        return self.filter(section__in=Section.objects.visible_to(user))

    def current(self) -> AttachmentQuerySet:
        return self.filter(removed_at__isnull=True)


class Attachment(models.Model):
    """A file that belongs to a section. It is kept in the database, so that it shares its backups and transactions."""

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    added_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    added_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    removed_by_name = models.CharField(max_length=160, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="attachment_size_allowed", condition=Q(size__gt=0) & Q(size__lte=LARGEST_ATTACHMENT)
            ),
        ]

    def __str__(self) -> str:
        return self.name
