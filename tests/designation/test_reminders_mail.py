"""Notices through a real mail server: one that refuses, one that is away, and workers that are killed half-way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from audit.models import StageVisit
from designation import tasks
from designation.models import Notice, Reminder
from tests import factories
from tests.designation.test_notices import database_url

pytestmark = pytest.mark.django_db(transaction=True)


class Mailbox:
    """What the server took, and what it is to answer. A stage that is held answers only when let go."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        self.refuse: dict[str, str] = {}
        self.hold = ""
        self.reached = threading.Event()
        self.let_go = threading.Event()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        await self._wait(server, "RCPT")
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content)))
        await self._wait(server, "DATA")
        return "250 OK"

    async def _wait(self, server: Any, stage: str) -> None:
        if self.hold == stage:
            self.reached.set()
            await server.loop.run_in_executor(None, self.let_go.wait, 60)

    def addresses(self) -> list[str]:
        return [address for address, _ in self.taken]

    def ids(self) -> list[str]:
        return [message["Message-ID"] for _, message in self.taken]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback, which Django's e-mail settings name."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    smtp = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1"}
    with override_settings(**smtp, EMAIL_PORT=port):
        yield box
    box.let_go.set()
    server.stop()


def overdue(people: Any) -> None:
    """A request past its due time, of which DEA's headquarters is to be told; nothing else waits to be sent."""
    request = factories.request(people, "dea_decision")
    StageVisit.objects.open().filter(subject=request.number).update(due_at=timezone.now() - timedelta(minutes=1))
    Notice.objects.update(sent_at=timezone.now())


@pytest.fixture
def start_worker() -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts real workers on this run's queue and database, which are killed at the end if they live."""
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--loglevel", "warning"],
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "REDIS_URL": settings.CELERY_BROKER_URL,
                "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
            },
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait(timeout=30)


def kill(worker: subprocess.Popen) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=30)


def until_unlocked() -> None:
    """The server notices that the killed worker's connection is gone and rolls back."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with transaction.atomic():
            free = Notice.objects.unsent().select_for_update(skip_locked=True).count()
            if free == Notice.objects.unsent().count():
                return
        time.sleep(0.1)
    raise AssertionError("the notice is still locked")


def test_a_reminder_goes_out_through_the_server_once_however_often_the_task_runs(people, mailbox):
    assert people.dea_hq
    overdue(people)
    tasks.remind()
    tasks.remind()
    reminders = [message for _, message in mailbox.taken if "past its due time" in message["Subject"]]
    assert [message["To"] for message in reminders] == [people.dea_hq.email]
    assert "DEA decision, due " in reminders[0].get_payload()
    assert len(set(mailbox.ids())) == len(mailbox.taken)


@pytest.mark.parametrize("answer", ["550 No such mailbox", "451 Try later"])
def test_what_the_server_refuses_waits_and_holds_up_no_other(people, mailbox, answer):
    refused, taken = people.dea_hq, factories.user("dea_hq", "DEA-HQ")
    overdue(people)
    mailbox.refuse[refused.email] = answer
    tasks.remind()
    assert taken.email in mailbox.addresses()
    assert refused.email not in mailbox.addresses()
    mailbox.refuse.clear()
    assert tasks.send_notices() == 0  # not before its time
    waiting = Notice.objects.filter(recipient=refused, sent_at=None)
    assert {notice.attempts for notice in waiting} == {1}
    waiting.update(try_after=timezone.now())
    assert tasks.send_notices() == waiting.count() or not waiting.exists()
    assert mailbox.addresses().count(refused.email) == Notice.objects.filter(recipient=refused, attempts=1).count()


def test_a_server_that_is_away_leaves_all_to_the_next_run(people, mailbox):
    overdue(people)
    with override_settings(EMAIL_PORT=9):  # discard: nobody listens there
        tasks.remind()
    waiting = Notice.objects.unsent().count()
    assert waiting > 0
    assert set(Notice.objects.unsent().values_list("attempts", flat=True)) == {0}
    assert tasks.send_notices() == waiting
    assert len(mailbox.taken) == waiting


@pytest.mark.parametrize(("hold", "copies"), [("RCPT", 1), ("DATA", 2)])
def test_what_a_killed_worker_was_sending_is_sent_by_another(people, mailbox, start_worker, hold, copies):
    """Killed before the server has it, it goes out once; after that, the second copy carries the same Message-ID."""
    overdue(people)
    recipient = people.dea_hq
    notice = Notice.objects.create(recipient=recipient, transition="overdue", title="Late", body="Late.", numbers=[])
    mailbox.hold = hold
    worker = start_worker()
    tasks.send_notices.delay()
    assert mailbox.reached.wait(timeout=60)
    kill(worker)
    mailbox.hold = ""
    mailbox.let_go.set()
    until_unlocked()
    notice.refresh_from_db()
    assert notice.sent_at is None
    assert (tasks.send_notices(), tasks.send_notices()) == (1, 0)
    assert mailbox.addresses() == [recipient.email] * copies
    assert len(set(mailbox.ids())) == 1


def test_a_worker_killed_while_it_writes_leaves_nothing_and_the_next_run_writes_all_once(people, mailbox, start_worker):
    overdue(people)
    with transaction.atomic():
        connection.cursor().execute("LOCK TABLE designation_reminder IN SHARE MODE")
        worker = start_worker()
        tasks.remind.delay()
        _until(_somebody_waits_for_reminders)
        kill(worker)
    assert not Reminder.objects.exists()
    assert tasks.remind() >= 1
    assert Reminder.objects.get().recipient == people.dea_hq
    overdue_mails = [message for _, message in mailbox.taken if "past its due time" in message["Subject"]]
    assert len(overdue_mails) == 1


def _somebody_waits_for_reminders() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = 'designation_reminder'::regclass AND NOT granted"
        )
        return cursor.fetchone()[0] > 0


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_two_senders_at_once_share_the_notices_and_send_each_once(people, mailbox):
    notices = [Notice(recipient=people.dea_hq, transition="x", title=f"{n}", numbers=[]) for n in range(30)]
    Notice.objects.bulk_create(notices)
    sent: list[int] = []

    def send() -> None:
        try:
            sent.append(tasks.send_notices())
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=60)
    assert sum(sent) == 30
    assert len(set(mailbox.ids())) == len(mailbox.taken) == 30
