"""How far an act is that a worker does, as people are told it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from audit.models.work import Work
from audit.work import DEAD_AFTER, SILENT_AFTER, TENDED_EVERY

State = Work.State


def taken_up_in(work: Work) -> int | None:
    """In how many seconds at most what was interrupted is taken up again, or reported; None if it was not."""
    silent = timezone.now() - work.heartbeat_at
    if work.state != State.RUNNING or silent < SILENT_AFTER:
        return None
    return max(0, round((DEAD_AFTER + TENDED_EVERY - silent).total_seconds()))


def is_left_waiting(work: Work) -> bool:
    """Whether it waits for longer than a free worker takes to begin: none runs, or all are busy."""
    return work.state == State.WAITING and timezone.now() - work.heartbeat_at > SILENT_AFTER


def status_of(work: Work) -> str:
    """The state in which people find it."""
    if taken_up_in(work) is not None:
        return "Interrupted"
    if work.state == State.WAITING and work.attempts:
        return "Waiting to be taken up again"
    field: Any = type(work)._meta.get_field("state")
    return str(dict(field.flatchoices)[work.state])


def progress_of(work: Work, status: str = "") -> dict[str, Any]:
    """What `components/progress.html` shows of it."""
    return {
        "work": work,
        "status": status or status_of(work),
        "taken_up_in": taken_up_in(work),
        "left_waiting": is_left_waiting(work),
    }


def answer(request: HttpRequest, how_far: dict[str, Any], *, noun: str) -> HttpResponse:
    """What a page gets that asks again how far an act is: how far, or that there is another page to show."""
    shown = {"here": request.path, "noun": noun, "shown": request.GET.get("shown")}
    response = render(request, "components/progress.html", how_far | shown)
    if not how_far["work"].is_unfinished:
        response["HX-Refresh"] = "true"
    return response
