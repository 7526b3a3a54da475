"""Exports that are ordered: made by workers that may die, cancelled, kept for a while, removed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import work
from audit.exports import orders
from audit.exports.making import export_of, on_record
from audit.exports.snapshot import snapshot
from audit.filters import Filters
from audit.models import AccessRecord, ExportFile
from audit.progress import taken_up_in
from tests import factories
from tests.designation.test_notices import database_url

pytestmark = pytest.mark.django_db(transaction=True)

State = ExportFile.State


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> Path:
    settings.EXPORT_FOLDER = tmp_path / "exports"
    return tmp_path / "exports"


def order(people, format: str = "csv") -> ExportFile:
    return orders.order(format=format, workflow="request", owner=people.auditor, filters=Filters())


def silent_for_long(file: ExportFile, **values: Any) -> None:
    long_ago = timezone.now() - 2 * work.DEAD_AFTER
    ExportFile.objects.filter(pk=file.pk).update(heartbeat_at=long_ago, **values)


def again(file: ExportFile) -> ExportFile:
    return ExportFile.objects.get(pk=file.pk)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def test_an_order_is_made_and_only_its_account_reads_the_file(people, own_folder):
    factories.requests(people, "hsi_review", count=3)
    file = order(people)
    assert file.state == State.WAITING
    assert orders.make(file.pk)
    file = again(file)
    assert (file.state, file.rows, file.percent, file.can_be_downloaded) == (State.DONE, 3, 100, True)
    path = orders.path_of(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(own_folder.stat().st_mode) == 0o700
    assert len(path.read_text().splitlines()) == 4
    assert [record.act for record in AccessRecord.objects.order_by("pk")] == [
        "order export",
        "export processing times: begin",
        "export processing times: end",
    ]


def test_a_task_that_runs_twice_makes_one_file(people, own_folder):
    file = order(people)
    assert [orders.make(file.pk), orders.make(file.pk)] == [True, False]
    assert len(list(own_folder.iterdir())) == 1


def test_a_manifest_on_file_never_changes(people):
    file = order(people)
    orders.make(file.pk)
    with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
        ExportFile.objects.filter(pk=file.pk).update(manifest={})
    with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
        again(file).delete()


@pytest.mark.parametrize(
    ("ended", "then", "refused"),
    [
        ("done", "waiting", True),
        ("done", "failed", True),
        ("cancelled", "running", True),
        ("failed", "done", True),
        ("failed", "waiting", False),
    ],
)
def test_an_export_that_has_ended_stays_so_but_a_failed_one_may_be_tried_again(people, ended, then, refused):
    file = order(people)
    ExportFile.objects.filter(pk=file.pk).update(state=ended, manifest={})
    with pytest.raises(IntegrityError) if refused else nullcontext(), transaction.atomic():
        ExportFile.objects.filter(pk=file.pk).update(state=then)


def test_a_user_has_a_few_orders_at_once(people):
    for _ in range(orders.AT_ONCE):
        file = order(people)
    with pytest.raises(orders.OrderRefused, match="Wait for one, or cancel one"):
        order(people)
    orders.cancel(file)
    assert order(people)


def test_a_cancelled_order_is_not_made(people, own_folder):
    file = order(people)
    assert orders.cancel(file)
    assert not orders.make(file.pk)
    assert again(file).state == State.CANCELLED
    assert not orders.cancel(file)
    records = AccessRecord.objects.filter(actor=people.auditor, parameters__export=str(file.key))
    assert [record.act for record in records] == ["cancel export", "order export"]


def test_what_its_owner_may_not_read_any_more_is_not_made(people):
    file = order(people)
    people.auditor.roles = ["supervisor"]
    people.auditor.save()
    assert not orders.make(file.pk)
    assert again(file).state == State.FAILED
    assert "may not read" in again(file).problem


def test_a_folder_that_cannot_be_written_is_reported(people, own_folder):
    own_folder.write_text("not a folder")
    file = order(people)
    assert not orders.make(file.pk)
    assert (again(file).state, again(file).problem) == (State.FAILED, "The file could not be written.")


def test_what_a_dead_worker_left_is_taken_up_again_and_at_last_reported(people, own_folder):
    file = order(people)
    for attempt in range(1, work.MOST_ATTEMPTS + 1):
        silent_for_long(file, state=State.RUNNING, attempts=attempt)
        assert orders.take_up_again() == 1
    assert again(file).state == State.FAILED
    assert f"died, {work.MOST_ATTEMPTS} times" in again(file).problem
    assert orders.take_up_again() == 0


def test_an_order_that_no_worker_heard_of_is_queued_again(people):
    file = order(people)
    assert orders.take_up_again() == 0
    silent_for_long(file)
    assert orders.take_up_again() == 1
    assert again(file).state == State.WAITING


def test_a_worker_that_was_taken_for_dead_cannot_put_its_file_in_place(people, own_folder):
    factories.request(people, "hsi_review")
    file = order(people)
    ExportFile.objects.filter(pk=file.pk).update(state=State.RUNNING, attempts=1)
    late = again(file)
    silent_for_long(file)
    orders.take_up_again()
    assert orders.make(file.pk)
    assert not orders._make(late)
    assert again(file).manifest["export"] == str(file.key)
    assert orders.path_of(again(file)).exists()
    assert orders.remove_strays() == 1
    assert [path.name for path in own_folder.iterdir()] == [orders.path_of(again(file)).name]


def test_expired_files_are_removed_and_their_manifests_stay(people, own_folder):
    file = order(people)
    orders.make(file.pk)
    assert orders.remove_expired() == 0
    ExportFile.objects.filter(pk=file.pk).update(kept_until=timezone.now() - timedelta(seconds=1))
    assert orders.remove_expired() == 1
    file = again(file)
    assert file.manifest
    assert not file.can_be_downloaded
    assert list(own_folder.iterdir()) == []


def test_what_a_dead_attempt_kept_beside_its_file_goes_when_it_is_taken_up_again(people, own_folder):
    file = order(people, "xlsx")
    silent_for_long(file, state=State.RUNNING, attempts=1)
    path = orders.path_of(again(file))
    scratch = path.with_name(f"{path.name}.scratch")
    scratch.mkdir(parents=True)
    (scratch / "rows").touch()
    path.touch()
    assert orders.remove_strays() == 0, "it may still be at work"
    orders.take_up_again()
    assert list(own_folder.iterdir()) == []


def test_the_end_of_a_dead_attempt_is_on_record_once_however_late_it_comes(people):
    file = order(people)
    ExportFile.objects.filter(pk=file.pk).update(state=State.RUNNING, attempts=1)
    late = again(file)
    with snapshot(export_of(late)) as source, on_record(late, source):
        silent_for_long(file)
        orders.take_up_again()
    (end,) = AccessRecord.objects.filter(act="export processing times: end")
    assert (end.parameters["complete"], end.parameters["interrupted"]) == (False, True)


def test_what_a_dead_attempt_began_is_known_without_a_look_at_other_records(people):
    file = order(people)
    ExportFile.objects.filter(pk=file.pk).update(state=State.RUNNING, attempts=1)
    late = again(file)
    with snapshot(export_of(late)) as source, on_record(late, source):
        silent_for_long(file)
        with CaptureQueriesContext(connection) as queries:
            orders.take_up_again()
    assert not [query["sql"] for query in queries if 'FROM "audit_accessrecord"' in query["sql"]]


def test_an_attempt_that_begins_after_it_was_taken_for_dead_leaves_the_next_one_s_record_alone(people):
    file = order(people)
    ExportFile.objects.filter(pk=file.pk).update(state=State.RUNNING, attempts=1)
    late = again(file)
    silent_for_long(file)
    orders.take_up_again()
    with snapshot(export_of(late)) as source, on_record(late, source):
        orders.make(file.pk)
    first, second = AccessRecord.objects.filter(act__endswith=": begin").order_by("pk")
    complete = {end.parameters["begun"]: end.parameters["complete"] for end in AccessRecord.objects.filter(row_count=0)}
    assert complete == {first.pk: False, second.pk: True}


def test_who_waits_is_told_when_an_interrupted_export_is_taken_up(people, settings):
    assert settings.CELERY_BEAT_SCHEDULE["tend exports"]["schedule"] == work.TENDED_EVERY.total_seconds()
    file = order(people)
    assert taken_up_in(file) is None
    file.state, file.heartbeat_at = State.RUNNING, timezone.now() - timedelta(seconds=30)
    assert taken_up_in(file) == 60
    file.heartbeat_at = timezone.now()
    assert taken_up_in(file) is None


def test_strays_of_no_export_are_left_for_a_day(people, own_folder):
    own_folder.mkdir()
    stray = own_folder / "tmp1234"
    stray.mkdir()
    (stray / "rows").touch()
    assert orders.remove_strays() == 0
    os.utime(stray, (0, 0))
    assert orders.remove_strays() == 1


@pytest.fixture
def held(people) -> Iterator[threading.Event]:
    """Keeps exports from getting anywhere: a lock on what they read, until the event is set."""
    factories.request(people, "hsi_review")
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE audit_stagevisit IN ACCESS EXCLUSIVE MODE")
            locked.set()
            release.wait(120)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    yield release
    release.set()
    holder.join()


def worker(tmp_path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--loglevel", "warning"],
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": django_settings.CELERY_BROKER_URL,
            "EXPORT_FOLDER": str(tmp_path / "exports"),
        },
    )


def test_a_real_worker_that_is_killed_leaves_nothing_running(people, tmp_path, held):
    file = order(people)
    first = worker(tmp_path)
    try:
        # It writes first that it runs, then that it begins to read.
        wait_until(lambda: AccessRecord.objects.filter(act__endswith=": begin").exists())
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert again(file).state == State.RUNNING
    held.set()
    silent_for_long(file)
    orders.tend()
    second = worker(tmp_path)
    try:
        wait_until(lambda: again(file).state == State.DONE)
    finally:
        second.terminate()
        second.wait(timeout=30)
    assert again(file).attempts == 2
    assert orders.path_of(again(file)).exists()
    begun = AccessRecord.objects.filter(act__endswith=": begin").order_by("pk")
    ends = AccessRecord.objects.filter(act__endswith=": end").order_by("pk")
    assert [end.parameters["begun"] for end in ends] == [record.pk for record in begun]
    assert [end.parameters["complete"] for end in ends] == [False, True]


def test_cancelling_stops_the_statement_of_a_running_export(people, monkeypatch, own_folder, held):
    monkeypatch.setattr(work, "BEAT_SECONDS", 0.05)
    file = order(people)
    cancelling = threading.Timer(1, cancel_running, [file])
    cancelling.start()
    assert not orders.make(file.pk)
    cancelling.join()
    assert not held.is_set()
    assert again(file).state == State.CANCELLED
    assert list(own_folder.iterdir()) == []
    assert AccessRecord.objects.first().parameters["complete"] is False


def cancel_running(file: ExportFile) -> None:
    wait_until(lambda: again(file).state == State.RUNNING)
    orders.cancel(file)
    connection.close()
