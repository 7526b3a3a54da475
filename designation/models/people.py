"""People and places: agencies, offices, users with roles, agents, agreements."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper

from designation.models.names import by_beginning, named

BADGE_NUMBER = RegexValidator(r"^[0-9A-Za-z][0-9A-Za-z-]*\Z", "Use digits, letters and hyphens, as on the badge.")
BADGE_NUMBER_HINT = "With its leading zeros, as on the badge."
HSI = "HSI"
DEA = "DEA"
OFFICE_CODE = RegexValidator(
    r"^(HSI|DEA)-[A-Z0-9]{2,4}\Z", "Write the agency, a hyphen and 2 to 4 capital letters or digits, as HSI-MIA."
)
# What a spreadsheet would run as a formula is no name of a place.
PLACE_NAME = RegexValidator(r"^[^\W_]", "Begin with a letter or a digit.")
STATE_CODE = RegexValidator(r"^[A-Z]{2}\Z", "Write the state's two capital letters, as FL.")
LONGEST_RECORDED_NAME = 160


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

    def active(self) -> OfficeQuerySet:
        """Those that are not retired: for users, routes and new filings."""
        return self.filter(is_active=True)

    def visible_to(self, user: User) -> OfficeQuerySet:
        """Offices are public facts: whoever may sign in sees them all."""
        return self if user.is_active else self.none()


class Office(models.Model):
    """An HSI office, or a DEA division. Each HSI office is routed to one DEA division."""

    code = models.CharField(max_length=20, unique=True, validators=[OFFICE_CODE])
    name = models.CharField(max_length=120, validators=[PLACE_NAME])
    city = models.CharField(max_length=80, validators=[PLACE_NAME])
    state = models.CharField(max_length=2, validators=[STATE_CODE])
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
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="A retired office stays on record; no user is put there, and nothing new is filed for it.",
    )

    objects = OfficeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="office_hsi_is_routed_and_dea_is_not",
                condition=Q(agency=HSI, division__isnull=False) | (~Q(agency=HSI) & Q(division__isnull=True)),
                violation_error_message="An HSI office is routed to a DEA division; a DEA division is not.",
            ),
            models.CheckConstraint(
                name="office_code_begins_with_its_agency",
                condition=Q(agency=HSI, code__regex=r"^HSI-[A-Z0-9]{2,4}$")
                | Q(agency=DEA, code__regex=r"^DEA-[A-Z0-9]{2,4}$"),
                violation_error_message="The code begins with the office's agency, as HSI-MIA or DEA-MIA.",
            ),
            models.UniqueConstraint(
                name="office_one_headquarters_per_agency",
                fields=["agency"],
                condition=Q(is_headquarters=True),
                violation_error_message="The agency has a headquarters already.",
            ),
            models.CheckConstraint(
                name="office_headquarters_is_active",
                condition=Q(is_headquarters=False) | Q(is_active=True),
                violation_error_message="A headquarters is not retired.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        if self.division is not None and self.division.agency_id != DEA:
            raise ValidationError({"division": "Route the office to a DEA division."})
        if not self.is_active and self.pk:
            self._clean_retirement()

    def _clean_retirement(self) -> None:
        routed = self.routed_offices.active().values_list("code", flat=True)
        if routed:
            raise ValidationError({"is_active": f"First route these offices elsewhere: {', '.join(routed)}."})
        users = User.objects.filter(office=self, is_active=True).values_list("username", flat=True)
        if users:
            raise ValidationError({"is_active": f"First move these users or close them: {', '.join(users)}."})


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
# Those that act for a whole agency are held at its headquarters. A field reviewer may be there too, for
# what HSI headquarters files.
HEADQUARTERS_ROLES = frozenset({Role.HSI_HQ, Role.DEA_HQ})
# Who keeps accounts or reads everything has no part in the work: these are held alone.
EXCLUSIVE_ROLES = (Role.AUDITOR, Role.OPERATOR)


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
    must_change_password = models.BooleanField(
        default=False,
        editable=False,
        help_text="Somebody else set the password: it serves to sign in and choose another, and for nothing else.",
    )

    class Meta:
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                name="user_auditor_or_operator_alone",
                condition=~Q(roles__overlap=[role.value for role in EXCLUSIVE_ROLES]) | Q(roles__len=1),
                violation_error_message="An auditor or operator has no other role.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def recorded_name(self) -> str:
        """What the record keeps of who acted: the name as it is now, and the username, which stays."""
        name, username = self.get_full_name(), self.get_username()
        if not name:
            return username
        room = LONGEST_RECORDED_NAME - len(username) - len(" ()")
        return f"{name[:room].rstrip()} ({username})"

    @property
    def agency_code(self) -> str:
        return self.office.agency_id if self.office else ""

    def has_role(self, *roles: str) -> bool:
        """Whether the user is active and holds one of the roles, at an office where the role can be held."""
        return self.is_active and any(role in self.roles and not self._misplaced(Role(role)) for role in roles)

    def _misplaced(self, role: Role) -> str:
        """Why the role cannot be held at the user's home office; empty when it can."""
        agency = ROLE_AGENCY.get(role)
        if agency is None:
            return ""
        if self.office is None or self.agency_code != agency:
            return f"“{role.label}” needs a home office of {agency}."
        if role in HEADQUARTERS_ROLES and not self.office.is_headquarters:
            return f"“{role.label}” needs {agency}’s headquarters as home office."
        return ""

    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    def clean(self) -> None:
        super().clean()
        unknown = set(self.roles) - set(Role.values)
        if unknown:
            raise ValidationError({"roles": f"Not a role: {', '.join(sorted(unknown))}."})
        alone = [role for role in EXCLUSIVE_ROLES if role in self.roles]
        if alone and len(self.roles) > 1:
            raise ValidationError({"roles": f"“{alone[0].label}” is held alone. Take away the other roles."})
        misplaced = [why for role in self.roles if (why := self._misplaced(Role(role)))]
        if misplaced:
            raise ValidationError({"office": misplaced})


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
        return self.filter(named(text, "badge_number", "last_name", "first_name", "email"))


class Agent(models.Model):
    """A special agent of HSI, who may be cross-designated."""

    badge_number = models.CharField(max_length=20, unique=True, validators=[BADGE_NUMBER], help_text=BADGE_NUMBER_HINT)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    email = models.EmailField(blank=True)
    hired_on = models.DateField("hired on", null=True, blank=True, help_text="First day as an agent of HSI, if known.")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="agents")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the changes on record.")

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name", "badge_number"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="agent_email_unique", condition=~Q(email="")),
            models.CheckConstraint(name="agent_badge_number_given", condition=~Q(badge_number="")),
        ]
        indexes = [
            models.Index(fields=["office", "last_name", "first_name"], name="agent_office_name"),
            models.Index(fields=["last_name", "first_name", "badge_number"], name="agent_name"),
            models.Index(Upper("badge_number"), name="agent_badge_in_capitals"),
            by_beginning("last_name", "agent_last_name_folded"),
            by_beginning("first_name", "agent_first_name_folded"),
            by_beginning("badge_number", "agent_badge_folded"),
            by_beginning("email", "agent_email_folded"),
        ]

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
