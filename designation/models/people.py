"""People and places: agencies, offices, users with roles, agents, agreements."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

BADGE_NUMBER = RegexValidator(r"^[0-9A-Za-z][0-9A-Za-z-]*\Z", "Use digits, letters and hyphens, as on the badge.")
BADGE_NUMBER_HINT = "With its leading zeros, as on the badge."
HSI = "HSI"
DEA = "DEA"


class Agency(models.Model):
    code = models.CharField(max_length=10, primary_key=True)
    name = models.CharField(max_length=120)

    class Meta:
        verbose_name_plural = "agencies"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class OfficeQuerySet(models.QuerySet["Office"]):
    def hsi(self) -> OfficeQuerySet:
        return self.filter(agency=HSI)

    def dea(self) -> OfficeQuerySet:
        return self.filter(agency=DEA)

    def visible_to(self, user: User) -> OfficeQuerySet:
        """Offices are public facts: whoever may sign in sees them all."""
        return self if user.is_active else self.none()


class Office(models.Model):
    """An HSI office, or a DEA division. Each HSI office is routed to one DEA division."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="offices")
    is_headquarters = models.BooleanField(default=False)
    division = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="routed_offices",
        null=True,
        blank=True,
        verbose_name="DEA division",
        help_text="The DEA division that takes in this HSI office's requests.",
    )

    objects = OfficeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="office_hsi_is_routed_and_dea_is_not",
                condition=Q(agency=HSI, division__isnull=False) | (~Q(agency=HSI) & Q(division__isnull=True)),
                violation_error_message="An HSI office is routed to a DEA division; a DEA division is not.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        if self.division is not None and self.division.agency_id != DEA:
            raise ValidationError({"division": "Route the office to a DEA division."})


class Role(models.TextChoices):
    COORDINATOR = "coordinator", "HSI coordinator"
    HSI_HQ = "hsi_hq", "HSI headquarters"
    DEA_FIELD = "dea_field", "DEA field reviewer"
    DEA_HQ = "dea_hq", "DEA headquarters reviewer"
    TRAINING_MANAGER = "training_manager", "Training manager"
    AUDITOR = "auditor", "Auditor"
    OPERATOR = "operator", "Operator"
    SUPERVISOR = "supervisor", "Supervisor"


# A role of one agency can be held only by a user whose home office is that agency's.
ROLE_AGENCY = {
    Role.COORDINATOR: HSI,
    Role.HSI_HQ: HSI,
    Role.DEA_FIELD: DEA,
    Role.DEA_HQ: DEA,
}


class User(AbstractUser):
    """Who signs in. Roles and the home office say what one may see and do; being a superuser adds nothing."""

    office = models.ForeignKey(
        Office,
        on_delete=models.PROTECT,
        related_name="users",
        null=True,
        blank=True,
        verbose_name="home office",
    )
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def agency_code(self) -> str:
        return self.office.agency_id if self.office else ""

    def has_role(self, *roles: str) -> bool:
        """Whether the user is active and holds one of the roles, at an office of the role's agency."""
        return self.is_active and any(
            role in self.roles and ROLE_AGENCY.get(Role(role), self.agency_code) == self.agency_code for role in roles
        )

    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    def clean(self) -> None:
        super().clean()
        unknown = set(self.roles) - set(Role.values)
        if unknown:
            raise ValidationError({"roles": f"Not a role: {', '.join(sorted(unknown))}."})
        for role, agency in ROLE_AGENCY.items():
            if role in self.roles and self.agency_code != agency:
                raise ValidationError({"office": f"“{role.label}” needs a home office of {agency}."})


def in_reach_of(user: User) -> Q:
    """Selects the rows of a coordinator's own office, and of the offices routed to a field reviewer's division."""
    reach = Q(pk__in=[])
    if user.has_role(Role.COORDINATOR):
        reach |= Q(office=user.office_id)
    if user.has_role(Role.DEA_FIELD):
        reach |= Q(office__division=user.office_id)
    return reach


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, user: User) -> AgentQuerySet:
        """Coordinators see their office's agents, field reviewers those routed to their division."""
        if user.has_role(Role.HSI_HQ, Role.DEA_HQ, Role.AUDITOR, Role.SUPERVISOR, Role.TRAINING_MANAGER):
            return self
        return self.filter(in_reach_of(user))

    def search(self, text: str) -> AgentQuerySet:
        """Agents whose badge number begins with the text, or whose name or e-mail begins with each word of it."""
        found = self
        for word in text.replace(",", " ").split():
            found = found.filter(
                Q(badge_number__istartswith=word)
                | Q(last_name__istartswith=word)
                | Q(first_name__istartswith=word)
                | Q(email__istartswith=word)
            )
        return found


class Agent(models.Model):
    """A special agent of HSI, who may be cross-designated."""

    badge_number = models.CharField(max_length=20, unique=True, validators=[BADGE_NUMBER], help_text=BADGE_NUMBER_HINT)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    email = models.EmailField(blank=True)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="agents")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name", "badge_number"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="agent_email_unique", condition=~Q(email="")),
            models.CheckConstraint(name="agent_badge_number_given", condition=~Q(badge_number="")),
        ]
        indexes = [models.Index(fields=["office", "last_name", "first_name"], name="agent_office_name")]

    def __str__(self) -> str:
        return f"{self.last_name}, {self.first_name} ({self.badge_number})"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def clean(self) -> None:
        if self.office_id and self.office.agency_id != HSI:
            raise ValidationError({"office": "An agent belongs to an HSI office."})


class Agreement(models.Model):
    """An agreement between the agencies, under which requests are filed."""

    code = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    parties = ArrayField(models.CharField(max_length=80))
    signed = models.CharField(max_length=7, help_text="Year and month, as 2009-06.")
    status = models.CharField(max_length=80)
    agent_cap = models.CharField(max_length=80)
    facts = models.TextField()
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ["signed"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        year, _, month = self.signed.partition("-")
        if not (year.isdigit() and len(year) == 4 and month.isdigit() and 1 <= int(month) <= 12):
            raise ValidationError({"signed": "Write year and month, as 2009-06."})
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the changes on record.")
