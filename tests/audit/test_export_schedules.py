"""Exports by schedule: once each period, to a mailbox or a folder, with what was missed caught up."""

from __future__ import annotations

import email
import socket
import threading
from datetime import date, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.exports import orders, periods, schedules
from audit.manifest import sha256_of
from audit.models import AccessRecord, ExportFile, ScheduledExport
from audit.tasks import make_export, make_scheduled_exports
from designation.models import Notice, NoticeKind
from designation.models.notices import TRANSITIONS_OF_KIND
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

State = ExportFile.State


class Mailbox:
    """Keeps what an SMTP server is given; refuses it while `refuses`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 Try again later"
        self.messages.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path) -> None:
    settings.EXPORT_FOLDER = tmp_path / "exports"
    settings.EXPORT_DELIVERY_FOLDER = tmp_path / "deliveries"


@pytest.fixture
def mailbox(settings) -> Any:
    found = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield found
    server.stop()


def schedule(people, months_ago: int = 1, **values: Any) -> ScheduledExport:
    """One whose first period was so many months ago; those before this month are over."""
    first = periods.today().replace(day=1)
    for _ in range(months_ago):
        first = (first - timedelta(days=1)).replace(day=1)
    place = values if values.keys() & {"folder", "recipient"} else {"folder": "monthly"} | values
    defaults = {"format": "csv", "period": "month", "filters": {"cohort": "filed"}, "first_day": first}
    return schedules.schedule_export(owner=people.auditor, workflow="request", **defaults | place)


def work_off() -> None:
    """What beat and a worker do."""
    make_scheduled_exports()
    for pk in ExportFile.objects.filter(state=State.WAITING).values_list("pk", flat=True):
        make_export(pk)


def delivered(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "deliveries" / "monthly").iterdir())


def test_a_period_is_delivered_once_however_often_it_runs(people, tmp_path):
    made = schedule(people)
    work_off()
    work_off()
    file = ExportFile.objects.get()
    period = periods.last_period("month", periods.today())
    assert file.filters["first_day"] == period.first_day.isoformat()
    assert file.filters["last_day"] == period.last_day.isoformat()
    name = f"{made.pk}-processing-times-{period.name}.csv"
    assert delivered(tmp_path) == [name, f"{name}.manifest.json"]
    assert sha256_of(tmp_path / "deliveries" / "monthly" / name) == file.manifest["sha256"]
    assert AccessRecord.objects.filter(act="export delivered").count() == 1


def test_two_runs_at_once_order_a_period_once(people):
    schedule(people, months_ago=3)
    runs = [threading.Thread(target=_run) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert ExportFile.objects.count() == 3


def _run() -> None:
    from django.db import connection

    schedules.make_due()
    connection.close()


def test_missed_months_are_caught_up(people, tmp_path):
    schedule(people, months_ago=4)
    work_off()
    assert len([name for name in delivered(tmp_path) if name.endswith(".csv")]) == 4


def test_the_period_under_way_is_not_made(people):
    schedule(people, months_ago=0)
    assert schedules.make_due() == 0


def test_the_schedule_of_an_owner_who_has_left_ends_on_record(people):
    made = schedule(people)
    people.auditor.is_active = False
    people.auditor.save()
    assert schedules.make_due() == 0
    made.refresh_from_db()
    assert made.ended_at is not None
    record = AccessRecord.objects.first()
    assert (record.act, record.actor, record.actor_name) == ("end scheduled export", None, "system")
    assert record.parameters["why"] == schedules.MAY_NOT_READ


def test_a_run_asks_as_often_for_many_periods_as_for_one(people):
    schedule(people, months_ago=30)
    schedules.make_due()
    with CaptureQueriesContext(connection) as queries:
        assert schedules.make_due() == 0
    assert len(queries) <= 8


def test_operators_end_a_schedule_in_the_admin_once_they_confirm_it(client, people):
    made = schedule(people)
    act = {"action": "end_schedules", ACTION_CHECKBOX_NAME: [made.pk]}
    client.force_login(people.operator)
    asked = client.post(reverse("admin:audit_scheduledexport_changelist"), act)
    assert str(made) in asked.text
    made.refresh_from_db()
    assert made.ended_at is None
    client.post(reverse("admin:audit_scheduledexport_changelist"), act | {"confirmed": "End this schedule"})
    made.refresh_from_db()
    assert made.ended_at is not None
    assert AccessRecord.objects.first().actor == people.operator


def end_in_the_admin(client, made: ScheduledExport, operator: Any) -> None:
    act = {"action": "end_schedules", ACTION_CHECKBOX_NAME: [made.pk], "confirmed": "End this schedule"}
    client.force_login(operator)
    client.post(reverse("admin:audit_scheduledexport_changelist"), act)


def test_an_owner_whose_schedule_an_operator_ends_is_told_once_by_whom_and_led_to_his_schedules(client, people):
    made = schedule(people)
    end_in_the_admin(client, made, people.operator)
    end_in_the_admin(client, made, people.operator)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.title) == (people.auditor, "Your scheduled export was ended")
    assert people.operator.recorded_name in notice.body
    assert str(made) in notice.body
    assert notice.transition in TRANSITIONS_OF_KIND[NoticeKind.EXPORTS]
    client.force_login(people.auditor)
    assert notice.path == reverse("audit:schedule_list")
    assert client.get(notice.path).status_code == 200


def test_nobody_is_told_of_a_schedule_that_its_owner_or_the_system_ends(client, people):
    schedules.end(schedule(people))
    own = schedule(people)
    client.force_login(people.auditor)
    client.post(reverse("audit:schedule_list"), {"end": own.pk})
    schedules.end(schedule(people), why=schedules.MAY_NOT_READ)
    left_over = schedule(people)
    people.auditor.roles = ["operator"]
    people.auditor.save()
    end_in_the_admin(client, left_over, people.auditor)
    assert not ScheduledExport.objects.filter(ended_at=None).exists()
    assert not Notice.objects.exists()


def test_an_owner_who_has_left_is_not_told(client, people):
    made = schedule(people)
    people.auditor.is_active = False
    people.auditor.save()
    end_in_the_admin(client, made, people.operator)
    assert ScheduledExport.objects.get().ended_at is not None
    assert not Notice.objects.exists()


def test_auditors_cannot_end_the_schedules_of_others(client, people):
    made = schedule(people)
    act = {"action": "end_schedules", ACTION_CHECKBOX_NAME: [made.pk], "confirmed": "End this schedule"}
    client.force_login(factories.user("auditor", "HSI-HQ"))
    client.post(reverse("admin:audit_scheduledexport_changelist"), act)
    made.refresh_from_db()
    assert made.ended_at is None


def test_an_ended_schedule_makes_no_more(people):
    schedules.end(schedule(people))
    assert schedules.make_due() == 0


def test_it_comes_by_mail_with_its_manifest(people, mailbox):
    factories.request(people, "hsi_review")
    schedule(people, recipient=people.auditor.email)
    work_off()
    make_scheduled_exports()
    (message,) = mailbox.messages
    file = ExportFile.objects.get()
    assert message["To"] == people.auditor.email
    assert str(file.key) in message["Message-ID"]
    text, attached, manifest = message.get_payload()
    assert file.manifest["sha256"] in text.get_payload()
    assert attached.get_payload(decode=True) == orders.path_of(file).read_bytes()
    assert manifest.get_filename() == f"{attached.get_filename()}.manifest.json"


def test_a_file_too_large_to_mail_is_named_and_not_cut(people, mailbox, settings):
    settings.EXPORT_MAIL_BYTES = 10
    schedule(people, recipient=people.auditor.email)
    work_off()
    (message,) = mailbox.messages
    text, manifest = message.get_payload()
    assert "too large to send" in text.get_payload()
    assert manifest.get_content_type() == "application/json"


def test_what_the_mail_server_refuses_is_tried_again_later(people, mailbox):
    schedule(people, recipient=people.auditor.email)
    mailbox.refuses = True
    work_off()
    file = ExportFile.objects.get()
    assert "451" in file.delivery_problem
    mailbox.refuses = False
    assert schedules.deliver_made() == 0
    long_ago = timezone.now() - 2 * schedules.TRY_AGAIN_AFTER
    ExportFile.objects.update(delivery_tried_at=long_ago, kept_until=long_ago)
    assert orders.remove_expired() == 0, "what waits for delivery is kept"
    assert schedules.deliver_made() == 1
    assert len(mailbox.messages) == 1
    assert orders.remove_expired() == 1


def test_a_folder_that_cannot_be_written_is_told_of_in_words_and_without_the_path_of_the_server(
    client, people, tmp_path, caplog
):
    (tmp_path / "deliveries").mkdir()
    (tmp_path / "deliveries" / "a b").touch()
    schedule(people, folder="a b")
    work_off()
    client.force_login(people.auditor)
    page = client.get(reverse("audit:export_list")).text
    assert "Not delivered: The folder “a b” cannot be written: a file of that name is there." in page
    assert "make one for another folder. It is tried again every 15 minutes." in page
    assert str(tmp_path) not in page
    assert "FileExistsError" in caplog.text


def test_the_owner_is_told_once_of_a_file_that_cannot_be_delivered_and_each_way_to_fail_is_on_record(
    client, people, tmp_path
):
    deliveries = tmp_path / "deliveries"
    deliveries.mkdir()
    (deliveries / "monthly").touch()
    schedule(people)
    work_off()
    for _ in range(2):
        ExportFile.objects.update(delivery_tried_at=timezone.now() - 2 * schedules.TRY_AGAIN_AFTER)
        assert schedules.deliver_made() == 0
    notice = Notice.objects.get()
    assert (notice.recipient, notice.title) == (people.auditor, "Your scheduled export could not be delivered")
    assert "The folder “monthly” cannot be written: a file of that name is there." in notice.body
    assert notice.transition in TRANSITIONS_OF_KIND[NoticeKind.EXPORTS]
    client.force_login(people.auditor)
    assert "Not delivered" in client.get(notice.path).text
    record = AccessRecord.objects.get(act="export not delivered")
    file = ExportFile.objects.get()
    assert (record.actor, record.parameters["export"]) == (people.auditor, str(file.key))
    assert record.parameters["why"] == file.delivery_problem
    assert record.parameters["to"] == "folder monthly"

    people.auditor.roles = ["operator"]
    people.auditor.save()
    ExportFile.objects.update(delivery_tried_at=timezone.now() - 2 * schedules.TRY_AGAIN_AFTER)
    assert schedules.deliver_made() == 0
    assert AccessRecord.objects.filter(act="export not delivered").first().parameters["why"] == schedules.MAY_NOT_READ
    assert Notice.objects.count() == 1


def test_an_owner_who_has_left_is_not_told_of_what_was_not_delivered(people):
    schedule(people)
    schedules.make_due()
    file = ExportFile.objects.get()
    assert orders.make(file.pk)
    people.auditor.is_active = False
    people.auditor.save()
    assert not schedules.deliver(file.pk)
    assert AccessRecord.objects.get(act="export not delivered").parameters["why"] == schedules.MAY_NOT_READ
    assert not Notice.objects.exists()


def test_a_file_that_is_gone_before_it_is_delivered_is_told_of(people):
    schedule(people)
    schedules.make_due()
    file = ExportFile.objects.get()
    assert orders.make(file.pk)
    file.refresh_from_db()
    orders.path_of(file).unlink()
    schedules.deliver(file.pk)
    file.refresh_from_db()
    assert file.delivery_problem.startswith("The file that was made is not there any more.")


def test_a_mail_server_that_is_away_is_told_of_and_the_log_names_no_mailbox(people, mailbox, settings, caplog):
    caplog.set_level("WARNING", logger="mail.log")  # of the server of the test
    schedule(people, recipient=people.auditor.email)
    mailbox.refuses = True
    work_off()
    assert ExportFile.objects.get().delivery_problem.startswith(
        "The mail server refused the message, with the code 451."
    )
    assert "SMTPDataError 451" in caplog.text
    with socket.create_server(("127.0.0.1", 0)) as unused:
        settings.EMAIL_PORT = unused.getsockname()[1]
    ExportFile.objects.update(delivery_tried_at=None)
    schedules.deliver_made()
    assert ExportFile.objects.get().delivery_problem.startswith("The mail server cannot be reached.")
    assert people.auditor.email not in caplog.text


def test_nothing_is_made_for_an_owner_who_may_not_read_any_more(people):
    schedule(people)
    schedules.make_due()
    people.auditor.is_active = False
    people.auditor.save()
    work_off()
    file = ExportFile.objects.get()
    assert (file.state, file.delivered_at) == (State.FAILED, None)


def test_what_failed_is_tried_again_the_next_day(people):
    schedule(people)
    make_scheduled_exports()
    ExportFile.objects.update(state=State.FAILED, ended_at=timezone.now() - timedelta(hours=1))
    assert schedules.make_due() == 0
    ExportFile.objects.update(ended_at=timezone.now() - 2 * schedules.FAILED_AGAIN_AFTER)
    assert schedules.make_due() == 1
    work_off()
    assert ExportFile.objects.get().delivered_at


def receives(people, address: str) -> bool:
    return schedules.may_receive(address, owner=people.auditor, workflow="request")


def test_mailboxes_of_allowed_domains_receive_too(people, settings):
    assert not receives(people, "reports@office.example")
    settings.EXPORT_MAIL_DOMAINS = ["office.example"]
    assert receives(people, "reports@office.example")
    with pytest.raises(ValueError, match="users who may see all that you see"):
        schedule(people, recipient="reports@other.example")


def test_a_user_receives_no_more_than_he_may_see(people):
    factories.request(people, "hsi_review")
    assert receives(people, people.hsi_hq.email)
    assert not receives(people, people.dea_hq.email), "it was not transmitted to DEA"
    assert not receives(people, people.other_coordinator.email)
    assert receives(people, people.coordinator.email), "all requests are his office's"
    people.coordinator.office = people.other_coordinator.office
    people.coordinator.save()
    assert not receives(people, people.coordinator.email)
    supervisor = factories.user("supervisor", "HSI-HQ")
    assert not receives(people, supervisor.email)
    with pytest.raises(ValueError, match="users who may see all that you see"):
        schedule(people, recipient=supervisor.email)


def test_a_mailbox_that_two_share_is_that_of_both(people):
    people.other_coordinator.email = people.hsi_hq.email.upper()
    people.other_coordinator.save()
    factories.request(people, "hsi_review")
    assert not receives(people, people.hsi_hq.email)


def test_nothing_is_sent_to_one_who_may_not_see_it_any_more(people, mailbox):
    factories.request(people, "hsi_review")
    schedule(people, recipient=people.hsi_hq.email)
    people.hsi_hq.roles = ["supervisor"]
    people.hsi_hq.save()
    work_off()
    assert mailbox.messages == []
    assert "may not be sent" in ExportFile.objects.get().delivery_problem


def test_a_fiscal_year_is_over_on_the_first_of_october():
    over = list(periods.periods_over("fiscal year", date(2024, 10, 1), date(2026, 10, 1)))
    assert [period.name for period in over] == ["FY2025", "FY2026"]
    assert len(list(periods.periods_over("fiscal year", date(2024, 10, 1), date(2026, 9, 30)))) == 1
