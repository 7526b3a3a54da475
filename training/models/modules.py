"""Training modules."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from designation.models import Agreement, User
from designation.models.people import DEA, HSI
from training.permissions import (
    BOTH,
)

MODULE_CODE = RegexValidator(
    r"^[A-Z0-9]{2,6}(-[A-Z0-9]{1,6})?\Z", "Write capital letters and digits, with one hyphen at most, as JT-2009."
)
AGENCY_CHOICES = [(HSI, HSI), (DEA, DEA)]


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
