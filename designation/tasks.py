"""Scheduled and queued work. Each task may run twice, or die half-way, without harm."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from designation import workflow
from designation.models import Notice

log = logging.getLogger(__name__)
BATCH = 100


@shared_task
def send_notices() -> int:
    """Sends the notices that were not sent yet; returns how many. Two workers at once share them out."""
    sent = 0
    while batch := _send_batch():
        sent += batch
    return sent


def _send_batch() -> int:
    with transaction.atomic():
        unsent = Notice.objects.unsent().select_related("recipient").order_by("pk")
        notices = list(unsent.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        messages = [_message(notice) for notice in notices if notice.recipient.email]
        if messages:
            get_connection().send_messages(messages)
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(sent_at=timezone.now())
    return len(notices)


def _message(notice: Notice) -> EmailMessage:
    lines = [notice.title + ".", ""]
    if notice.reason:
        lines += ["Reason on record:", notice.reason, ""]
    lines += notice.numbers
    return EmailMessage(
        subject=f"Title 21: {notice.title}",
        body="\n".join(lines),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient.email],
    )


@shared_task
def expire_designations() -> int:
    """Ends the designations whose term is over; returns how many."""
    return len(workflow.expire_designations().done)
