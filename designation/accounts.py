"""Passwords that somebody else has set: they serve once, and their owner is told."""

from __future__ import annotations

from django.db import transaction

from designation.models import Notice, User
from designation.notices import send_soon

TOLD = (
    "The password serves once: to sign in and choose another. If you did not ask for it, tell your headquarters, "
    "because whoever set it could sign in as you."
)


def password_was_set(user: User, *, by: User) -> None:
    """Makes the user's password one-time and tells him who set it; nothing for one's own password."""
    if user.pk == by.pk:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(must_change_password=True)
        Notice.objects.create(
            recipient=user,
            transition="password_set",
            title=f"Your password was set by {by.recorded_name}",
            body=TOLD,
            numbers=[],
        )
        transaction.on_commit(send_soon)
