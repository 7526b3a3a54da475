"""What an agent's page shows of his training: as it stands, and as it was on record on any day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from designation import reminders
from designation.models import Notice
from tests.audit.calendars import eastern
from tests.factories import AgentFactory, request
from tests.training.records import a_file, completed, corrected, days_ago, published, required
from tests.training.test_standing import an_instant
from training.tracking.history import completions_of

pytestmark = pytest.mark.django_db


def test_the_history_is_what_was_on_record_by_the_end_of_the_day(people):
    module, agent = published(people), AgentFactory()
    first = completed(agent, module, days_ago(50), recorded_at=an_instant(days_ago(40)))
    corrected(first, completed_on=days_ago(45), recorded_at=an_instant(days_ago(20)))
    file = a_file(taken_back_at=an_instant(days_ago(5)), taken_back_why="Wrong.")
    completed(agent, module, days_ago(15), imported=file, recorded_at=an_instant(days_ago(15)))

    def on(days: int) -> list[tuple[int, str]]:
        found = completions_of(agent, days_ago(days))
        return [((timezone.localdate() - row.completion.completed_on).days, row.undone) for row in found]

    assert on(41) == []
    assert on(40) == [(50, "")]
    assert on(20) == [(45, ""), (50, "Corrected")]
    assert on(5) == [(15, "Taken back with its file"), (45, ""), (50, "Corrected")]


def test_a_completion_that_was_withdrawn_says_so(people):
    agent = AgentFactory()
    corrected(completed(agent, published(people)), withdrawn=True)
    (found,) = completions_of(agent, timezone.localdate())
    assert found.undone == "Withdrawn"


def test_the_page_shows_now_and_then(people, client):
    module = published(people)
    required(module)
    row = request(people, "dea_intake")
    completed(row.agent, module, days_ago(3), recorded_at=an_instant(days_ago(3)))
    client.force_login(people.coordinator)
    address = reverse("designation:agent_detail", args=[row.agent_id])
    now = client.get(address).text
    assert "t21-status--met" in now
    assert "No attempt was on record" not in now
    then = client.get(address, {"training_on": days_ago(4).isoformat()}).text
    assert "t21-status--missing" in then
    assert "No attempt was on record" in then


def test_a_training_manager_opens_the_agents_whose_completions_he_records(people, client):
    row = request(people, "dea_intake")
    client.force_login(people.training_manager)
    page = client.get(reverse("designation:agent_detail", args=[row.agent_id]))
    assert str(row.agent.full_name) in page.text
    assert row.number not in page.text
    assert reverse("designation:agent_list") not in page.text


@pytest.mark.parametrize("asked", ["2026-02-31", "soon", "2999-01-01"])
def test_a_day_that_is_none_or_to_come_is_refused_in_place(people, client, asked):
    client.force_login(people.hsi_hq)
    address = reverse("designation:agent_detail", args=[AgentFactory().pk])
    assert "Shown is today." in client.get(address, {"training_on": asked}).text


WORKDAY = eastern("2026-03-03 10:00")


def test_a_coordinator_is_told_once_a_day_what_expires_and_what_is_missing(people):
    module = published(people, code="JT-DUE")
    required(module, valid_months=12)
    day = WORKDAY.date()
    soon, later, nobody = (request(people, "hsi_review").agent for _ in range(3))
    for agent, left in ((soon, 30), (later, 31)):
        on = day.replace(year=2025) + timedelta(days=left)
        completed(agent, module, on, recorded_at=an_instant(on))
    people.other_coordinator  # noqa: B018 - made, so that he could be told
    reminders.write_digests(WORKDAY)
    assert reminders.write_digests(WORKDAY) == 0
    text = Notice.objects.get(recipient=people.coordinator, transition="digest").body
    assert f"Training that expires in the next 30 days:\n  {soon}: JT-DUE, valid until April 2, 2026\n" in text
    assert f"Required training that is missing or expired:\n  {nobody}: JT-DUE, missing\n" in text
    assert str(later) not in text
    assert not Notice.objects.filter(recipient=people.other_coordinator, transition="digest").exists()


def test_who_has_nothing_but_training_to_look_after_has_a_digest_too(people):
    required(published(people), blocks="nothing")
    request(people, "approved")
    reminders.write_digests(WORKDAY)
    assert "is missing" in Notice.objects.get(recipient=people.coordinator, transition="digest").body
