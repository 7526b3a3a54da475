"""The users to sign in as when trying the system out: each role has one at an office where its work is, and training
has one of each agency, since it takes two to sign off.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from designation.models import Office, Role, User


@dataclass(frozen=True)
class DemoUser:
    role: Role
    first_name: str
    last_name: str
    office: str
    account: str = ""

    @property
    def username(self) -> str:
        return self.account or self.role.value


DEMO_USERS = (
    DemoUser(Role.COORDINATOR, "Carla", "Ortega", "HSI-MIA"),
    DemoUser(Role.HSI_HQ, "Henry", "Lindqvist", "HSI-HQ"),
    DemoUser(Role.DEA_FIELD, "Fatima", "Osei", "DEA-MIA"),
    DemoUser(Role.DEA_HQ, "Daniel", "Hale", "DEA-HQ"),
    DemoUser(Role.TRAINING_MANAGER, "Teresa", "Moravec", "DEA-HQ"),
    DemoUser(Role.TRAINING_MANAGER, "Harriet", "Nwosu", "HSI-HQ", "hsi_training_manager"),
    DemoUser(Role.AUDITOR, "Aiko", "Brandt", "HSI-HQ"),
    DemoUser(Role.OPERATOR, "Omar", "Petrov", "HSI-HQ"),
    DemoUser(Role.SUPERVISOR, "Sandra", "Villanueva", "HSI-MIA"),
)


def refresh_demo_users(password: str) -> list[User]:
    """Creates the demo users, or brings those of an earlier run back to their names, roles, offices and password.

    Needs the reference data: raises Office.DoesNotExist without it.
    """
    with transaction.atomic():
        encoded = _encoded(password)
        return [_refreshed(user, encoded) for user in DEMO_USERS]


def _encoded(password: str) -> str:
    """The password's hash: the one that the users hold already when it fits, so that their sessions go on."""
    held = User.objects.filter(username=DEMO_USERS[0].username).values_list("password", flat=True).first()
    return held if held and check_password(password, held) else make_password(password)


def _refreshed(demo: DemoUser, encoded: str) -> User:
    facts = {
        "first_name": demo.first_name,
        "last_name": f"{demo.last_name} (demo)",
        "email": f"{demo.username}@example.gov",
        "office": Office.objects.get(code=demo.office),
        "roles": [demo.role.value],
        "is_active": True,
        "password": encoded,
        "must_change_password": False,  # whoever tries the system out is told it
    }
    user, _created = User.objects.update_or_create(username=demo.username, defaults=facts)
    return user


def kept_password(path: Path) -> str:
    """The made-up password that the file keeps from run to run; made up, and the file with it, when there is none.

    Only the file's owner can read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("-".join(secrets.token_hex(3) for _ in range(4)))
    return path.read_text().strip()
