"""Who asks for the pages that are timed."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.test import Client

from designation.models import Office, User


def user_with(role: str, office: str | None = None) -> User:
    """One for each role, at the office of the code."""
    at = Office.objects.get(code=office) if office else None
    found, _ = get_user_model().objects.get_or_create(
        username=f"benchmark {role}", defaults={"roles": [role], "office": at}
    )
    return found


def signed_in(asking: User) -> Client:
    client = Client()
    client.force_login(asking)
    return client
