"""Who may do what, as rules that are declared on transitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from designation.models.people import Role, User

HSI_ROLES = (Role.COORDINATOR, Role.HSI_HQ)
DEA_ROLES = (Role.DEA_FIELD, Role.DEA_HQ)
# Who reads requests, agents and processing times.
READER_ROLES = (*HSI_ROLES, *DEA_ROLES, Role.AUDITOR)
# Who may ask of any agent whether he was designated; no more is shown of him than name, badge number and office.
LOOK_UP_ROLES = (*READER_ROLES, Role.SUPERVISOR)
# Who enters the admin.
STAFF_ROLES = (*DEA_ROLES, Role.HSI_HQ, Role.TRAINING_MANAGER, Role.AUDITOR, Role.OPERATOR)

Scope = Callable[[Any, User], bool]


def anywhere(_row: Any, _user: User) -> bool:
    return True


def own_office(row: Any, user: User) -> bool:
    return bool(row.office_id == user.office_id)


def own_division(row: Any, user: User) -> bool:
    return bool(row.division_id == user.office_id)


def transmitted(row: Any, _user: User) -> bool:
    return bool(row.transmitted)


def not_own_filing(row: Any, user: User) -> bool:
    """Separation of duty: whoever filed a request has no part in deciding it."""
    return bool(row.filed_by_id != user.pk)


@dataclass(frozen=True)
class By:
    """Allows a transition to the roles, each within its scope; `why` is the sentence shown to everybody else."""

    scopes: Mapping[Role, Scope]
    why: str

    def __call__(self, row: Any, user: Any) -> bool:
        return self.role_of(row, user) != ""

    def role_of(self, row: Any, user: User | None) -> str:
        """The role that allows the user to act on the row; empty when none does."""
        if user is None:
            return ""
        allowed = (role for role, scope in self.scopes.items() if user.has_role(role) and scope(row, user))
        return next((role.value for role in allowed), "")


@dataclass(frozen=True)
class BySystem:
    """Allows a transition to the system itself, as a scheduled task."""

    why: str = "Only the system itself does this."

    def __call__(self, row: Any, user: Any) -> bool:
        return user is None

    def role_of(self, row: Any, user: User | None) -> str:
        return "system" if user is None else ""


FILING_OFFICE = By(
    {Role.COORDINATOR: own_office, Role.HSI_HQ: anywhere},
    "Only a coordinator of the filing office, or HSI headquarters, may do this.",
)
HSI_HEADQUARTERS = By(
    {Role.HSI_HQ: not_own_filing},
    "Only HSI headquarters may do this, and not the person who filed the request.",
)
DEA_INTAKE = By(
    {
        Role.DEA_HQ: not_own_filing,
        Role.DEA_FIELD: lambda row, user: own_division(row, user) and not_own_filing(row, user),
    },
    "Only DEA headquarters, or a reviewer of the division that the request is routed to, may do this.",
)
DEA_DIVISION = By(
    {Role.DEA_FIELD: lambda row, user: own_division(row, user) and not_own_filing(row, user)},
    "Only a field reviewer of the division that the request is routed to may do this.",
)
DEA_HEADQUARTERS = By(
    {Role.DEA_HQ: not_own_filing},
    "Only DEA headquarters may do this, and not the person who filed the request.",
)
WHO_WORKS_ON_IT = By(
    {
        Role.COORDINATOR: own_office,
        Role.HSI_HQ: anywhere,
        Role.DEA_HQ: transmitted,
        Role.DEA_FIELD: lambda row, user: transmitted(row, user) and own_division(row, user),
    },
    "Only the people who work on the request may do this: the filing office, HSI headquarters, DEA’s reviewers.",
)
DEA_ON_DESIGNATION = By({Role.DEA_HQ: anywhere}, "Only DEA headquarters may do this.")
SYSTEM = BySystem()
