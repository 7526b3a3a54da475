"""What people choose to be told by e-mail too, through a real mail server. In the app they are told everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from audit.exports import orders
from audit.filters import Filters
from audit.models import StageVisit
from designation import comments, reminders, tasks, workflow
from designation.models import InAppOnly, Notice, NoticeKind, Reminder, Request, User
from designation.models.notices import TRANSITIONS_OF_KIND
from tests import factories
from tests.designation.test_reminders_mail import mailbox
from training.notices import tell_agencies
from training.workflow import disputes

__all__ = ["mailbox"]
pytestmark = pytest.mark.django_db(transaction=True)


def late_by(people: Any, delay: timedelta) -> None:
    request = factories.request(people, "dea_decision")
    StageVisit.objects.open().filter(subject=request.number).update(due_at=timezone.now() - delay)


def something_needs_him(people: Any) -> User:
    factories.request(people, "dea_intake")
    return people.dea_hq


def something_is_decided(people: Any) -> User:
    factories.request(people, "denied")
    return people.coordinator


def authority_is_taken(people: Any) -> User:
    designation = factories.request(people, "approved").designation
    workflow.change_designations("revoke", [designation.pk], actor=people.dea_hq, reason="Misuse.")
    return people.coordinator


def somebody_comments(people: Any) -> User:
    request = factories.request(people, "dea_decision")
    comments.add(request.pk, actor=people.coordinator, text="The memo follows.")
    return people.dea_hq


def something_is_late(people: Any) -> User:
    late_by(people, timedelta(minutes=1))
    reminders.write_reminders(timezone.now())
    return people.dea_hq


def a_day_begins(people: Any) -> User:
    factories.request(people, "dea_decision")
    monday = timezone.localtime().replace(hour=9, minute=0)
    while not reminders.write_digests(monday):
        monday += timedelta(days=1)
    return people.dea_hq


def training_is_changed(people: Any) -> User:
    tell_agencies(["DEA"], "A section was changed", "Figures of 2026.", path="/training/", actor=None)
    return people.training_manager


def an_export_is_made(people: Any) -> User:
    file = orders.order(format="csv", workflow="request", owner=people.auditor, filters=Filters())
    assert orders.make(file.pk)
    return people.auditor


HAPPENS = {
    NoticeKind.NEEDS_ME: something_needs_him,
    NoticeKind.DECIDED: something_is_decided,
    NoticeKind.AUTHORITY: authority_is_taken,
    NoticeKind.COMMENTS: somebody_comments,
    NoticeKind.DUE: something_is_late,
    NoticeKind.DIGEST: a_day_begins,
    NoticeKind.TRAINING: training_is_changed,
    NoticeKind.EXPORTS: an_export_is_made,
}


@pytest.fixture
def everybody(people: Any, settings: Any, tmp_path: Any) -> Any:
    """All roles, so that whoever is to be told is there."""
    settings.EXPORT_FOLDER = tmp_path / "exports"
    reviewers = (people.dea_hq, people.dea_field, people.hsi_hq)
    assert all((*reviewers, people.coordinator, people.training_manager, people.auditor))
    return people


def of_kind(kind: NoticeKind, user: User) -> Any:
    return Notice.objects.filter(recipient=user, transition__in=TRANSITIONS_OF_KIND[kind])


def mails_to(mailbox: Any, user: User) -> int:
    return mailbox.addresses().count(user.email)


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_kind_comes_by_mail_to_who_has_chosen_nothing(everybody, mailbox, kind):
    user = HAPPENS[kind](everybody)
    tasks.send_notices()
    notices = of_kind(kind, user)
    assert notices.count() == 1
    assert f"Title 21: {notices.get().title}" in [
        message["Subject"] for address, message in mailbox.taken if address == user.email
    ]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_each_kind_stays_in_the_app_alone_for_who_wants_that(everybody, mailbox, client, kind):
    for user in User.objects.all():
        InAppOnly.objects.choose(user, [kind])
    user = HAPPENS[kind](everybody)
    tasks.send_notices()
    notice = of_kind(kind, user).get()
    assert (notice.in_app_only, notice.sent_at) == (True, None)
    assert f"Title 21: {notice.title}" not in [message["Subject"] for _, message in mailbox.taken]
    client.force_login(user)
    assert notice.title in client.get(reverse("designation:notice_list")).text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_all_other_kinds_go_on_by_mail(everybody, mailbox, kind):
    for user in User.objects.all():
        InAppOnly.objects.choose(user, [other for other in NoticeKind if other != kind])
    user = HAPPENS[kind](everybody)
    tasks.send_notices()
    assert mails_to(mailbox, user) == 1
    assert len(mailbox.taken) == Notice.objects.filter(in_app_only=False).count()


def test_an_escalation_comes_by_mail_whatever_headquarters_has_chosen(everybody, mailbox):
    InAppOnly.objects.choose(everybody.dea_hq, NoticeKind)
    late_by(everybody, timedelta(days=30))
    reminders.write_reminders(timezone.now())
    tasks.send_notices()
    told = Notice.objects.filter(recipient=everybody.dea_hq, transition__in=Reminder.What.values)
    assert set(told.values_list("transition", flat=True)) == {Reminder.What.OVERDUE, Reminder.What.ESCALATION}
    escalation = told.get(transition=Reminder.What.ESCALATION)
    subjects = [message["Subject"] for address, message in mailbox.taken if address == everybody.dea_hq.email]
    assert subjects == [f"Title 21: {escalation.title}"]


def test_so_does_a_dispute_that_goes_up_a_level(everybody, mailbox):
    InAppOnly.objects.choose(everybody.dea_hq, NoticeKind)
    request = Request.objects.get(pk=factories.request(everybody, "dea_intake").pk)
    dispute = disputes.open_dispute(
        request, title="Overlap", issue="Two cases.", position="Ours.", actor=everybody.coordinator
    )
    disputes.move_disputes("escalate", [dispute.pk], actor=everybody.coordinator, reason="Not settled.")
    tasks.send_notices()
    subjects = [message["Subject"] for address, message in mailbox.taken if address == everybody.dea_hq.email]
    assert len(subjects) == 1
    assert "was escalated" in subjects[0]


def test_what_one_person_chooses_changes_nothing_for_another(everybody, mailbox):
    second = factories.user("dea_hq", "DEA-HQ")
    InAppOnly.objects.choose(second, NoticeKind)
    something_needs_him(everybody)
    tasks.send_notices()
    assert (mails_to(mailbox, everybody.dea_hq), mails_to(mailbox, second)) == (1, 0)


def test_what_was_kept_in_the_app_is_not_sent_when_mail_is_wanted_again(everybody, mailbox):
    InAppOnly.objects.choose(everybody.dea_hq, NoticeKind)
    something_needs_him(everybody)
    tasks.send_notices()
    InAppOnly.objects.choose(everybody.dea_hq, [])
    tasks.send_notices()
    assert mails_to(mailbox, everybody.dea_hq) == 0


def test_keeping_notices_in_the_app_is_one_statement_for_any_number(everybody, django_assert_num_queries):
    InAppOnly.objects.choose(everybody.dea_hq, NoticeKind)
    for request in factories.requests(everybody, "hsi_review", count=3):
        workflow.transition_one("endorse", request.pk, actor=everybody.hsi_hq)
    with django_assert_num_queries(1):
        assert Notice.objects.keep_in_app() == 3


def test_the_settings_page_shows_and_keeps_what_was_chosen(everybody, client):
    client.force_login(everybody.coordinator)
    address = reverse("designation:notice_settings")
    page = client.get(address).text
    assert page.count(" checked") == len(NoticeKind)
    assert "Escalations</strong> cannot be turned off" in page
    wanted = [NoticeKind.NEEDS_ME.value, NoticeKind.DECIDED.value]
    page = client.post(address, {"by_mail": wanted}, follow=True)
    assert "Your notice settings are saved" in page.text
    assert InAppOnly.objects.kinds_of(everybody.coordinator) == set(NoticeKind.values) - set(wanted)
    assert client.get(address).text.count(" checked") == 2
    client.post(address, {})
    assert InAppOnly.objects.kinds_of(everybody.coordinator) == set(NoticeKind.values)


def test_the_settings_page_refuses_a_kind_that_there_is_not(everybody, client):
    client.force_login(everybody.coordinator)
    page = client.post(reverse("designation:notice_settings"), {"by_mail": ["escalation"]})
    assert "escalation is not one of the available choices" in page.text
    assert not InAppOnly.objects.exists()
    with pytest.raises(ValueError, match="escalation"):
        InAppOnly.objects.choose(everybody.coordinator, ["escalation"])


def test_the_settings_page_says_where_mail_goes(everybody, client):
    client.force_login(everybody.coordinator)
    assert everybody.coordinator.email in client.get(reverse("designation:notice_settings")).text
    User.objects.filter(pk=everybody.coordinator.pk).update(email="")
    assert "No e-mail address of yours is on record" in client.get(reverse("designation:notice_settings")).text


def test_a_kind_is_kept_once(everybody):
    InAppOnly.objects.create(user=everybody.auditor, kind=NoticeKind.DIGEST)
    with pytest.raises(IntegrityError):
        InAppOnly.objects.create(user=everybody.auditor, kind=NoticeKind.DIGEST)


def test_who_ordered_an_export_is_told_that_it_is_ready_and_led_to_it(everybody, client):
    user = an_export_is_made(everybody)
    notice = Notice.objects.get(transition="export")
    client.force_login(user)
    assert notice.title == "Your export is ready"
    assert "Download" in client.get(notice.path).text


def test_who_ordered_an_export_is_told_that_it_failed(everybody):
    file = orders.order(format="csv", workflow="request", owner=everybody.auditor, filters=Filters())
    User.objects.filter(pk=everybody.auditor.pk).update(is_active=False)
    assert not orders.make(file.pk)
    notice = Notice.objects.get(transition="export")
    assert (notice.recipient, notice.title) == (everybody.auditor, "Your export could not be made")


def test_every_transition_that_is_told_has_a_kind():
    from designation import notices

    told = notices.TO_OFFICE | notices.TO_HSI_HEADQUARTERS | notices.TO_DIVISION | notices.TO_DEA_HEADQUARTERS
    assert told | {"resubmit", "withdraw"} == {
        *TRANSITIONS_OF_KIND[NoticeKind.NEEDS_ME],
        *TRANSITIONS_OF_KIND[NoticeKind.DECIDED],
    }
    of_designations = notices.TO_OFFICES_OF_AGENT | notices.TO_WHO_GRANTED_IT
    assert of_designations == set(TRANSITIONS_OF_KIND[NoticeKind.AUTHORITY])
