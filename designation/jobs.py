"""Acts on so many rows that a worker does them: in parts, each through the workflow, with the versions that were seen.

Who is told of the act is told once, when the job has ended, and not of each part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from django.urls import reverse

from audit import jobs
from audit.jobs import Kind, Part
from audit.machine import Outcome, Refusal
from audit.models import Job
from designation import selections, workflow
from designation.fields import KeysField, VersionsField

# On two cores a request takes some 2 to 4 ms, so that what stays in the page takes a second or two at most.
IN_THE_PAGE = 300
# Rows of a part: a second's work, so that progress is seen and a worker that dies loses no more.
CHUNK = 250


def is_large(rows: Sized) -> bool:
    """Whether an act on the rows takes longer than a page can wait."""
    return len(rows) > IN_THE_PAGE


def order_acts(
    kind: str,
    act: str,
    *,
    owner: Any,
    title: str,
    versions: Mapping[int, int],
    left_out: Sequence[int],
    reason: str,
    back: str,
) -> Job:
    """Puts one act on many rows into the queue; `left_out` are those that the preview said would be refused."""
    return jobs.order(
        kind,
        owner=owner,
        title=title,
        parameters={
            "act": act,
            "reason": reason,
            "versions": VersionsField.joined(versions),
            "left_out": KeysField.joined(left_out),
        },
        path=path_of,
        back=back,
        rows=len(versions) + len(left_out),
    )


def path_of(job: Job) -> str:
    """The page of a job that has no other."""
    return reverse("designation:job", args=[job.key])


class Acts(Kind):
    """One act on many rows; a subclass says how it is performed."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        asked = job.parameters
        self.versions = VersionsField().to_python(asked["versions"])
        self.wanted = list(self.versions)
        self.left_out = KeysField().to_python(asked["left_out"])
        self.rows = len(self.wanted) + len(self.left_out)

    def do(self, place: int) -> Part:
        """Makes the act on the next of the selection; with the last, says why the ones left out are refused."""
        start, end = place * CHUNK, (place + 1) * CHUNK
        pks = self.wanted[start:end]
        outcome = self.act(pks)
        more = end < len(self.wanted)
        rows = len(pks)
        if not more:
            outcome.refused += self._still_refused()
            rows += len(self.left_out)
        return Part(
            rows,
            more,
            done=[(row.pk, row.number) for row in outcome.done],
            refused=[(refusal.number, refusal.message) for refusal in outcome.refused],
        )

    def act(self, pks: Sequence[int]) -> Outcome[Any]:
        """Makes the act on some of the selection."""
        raise NotImplementedError

    def preview_of(self, pks: Sequence[int]) -> Outcome[Any]:
        """What the act would do to them now."""
        raise NotImplementedError

    def _still_refused(self) -> list[Refusal]:
        return selections.still_refused(self.preview_of(self.left_out)) if self.left_out else []


class RequestActs(Acts):
    """An act on many requests."""

    def act(self, pks: Sequence[int]) -> Outcome[Any]:
        asked, owner = self.job.parameters, self.job.owner
        return workflow.transition(
            asked["act"], pks, actor=owner, reason=asked["reason"], versions=self.versions, tell=False
        )

    def preview_of(self, pks: Sequence[int]) -> Outcome[Any]:
        return workflow.preview(self.job.parameters["act"], pks, actor=self.job.owner)

    @staticmethod
    def ended(job: Job, state: Job.State) -> None:
        """Tells whom it concerns of all that was done."""
        pks = [pk for pk, _number in jobs.done_of(job)]
        workflow.tell_of(job.parameters["act"], pks, actor=job.owner, reason=job.parameters["reason"])


class DesignationActs(Acts):
    """An act on many designations."""

    def act(self, pks: Sequence[int]) -> Outcome[Any]:
        asked, owner = self.job.parameters, self.job.owner
        return workflow.change_designations(
            asked["act"], pks, actor=owner, reason=asked["reason"], versions=self.versions, tell=False
        )

    def preview_of(self, pks: Sequence[int]) -> Outcome[Any]:
        return workflow.preview_designations(self.job.parameters["act"], pks, actor=self.job.owner)

    @staticmethod
    def ended(job: Job, state: Job.State) -> None:
        """Tells whom it concerns of all that was done."""
        pks = [pk for pk, _number in jobs.done_of(job)]
        asked = job.parameters
        workflow.tell_of_designations(asked["act"], pks, actor=job.owner, reason=asked["reason"])
