"""What was typed of a filing is kept until there is a draft, for the person alone who typed it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from designation.models import Agent, BegunFiling, Request
from tests import factories
from tests.designation.filing_forms import CONTENT, CREATE, DETAILS, NEW_AGENT
from tests.factories import People

pytestmark = pytest.mark.django_db

BEGUN = reverse("designation:request_begun")


def at(url: str, agent: Agent | None) -> str:
    return f"{url}?agent={agent.pk}" if agent else url


@pytest.mark.parametrize("listed", [True, False], ids=["listed agent", "agent not listed"])
def test_what_was_typed_is_kept_when_the_page_is_left_and_is_there_again(people: People, client, listed):
    agent = factories.AgentFactory(office=people.coordinator.office) if listed else None
    who = {} if listed else {**NEW_AGENT, "last_name": ""}
    client.force_login(people.coordinator)
    page = client.post(at(DETAILS, agent), {**CONTENT, **who, "later": "1"}, follow=True)
    assert "What you typed is kept" in page.text
    assert at(DETAILS, agent) in page.text
    form = client.get(at(DETAILS, agent)).context["form"]
    assert {name: form[name].value() for name in (*CONTENT, *who)} == {**CONTENT, **who}
    assert not Request.objects.exists()


def test_what_was_typed_is_kept_while_it_is_typed_and_when_it_is_refused(people: People, client):
    client.force_login(people.coordinator)
    page = client.post(BEGUN, {**CONTENT, **NEW_AGENT})
    assert "What you typed is kept" in page.text
    client.post(DETAILS, {**CONTENT, **NEW_AGENT, "badge_number": "", "justification": "Two cases."})
    assert client.get(DETAILS).context["form"]["justification"].value() == "Two cases."


def test_what_was_typed_is_forgotten_once_there_is_a_draft(people: People, client):
    client.force_login(people.coordinator)
    client.post(BEGUN, {**CONTENT, **NEW_AGENT})
    client.post(DETAILS, {**CONTENT, **NEW_AGENT})
    assert Request.objects.count() == 1
    assert not BegunFiling.objects.exists()


def test_what_was_typed_can_be_thrown_away(people: People, client):
    client.force_login(people.coordinator)
    client.post(BEGUN, {**CONTENT, **NEW_AGENT})
    assert "Lee Stone" in client.get(CREATE).text
    page = client.post(BEGUN, {"forget": "1"}, follow=True)
    assert "thrown away" in page.text
    assert "Lee Stone" not in page.text


def test_what_one_person_typed_is_shown_to_nobody_else(people: People, client):
    client.force_login(people.coordinator)
    client.post(BEGUN, {**CONTENT, **NEW_AGENT})
    client.force_login(factories.user("coordinator", "HSI-MIA"))
    assert "Lee Stone" not in client.get(CREATE).text
    assert client.get(DETAILS).context["begun"] is None


def test_choices_alone_are_nothing_typed(people: People, client):
    client.force_login(people.coordinator)
    client.post(BEGUN, {"kind": "", "priority": "routine", "justification": " "})
    assert not BegunFiling.objects.exists()


def test_what_was_typed_a_month_ago_is_forgotten(people: People, client):
    client.force_login(people.coordinator)
    client.post(BEGUN, {**CONTENT, **NEW_AGENT})
    BegunFiling.objects.update(kept_at=timezone.now() - timedelta(days=31))
    agent = factories.AgentFactory(office=people.coordinator.office)
    client.post(at(BEGUN, agent), CONTENT)
    assert [filing.agent for filing in BegunFiling.objects.all()] == [agent]
