"""Acts on so many rows that a worker does them: in parts, whatever becomes of the page and of the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import jobs as audit_jobs
from audit import work
from audit.models import Job, JobPart, StepEvent
from designation import jobs, workflow
from designation.models import Notice, Request
from tests import factories
from tests.audit.test_export_orders import wait_until
from tests.designation.test_notices import database_url
from tests.factories import People

pytestmark = pytest.mark.django_db(transaction=True)

State = Job.State


@pytest.fixture(autouse=True)
def small_parts(monkeypatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 3)
    monkeypatch.setattr(jobs, "IN_THE_PAGE", 5)


def ordered(people: People, requests: list[Request], act: str = "endorse", reason: str = "", left_out=()) -> Job:
    return jobs.order_acts(
        "requests",
        act,
        owner=people.hsi_hq,
        title=f"Endorse {len(requests)} requests",
        versions={request.pk: request.version for request in requests},
        left_out=left_out,
        reason=reason,
        back="/requests/?state=hsi_review",
    )


def again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def silent_for_long(job: Job, **values: Any) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - 2 * work.DEAD_AFTER, **values)


def states(requests: list[Request]) -> list[str]:
    found = Request.objects.filter(pk__in=[request.pk for request in requests])
    return sorted(found.values_list("state", flat=True))


def test_an_ordered_act_is_made_in_parts_and_says_how_far_it_is(people):
    requests = factories.requests(people, "hsi_review", count=7)
    job = ordered(people, requests)
    assert (job.state, job.expected_rows, states(requests)) == (State.WAITING, 7, ["hsi_review"] * 7)
    assert audit_jobs.do(job.pk)
    job = again(job)
    assert (job.state, job.rows, job.done_rows, job.refused_rows) == (State.DONE, 7, 7, 0)
    assert [len(part.done) for part in job.parts.all()] == [3, 3, 1]
    assert states(requests) == ["dea_intake"] * 7
    assert dict(audit_jobs.done_of(job)) == {request.pk: request.number for request in requests}


def test_a_task_that_runs_twice_acts_once(people):
    requests = factories.requests(people, "hsi_review", count=4)
    job = ordered(people, requests)
    assert [audit_jobs.do(job.pk), audit_jobs.do(job.pk)] == [True, False]
    assert StepEvent.objects.filter(transition="endorse").count() == 4


def test_what_changed_since_it_was_seen_is_refused_with_the_reason(people):
    requests = factories.requests(people, "hsi_review", count=4)
    out = factories.request(people, "withdrawn")
    job = ordered(people, requests, left_out=[out.pk])
    workflow.transition_one("withdraw", requests[3].pk, actor=people.coordinator, reason="Agent reassigned.")
    audit_jobs.do(job.pk)
    job = again(job)
    assert (job.rows, job.done_rows, job.refused_rows) == (5, 3, 2)
    assert [number for number, _why in audit_jobs.refused_of(job)] == [requests[3].number, out.number]
    assert all("withdrawn" in why for _number, why in audit_jobs.refused_of(job))


def test_who_is_told_is_told_once_when_all_is_done(people):
    assert people.dea_hq
    requests = factories.requests(people, "hsi_review", count=7)
    job = ordered(people, requests)
    audit_jobs.do(job.pk)
    told = Notice.objects.get(recipient=people.dea_hq)
    assert (told.title, len(told.numbers)) == ("7 requests were endorsed", 7)
    own = Notice.objects.get(recipient=people.hsi_hq, transition="job")
    assert (own.title, own.body, own.path, own.in_app_only) == (
        "“Endorse 7 requests” is done",
        "7 rows done.",
        job.path,
        True,
    )


def test_a_cancelled_act_stands_as_far_as_it_was_made_and_who_is_concerned_is_told_of_that(people):
    assert people.dea_hq
    requests = factories.requests(people, "hsi_review", count=7)
    job = work.claim(Job, ordered(people, requests).pk)
    assert job is not None
    doing = jobs.RequestActs(job)
    assert audit_jobs._do_part(job, doing, 0)
    assert audit_jobs.cancel(job)
    assert not audit_jobs._do_part(job, doing, 1), "it is wanted no more"
    assert (again(job).state, states(requests).count("dea_intake")) == (State.CANCELLED, 3)
    assert len(Notice.objects.get(recipient=people.dea_hq).numbers) == 3
    assert Notice.objects.get(transition="job").body == "3 rows done, 4 left as they were."
    assert not audit_jobs.cancel(job)


def test_a_job_that_its_worker_left_goes_on_after_its_last_part(people):
    requests = factories.requests(people, "hsi_review", count=7)
    job = work.claim(Job, ordered(people, requests).pk)
    assert job is not None
    assert audit_jobs._do_part(job, jobs.RequestActs(job), 0)
    silent_for_long(job)
    assert audit_jobs.take_up_again() == 1
    assert audit_jobs.do(job.pk)
    assert (again(job).attempts, again(job).rows, states(requests)) == (2, 7, ["dea_intake"] * 7)
    assert StepEvent.objects.filter(transition="endorse").count() == 7


def test_a_worker_that_was_taken_for_dead_does_no_more(people):
    requests = factories.requests(people, "hsi_review", count=7)
    late = work.claim(Job, ordered(people, requests).pk)
    assert late is not None
    silent_for_long(late)
    audit_jobs.take_up_again()
    assert not audit_jobs._do_part(late, jobs.RequestActs(late), 0)
    assert states(requests) == ["hsi_review"] * 7


def test_a_part_that_fails_leaves_nothing_of_itself(people):
    requests = factories.requests(people, "hsi_review", count=4)
    job = ordered(people, requests)
    JobPart.objects.create(job=job, place=1)  # stands in the way of the second part
    claimed = work.claim(Job, job.pk)
    assert claimed is not None
    doing = jobs.RequestActs(claimed)
    with pytest.raises(IntegrityError):
        audit_jobs._do_part(claimed, doing, 1)
    assert states(requests) == ["hsi_review"] * 4
    assert again(job).rows == 0


def test_a_job_that_always_dies_is_reported(people):
    job = ordered(people, factories.requests(people, "hsi_review", count=2))
    for attempt in range(1, work.MOST_ATTEMPTS + 1):
        silent_for_long(job, state=State.RUNNING, attempts=attempt)
        audit_jobs.take_up_again()
    assert again(job).state == State.FAILED
    assert Notice.objects.get(transition="job").title == "“Endorse 2 requests” has failed"


def test_who_lost_his_role_meanwhile_acts_on_nothing(people):
    requests = factories.requests(people, "hsi_review", count=2)
    job = ordered(people, requests)
    people.hsi_hq.roles = []
    people.hsi_hq.save()
    audit_jobs.do(job.pk)
    assert (again(job).done_rows, again(job).refused_rows, states(requests)) == (0, 2, ["hsi_review"] * 2)


def test_what_was_ordered_and_what_was_done_stay_on_record(people):
    job = ordered(people, factories.requests(people, "hsi_review", count=2))
    with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(parameters={})
    audit_jobs.do(job.pk)
    for change in (
        lambda: Job.objects.filter(pk=job.pk).update(state=State.WAITING),
        lambda: JobPart.objects.update(done=[]),
        lambda: again(job).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.fixture
def held(people) -> Iterator[threading.Event]:
    """Keeps the second part from its end: a lock on a request of it, until the event is set."""
    locked, release = threading.Event(), threading.Event()
    requests = factories.requests(people, "hsi_review", count=7)

    def hold() -> None:
        with transaction.atomic():
            list(Request.objects.filter(pk=requests[4].pk).select_for_update())
            locked.set()
            release.wait(120)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    yield release
    release.set()
    holder.join()


def worker() -> subprocess.Popen[bytes]:
    command = "from designation import jobs; jobs.CHUNK = 3; from config import celery_app; "
    command += "celery_app.worker_main(['worker', '--pool', 'solo', '--loglevel', 'warning'])"
    environment = {"DATABASE_URL": database_url(), "REDIS_URL": django_settings.CELERY_BROKER_URL}
    start = "import os; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings'); import django; "
    start += f"django.setup(); {command}"
    return subprocess.Popen([sys.executable, "-c", start], env={**os.environ, **environment})


def test_a_real_worker_that_is_killed_leaves_no_step_half_done_and_none_is_made_twice(people, held):
    requests = list(Request.objects.order_by("pk"))
    job = ordered(people, requests)
    first = worker()
    try:
        wait_until(lambda: again(job).rows == 3)  # the second part is under way, and waits for the lock
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert (again(job).state, states(requests).count("dea_intake")) == (State.RUNNING, 3)
    held.set()
    wait_until(lambda: _can_be_locked(job))  # the database has seen that the worker is gone
    silent_for_long(job)
    assert audit_jobs.take_up_again() == 1
    second = worker()
    try:
        wait_until(lambda: again(job).state == State.DONE)
    finally:
        second.terminate()
        second.wait(timeout=30)
    assert (again(job).attempts, again(job).done_rows, states(requests)) == (2, 7, ["dea_intake"] * 7)
    assert StepEvent.objects.filter(transition="endorse").count() == 7


def _can_be_locked(job: Job) -> bool:
    with transaction.atomic():
        return Job.objects.filter(pk=job.pk).select_for_update(skip_locked=True).exists()


def confirm(client, page, reason: str = ""):
    form = {name: page.context["form"][name].value() for name in ("selection", "left_out")}
    return client.post(page.context["action_url"], {**form, "reason": reason}, follow=True)


def select(client, requests: list[Request], act: str = "endorse"):
    pks = [request.pk for request in requests]
    return client.post(reverse("designation:bulk_preview"), {"act": act, "selected": pks})


def test_a_large_selection_becomes_a_job_whose_page_shows_progress_and_then_the_outcome(people, client):
    requests = factories.requests(people, "hsi_review", count=6)
    client.force_login(people.hsi_hq)
    page = confirm(client, select(client, requests))
    job = Job.objects.get()
    assert page.redirect_chain[-1][0] == job.path
    assert "Endorse 6 requests" in page.text
    assert "0 of 6" not in page.text, "it waits"
    assert states(requests) == ["hsi_review"] * 6

    asked_again = {"HX-Request": "true"}
    assert "HX-Refresh" not in client.get(f"{job.path}?shown=Waiting", headers=asked_again)
    Job.objects.filter(pk=job.pk).update(state=State.RUNNING, attempts=1, rows=3)
    assert "3 of 6 rows." in client.get(f"{job.path}?shown=Waiting", headers=asked_again).text
    Job.objects.filter(pk=job.pk).update(state=State.WAITING, rows=0)
    audit_jobs.do(job.pk)
    assert client.get(f"{job.path}?shown=Waiting", headers=asked_again)["HX-Refresh"] == "true"
    page = client.get(job.path)
    assert "6 requests endorsed" in page.text
    assert page.text.count("/requests/T21-") == 6


def test_a_small_selection_is_done_in_the_page(people, client):
    client.force_login(people.hsi_hq)
    page = confirm(client, select(client, factories.requests(people, "hsi_review", count=5)))
    assert "5 requests endorsed" in page.text
    assert not Job.objects.exists()


def test_a_reviewer_has_a_large_selection_decided_by_a_job(people, client):
    requests = factories.requests(people, "dea_intake", count=6)
    client.force_login(people.dea_hq)
    url = reverse("admin:designation_request_changelist")
    selected = {"action": "return_to_office", "_selected_action": [request.pk for request in requests]}
    preview = client.post(url, selected)
    page = confirm(client, preview, "Memos are missing.")
    job = Job.objects.get()
    assert "Return to office 6 requests" in page.text
    audit_jobs.do(job.pk)
    page = client.get(job.path).text
    assert "6 requests returned" in page
    assert "Memos are missing." in page
    assert job.back.startswith(url)


def test_the_refused_are_a_file_too(people, client):
    requests = factories.requests(people, "hsi_review", count=6)
    job = ordered(people, requests)
    workflow.transition_one("withdraw", requests[0].pk, actor=people.coordinator, reason="Agent reassigned.")
    audit_jobs.do(job.pk)
    client.force_login(people.hsi_hq)
    lines = client.get(reverse("designation:job_refused", args=[job.key])).text.splitlines()
    assert [line.split(",")[0] for line in lines] == ["number", requests[0].number]


def test_a_job_is_seen_by_its_owner_and_by_auditors(people, client):
    job = ordered(people, factories.requests(people, "hsi_review", count=6))
    for user, status in ((people.hsi_hq, 200), (people.auditor, 200), (people.dea_hq, 404)):
        client.force_login(user)
        assert client.get(job.path).status_code == status
        listed = client.get(reverse("designation:job_list")).text
        assert (job.title in listed) == (status == 200)
    client.force_login(people.auditor)
    cancel = reverse("designation:job_cancel", args=[job.key])
    assert cancel not in client.get(job.path).text
    assert client.post(cancel).status_code == 404
    client.force_login(people.hsi_hq)
    page = client.post(cancel, follow=True)
    assert "Cancelled. 0 rows were done before, and stand." in page.text
    assert "select it again to go on" in page.text


def test_the_page_of_a_job_that_no_worker_takes_says_what_to_do(people, client):
    job = ordered(people, factories.requests(people, "hsi_review", count=6))
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=20))
    client.force_login(people.hsi_hq)
    page = client.get(job.path).text
    assert "Nothing is lost" in page
    assert "no worker may be running" in page


def test_the_list_of_jobs_costs_the_same_queries_for_1_and_for_20(people, client, django_assert_num_queries):
    requests = factories.requests(people, "hsi_review", count=1)
    ordered(people, requests)
    client.force_login(people.hsi_hq)
    with django_assert_num_queries(6):
        client.get(reverse("designation:job_list"))
    for _ in range(19):
        ordered(people, requests)
    with django_assert_num_queries(6):
        client.get(reverse("designation:job_list"))
