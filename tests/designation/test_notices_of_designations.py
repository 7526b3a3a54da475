"""Who is told that an agent's authority rests, is back or is gone, once each, and where that leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit import jobs as audit_jobs
from designation import jobs, workflow
from designation.models import Agent, Designation, Notice, User
from designation.notices import MOST_NUMBERED, TO_OFFICES_OF_AGENT
from designation.tasks import send_notices
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:designation_list")


def designations(people: People, count: int = 1) -> list[Designation]:
    return [request.designation for request in factories.requests(people, "approved", count=count)]


def change(name: str, rows: list[Designation], actor: User) -> None:
    pks = [row.pk for row in rows]
    assert not workflow.change_designations(name, pks, actor=actor, reason=f"To {name}.").refused


def told(name: str) -> dict[User, Notice]:
    """The notices of the act by whom they tell; fails where somebody has two."""
    notices = list(Notice.objects.filter(transition=name))
    by_person = {notice.recipient: notice for notice in notices}
    assert len(by_person) == len(notices)
    return by_person


def agent_page(row: Designation) -> str:
    return reverse("designation:agent_detail", args=[row.agent_id])


def test_what_dea_does_to_a_designation_is_told_to_the_coordinators_of_the_office_alone(people):
    second = factories.user("coordinator", "HSI-MIA")
    assert all((people.other_coordinator, people.supervisor, people.hsi_hq, factories.user("dea_hq", "DEA-HQ")))
    (row,) = designations(people)
    for name, done in (("suspend", "suspended"), ("reinstate", "reinstated"), ("revoke", "revoked")):
        change(name, [row], people.dea_hq)
        notices = told(name)
        assert set(notices) == {people.coordinator, second}
        notice = notices[second]
        assert (notice.title, notice.reason) == (f"{row.number} was {done}", f"To {name}.")
        assert notice.path == agent_page(row)


def test_many_at_once_are_one_notice_that_leads_to_the_list(people):
    rows = designations(people, count=3)
    change("revoke", rows, people.dea_hq)
    notice = told("revoke")[people.coordinator]
    assert (notice.title, notice.path) == ("3 designations were revoked", LIST)
    assert all(row.number in notice.body for row in rows)


def test_of_very_many_the_notice_has_some_numbers_and_counts_the_rest(people):
    change("suspend", designations(people, count=MOST_NUMBERED + 2), people.dea_hq)
    lines = told("suspend")[people.coordinator].body.splitlines()
    assert (len(lines), lines[-1]) == (MOST_NUMBERED + 1, "and 2 more")


def test_the_offices_of_an_agent_who_has_moved_are_both_told_and_each_led_to_what_it_may_see(people, client):
    (row,) = designations(people)
    Agent.objects.filter(pk=row.agent_id).update(office=people.other_coordinator.office)
    change("revoke", [row], people.dea_hq)
    paths = {person: notice.path for person, notice in told("revoke").items()}
    assert paths == {people.coordinator: LIST, people.other_coordinator: agent_page(row)}
    for person, path in paths.items():
        client.force_login(person)
        assert client.get(path).status_code == 200


def test_what_hsi_gives_up_is_told_to_dea_headquarters(people, client):
    assert people.dea_field
    (row,) = designations(people)
    change("relinquish", [row], people.coordinator)
    notices = told("relinquish")
    assert set(notices) == {people.dea_hq}
    notice = notices[people.dea_hq]
    assert (notice.title, notice.reason) == (f"{row.number} was relinquished", "To relinquish.")
    client.force_login(people.dea_hq)
    assert row.number in client.get(notice.path).text


def test_what_hsi_headquarters_gives_up_is_told_to_the_office_as_well(people):
    (row,) = designations(people)
    change("relinquish", [row], people.hsi_hq)
    notices = told("relinquish")
    assert set(notices) == {people.dea_hq, people.coordinator}
    assert notices[people.coordinator].path == agent_page(row)


def test_whoever_acts_and_whoever_has_left_is_not_told(people):
    left = factories.user("coordinator", "HSI-MIA", is_active=False)
    (row,) = designations(people)
    both = factories.user("dea_hq", "DEA-HQ")
    change("suspend", [row], both)
    change("relinquish", [row], people.coordinator)
    assert set(told("relinquish")) == {people.dea_hq, both}
    assert set(told("suspend")) == {people.coordinator}
    assert not Notice.objects.filter(recipient=left).exists()


def test_an_act_that_is_refused_is_told_to_nobody(people):
    (row,) = designations(people)
    assert workflow.change_designations("reinstate", [row.pk], actor=people.dea_hq, reason="Again.").refused
    assert not Notice.objects.filter(transition="reinstate").exists()


def test_what_expires_or_is_replaced_is_told_to_nobody(people):
    row, renewed = designations(people, count=2)
    Designation.objects.filter(pk=row.pk).update(
        valid_from=timezone.localdate() - timedelta(days=9), valid_until=timezone.localdate() - timedelta(days=1)
    )
    assert workflow.expire_designations().done == [row]
    entry = factories.new_request(renewed.agent)
    filed = workflow.file_requests([entry], actor=people.coordinator, office=people.coordinator.office, submit=False)
    for name, who, reason in factories.PATHS["approved"]:
        workflow.transition_one(name, filed.done[0].pk, actor=getattr(people, who), reason=reason)
    assert Designation.objects.get(pk=renewed.pk).state == "relinquished"
    of_requests = Notice.objects.exclude(numbers=[])
    assert Notice.objects.count() == of_requests.count()
    assert not of_requests.filter(title__startswith="XD").exists()


@pytest.mark.parametrize("name", sorted(TO_OFFICES_OF_AGENT - {"reinstate"}))
def test_telling_of_many_costs_the_same_queries_as_of_one(people, name):
    actor = people.hsi_hq if name == "relinquish" else people.dea_hq

    def queries(rows: list[Designation]) -> int:
        with CaptureQueriesContext(connection) as made:
            change(name, rows, actor)
        return len(made)

    assert queries(designations(people)) == queries(designations(people, count=12))


def test_the_mail_names_nobody_says_why_and_leads_to_the_agent(people, mailoutbox, settings):
    settings.SITE_URL = "https://title21.example.gov"
    (row,) = designations(people)
    send_notices()
    mailoutbox.clear()
    change("revoke", [row], people.dea_hq)
    send_notices()
    (message,) = mailoutbox
    assert (message.to, message.subject) == ([people.coordinator.email], f"Title 21: {row.number} was revoked")
    assert message.body.splitlines() == [
        f"{row.number} was revoked.",
        "",
        "Reason on record:",
        "To revoke.",
        "",
        row.number,
        "",
        "https://title21.example.gov" + agent_page(row),
    ]


def test_an_act_in_the_admin_is_told(people, client):
    (row,) = designations(people)
    client.force_login(people.dea_hq)
    act = reverse("admin:designation_designation_act", args=[row.pk, "suspend"])
    client.post(act, {"version": row.version, "reason": "Inquiry."})
    client.force_login(people.coordinator)
    page = client.get(reverse("designation:notice_list")).text
    assert f"{row.number} was suspended" in page
    assert "Inquiry." in page
    assert f'href="{agent_page(row)}"' in page


@pytest.mark.django_db(transaction=True)
def test_a_large_act_is_told_once_when_all_is_done(people: Any, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 3)
    rows = designations(people, count=7)
    job = jobs.order_acts(
        "designations",
        "suspend",
        owner=people.dea_hq,
        title="Suspend 7 designations",
        versions={row.pk: row.version for row in rows},
        left_out=[],
        reason="Inquiry.",
        back="/",
    )
    assert audit_jobs.do(job.pk)
    notice = told("suspend")[people.coordinator]
    assert (notice.title, notice.reason) == ("7 designations were suspended", "Inquiry.")
