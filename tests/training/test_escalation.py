"""Disputes that their level leaves lying: the schedule moves them on, once, however often and wherever it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from audit import verify
from audit.models import StageVisit, StepEvent
from config import celery_app
from designation import references
from designation.models import Notice
from tests.concurrency import at_once
from tests.designation.test_notices import database_url
from tests.factories import request
from tests.training.factories import Managers, dispute, section, version
from training.models import Dispute
from training.tasks import escalate_disputes
from training.workflow import disputes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def opened(people: Managers) -> Dispute:
    """At the working level, whose goal has passed; both sides have somebody to tell."""
    references.load()
    people.hsi_manager  # noqa: B018 - made, so that there is somebody to tell
    opened = dispute(section(version(people)), people.dea_manager)
    pass_the_due_time(opened)
    return opened


def pass_the_due_time(of: Dispute, ago: timedelta = timedelta(minutes=1)) -> None:
    StageVisit.objects.filter(subject=of.number, left_at=None).update(due_at=timezone.now() - ago)


def state(of: Dispute) -> str:
    return Dispute.objects.get(pk=of.pk).state


def escalations(of: Dispute) -> int:
    return StepEvent.objects.filter(subject=of.number, transition="escalate_overdue").count()


def test_the_schedule_names_the_task_that_escalates() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert escalate_disputes.name in scheduled
    celery_app.loader.import_default_modules()
    assert escalate_disputes.name in celery_app.tasks


def test_both_sides_are_told_with_the_way_to_the_dispute(people: Managers, opened: Dispute) -> None:
    escalate_disputes()
    told = Notice.objects.filter(title__contains="was escalated to Headquarters Review Team")
    assert {notice.recipient for notice in told} == {people.hsi_manager, people.dea_manager}
    assert {notice.path for notice in told} == {opened.get_absolute_url()}


def test_run_twice_it_escalates_once(opened: Dispute) -> None:
    assert (escalate_disputes(), escalate_disputes()) == (1, 0)
    assert state(opened) == "headquarters_review"


def test_a_dispute_before_its_due_time_stays(people: Managers) -> None:
    references.load()
    fresh = dispute(section(version(people)), people.dea_manager)
    assert escalate_disputes() == 0
    assert state(fresh) == "working_level"


def test_each_level_has_its_own_time(opened: Dispute) -> None:
    escalate_disputes()
    assert escalate_disputes() == 0
    pass_the_due_time(opened)
    assert escalate_disputes() == 1
    assert state(opened) == "leadership"


def test_leadership_keeps_what_is_late(opened: Dispute) -> None:
    for _ in range(2):
        escalate_disputes()
        pass_the_due_time(opened)
    assert escalate_disputes() == 0
    assert Dispute.objects.with_clocks().get(pk=opened.pk).clock_status == "late"


def test_a_schedule_that_missed_weeks_loses_nothing(people: Managers, opened: Dispute) -> None:
    of = request(people, "field_review")
    missed = [opened, *(dispute(of, people.dea_field, title=f"Point {number}") for number in range(3))]
    for days, one in enumerate(missed):
        pass_the_due_time(one, timedelta(days=1 + 10 * days))
    assert escalate_disputes() == 4
    assert {state(one) for one in missed} == {"headquarters_review"}
    assert list(verify.findings()) == []


def test_two_that_run_at_once_escalate_once(opened: Dispute) -> None:
    assert sorted(at_once(escalate_disputes, escalate_disputes, escalate_disputes)) == [0, 0, 1]
    assert (state(opened), escalations(opened)) == ("headquarters_review", 1)


def test_a_side_that_accepts_at_that_moment_settles_it_or_sees_it_escalated(people: Managers, opened: Dispute) -> None:
    disputes.propose(opened.pk, text="Both train.", actor=people.dea_manager)
    seen = {opened.pk: Dispute.objects.get(pk=opened.pk).version}

    def accept() -> Any:
        return disputes.move_disputes("accept", [opened.pk], actor=people.hsi_manager, versions=seen)

    escalated, outcome = at_once(escalate_disputes, accept)
    assert escalated + len(outcome.done) == 1
    assert state(opened) == ("settled" if outcome.done else "headquarters_review")
    assert list(verify.findings()) == []


@pytest.fixture
def two_workers() -> Iterator[None]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "EMAIL_URL": "dummymail://",
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--loglevel", "warning"]
    workers = [subprocess.Popen([*command, "-n", name], env=environment) for name in ("one@here", "two@here")]
    yield
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(timeout=30)


def test_two_real_workers_escalate_once(people: Managers, opened: Dispute, two_workers: None) -> None:
    for _ in range(6):
        escalate_disputes.delay()
    deadline = time.monotonic() + 60
    while (not escalations(opened) or waiting_tasks()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not waiting_tasks()
    assert (state(opened), escalations(opened)) == ("headquarters_review", 1)
    assert Notice.objects.filter(recipient=people.hsi_manager, title__contains="was escalated").count() == 1


def waiting_tasks() -> int:
    with celery_app.connection_for_read() as broker:
        return int(broker.default_channel.client.llen("celery"))
