"""Filing a roster of so many agents that a worker does it, in parts of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit import jobs
from audit.jobs import CannotGoOn, Kind, Part
from audit.models import Job, JobPart
from designation import workflow
from designation.jobs import CHUNK
from designation.models import RosterUpload, User
from designation.rosters import uploads
from designation.rosters.uploads import FiledRoster
from designation.sheets.files import UnusableFile


def order_filing(upload: RosterUpload, owner: User, *, rows: int) -> Job:
    """Puts the filing of an upload into the queue. Raises UnderWay where it is being filed."""
    return jobs.order(
        "roster",
        owner=owner,
        title=f"File roster {upload.filename}",
        parameters={"upload": upload.pk},
        path=lambda _job: reverse("designation:roster", args=[upload.pk]),
        about=uploads.job_about(upload),
        rows=rows,
    )


class Filing(Kind):
    """Files the rows of an upload. What is filed stays, however it ends; only a filing done to its end has a result.

    The file and its columns do not change meanwhile, so that each part has the same rows in every attempt.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        upload = RosterUpload.objects.select_related("office").get(pk=job.parameters["upload"])
        self.owner: Any = job.owner
        try:
            self.plan = uploads.plan_upload(upload, self.owner)
        except UnusableFile as error:
            raise CannotGoOn(str(error)) from error
        self.rows = len(self.plan.rows)

    def do(self, place: int) -> Part:
        """Files the next rows."""
        end = (place + 1) * CHUNK
        part = replace(self.plan, rows=self.plan.rows[place * CHUNK : end])
        try:
            filed, requests = uploads.file_plan(part, self.owner, tell=False)
        except PermissionDenied as error:
            raise CannotGoOn(str(error)) from error
        return Part(
            len(part.rows),
            end < self.rows,
            done=[(request.pk, request.number) for request in requests],
            refused=[(str(number), why) for number, why in filed.rejected.items()],
            kept={"already_filed": filed.already_filed},
        )

    @staticmethod
    def ended(job: Job, state: Job.State) -> None:
        """Tells of all that was filed; a filing done to its end leaves its result with the upload."""
        done = jobs.done_of(job)
        workflow.tell_of("submit", [pk for pk, _number in done], actor=job.owner)
        if state == Job.State.DONE:
            kept = JobPart.objects.filter(job=job).values_list("kept", flat=True)
            filed = FiledRoster(
                filed=tuple(number for _pk, number in done),
                already_filed=sum(part["already_filed"] for part in kept),
                rejected={int(row): why for row, why in jobs.refused_of(job)},
            )
            uploads.keep_result(RosterUpload.objects.get(pk=job.parameters["upload"]), filed)
