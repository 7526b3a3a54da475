"""Invented users who act in the invented requests. They cannot sign in, and their names say that they are invented."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from designation.demo.names import Names
from designation.models import Office, Role, User
from designation.models.people import DEA

# At least and at most, at each place.
HEADQUARTERS_REVIEWERS = (4, 5)
FIELD_REVIEWERS = (2, 3)
COORDINATORS = (1, 3)


@dataclass
class Staff:
    """Users by what they do and where: the office's code, or the agency's headquarters."""

    coordinators: dict[str, list[User]] = field(default_factory=lambda: defaultdict(list))
    field_reviewers: dict[str, list[User]] = field(default_factory=lambda: defaultdict(list))
    hsi_hq: list[User] = field(default_factory=list)
    dea_hq: list[User] = field(default_factory=list)

    def everybody(self) -> Iterator[User]:
        for users in (*self.coordinators.values(), *self.field_reviewers.values(), self.hsi_hq, self.dea_hq):
            yield from users


def invent_staff(rng: Random, offices: Iterable[Office]) -> Staff:
    """Coordinators of each HSI office and reviewers of each DEA division, not saved yet."""
    staff, names = Staff(), Names()

    def users(office: Office, role: Role, at_least: int, at_most: int) -> list[User]:
        return [_user(*names.draw(rng), office, role) for _ in range(rng.randint(at_least, at_most))]

    for office in offices:
        if office.agency_id == DEA:
            staff.field_reviewers[office.code] = users(office, Role.DEA_FIELD, *FIELD_REVIEWERS)
        else:
            staff.coordinators[office.code] = users(office, Role.COORDINATOR, *COORDINATORS)
        if office.is_headquarters:
            role, place = (Role.DEA_HQ, staff.dea_hq) if office.agency_id == DEA else (Role.HSI_HQ, staff.hsi_hq)
            place += users(office, role, *HEADQUARTERS_REVIEWERS)
    return staff


def _user(first_name: str, last_name: str, account: str, office: Office, role: Role) -> User:
    user = User(
        username=f"demo.{account}",
        first_name=first_name,
        last_name=f"{last_name} (demo)",
        email=f"demo.{account}@example.gov",
        office=office,
        roles=[role.value],
    )
    user.set_unusable_password()
    return user
