"""Scheduled and queued work. Each task may run twice, or die half-way, without harm."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import DatabaseError

from audit import jobs, summarising
from audit.calendar import CalendarError
from audit.exports import orders, schedules

logger = logging.getLogger(__name__)


@shared_task
def make_export(pk: int) -> bool:
    """Makes an export that was ordered, and delivers it where it is by schedule; returns whether it is done."""
    done = orders.make(pk)
    if done:
        schedules.deliver(pk)
    return done


@shared_task
def tend_exports() -> None:
    """Takes up the exports whose worker died, and removes files that are kept no longer."""
    orders.tend()


@shared_task
def do_job(pk: int) -> bool:
    """Does a long act that was ordered, or what is left of it; returns whether it is done."""
    return jobs.do(pk)


@shared_task
def tend_jobs() -> int:
    """Takes up the long acts whose worker died; returns how many."""
    return jobs.take_up_again()


@shared_task
def make_scheduled_exports() -> int:
    """Orders the exports by schedule that are due, and delivers those that are made; returns how many it ordered."""
    ordered = schedules.make_due()
    schedules.deliver_made()
    return ordered


@shared_task
def summarise_periods() -> int:
    """Keeps the figures of closed periods that are not kept or hold no longer; returns how many periods it made.

    One workflow's failure does not keep the others from theirs. Raises RuntimeError at the end, which names those.
    """
    made, failed = 0, []
    for workflow in summarising.workflows():
        try:
            made += summarising.summarise(workflow)
        except (DatabaseError, CalendarError):
            logger.exception("The figures of the workflow %s could not be kept.", workflow)
            failed.append(workflow)
    if failed:
        raise RuntimeError(f"The figures of {', '.join(failed)} could not be kept.")
    return made
