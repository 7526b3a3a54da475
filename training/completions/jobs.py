"""Recording a large file of completions, and taking one back, by a worker.

Each is one part and one transaction, not several: a file is judged as a whole, since its rows are compared with each
other, and is recorded and taken back as a whole. A worker that dies in it leaves nothing; the next begins anew.
"""

from __future__ import annotations

from collections.abc import Sized

from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit import jobs
from audit.jobs import CannotGoOn, Kind, Part
from audit.machine import Refused
from audit.models import Job
from designation.models import User
from designation.sheets.files import UnusableFile
from training.completions import uploads
from training.models import CompletionImport, CompletionUpload
from training.workflow import completions

# On two cores 50,000 rows of a file are recorded in 3 s, and as many completions recorded anew in about as long.
IN_THE_PAGE = 10_000


def is_large(rows: Sized) -> bool:
    """Whether recording the rows takes longer than a page can wait."""
    return len(rows) > IN_THE_PAGE


def is_large_to_take_back(effect: completions.TakingBack) -> bool:
    """Whether taking the file back does: what other files brought too is recorded anew."""
    return effect.stay > IN_THE_PAGE


def order_recording(upload: CompletionUpload, owner: User, *, rows: int) -> Job:
    """Puts the recording of an upload into the queue. Raises UnderWay where it is being recorded."""
    return jobs.order(
        "completions",
        owner=owner,
        title=f"Record completions {upload.filename}",
        parameters={"upload": upload.pk},
        path=lambda _job: reverse("training:completion_file", args=[upload.pk]),
        about=uploads.job_about(upload),
        rows=rows,
    )


def order_taking_back(file: CompletionImport, owner: User, *, why: str) -> Job:
    """Puts taking a file back into the queue. Raises UnderWay where it is being taken back."""
    return jobs.order(
        "completions taken back",
        owner=owner,
        title=f"Take back {file}",
        parameters={"file": file.pk, "why": why},
        path=lambda _job: reverse("training:completion_import", args=[file.pk]),
        about=about(file),
        rows=file.rows,
    )


def about(file: CompletionImport) -> str:
    """What the job that takes the file back is about."""
    return f"file of completions {file.pk}"


class Recording(Kind):
    """Records the rows of an upload that are ready; its result stays with the upload."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.upload = CompletionUpload.objects.get(pk=job.parameters["upload"])
        self.rows = job.expected_rows or 0

    def do(self, place: int) -> Part:
        """Records the file."""
        try:
            result = uploads.record_upload(self.upload, self.job.owner)
        except (UnusableFile, PermissionDenied) as error:
            raise CannotGoOn(str(error)) from error
        return Part(self.rows, more=False, done_rows=result.recorded, refused_rows=len(result.rejected))


class TakingBack(Kind):
    """Takes a file of completions back."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.rows = job.expected_rows or 0

    def do(self, place: int) -> Part:
        """Takes the file back."""
        asked = self.job.parameters
        try:
            completions.take_back(asked["file"], actor=self.job.owner, why=asked["why"])
        except (Refused, PermissionDenied) as error:
            raise CannotGoOn(str(error)) from error
        return Part(self.rows, more=False, done_rows=self.rows)
