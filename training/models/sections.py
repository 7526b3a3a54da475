"""The sections of a version: their texts, attachments, and the sign-offs of the agencies that own the module."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django_fsm import RETURN_VALUE, FSMField, transition

from audit.machine import Condition, Subject
from designation.models import User
from designation.models.files import LARGEST_FILE, KeptFile
from designation.models.people import DEA, HSI
from training.models.modules import AGENCY_CHOICES
from training.models.versions import ModuleVersion, VersionState
from training.permissions import (
    SECTION_OWNERS,
    SIGNS_FOR_DEA,
    SIGNS_FOR_HSI,
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

    def not_signed(self) -> SectionQuerySet:
        """Those of which an agency's sign-off is missing."""
        return self.in_text().exclude(state=SectionState.SIGNED)


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
    "Sections are moved and removed in drafting only. Return the version to drafting first.",
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

    @transition(
        state,
        source=list(IN_TEXT),
        target=RETURN_VALUE(*IN_TEXT),
        permission=SECTION_OWNERS,
        conditions=[IN_DRAFTING],
        custom={
            "label": "Move",
            "done": "moved",
            "says": "Changes places with the section before it or after it. Sign-offs stay: they agree to the text.",
        },
    )
    def move(self, *, by: User, reason: str) -> str:
        return str(self.state)

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


class Attachment(KeptFile):
    """A file that belongs to a section."""

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="attachments")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    removed_at = models.DateTimeField(null=True)
    removed_by_name = models.CharField(max_length=160, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(name="attachment_size_allowed", condition=Q(size__gt=0) & Q(size__lte=LARGEST_FILE)),
        ]
