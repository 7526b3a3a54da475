"""Who is told, once each; and the real queue and worker that send it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from designation import workflow
from designation.models import Notice
from designation.tasks import send_notices
from tests import factories


def database_url() -> str:
    """The address of the database that this test run uses, for a process of its own."""
    to = connection.settings_dict
    user = f"{quote(to['USER'], safe='')}:{quote(to['PASSWORD'], safe='')}"
    return f"postgres://{user}@:{to['PORT'] or 5432}/{to['NAME']}?host={quote(to['HOST'], safe='/')}"


def test_one_batch_is_one_notice_for_each_person(people):
    reviewers = {people.dea_field, factories.user("dea_field", "DEA-MIA")}
    pks = [request.pk for request in factories.requests(people, "dea_intake", count=5)]
    workflow.transition("accept", pks, actor=people.dea_hq)
    told = Notice.objects.filter(transition="accept")
    assert {notice.recipient for notice in told} == reviewers
    assert {notice.title for notice in told} == {"5 requests were accepted"}


@pytest.mark.parametrize(("count", "page"), [(1, "/requests/{number}/"), (2, "/notices/")])
def test_a_mail_leads_to_the_page_of_what_it_is_about(people, mailoutbox, settings, count, page):
    settings.SITE_URL = "https://title21.example.gov"
    assert people.dea_field
    requests = factories.requests(people, "dea_intake", count=count)
    mailoutbox.clear()
    workflow.transition("accept", [request.pk for request in requests], actor=people.dea_hq)
    send_notices()
    told = next(message for message in mailoutbox if message.to == [people.dea_field.email])
    assert told.body.splitlines()[-1] == "https://title21.example.gov" + page.format(number=requests[0].number)


def test_a_decision_is_told_to_the_coordinators_of_the_office_alone(people):
    assert people.other_coordinator
    request = factories.request(people, "denied")
    notice = Notice.objects.get(transition="deny")
    assert (notice.recipient, notice.numbers, notice.reason) == (
        people.coordinator,
        [request.number],
        "Authority not needed.",
    )


def test_a_withdrawal_is_told_to_dea_once_the_request_was_transmitted(people):
    assert people.dea_hq
    for state, told in (("hsi_review", 0), ("field_review", 1)):
        request = factories.request(people, state)
        workflow.transition_one("withdraw", request.pk, actor=people.coordinator, reason="Agent left.")
        assert Notice.objects.filter(transition="withdraw", numbers=[request.number]).count() == told


def test_whoever_acts_is_not_told_of_it(people):
    factories.request(people, "dea_decision")
    request = factories.request(people, "dea_intake")
    workflow.transition_one("accept", request.pk, actor=people.dea_hq)
    assert not Notice.objects.filter(recipient=people.dea_hq, transition="accept").exists()


def test_a_notice_is_sent_once_however_often_the_task_runs(people):
    factories.request(people, "denied")
    waiting = Notice.objects.unsent().count()
    assert (send_notices(), send_notices()) == (waiting, 0)
    assert len(mail.outbox) == waiting


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_sends_what_a_decision_queues(people, tmp_path):
    mailbox = tmp_path / "mail"
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--loglevel", "warning"],
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.CELERY_BROKER_URL,
            "EMAIL_URL": f"filemail:///{mailbox}",
        },
    )
    try:
        request = factories.request(people, "denied")
        deadline = time.monotonic() + 60
        while Notice.objects.unsent().exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not Notice.objects.unsent().exists()
    finally:
        worker.terminate()
        worker.wait(timeout=30)
    sent = "".join(path.read_text() for path in Path(mailbox).iterdir())
    assert f"{request.number} was denied" in sent


def test_the_admin_counts_the_unread_notices_of_a_reviewer(people, client):
    client.force_login(people.dea_hq)
    queue = reverse("admin:designation_request_changelist")
    factories.request(people, "dea_decision")
    told = Notice.objects.filter(recipient=people.dea_hq)
    assert f">Notices ({told.count()} unread)</a>" in client.get(queue).text
    told.update(read_at=timezone.now())
    assert ">Notices</a>" in client.get(queue).text
