"""Who is told of a transition: one notice for each person and batch, written in the batch's own transaction.

So it is with requests and with designations. And of comments and files on a request: who has a part in it. And of
exports and long acts: their owners, when these have ended.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.defaultfilters import pluralize
from django.urls import reverse
from kombu.exceptions import OperationalError

from audit.models import ExportFile, Job, ScheduledExport, StepEvent
from designation.models import Designation, Notice, Request, Role, User
from designation.models.requests import State
from designation.permissions import WHO_WORKS_ON_IT

log = logging.getLogger(__name__)

ENDED = {Job.State.DONE: "is done", Job.State.FAILED: "has failed", Job.State.CANCELLED: "was cancelled"}
LONGEST_TITLE = 170  # characters, of a long act's
MOST_NUMBERED = 20  # designations, in one notice

Audience = tuple[str, int | None]
"""A role, and the office or division at which it is held; None for headquarters."""

Row = TypeVar("Row", Request, Designation)

TO_OFFICE = {"return_to_office", "approve", "deny", "reconsider"}
TO_HSI_HEADQUARTERS = {"submit"}
TO_DIVISION = {"accept", "refer_back"}
TO_DEA_HEADQUARTERS = {"endorse", "concur", "nonconcur"}

# Of designations. What the system expires, and a newer one replaces, is told to nobody.
TO_OFFICES_OF_AGENT = {"suspend", "reinstate", "revoke", "relinquish"}
TO_WHO_GRANTED_IT = {"relinquish"}


def notify(name: str, requests: Sequence[Request], *, actor: User | None, reason: str) -> None:
    """Writes the notices of a batch that made the transition, and has them sent once it is committed."""
    audiences: dict[Audience, list[Request]] = defaultdict(list)
    for request in requests:
        for audience in _audiences(name, request):
            audiences[audience].append(request)
    _write(_notice(name, person, theirs, reason) for person, theirs in _told(audiences, actor))


def notify_of_designations(name: str, designations: Sequence[Designation], *, actor: User, reason: str) -> None:
    """As `notify`: all are told to the agents' offices, HSI's own also to DEA. The designations have their agents."""
    audiences: dict[Audience, list[Designation]] = defaultdict(list)
    for designation in designations:
        for audience in _audiences_of_designation(name, designation):
            audiences[audience].append(designation)
    _write(_notice_of_designations(name, person, theirs, reason) for person, theirs in _told(audiences, actor))


def _told(audiences: Mapping[Audience, Sequence[Row]], actor: User | None) -> Iterator[tuple[User, list[Row]]]:
    """Each person in the audiences but who acted, with what concerns him; one query."""
    if not audiences:
        return
    people = User.objects.filter(_people_in(audiences), is_active=True)
    if actor is not None:
        people = people.exclude(pk=actor.pk)
    for person in people:
        theirs = [
            row
            for (role, office), batch in audiences.items()
            if role in person.roles and office in (None, person.office_id)
            for row in batch
        ]
        yield person, theirs


def _write(notices: Iterable[Notice]) -> None:
    """Puts the notices on record, and has them sent once that is committed."""
    if written := list(notices):
        Notice.objects.bulk_create(written, batch_size=500)
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


def _audiences_of_designation(name: str, designation: Designation) -> list[Audience]:
    """Both offices where the agent has moved since: he works at one, and the other answers for the grant."""
    told: list[Audience] = []
    if name in TO_OFFICES_OF_AGENT:
        told += [(Role.COORDINATOR, office) for office in {designation.agent.office_id, designation.office_id}]
    if name in TO_WHO_GRANTED_IT:
        told.append((Role.DEA_HQ, None))
    return told


def _notice(name: str, person: User, requests: Sequence[Request], reason: str) -> Notice:
    numbers = [request.number for request in requests]
    title = _title(name, requests, "requests")
    return Notice(recipient=person, transition=name, title=title, reason=reason, numbers=numbers)


def _notice_of_designations(name: str, person: User, designations: Sequence[Designation], reason: str) -> Notice:
    return Notice(
        recipient=person,
        transition=name,
        title=_title(name, designations, "designations"),
        reason=reason,
        body=_numbers_of(designations),
        numbers=[],
        path=_page_of(designations, person),
    )


def _title(name: str, rows: Sequence[Row], many: str) -> str:
    done = getattr(type(rows[0]), name)._django_fsm.transitions
    verb = next(iter(done.values())).custom["done"]
    return f"{rows[0].number} was {verb}" if len(rows) == 1 else f"{len(rows):,} {many} were {verb}"


def _numbers_of(designations: Sequence[Designation]) -> str:
    """Which they are, a line for each, and how many more of very many. Names stay out of what goes by mail."""
    numbers = [row.number for row in designations[:MOST_NUMBERED]]
    more = len(designations) - len(numbers)
    return "\n".join([*numbers, f"and {more:,} more"] if more else numbers)


def _page_of(designations: Sequence[Designation], person: User) -> str:
    """The agent's page where it is about one whom the person may see; otherwise the list."""
    agent = designations[0].agent
    if len(designations) == 1 and (agent.office_id == person.office_id or Role.DEA_HQ in person.roles):
        return reverse("designation:agent_detail", args=[agent.pk])
    return reverse("designation:designation_list")


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


def schedule_ended(schedule: ScheduledExport, by: User) -> None:
    """Tells its owner, unless he has left, that another has ended his scheduled export, and who."""
    if not schedule.owner.is_active:
        return
    Notice.objects.create(
        recipient_id=schedule.owner_id,
        transition="schedule_ended",
        title="Your scheduled export was ended",
        body=f"{by.recorded_name} ended it: {schedule}. No more exports come by it; what it had made stays.",
        numbers=[],
        path=reverse("audit:schedule_list"),
    )
    transaction.on_commit(send_soon)


def delivery_failed(file: ExportFile, problem: str) -> None:
    """Tells its owner, unless he has left, that an export by schedule could not be delivered, and why."""
    if file.owner is None or not file.owner.is_active:
        return
    Notice.objects.create(
        recipient=file.owner,
        transition="delivery_failed",
        title="Your scheduled export could not be delivered",
        body=f"{_content(file)}, as {file.format.upper()}. {problem}",
        numbers=[],
        path=reverse("audit:export_list"),
    )
    transaction.on_commit(send_soon)


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
