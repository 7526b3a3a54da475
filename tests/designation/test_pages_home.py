"""The first page, and notices."""

from __future__ import annotations

import pytest
from django.urls import reverse

from designation import workflow
from designation.models import Notice
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
    with django_assert_num_queries(9):
        client.get(HOME)
    factories.requests(people, "returned", count=19)
    with django_assert_num_queries(9):
        client.get(HOME)


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
