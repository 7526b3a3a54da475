"""Scheduled work. Each task may run twice, or die half-way, without harm."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from training.tracking import matrix
from training.workflow import disputes


@shared_task
def escalate_disputes() -> int:
    """Takes disputes that their level has not settled within its goal to the next level; returns how many."""
    return len(disputes.escalate_overdue().done)


@shared_task
def keep_counts() -> int:
    """Counts anew the offices whose kept standing in modules holds no longer; returns how many."""
    return matrix.keep(timezone.localdate())
