"""Long acts: how far one is, what came of it, and all of one's own."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import jobs, progress
from audit.machine import Subject
from audit.models import Job
from audit.spreadsheets import harmless
from designation.declared import declared
from designation.models import Designation, Request
from designation.selections import grouped_pairs
from designation.views.access import SignedIn, post_only, visible_or_404

PER_PAGE = 50
# The kinds whose outcome is shown here, and of what they are acts.
MODELS: dict[str, type[Subject]] = {"requests": Request, "designations": Designation}


@require_safe
def job_list(request: SignedIn) -> HttpResponse:
    found = Job.objects.visible_to(request.user).defer("parameters")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [{"job": job, "status": progress.status_of(job)} for job in page]
    return render(request, "designation/job_list.html", {"page": page, "rows": rows})


@require_safe
def job_page(request: SignedIn, key: UUID) -> HttpResponse:
    """How far an act on a selection is, and then what it did and refused."""
    job: Job = visible_or_404(Job.objects.all(), request, key=key)
    if job.path != request.path:
        return redirect(job.path)
    if job.is_unfinished or request.headers.get("HX-Request"):
        return job_under_way(request, job)
    return render(request, "designation/job_ended.html", _outcome(job))


def job_under_way(request: SignedIn, job: Job) -> HttpResponse:
    """The page on how far a job is; asked every second by the page itself, until there is another page to show."""
    how_far = progress.progress_of(job)
    if request.headers.get("HX-Request"):
        return progress.answer(request, how_far, noun="act")
    return render(request, "designation/job.html", {**how_far, "job": job, "is_own": job.owner_id == request.user.pk})


def job_ended() -> HttpResponse:
    """For a page that asks again how far a job is, when that has ended: to load itself anew."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def _outcome(job: Job) -> dict[str, Any]:
    model = MODELS[job.kind]
    done, refused = jobs.done_of(job), jobs.refused_of(job)
    act_done = declared(model, job.parameters["act"]).done
    noun = model._meta.verbose_name if len(done) == 1 else model._meta.verbose_name_plural
    return {
        "job": job,
        "status": progress.status_of(job),
        "heading": f"{len(done):,} {noun} {act_done}",
        "act_done": act_done,
        "reason": job.parameters["reason"],
        "done": done,
        "in_admin": model is Designation,
        "refused": grouped_pairs(refused),
        "refused_count": len(refused),
        "left": max((job.expected_rows or 0) - job.rows, 0),
    }


@require_safe
def job_refused(request: SignedIn, key: UUID) -> HttpResponse:
    job: Job = visible_or_404(Job.objects.filter(kind__in=MODELS), request, key=key)
    return refused_csv(job.parameters["act"], jobs.refused_of(job))


def refused_csv(act: str, refused: Iterable[tuple[str, str]]) -> HttpResponse:
    """What an act refused as CSV: number, why."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{act}.csv"'
    writer = csv.writer(response)
    writer.writerow(["number", "why"])
    writer.writerows([harmless(number), harmless(why)] for number, why in refused)
    return response


def _page_url(_request: HttpRequest, key: UUID) -> str:
    return reverse("designation:job", args=[key])


@post_only(_page_url)
def job_cancel(request: SignedIn, key: UUID) -> HttpResponse:
    """Stops one's own job after the part under way."""
    job = Job.objects.of(request.user).filter(key=key).first()
    if job is None:
        raise Http404("Not found, or not yours.")
    if jobs.cancel(job):
        job.refresh_from_db(fields=["done_rows"])
        was = pluralize(job.done_rows, "row was,rows were")
        messages.success(request, f"Cancelled. {job.done_rows:,} {was} done before, and stand.")
    else:
        messages.warning(request, "There was nothing to cancel: it had ended.")
    return redirect(job.path)
