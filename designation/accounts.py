"""Passwords that somebody else has set, or may have: they serve once, or their owner is told."""

from __future__ import annotations

from django.db import transaction

from designation.models import Notice, User
from designation.notices import send_soon

TOLD = (
    "The password serves once: to sign in and choose another. If you did not ask for it, tell your headquarters, "
    "because whoever set it could sign in as you."
)
TOLD_OF_LINK = (
    "Whoever asked for it gave the e-mail address of your account and read the message. If that was not you, change "
    "your password and tell the operator of this system."
)


def password_was_set(user: User, *, by: User) -> None:
    """Makes the user's password one-time and tells him who set it; nothing for one's own password."""
    if user.pk == by.pk:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(must_change_password=True)
        _tell(user, f"Your password was set by {by.recorded_name}", TOLD)


def password_was_chosen_by_link(user: User) -> None:
    """Tells the owner, since whoever reads the mailbox of the account can use the link."""
    with transaction.atomic():
        _tell(user, "Your password was changed by a link from your mailbox", TOLD_OF_LINK)


def _tell(user: User, title: str, body: str) -> None:
    Notice.objects.create(recipient=user, transition="password_set", title=title, body=body, numbers=[])
    transaction.on_commit(send_soon)
