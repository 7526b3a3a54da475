"""Who has completed which module, as records that are only ever added."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.urls import reverse

from designation.models import Agent, Role, User
from designation.models.keys import KeyHolder
from designation.models.people import in_reach_of
from training.models.modules import Module
from training.models.versions import ModuleVersion
from training.permissions import TRAINING_READERS

CHAIN = """
WITH RECURSIVE before AS (
    SELECT id, corrects_id FROM training_completion WHERE id = %s
    UNION ALL
    SELECT wrong.id, wrong.corrects_id FROM training_completion AS wrong JOIN before ON wrong.id = before.corrects_id
), chain AS (
    SELECT id FROM before
    UNION
    SELECT correction.id FROM training_completion AS correction JOIN chain ON correction.corrects_id = chain.id
)
SELECT id FROM chain
"""


class CompletionImportQuerySet(models.QuerySet["CompletionImport"]):
    def visible_to(self, user: User) -> CompletionImportQuerySet:
        return self if user.has_role(*TRAINING_READERS) else self.none()


class CompletionImport(models.Model):
    """A file of completions that was taken in. It can be taken back as a whole, once."""

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(help_text="Completions that it brought.")
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    imported_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    imported_at = models.DateTimeField(db_default=Now())
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by_name = models.CharField(max_length=160, blank=True)
    taken_back_why = models.TextField(blank=True)

    objects = CompletionImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="completion_import_taken_back_with_reason",
                condition=Q(taken_back_at__isnull=True) | ~Q(taken_back_why=""),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class CompletionUploadQuerySet(models.QuerySet["CompletionUpload"]):
    def visible_to(self, user: User) -> CompletionUploadQuerySet:
        return self if user.has_role(Role.TRAINING_MANAGER) else self.none()


class CompletionUpload(models.Model):
    """One file of completions as it was sent, from upload to record. An empty sheet name: none is chosen yet."""

    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, help_text="Of the content, in hexadecimal.")
    sheet = models.TextField(blank=True)
    header_row = models.PositiveIntegerField(null=True)
    mapping = models.JSONField(default=dict, help_text="Field -> column, counted from 0.")
    signature = models.CharField(max_length=64, blank=True, help_text="What tells this layout of columns from others.")
    uploaded_at = models.DateTimeField(db_default=Now())
    recorded_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    imported = models.OneToOneField(CompletionImport, on_delete=models.PROTECT, related_name="upload", null=True)

    objects = CompletionUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="completion_upload_recorded_has_result",
                condition=Q(recorded_at__isnull=True, result__isnull=True, imported__isnull=True)
                | Q(recorded_at__isnull=False, result__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["signature"], name="completion_upload_layout")]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_mapped(self) -> bool:
        """Whether sheet, header row and columns are known, so that it can be previewed and recorded."""
        return bool(self.sheet and self.header_row is not None and self.mapping)


class CompletionQuerySet(models.QuerySet["Completion"]):
    def visible_to(self, user: User) -> CompletionQuerySet:
        """As agents are seen; a user's own always, and other users' by those who develop or audit training."""
        if user.has_role(*TRAINING_READERS):
            return self
        return self.filter(Q(user=user) | Q(agent__in=Agent.objects.filter(in_reach_of(user))))

    def standing(self) -> CompletionQuerySet:
        """Those that count: not corrected since, not withdrawn, and not of a file that was taken back."""
        corrected = Completion.objects.filter(corrects=OuterRef("pk"))
        return self.filter(
            ~Exists(corrected), Q(imported__isnull=True) | Q(imported__taken_back_at__isnull=True), withdrawn=False
        )

    def passed(self) -> CompletionQuerySet:
        return self.filter(passed=True)

    def chain_of(self, pk: int) -> CompletionQuerySet:
        """The record with what it corrects and what corrects it, all the way, in the order of recording."""
        return self.filter(pk__in=RawSQL(CHAIN, [pk])).order_by("pk")  # noqa: S611 - a constant and a parameter

    def with_people(self) -> CompletionQuerySet:
        """With what a list of completions shows of each."""
        return self.select_related("agent__office", "user", "module", "module_version", "imported")


class Completion(models.Model):
    """One attempt of one person at one module. Nothing is edited: a correction is another record.

    A trigger refuses update and delete.
    """

    class Source(models.TextChoices):
        HAND = "hand", "By hand"
        FILE = "file", "From a file"
        XAPI = "xapi", "From a learning system"
        INVENTED = "invented", "Invented for demonstration"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="completions", null=True, db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="completions", null=True, db_index=False)
    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="completions", db_index=False)
    module_version = models.ForeignKey(
        ModuleVersion, on_delete=models.PROTECT, related_name="completions", null=True, db_index=False
    )
    completed_on = models.DateField()
    completed_at = models.DateTimeField(null=True, help_text="If its source, a statement, told the instant.")
    passed = models.BooleanField()
    score = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        null=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent, cut off after four decimals.",
    )
    source = models.CharField(max_length=10, choices=Source.choices)
    evidence = models.TextField(blank=True, help_text="Where it can be looked up, as a certificate's number.")
    imported = models.ForeignKey(
        CompletionImport, on_delete=models.PROTECT, related_name="completions", null=True, db_index=False
    )
    statement_id = models.UUIDField(null=True, help_text="Of the xAPI statement.")
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="corrected_by", null=True, db_index=False
    )
    withdrawn = models.BooleanField(default=False, help_text="The correction says that there was no such completion.")
    why = models.TextField(blank=True, help_text="Of a correction, or of recording anew what a file had brought.")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    recorded_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    recorded_at = models.DateTimeField(db_default=Now())

    objects = CompletionQuerySet.as_manager()

    class Meta:
        ordering = ["-completed_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="completion_of_one_person",
                condition=Q(agent__isnull=False, user__isnull=True) | Q(agent__isnull=True, user__isnull=False),
            ),
            models.CheckConstraint(
                name="completion_score_is_percent", condition=Q(score__isnull=True) | Q(score__range=(0, 100))
            ),
            models.CheckConstraint(
                name="completion_correction_has_reason", condition=Q(corrects__isnull=True) | ~Q(why="")
            ),
            models.CheckConstraint(
                name="completion_withdrawn_by_correction", condition=Q(withdrawn=False) | Q(corrects__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["statement_id"], name="completion_statement_once", condition=Q(statement_id__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["agent", "module", "completed_on"], name="completion_of_agent", condition=Q(agent__isnull=False)
            ),
            models.Index(
                fields=["user", "module", "completed_on"], name="completion_of_user", condition=Q(user__isnull=False)
            ),
            models.Index(fields=["imported"], name="completion_of_file", condition=Q(imported__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.module} {self.completed_on}"

    def get_absolute_url(self) -> str:
        return reverse("training:completion_detail", args=[self.pk])

    @property
    def person(self) -> Agent | User:
        person = self.agent or self.user
        assert person is not None
        return person

    @property
    def percent(self) -> str:
        """The score as “85.5 %”, without zeros at its end; empty if there is none."""
        return percent_text(self.score)

    @property
    def result(self) -> str:
        """As “Passed”; of a withdrawal, “Withdrawn”."""
        if self.withdrawn:
            return "Withdrawn"
        return "Passed" if self.passed else "Failed"


class CompletionReportQuerySet(models.QuerySet["CompletionReport"]):
    def standing(self) -> CompletionReportQuerySet:
        """Those of statements, and of files that were not taken back."""
        return self.filter(Q(imported__isnull=True) | Q(imported__taken_back_at__isnull=True))


class CompletionReport(models.Model):
    """A further file or statement that reported a completion on record already, which it stands for in its turn.

    When the file of the completion is taken back, the earliest report that stands is recorded in its place. A trigger
    refuses update and delete.
    """

    completion = models.ForeignKey(Completion, on_delete=models.PROTECT, related_name="reports")
    source = models.CharField(max_length=10, choices=Completion.Source.choices)
    evidence = models.TextField(blank=True)
    imported = models.ForeignKey(CompletionImport, on_delete=models.PROTECT, related_name="reports", null=True)
    statement_id = models.UUIDField(null=True, help_text="Of the xAPI statement.")
    completed_at = models.DateTimeField(null=True, help_text="That of the completion, as the statement tells it.")
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    reported_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    reported_at = models.DateTimeField(db_default=Now())

    objects = CompletionReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="completion_report_of_file_or_statement",
                condition=Q(imported__isnull=False) | Q(statement_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.completion} in {self.imported or self.statement_id}"


class LearningSystem(KeyHolder):
    """A learning-management system that posts xAPI statements."""


class Statement(models.Model):
    """An xAPI statement as a learning system sent it, under its id. A trigger refuses update and delete."""

    id = models.UUIDField(primary_key=True)
    system = models.ForeignKey(LearningSystem, on_delete=models.PROTECT, related_name="statements")
    content = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-received_at"]

    def __str__(self) -> str:
        return str(self.id)


def percent_text(score: Decimal | None) -> str:
    """As “85.5 %”, without zeros at its end; empty if there is none."""
    return "" if score is None else f"{score.normalize():f} %"


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's last day where there is no such day, as PostgreSQL has it."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
