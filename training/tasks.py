"""Scheduled work. Each task may run twice, or die half-way, without harm."""

from __future__ import annotations

from celery import shared_task

from training.workflow import disputes


@shared_task
def escalate_disputes() -> int:
    """Takes disputes that their level has not settled within its goal to the next level; returns how many."""
    return len(disputes.escalate_overdue().done)
