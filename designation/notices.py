"""Who is told of a transition: one notice for each person and batch, written in the batch's own transaction.

And of comments and files on a request: who has a part in it. And of exports and long acts: their owners, when these
have ended.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.defaultfilters import pluralize
from django.urls import reverse
from kombu.exceptions import OperationalError

from audit.models import ExportFile, Job, StepEvent
from designation.models import Notice, Request, Role, User
from designation.models.requests import State
from designation.permissions import WHO_WORKS_ON_IT

log = logging.getLogger(__name__)

ENDED = {Job.State.DONE: "is done", Job.State.FAILED: "has failed", Job.State.CANCELLED: "was cancelled"}
LONGEST_TITLE = 170  # characters, of a long act's

Audience = tuple[str, int | None]
"""A role, and the office or division at which it is held; None for headquarters."""

TO_OFFICE = {"return_to_office", "approve", "deny", "reconsider"}
TO_HSI_HEADQUARTERS = {"submit"}
TO_DIVISION = {"accept", "refer_back"}
TO_DEA_HEADQUARTERS = {"endorse", "concur", "nonconcur"}


def notify(name: str, requests: Sequence[Request], *, actor: User | None, reason: str) -> None:
    """Writes the notices of a batch that made the transition, and has them sent once it is committed."""
    audiences: dict[Audience, list[Request]] = defaultdict(list)
    for request in requests:
        for audience in _audiences(name, request):
            audiences[audience].append(request)
    if not audiences:
        return
    people = User.objects.filter(_people_in(audiences), is_active=True)
    if actor is not None:
        people = people.exclude(pk=actor.pk)
    notices = []
    for person in people:
        theirs = [
            request
            for (role, office), batch in audiences.items()
            if role in person.roles and office in (None, person.office_id)
            for request in batch
        ]
        notices.append(_notice(name, person, theirs, reason))
    Notice.objects.bulk_create(notices, batch_size=500)
    transaction.on_commit(send_soon)


def _people_in(audiences: Iterable[Audience]) -> Q:
    wanted = Q(pk__in=[])
    for role, office in audiences:
        wanted |= Q(roles__contains=[role]) if office is None else Q(roles__contains=[role], office=office)
    return wanted


def _audiences(name: str, request: Request) -> list[Audience]:
    if name in TO_OFFICE:
        return [(Role.COORDINATOR, request.office_id)]
    if name in TO_HSI_HEADQUARTERS:
        return [(Role.HSI_HQ, None)]
    if name in TO_DIVISION:
        return [(Role.DEA_FIELD, request.division_id)]
    if name in TO_DEA_HEADQUARTERS:
        return [(Role.DEA_HQ, None)]
    if name == "resubmit":
        return _resubmitted_to(request)
    if name == "withdraw" and request.transmitted:
        return [(Role.DEA_HQ, None)]
    return []


def _resubmitted_to(request: Request) -> list[Audience]:
    if request.state == "hsi_review":
        return [(Role.HSI_HQ, None)]
    return [(Role.DEA_HQ, None)]


def _notice(name: str, person: User, requests: Sequence[Request], reason: str) -> Notice:
    done = getattr(Request, name)._django_fsm.transitions
    verb = next(iter(done.values())).custom["done"]
    numbers = [request.number for request in requests]
    title = f"{numbers[0]} was {verb}" if len(numbers) == 1 else f"{len(numbers):,} requests were {verb}"
    return Notice(recipient=person, transition=name, title=title, reason=reason, numbers=numbers)


def tell_of_comment(request: Request, what: str, text: str, *, actor: User, place: str) -> None:
    """Tells who has a part in the request what the actor did on it: who is asked to act now, and whoever acted,
    commented or added a file before, as far as he still works on it. `place` is where on its page that stands."""
    acted = StepEvent.objects.filter(workflow=Request.workflow, subject=request.number, actor__isnull=False)
    part = Q(pk__in=acted.values("actor")) | Q(pk__in=request.comments.values("author"))
    part |= Q(pk__in=request.files.values("added_by")) | _people_in(_asked_now(request))
    people = User.objects.filter(part, is_active=True).exclude(pk=actor.pk).select_related("office")
    Notice.objects.bulk_create(
        Notice(
            recipient=person,
            transition="comment",
            title=f"{actor.recorded_name} {what}"[:200],
            body=text or f"{actor.recorded_name} {what}.",
            numbers=[],
            path=f"{reverse('designation:request_detail', args=[request.number])}#{place}",
        )
        for person in people
        if WHO_WORKS_ON_IT(request, person)
    )
    transaction.on_commit(send_soon)


def _asked_now(request: Request) -> list[Audience]:
    """Who is asked to act on the request in its state."""
    asked: dict[str, list[Audience]] = {
        State.HSI_REVIEW: [(Role.HSI_HQ, None)],
        State.DEA_INTAKE: [(Role.DEA_HQ, None), (Role.DEA_FIELD, request.division_id)],
        State.FIELD_REVIEW: [(Role.DEA_FIELD, request.division_id)],
        State.DEA_DECISION: [(Role.DEA_HQ, None)],
        State.RETURNED: [(Role.COORDINATOR, request.office_id)],
    }
    return asked.get(request.state, [])


def export_ended(file: ExportFile, state: ExportFile.State) -> None:
    """Tells its owner that an export that he ordered is ready, or why it could not be made.

    Not of one that he took as it was made, nor of one by schedule, which is delivered.
    """
    if file.owner_id is None or not file.kept or file.schedule_id is not None:
        return
    made = state == ExportFile.State.DONE
    Notice.objects.create(
        recipient_id=file.owner_id,
        transition="export",
        title="Your export is ready" if made else "Your export could not be made",
        body=f"{_content(file)}, as {file.format.upper()}.",
        numbers=[],
        path=reverse("audit:export_detail", args=[file.key]),
    )
    transaction.on_commit(send_soon)


def _content(file: ExportFile) -> str:
    what = file.what.capitalize()
    return what if file.what in settings.AUDIT_LISTS else f"{what}, {file.workflow}"


def job_ended(job: Job, state: Job.State) -> None:
    """Tells whoever ordered a long act that it has ended, in the app alone."""
    refused = f", {job.refused_rows:,} refused" if job.refused_rows else ""
    unfinished = (job.expected_rows or 0) - job.rows
    left = f", {unfinished:,} left as they were" if unfinished > 0 else ""
    body = f"{job.done_rows:,} row{pluralize(job.done_rows)} done{refused}{left}."
    Notice.objects.create(
        recipient_id=job.owner_id,
        transition="job",
        title=f"“{job.title[:LONGEST_TITLE]}” {ENDED[state]}",
        body=f"{body} {job.problem}".strip(),
        numbers=[],
        path=job.path,
        in_app_only=True,
    )


def send_soon() -> None:
    from designation.tasks import send_notices

    try:
        send_notices.delay()
    except OperationalError:
        log.warning("The task queue cannot be reached; the schedule sends the notices later.")
