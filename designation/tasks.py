"""Scheduled and queued work. Each task may run twice, or die half-way, without harm."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from designation import reminders, workflow
from designation.models import Notice

log = logging.getLogger(__name__)
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)


@shared_task
def send_notices() -> int:
    """Sends the notices that were not sent yet, one by one; returns how many. Two workers at once share them out.

    A notice that the mail server refuses waits, longer each time, and holds up no other; a server that cannot be
    reached leaves all to the next run. What people want in the app only is not sent.
    """
    Notice.objects.keep_in_app()
    sent = 0
    if not Notice.objects.unsent().exists():
        return sent
    try:
        with get_connection() as mail:
            while (was_sent := _send_next(mail)) is not None:
                sent += was_sent
    except OSError as error:  # every SMTPException is one
        log.warning("Sent %d notices; then the mail server failed: %s. The schedule tries again.", sent, error)
    return sent


def _send_next(mail: Any) -> bool | None:
    """Sends one notice, and says whether the server took it; None when none is left.

    A worker that dies before the commit has marked nothing, and the notice is sent by another. Died it between the
    server's answer and the commit, the second copy has the same Message-ID, by which mailboxes know it again.
    """
    with transaction.atomic():
        unsent = Notice.objects.unsent().select_related("recipient").order_by("pk")
        notice = unsent.select_for_update(skip_locked=True, of=("self",)).first()
        if notice is None:
            return None
        notice.sent_at = timezone.now()
        notice.save(update_fields=["sent_at"])
        if not notice.recipient.email:
            return True
        try:
            mail.send_messages([_message(notice)])
        except (SMTPRecipientsRefused, SMTPResponseException) as error:
            _put_off(notice, error)
            return False
    return True


def _put_off(notice: Notice, error: Exception) -> None:
    log.warning("The mail server refused notice %s to %s: %s", notice.pk, notice.recipient.get_username(), error)
    wait = min(FIRST_WAIT * 2 ** min(notice.attempts, 10), LONGEST_WAIT)
    notice.sent_at = None
    notice.attempts += 1
    notice.try_after = timezone.now() + wait
    notice.save(update_fields=["sent_at", "attempts", "try_after"])


def _message(notice: Notice) -> EmailMessage:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return EmailMessage(
        subject=f"Title 21: {notice.title}",
        body=f"{_text(notice)}\n\n{_address(notice)}\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient.email],
        headers={"Message-ID": f"<notice-{notice.pk}-{int(notice.created_at.timestamp())}@{domain}>"},
    )


def _address(notice: Notice) -> str:
    """Of the page that the notice is about; of all notices where it is about several."""
    path = notice.path or reverse("designation:notice_list")
    if not notice.path and len(notice.numbers) == 1:
        path = reverse("designation:request_detail", args=notice.numbers)
    return f"{settings.SITE_URL}{path}"


def _text(notice: Notice) -> str:
    """What was written for it; what has a reason on record says that first, as the page of notices does."""
    if notice.body and not notice.reason:
        return notice.body
    lines = [notice.title + ".", ""]
    if notice.reason:
        lines += ["Reason on record:", notice.reason, ""]
    about = [notice.body] if notice.body else notice.numbers
    return "\n".join(lines + about)


@shared_task
def remind() -> int:
    """Writes the reminders and digests that are due now, and sends them; returns how many notices."""
    now = timezone.now()
    written = reminders.write_reminders(now) + reminders.write_digests(now)
    send_notices()
    return written


@shared_task
def expire_designations() -> int:
    """Ends the designations whose term is over; returns how many."""
    return len(workflow.expire_designations().done)
