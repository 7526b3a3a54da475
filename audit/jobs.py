"""Long acts: ordered on a page, done by a worker in parts, whatever becomes of the page and of the worker.

Each part is one transaction, in which the act, and the record of what it did and refused, stand or fall together.
A job that is taken up again goes on after its last part, and does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from audit import work
from audit.models import Job, JobPart

log = logging.getLogger(__name__)

State = Job.State
LONGEST_TITLE = 200  # characters
FAULT = "A fault of the system; its log says which."


class CannotGoOn(Exception):
    """A job cannot be done, or no further; the message says why and what to do."""


@dataclass(frozen=True)
class Part:
    """What one transaction did: `rows` of the job's, of which some were `done` and some `refused`.

    `done` are primary keys and numbers, `refused` numbers and why; `done_rows` and `refused_rows` count what is on
    record elsewhere and not listed in them. `kept` is what else is needed at the end. `more` is False with the last.
    """

    rows: int
    more: bool
    done: Sequence[tuple[int, str]] = ()
    refused: Sequence[tuple[str, str]] = ()
    done_rows: int = 0
    refused_rows: int = 0
    kept: Mapping[str, Any] = field(default_factory=dict)


class Kind:
    """A kind of job, made anew for each attempt; `rows` is how many there are in all. Raises CannotGoOn."""

    rows: int

    def __init__(self, job: Job) -> None:
        self.job = job

    def do(self, place: int) -> Part:
        """Does the part with that place, in the caller's transaction. Raises CannotGoOn."""
        raise NotImplementedError

    @staticmethod
    def ended(job: Job, state: Job.State) -> None:
        """Does what is left once the job has ended, in the same transaction, however it ended: mostly nothing."""


@cache
def _kind(name: str) -> type[Kind]:
    found: type[Kind] = import_string(settings.AUDIT_JOBS[name])
    return found


class UnderWay(Exception):
    """Such a job is under way already."""


def order(
    kind: str,
    *,
    owner: Any,
    title: str,
    parameters: Mapping[str, Any],
    path: Callable[[Job], str],
    about: str = "",
    back: str = "",
    rows: int | None = None,
) -> Job:
    """Puts a job into the queue. Raises UnderWay where one about the same is not finished."""
    job = Job(
        kind=kind,
        owner=owner,
        owner_name=owner.recorded_name,
        title=title[:LONGEST_TITLE],
        parameters=parameters,
        about=about,
        back=back,
        expected_rows=rows,
    )
    job.path = path(job)
    try:
        with transaction.atomic():
            job.save()
    except IntegrityError as error:
        if Job.objects.unfinished().filter(about=about).exists():
            raise UnderWay("It is under way already.") from error
        raise
    _queue(job)
    job.refresh_from_db()
    return job


def _queue(job: Job) -> None:
    from audit.tasks import do_job

    work.queue(do_job, job)


def do(pk: int) -> bool:
    """Does a waiting job, or what is left of it; returns whether it is done. Harmless when it is called twice."""
    job = work.claim(Job, pk)
    if job is None:
        return False
    try:
        with work.Heart(job):
            _go_on(job)
    except CannotGoOn as error:
        _end(job, State.FAILED, problem=str(error))
    except OperationalError:
        log.warning("job %s was interrupted", job.key, exc_info=True)  # `take_up_again` finds it
    except Exception:
        _end(job, State.FAILED, problem=FAULT)
        raise
    return Job.objects.filter(pk=pk, state=State.DONE).exists()


def _go_on(job: Job) -> None:
    doing = _kind(job.kind)(job)
    Job.objects.filter(pk=job.pk).update(expected_rows=doing.rows)
    place = job.parts.count()
    while _do_part(job, doing, place):
        place += 1


def _do_part(job: Job, doing: Kind, place: int) -> bool:
    """Returns whether more is left to do, and for this attempt to do.

    The job is locked meanwhile: who cancels it, or takes it for dead, waits for the part or comes before it.
    """
    with transaction.atomic():
        if not work.attempt_of(job).select_for_update().exists():
            return False
        part = doing.do(place)
        JobPart.objects.create(
            job=job, place=place, done=list(part.done), refused=list(part.refused), kept=dict(part.kept)
        )
        Job.objects.filter(pk=job.pk).update(
            rows=F("rows") + part.rows,
            done_rows=F("done_rows") + len(part.done) + part.done_rows,
            refused_rows=F("refused_rows") + len(part.refused) + part.refused_rows,
            heartbeat_at=Now(),
        )
        if not part.more:
            _end(job, State.DONE)
    return part.more


def cancel(job: Job) -> bool:
    """Stops a job after the part under way; what was done stays. Returns whether there was anything to stop."""
    with transaction.atomic():
        stopped = work.cancel(job)
        if stopped:
            _tell(job, State.CANCELLED)
    return stopped


def _end(job: Job, state: Job.State, **values: Any) -> None:
    with transaction.atomic():
        if work.end(job, state, **values):
            _tell(job, state)


def _tell(job: Job, state: Job.State) -> None:
    """Tells its kind, and those whom the settings list, that it has ended."""
    ended = Job.objects.select_related("owner").get(pk=job.pk)
    _kind(job.kind).ended(ended, state)
    for path in settings.AUDIT_JOB_ENDED:
        import_string(path)(ended, state)


def take_up_again() -> int:
    """Queues the jobs again whose worker is silent, or that no worker has taken; returns how many."""
    from audit.tasks import do_job

    return work.take_up_again(Job, do_job, fail=lambda job, why: _end(job, State.FAILED, problem=why))


def done_of(job: Job) -> list[tuple[int, str]]:
    """Primary key and number of what the job has done so far, in order."""
    parts = JobPart.objects.filter(job=job).values_list("done", flat=True)
    return [(pk, number) for done in parts for pk, number in done]


def refused_of(job: Job) -> list[tuple[str, str]]:
    """Number of what the job has refused so far, and why, in order."""
    parts = JobPart.objects.filter(job=job).values_list("refused", flat=True)
    return [(number, why) for refused in parts for number, why in refused]


def last_about(about: str) -> Job | None:
    """The latest job about it: the only one that may not have ended."""
    return Job.objects.filter(about=about).defer("parameters").first()
