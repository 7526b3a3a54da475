"""The first page, and notices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from designation import jobs, workflow
from designation.models import HomeVisit, Notice
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

HOME = reverse("home")
NOTICES = reverse("designation:notice_list")


def stats(client) -> dict[str, str]:
    return {stat["label"]: stat["value"] for stat in client.get(HOME).context["stats"]}


def test_the_home_page_counts_what_waits_and_links_to_it(people: People, client):
    factories.requests(people, "returned", count=2)
    factories.request(people, "draft")
    factories.request(people, "dea_intake")
    factories.request(people, "approved")
    client.force_login(people.coordinator)
    assert stats(client) == {
        "Returned to us": "2",
        "Drafts to submit": "1",
        "With HSI headquarters": "0",
        "With DEA": "1",
        "Open in all": "4",
    }
    for stat in client.get(HOME).context["stats"]:
        assert str(client.get(stat["url"]).context["count"]) == stat["value"], stat["label"]


def test_headquarters_counts_what_is_to_endorse(people: People, client):
    factories.requests(people, "hsi_review", count=3)
    client.force_login(people.hsi_hq)
    assert stats(client)["To endorse"] == "3"


@pytest.mark.parametrize(
    ("role", "url"),
    [
        ("coordinator", "designation:request_create"),
        ("hsi_hq", "designation:roster_upload"),
        ("dea_field", "admin:designation_request_changelist"),
        ("dea_hq", "admin:designation_request_changelist"),
        ("auditor", "audit:processing_times"),
        ("operator", "admin:index"),
        ("operator", "admin:audit_closure_changelist"),
        ("supervisor", "designation:look_up_several"),
        ("training_manager", "admin:index"),
    ],
)
def test_each_role_is_led_to_its_work(people: People, client, role, url):
    client.force_login(getattr(people, role))
    assert f'href="{reverse(url)}"' in client.get(HOME).text


@pytest.mark.parametrize("role", ["coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor"])
def test_the_counts_by_whose_turn_it_is_add_up_to_all_that_is_open(people: People, client, role):
    for state in factories.PATHS:
        factories.request(people, state)
    client.force_login(getattr(people, role))
    counts = {label: int(value) for label, value in stats(client).items()}
    parts = {label: count for label, count in counts.items() if label not in {"Open in all", "Waiting for me"}}
    assert sum(parts.values()) == counts["Open in all"]
    for stat in client.get(HOME).context["stats"]:
        assert str(client.get(stat["url"]).context["count"]) == stat["value"], stat["label"]


def test_a_role_without_pages_is_told_whom_to_ask(people: People, client):
    client.force_login(factories.OfficeUserFactory(roles=[], office=people.coordinator.office))
    page = client.get(HOME).text
    assert "No role yet" in page
    assert "Ask the operator of this system for one" in page


def test_the_home_page_costs_the_same_queries_for_1_and_for_20_requests(
    people: People, client, django_assert_num_queries
):
    factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    for count in (1, 19):
        factories.requests(people, "returned", count=count)
        look_away(people.hsi_hq, 2)
        with django_assert_num_queries(21):
            client.get(HOME)


def test_what_changed_costs_the_same_queries_for_1_and_for_20_requests(
    people: People, client, django_assert_num_queries
):
    client.force_login(people.coordinator)
    for count in (1, 19):
        look_away(people.coordinator, 2)
        factories.requests(people, "approved", count=count)
        with django_assert_num_queries(17):
            assert client.get(HOME).context["changes"].count


def test_notices_are_the_users_own_and_are_counted_in_the_header(people: People, client):
    client.force_login(people.coordinator)
    assert "unread" not in client.get(HOME).text.replace("Nothing unread", "")
    returned = factories.request(people, "returned")
    page = client.get(NOTICES)
    assert [notice.title for notice in page.context["page"]] == [f"{returned.number} was returned"]
    assert '1<span class="usa-sr-only"> unread</span>' in page.text
    client.force_login(people.other_coordinator)
    assert "No notices yet" in client.get(NOTICES).text


def test_a_notice_is_marked_read_once_and_by_its_recipient_alone(people: People, client):
    client.force_login(people.coordinator)
    factories.request(people, "returned")
    notice = Notice.objects.get(recipient=people.coordinator)
    url = reverse("designation:notice_read", args=[notice.pk])
    client.get(url)
    assert Notice.objects.get(pk=notice.pk).read_at is None
    client.post(url)
    first = Notice.objects.get(pk=notice.pk).read_at
    client.post(url)
    assert first is not None
    assert Notice.objects.get(pk=notice.pk).read_at == first


def test_all_notices_are_marked_read_and_none_of_anybody_else(people: People, client):
    assert people.hsi_hq.pk
    client.force_login(people.coordinator)
    factories.requests(people, "returned", count=2)
    assert Notice.objects.unread().exclude(recipient=people.coordinator).exists()
    client.post(reverse("designation:notices_read"))
    assert not Notice.objects.visible_to(people.coordinator).unread().exists()
    assert Notice.objects.visible_to(people.hsi_hq).unread().exists()


def test_notices_cost_the_same_queries_for_1_and_for_20(people: People, client, django_assert_num_queries):
    client.force_login(people.coordinator)
    request = factories.request(people, "returned")
    with django_assert_num_queries(7):
        client.get(NOTICES)
    for _ in range(19):
        pk, actor = request.pk, people.coordinator
        request.refresh_from_db(fields=["version"])
        answer = {"answer": "Attached.", "priority": "routine", "justification": "Cases."}
        workflow.resubmit(pk, actor=actor, version=request.version, **answer)
        workflow.transition_one("return_to_office", pk, actor=people.dea_hq, reason="Memo is missing.")
    with django_assert_num_queries(7):
        assert len(client.get(NOTICES).context["page"]) == 20


def test_a_notice_of_hundreds_shows_the_first_ten_and_how_many_more(people: People, client):
    numbers = [f"T21-2026-{key:06d}" for key in range(1, 1_213)]
    facts = {"transition": "approve", "title": "1,212 requests were approved", "numbers": numbers}
    Notice.objects.create(recipient=people.coordinator, **facts)
    client.force_login(people.coordinator)
    page = client.get(NOTICES).text
    assert "1,212 requests" in page
    assert page.count("/requests/T21-") == 10
    assert "and 1,202 more" in page


def look_away(user, hours: float) -> None:
    """The user has last looked so long ago."""
    then = timezone.now() - timedelta(hours=hours)
    HomeVisit.objects.update_or_create(user=user, defaults={"looked_at": then, "seen_until": then})


def changes(client) -> list[tuple[str, str]]:
    return [(change.number, change.label) for change in client.get(HOME).context["changes"].newest]


def test_what_changed_since_the_last_visit_is_listed_until_the_next_visit_begins(people: People, client):
    client.force_login(people.coordinator)
    factories.request(people, "hsi_review")
    assert changes(client) == [], "of a first visit, nothing is new"
    look_away(people.coordinator, 2)
    endorsed, approved = factories.request(people, "dea_intake"), factories.request(people, "approved")
    expected = [(approved.number, "Approved"), (endorsed.number, "Endorsed")]
    assert changes(client) == expected
    assert changes(client) == expected, "loading the page again empties nothing"


def test_a_new_visit_begins_where_the_last_one_ended(people: People, client):
    client.force_login(people.coordinator)
    factories.request(people, "dea_intake")
    look_away(people.coordinator, 2)
    HomeVisit.objects.update(seen_until=timezone.now() - timedelta(days=1))
    client.get(HOME)
    seen = HomeVisit.objects.get().seen_until
    assert timedelta(hours=1.9) < timezone.now() - seen < timedelta(hours=2.1)


def test_what_is_marked_as_seen_is_new_no_more(people: People, client):
    client.force_login(people.coordinator)
    look_away(people.coordinator, 2)
    factories.request(people, "dea_intake")
    assert "Mark as seen" in client.get(HOME).text
    page = client.post(reverse("designation:home_seen"), follow=True)
    assert "Mark as seen" not in page.text
    assert changes(client) == []


def test_who_decides_sees_what_changed_of_what_he_acted_on_and_not_his_own_steps(people: People, client):
    mine = factories.request(people, "returned")  # by headquarters of DEA
    other = factories.request(people, "dea_intake")
    client.force_login(people.dea_hq)
    look_away(people.dea_hq, 2)
    assert changes(client) == [], "he made the last step himself, and acted on nothing else"
    answer = {"answer": "Attached.", "priority": "routine", "justification": "Cases."}
    workflow.resubmit(mine.pk, actor=people.coordinator, version=mine.version, **answer)
    assert other.number
    assert changes(client) == [(mine.number, "Resubmitted")]


def test_nobody_is_told_what_changed_of_what_he_may_not_see(people: People, client):
    look_away(people.other_coordinator, 2)
    factories.request(people, "dea_intake")
    client.force_login(people.other_coordinator)
    assert changes(client) == []
    client.force_login(people.auditor)
    assert client.get(HOME).context["changes"] is None


def test_a_request_that_changed_often_is_one_line_and_all_are_counted(people: People, client):
    look_away(people.coordinator, 2)
    factories.requests(people, "approved", count=7)
    client.force_login(people.coordinator)
    found = client.get(HOME).context["changes"]
    assert (len(found.newest), str(found.count)) == (5, "7")


@pytest.mark.parametrize(
    ("role", "state", "label", "leads_to"),
    [
        ("coordinator", "draft", "Check and submit", "/requests/{number}/check/"),
        ("coordinator", "returned", "Answer", "/requests/{number}/answer/"),
        ("hsi_hq", "hsi_review", "Endorse", "/requests/{number}/acts/endorse/"),
        ("dea_hq", "dea_intake", "Accept", "/admin/designation/request/{pk}/change/"),
        ("dea_field", "field_review", "Review", "/admin/designation/request/{pk}/change/"),
        ("dea_hq", "dea_decision", "Decide", "/admin/designation/request/{pk}/change/"),
    ],
)
def test_each_line_of_what_waits_leads_to_the_page_where_it_is_done(
    people: People, client, role, state, label, leads_to
):
    request = factories.request(people, state)
    client.force_login(getattr(people, role))
    (line,) = client.get(HOME).context["waiting"]
    assert line["act"] == {"label": label, "url": leads_to.format(number=request.number, pk=request.pk)}
    assert client.get(line["act"]["url"]).status_code == 200


def test_what_waits_beyond_the_first_lines_is_counted_and_led_to(people: People, client):
    factories.requests(people, "returned", count=7)
    client.force_login(people.coordinator)
    page = client.get(HOME)
    assert len(page.context["waiting"]) == 5
    assert "All 7 that wait for you" in page.text
    assert str(client.get(page.context["waiting_url"]).context["count"]) == "7"


def test_what_is_under_way_is_found_on_the_home_page(people: People, client):
    order = {"versions": {1: 1}, "left_out": [], "reason": "", "back": ""}
    job = jobs.order_acts("requests", "endorse", owner=people.hsi_hq, title="Endorse 900 requests", **order)
    client.force_login(people.hsi_hq)
    page = client.get(HOME).text
    assert f'<a class="usa-link" href="{job.path}">Endorse 900 requests</a>: 0 of 1 row' in page
    client.force_login(people.coordinator)
    assert "Endorse 900 requests" not in client.get(HOME).text
