"""Who is reminded of what, once; digests, once a day; and what a missed or repeated run does: nothing."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.utils import timezone

from audit import calendar
from audit.goals import set_goal
from audit.models import Goal, StageVisit
from designation import reminders, tasks, workflow
from designation.models import Digest, Notice, Reminder, Request
from tests import factories
from tests.audit.calendars import eastern

pytestmark = pytest.mark.django_db
HOUR = 3600
WORKDAY = eastern("2026-03-03 10:00")  # a Tuesday


def due(requests: list[Request] | Request, at: datetime) -> None:
    """Makes the present stay of the requests due at `at`, as a goal would have."""
    numbers = [request.number for request in ([requests] if isinstance(requests, Request) else requests)]
    StageVisit.objects.open().filter(subject__in=numbers).update(due_at=at)


def before(at: datetime, hours: float) -> datetime:
    """The instant some business hours before another of the same week, at most two days."""
    clock = calendar.load()
    for minutes in range(0, 8 * 24 * 60, 30):
        earlier = at - timedelta(minutes=minutes)
        if clock.between(earlier, at) >= hours * HOUR:
            return earlier
    raise AssertionError


def told(what: str) -> dict[str, list[str]]:
    """Recipient -> the numbers in the notices of one kind, in order."""
    found: dict[str, list[str]] = {}
    for notice in Notice.objects.filter(transition=what).order_by("pk"):
        found.setdefault(notice.recipient.username, []).extend(notice.numbers)
    return found


@pytest.fixture
def everybody(people):
    """One person of each role that acts, and colleagues elsewhere who are to hear nothing."""
    for role in ("coordinator", "other_coordinator", "hsi_hq", "dea_field", "other_dea_field", "dea_hq", "auditor"):
        assert getattr(people, role).pk
    return people


@pytest.mark.parametrize(
    ("state", "who"),
    [
        ("hsi_review", {"hsi_hq"}),
        ("dea_intake", {"dea_hq", "dea_field"}),
        ("field_review", {"dea_field"}),
        ("dea_decision", {"dea_hq"}),
        ("returned", {"coordinator"}),
    ],
)
@pytest.mark.parametrize(("hours", "what"), [(1, "due_soon"), (-1, "overdue")])
def test_those_who_can_end_the_stay_are_told(everybody, state, who, hours, what):
    request = factories.request(everybody, state)
    due(request, WORKDAY + timedelta(hours=hours))
    reminders.write_reminders(WORKDAY)
    assert told(what) == {getattr(everybody, role).username: [request.number] for role in who}
    assert Reminder.objects.count() == len(who)


def test_what_is_on_track_or_without_a_goal_reminds_nobody(everybody):
    on_track, _without = factories.requests(everybody, "dea_decision", count=2)
    due(on_track, WORKDAY + timedelta(days=3))
    assert reminders.write_reminders(WORKDAY) == 0


def test_one_notice_tells_of_all_that_is_due_in_the_order_of_their_due_times(everybody):
    later, sooner = factories.requests(everybody, "dea_decision", count=2, priority="expedited")
    due(later, WORKDAY + timedelta(hours=2))
    due(sooner, WORKDAY + timedelta(hours=1))
    assert reminders.write_reminders(WORKDAY) == 1
    notice = Notice.objects.get(transition="due_soon")
    assert (notice.title, notice.numbers) == ("2 requests are due soon", [sooner.number, later.number])
    assert f"{sooner.number}  DEA decision, due Tue 3 Mar 2026 11:00 EST, expedited" in notice.body


def test_a_repeated_run_tells_nobody_again_and_a_later_one_only_of_what_is_new(everybody):
    first, second = factories.requests(everybody, "dea_decision", count=2)
    due(first, WORKDAY + timedelta(hours=1))
    assert reminders.write_reminders(WORKDAY) == 1
    assert reminders.write_reminders(WORKDAY) == 0
    due(second, WORKDAY + timedelta(hours=1))
    assert reminders.write_reminders(WORKDAY) == 1
    assert told("due_soon") == {everybody.dea_hq.username: [first.number, second.number]}


def test_who_came_later_is_told_of_what_others_know_already(everybody):
    request = factories.request(everybody, "dea_decision")
    due(request, WORKDAY + timedelta(hours=1))
    reminders.write_reminders(WORKDAY)
    new = factories.user("dea_hq", "DEA-HQ")
    reminders.write_reminders(WORKDAY)
    assert told("due_soon") == {user.username: [request.number] for user in (everybody.dea_hq, new)}


def test_after_missed_nights_only_what_is_true_now_is_told(everybody):
    request = factories.request(everybody, "field_review")
    due(request, before(WORKDAY, 4))
    reminders.write_reminders(WORKDAY)
    assert (told("due_soon"), told("escalation")) == ({}, {})
    assert told("overdue") == {everybody.dea_field.username: [request.number]}


@pytest.mark.parametrize(("state", "headquarters"), [("field_review", "dea_hq"), ("returned", "hsi_hq")])
def test_headquarters_of_the_party_on_the_clock_hear_of_it_after_the_set_lateness(everybody, state, headquarters):
    request = factories.request(everybody, state)
    due(request, before(WORKDAY, 15.5))
    reminders.write_reminders(WORKDAY)
    assert told("escalation") == {}
    reminders.write_reminders(WORKDAY + timedelta(minutes=30))
    assert told("escalation") == {getattr(everybody, headquarters).username: [request.number]}
    assert Notice.objects.get(transition="escalation").title == f"{request.number} is late by 16 business hours or more"


@override_settings(DESIGNATION_ESCALATE_AFTER_HOURS=2)
def test_the_lateness_is_a_setting(everybody):
    due(factories.request(everybody, "dea_decision"), before(WORKDAY, 2))
    reminders.write_reminders(WORKDAY)
    assert list(told("escalation")) == [everybody.dea_hq.username]


def test_a_second_stay_in_a_stage_is_reminded_of_anew(everybody):
    request = factories.request(everybody, "dea_decision")
    due(request, WORKDAY + timedelta(hours=1))
    reminders.write_reminders(WORKDAY)
    workflow.transition_one("refer_back", request.pk, actor=everybody.dea_hq, reason="Ask again.")
    workflow.transition_one("concur", request.pk, actor=everybody.dea_field)
    due(request, WORKDAY + timedelta(hours=1))
    reminders.write_reminders(WORKDAY)
    assert told("due_soon")[everybody.dea_hq.username] == [request.number] * 2


def test_who_filed_a_request_is_not_asked_to_decide_it(everybody):
    endorser = everybody.hsi_hq
    agent = factories.AgentFactory(office=everybody.coordinator.office)
    [request] = workflow.file_requests(
        [factories.new_request(agent)], actor=endorser, office=everybody.coordinator.office
    ).done
    other = factories.user("hsi_hq", "HSI-HQ")
    due(request, WORKDAY + timedelta(hours=1))
    reminders.write_reminders(WORKDAY)
    assert list(told("due_soon")) == [other.username]


GIVEN: dict[str, object] = {
    "workflow": "request",
    "business_seconds": 8 * HOUR,
    "set_by_name": "hq",
    "why": "A test",
}


def goal(**fields: object) -> None:
    set_goal(Goal(**(GIVEN | fields)), at_once=True)


def later(hours: float) -> datetime:
    return calendar.load().add(timezone.now(), int(hours * HOUR))


@pytest.mark.parametrize(
    ("of", "label"),
    [({"measure": "party", "party": "DEA"}, "DEA in all"), ({"measure": "process"}, "Whole process")],
)
def test_a_party_s_and_the_whole_process_s_clock_are_reminded_of_and_escalated_once_each(everybody, of, label):
    goal(**of)
    request = factories.request(everybody, "dea_decision")
    hq = {everybody.dea_hq.username: [request.number]}
    reminders.write_reminders(later(3))
    assert not Reminder.objects.exists()
    for hours, what in ((7, "due_soon"), (9, "overdue"), (25, "escalation")):
        for _ in range(2):
            reminders.write_reminders(later(hours))
        assert told(what) == hq
        assert f"{request.number}  {label}, now DEA decision, due " in Notice.objects.get(transition=what).body
    workflow.transition_one("refer_back", request.pk, actor=everybody.dea_hq, reason="Ask again.")
    reminders.write_reminders(later(26))
    assert told("overdue") == hq | {everybody.dea_field.username: [request.number]}
    assert told("escalation") == hq


def test_a_party_is_not_reminded_while_its_clock_rests(everybody):
    goal(measure="party", party="DEA")
    request = factories.request(everybody, "dea_decision")
    workflow.transition_one("return_to_office", request.pk, actor=everybody.dea_hq, reason="Say more.")
    reminders.write_reminders(later(30))
    assert not Reminder.objects.exists()


def test_a_request_that_is_late_by_several_clocks_counts_and_is_named_once(everybody):
    goal(measure="party", party="DEA")
    goal(stage="dea_decision")
    request = factories.request(everybody, "dea_decision")
    reminders.write_reminders(later(9))
    notice = Notice.objects.get(transition="overdue")
    assert (notice.title, notice.numbers) == (f"{request.number} is past its due time", [request.number])
    assert notice.body.count(request.number) == 1
    assert all(label in notice.body for label in ("DEA decision, due", "DEA in all, now DEA decision, due"))
    assert Reminder.objects.filter(what="overdue").count() == 2


def test_the_database_itself_refuses_a_second_reminder(everybody):
    due(factories.request(everybody, "dea_decision"), WORKDAY)
    reminders.write_reminders(WORKDAY + timedelta(hours=1))
    reminder = Reminder.objects.get()
    reminder.pk = None
    with pytest.raises(IntegrityError, match="reminder_once"), transaction.atomic():
        reminder.save(force_insert=True)


@pytest.mark.parametrize(
    "statement", ["UPDATE designation_reminder SET what = 'overdue'", "DELETE FROM designation_reminder"]
)
def test_the_database_refuses_to_change_who_was_told_of_what(everybody, statement):
    due(factories.request(everybody, "dea_decision"), WORKDAY + timedelta(hours=1))
    reminders.write_reminders(WORKDAY)
    with pytest.raises(IntegrityError, match="keeps the record"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_tell_once(everybody):
    due(factories.requests(everybody, "dea_decision", count=3), WORKDAY + timedelta(hours=1))
    written: list[int] = []

    def run() -> None:
        try:
            written.append(reminders.write_reminders(WORKDAY) + reminders.write_digests(WORKDAY))
        finally:
            connection.close()

    runs = [threading.Thread(target=run) for _ in range(4)]
    for one in runs:
        one.start()
    for one in runs:
        one.join(timeout=60)
    notices = Notice.objects.filter(transition__in=["due_soon", "digest"])
    assert sum(written) == notices.count()
    assert len(told("due_soon")[everybody.dea_hq.username]) == 3
    assert notices.filter(transition="digest", recipient=everybody.dea_hq).count() == 1


class TestDigest:
    def test_tells_what_waits_what_is_late_and_what_is_late_with_others(self, everybody):
        mine, fine = factories.requests(everybody, "returned", count=2)
        theirs = factories.request(everybody, "field_review")
        due(mine, timezone.now() - timedelta(days=1))
        due(theirs, timezone.now() - timedelta(days=2))
        reminders.write_digests(WORKDAY)
        digest = Notice.objects.get(transition="digest", recipient=everybody.coordinator)
        assert digest.title == "Your day: 2 waiting for you, 1 late"
        assert digest.numbers == [mine.number, theirs.number]
        assert fine.number not in digest.body
        assert "Tuesday, 3 March 2026" in digest.body
        others = digest.body.partition("Late with others:")[2]
        assert theirs.number in others
        assert "DEA field review (DEA’s clock)" in others

    def test_comes_once_a_day_and_again_the_next(self, everybody):
        factories.request(everybody, "dea_decision")
        assert [reminders.write_digests(WORKDAY + timedelta(hours=hours)) for hours in (0, 3, 24)] == [1, 0, 1]

    def test_of_a_day_without_work_or_before_its_hour_does_not_come(self, everybody):
        factories.request(everybody, "dea_decision")
        for at in ("2026-03-07 10:00", "2026-07-03 10:00", "2026-03-03 06:59:59"):
            assert reminders.write_digests(eastern(at)) == 0
        assert not Digest.objects.exists()
        assert reminders.write_digests(eastern("2026-03-03 07:00")) == 1

    def test_of_a_day_does_not_come_once_its_offices_have_closed(self, everybody):
        factories.request(everybody, "dea_decision")
        for at in ("2026-03-03 17:00", "2026-03-03 21:46", "2024-12-24 13:00"):
            assert reminders.write_digests(eastern(at)) == 0
        assert reminders.write_digests(eastern("2026-03-03 16:59:59")) == 1

    def test_counts_what_is_late_by_any_clock_and_says_which(self, everybody):
        month = timezone.now() - timedelta(days=30)
        for of, hours in (({"measure": "party", "party": "DEA"}, 8), ({"measure": "process"}, 800)):
            set_goal(Goal(**GIVEN | of | {"business_seconds": hours * HOUR, "effective_from": month}))
        late = factories.request(everybody, "dea_decision")
        StageVisit.objects.filter(subject=late.number).update(entered_at=timezone.now() - timedelta(days=20))
        reminders.write_digests(WORKDAY)
        digest = Notice.objects.get(transition="digest", recipient=everybody.dea_hq)
        assert digest.title == "Your day: 1 waiting for you, 1 late"
        assert f"{late.number}  DEA decision (DEA’s clock), late: DEA in all\n" in digest.body

    def test_is_not_sent_when_there_is_nothing_to_tell(self, everybody):
        assert reminders.write_digests(WORKDAY) == 0
        factories.request(everybody, "dea_decision")
        assert reminders.write_digests(WORKDAY + timedelta(hours=1)) == 0  # the day's digest is done

    def test_goes_to_nobody_who_does_not_act(self, everybody):
        factories.requests(everybody, "dea_decision", count=2)
        factories.user("dea_hq", "DEA-HQ", is_active=False)
        reminders.write_digests(WORKDAY)
        assert list(told("digest")) == [everybody.dea_hq.username]

    def test_lists_fifty_and_says_how_many_more(self, everybody):
        due(factories.requests(everybody, "dea_decision", count=53), timezone.now() - timedelta(days=1))
        reminders.write_digests(WORKDAY)
        digest = Notice.objects.get(recipient=everybody.dea_hq, transition="digest")
        assert "and 3 more." in digest.body
        assert len(digest.numbers) == 50


def test_the_task_writes_and_sends(everybody):
    due(factories.request(everybody, "dea_decision"), timezone.now() - timedelta(days=1))
    Notice.objects.update(sent_at=timezone.now())
    tasks.remind()
    subjects = [message.subject for message in mail.outbox]
    assert any("is past its due time" in subject for subject in subjects)
    count = len(mail.outbox)
    tasks.remind()
    assert len(mail.outbox) == count
