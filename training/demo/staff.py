"""Invented training managers of both agencies. They cannot sign in, and their names say that they are invented."""

from __future__ import annotations

from dataclasses import dataclass

from designation.models import Office, Role, User
from designation.models.people import DEA, HSI

NAMES = {HSI: ("Priya", "Lindholm"), DEA: ("Walter", "Okoro")}


@dataclass(frozen=True)
class Managers:
    hsi: User
    dea: User

    def of(self, agency: str) -> User:
        return self.hsi if agency == HSI else self.dea


def add_managers() -> Managers:
    """Adds a training manager at each headquarters."""
    hsi, dea = (_manager(agency) for agency in (HSI, DEA))
    User.objects.bulk_create([hsi, dea])
    return Managers(hsi, dea)


def _manager(agency: str) -> User:
    first_name, last_name = NAMES[agency]
    username = f"demo.training.{first_name}.{last_name}".lower()
    user = User(
        username=username,
        first_name=first_name,
        last_name=f"{last_name} (demo)",
        email=f"{username}@example.gov",
        office=Office.objects.select_related("agency").get(agency=agency, is_headquarters=True),
        roles=[Role.TRAINING_MANAGER.value],
    )
    user.set_unusable_password()
    return user
