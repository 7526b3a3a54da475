"""Who may do what with modules, disputes and completions, as rules that are declared on transitions."""

from __future__ import annotations

from typing import Any

from designation.models import Role, User
from designation.models.people import DEA, HSI
from designation.permissions import READER_ROLES, By, BySystem

AGENCIES = (HSI, DEA)
BOTH = "HSI and DEA"
HEADQUARTERS = (Role.HSI_HQ, Role.DEA_HQ)
# Who sets requirements, and waives modules.
SETTERS = (Role.TRAINING_MANAGER, *HEADQUARTERS)
# Who reads drafts, disputes and the standing of people everywhere.
TRAINING_READERS = (Role.TRAINING_MANAGER, *HEADQUARTERS, Role.AUDITOR)
# Who keeps views of the list of completions, and exports it. Everybody else sees his own on it.
COMPLETION_LISTERS = (*READER_ROLES, Role.TRAINING_MANAGER)


def of_owner(version: Any, user: User) -> bool:
    return user.agency_code in version.module.owners


def of_section_owner(section: Any, user: User) -> bool:
    return of_owner(section.module_version, user)


def of_asking_owner(version: Any, user: User) -> bool:
    return of_owner(version, user) and version.retirement_asked_by == user.agency_code


def of_agreeing_owner(version: Any, user: User) -> bool:
    """Whether the user's agency owns the version, and is not the one that asked the other to retire it."""
    return of_owner(version, user) and version.retirement_asked_by != user.agency_code


def of_party(version: Any, user: User) -> bool:
    """Whether the version is in review by the user's agency."""
    return bool(version.party() == user.agency_code)


def of_agency(agency: str) -> Any:
    def scope(section: Any, user: User) -> bool:
        return user.agency_code == agency and of_section_owner(section, user)

    return scope


def on_a_side(dispute: Any, user: User) -> bool:
    """Whether the user speaks for one of the two agencies in what the dispute is about."""
    return user.agency_code in AGENCIES and dispute.concerns(user)


def answers_for_a_side(dispute: Any, user: User) -> bool:
    return on_a_side(dispute, user) and dispute.proposed_to(user)


def may_decide(dispute: Any, user: User) -> bool:
    """Separation of duty: who argued in a dispute has no part in deciding it."""
    return user.agency_code in AGENCIES and not dispute.is_argued_by(user)


OWNERS = By({Role.TRAINING_MANAGER: of_owner}, "Only a training manager of an agency that owns the module may do this.")
ASKING_OWNER = By({Role.TRAINING_MANAGER: of_asking_owner}, "Only the agency that asked to retire it takes that back.")
AGREEING_OWNER = By(
    {Role.TRAINING_MANAGER: of_agreeing_owner},
    "Only a training manager of an agency that owns the module may do this; where one agency asked, of the other.",
)
REVIEWING_AGENCY = By(
    {Role.TRAINING_MANAGER: of_party}, "Only a training manager of the agency whose review it is may do this."
)
SECTION_OWNERS = By({Role.TRAINING_MANAGER: of_section_owner}, OWNERS.why)
SIGNS_FOR_HSI = By({Role.TRAINING_MANAGER: of_agency(HSI)}, "Only a training manager of HSI signs off for HSI.")
SIGNS_FOR_DEA = By({Role.TRAINING_MANAGER: of_agency(DEA)}, "Only a training manager of DEA signs off for DEA.")
DISPUTE_SIDES = By(
    {
        Role.TRAINING_MANAGER: on_a_side,
        Role.HSI_HQ: on_a_side,
        Role.DEA_HQ: on_a_side,
        Role.COORDINATOR: on_a_side,
        Role.DEA_FIELD: on_a_side,
    },
    "Only those who speak for HSI or DEA in the matter may do this.",
)
OTHER_SIDE = By(
    dict.fromkeys(DISPUTE_SIDES.scopes, answers_for_a_side),
    "Only the other side accepts an outcome that one side proposes.",
)
LEADERSHIP = By(
    dict.fromkeys(HEADQUARTERS, may_decide),
    "Only the headquarters of HSI or DEA decides for leadership, and nobody who opened the dispute, or stated a "
    "position, proposed an outcome or escalated in it.",
)
SYSTEM = BySystem()
