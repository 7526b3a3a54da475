"""The page of a dispute: what each side sees and does there, and what it is told when it may not."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from designation import references
from designation.models import Notice, User
from tests.factories import request
from tests.training.factories import Managers, dispute, section, settle, version
from tests.training.pages import ENDS, act
from training.models import Dispute
from training.workflow import disputes

pytestmark = pytest.mark.django_db


def offered(page: Any) -> dict[str, str]:
    """Name of the act -> why not."""
    return {found.name: found.why_not for found in page.context["acts"]}


def say(client: Client, user: User, of: Dispute, name: str, text: str, **more: Any) -> Any:
    """Sends the form of an act as its page has it now."""
    client.force_login(user)
    version = Dispute.objects.get(pk=of.pk).version
    return client.post(act(of, name), {"text": text, "version": version, **more}, follow=True)


# What it shows


def test_the_page_shows_both_positions_with_those_of_before(people: Managers, client, opened: Dispute):
    disputes.state_position(opened.pk, text="DEA instructors, HSI rooms.", actor=people.dea_manager)
    client.force_login(people.auditor)
    page = client.get(opened.get_absolute_url())
    hsi, dea = page.context["sides"]
    assert (hsi.now, dea.now.text) == (None, "DEA instructors, HSI rooms.")
    assert [position.text for position in dea.before] == ["DEA instructors only."]
    assert "Has not stated its position yet." in page.text
    assert page.context["acts"] == []


def test_the_page_says_what_happens_when_the_due_date_passes(people: Managers, client):
    references.load()
    opened = dispute(section(version(people)), people.dea_manager)
    client.force_login(people.hsi_manager)
    assert "it goes to Headquarters Review Team by itself" in client.get(opened.get_absolute_url()).text
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    assert "There is no higher level" in client.get(opened.get_absolute_url()).text


def test_without_a_goal_the_page_says_that_nothing_happens_by_itself(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_manager)
    assert "only when a side escalates it" in client.get(opened.get_absolute_url()).text


def test_who_proposed_is_told_why_he_may_not_answer_himself(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    client.force_login(people.dea_manager)
    acts = offered(client.get(opened.get_absolute_url()))
    assert "Only the other side accepts" in acts["accept"]
    assert "No outcome waits for an answer of your agency" in acts["reject"]
    client.force_login(people.hsi_manager)
    acts = offered(client.get(opened.get_absolute_url()))
    assert list(acts)[:2] == ["accept", "reject"]
    assert set(acts.values()) == {""}


def test_acts_are_those_of_the_level(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_hq)
    assert set(offered(client.get(opened.get_absolute_url()))) == {"state_position", "propose", "escalate"}
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    assert set(offered(client.get(opened.get_absolute_url()))) == {"state_position", "propose", "decide"}


def test_the_history_tells_what_was_said_and_done_in_its_order(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    disputes.reject(opened.pk, answer="HSI trains too.", actor=people.hsi_manager)
    disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    client.force_login(people.hsi_manager)
    assert [entry["label"] for entry in client.get(opened.get_absolute_url()).context["timeline"]] == [
        "Opened",
        "DEA stated its position",
        "DEA proposed an outcome",
        "The outcome was rejected",
        "Escalated",
        "Now in “Headquarters Review Team”",
    ]


def test_a_training_manager_sees_of_a_disputed_request_its_number_alone(people: Managers, client):
    opened = dispute(request(people, "field_review"), people.dea_field)
    client.force_login(people.dea_manager)
    text = client.get(opened.get_absolute_url()).text
    assert opened.request.number in text
    assert opened.request.agent.last_name not in text
    client.force_login(people.coordinator)
    assert opened.request.agent.last_name in client.get(opened.get_absolute_url()).text


def test_text_is_shown_as_it_was_typed(people: Managers, client):
    opened = dispute(version(people), people.dea_manager, position="<script>alert(1)</script>\nSecond line")
    client.force_login(people.hsi_manager)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>Second line" in client.get(opened.get_absolute_url()).text


def test_one_dispute_costs_the_same_queries_however_much_was_said(
    people: Managers, client, django_assert_num_queries, opened: Dispute
):
    client.force_login(people.hsi_manager)
    with django_assert_num_queries(11):
        client.get(opened.get_absolute_url())
    for number in range(5):
        disputes.state_position(opened.pk, text=f"Position {number}", actor=people.dea_manager)
        disputes.propose(opened.pk, text=f"Outcome {number}", actor=people.dea_manager)
    with django_assert_num_queries(11):
        client.get(opened.get_absolute_url())


# Acts


def test_the_sides_argue_and_settle_a_dispute_on_its_pages(people: Managers, client, opened: Dispute):
    say(client, people.hsi_manager, opened, "state_position", "HSI instructors too.")
    say(client, people.hsi_manager, opened, "propose", "Both agencies train.")
    say(client, people.dea_manager, opened, "reject", "Not the laboratory part.")
    say(client, people.hsi_manager, opened, "propose", "Both train; DEA the laboratory part.")
    page = say(client, people.dea_manager, opened, "accept", "", **ENDS)
    settled = Dispute.objects.get(pk=opened.pk)
    assert (settled.state, settled.outcome) == ("settled", "Both train; DEA the laboratory part.")
    assert "it is settled." in page.text
    assert "Both sides accepted the outcome" in page.text


def test_leadership_decides_in_its_own_words(people: Managers, client, opened: Dispute):
    say(client, people.hsi_manager, opened, "state_position", "HSI instructors too.")
    for _ in range(2):
        say(client, people.hsi_manager, opened, "escalate", "No progress.")
    say(client, people.dea_hq, opened, "decide", "Both train.", **ENDS)
    settled = Dispute.objects.get(pk=opened.pk)
    assert (settled.state, settled.outcome, settled.settled) == ("settled", "Both train.", "decided")


@pytest.mark.parametrize("name", ["accept", "decide"])
def test_an_act_that_ends_the_dispute_is_confirmed_first(people: Managers, client, opened: Dispute, name):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    if name == "decide":
        disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
        for _ in range(2):
            disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    page = say(client, people.hsi_hq, opened, name, "As written.")
    assert "Tick this first: the dispute ends." in page.text
    assert Dispute.objects.get(pk=opened.pk).state != "settled"


@pytest.mark.parametrize("name", ["state_position", "propose", "escalate"])
def test_what_goes_on_record_is_not_left_blank(people: Managers, client, opened: Dispute, name):
    before = Dispute.objects.get(pk=opened.pk).version
    page = say(client, people.hsi_manager, opened, name, " \n ")
    assert "text" in page.context["form"].errors
    assert Dispute.objects.get(pk=opened.pk).version == before


def test_a_position_is_restated_from_what_it_is_now(people: Managers, client, opened: Dispute):
    client.force_login(people.dea_manager)
    assert "DEA instructors only." in client.get(act(opened, "state_position")).context["form"]["text"].value()
    client.force_login(people.hsi_manager)
    assert client.get(act(opened, "state_position")).context["form"]["text"].value() == ""


@pytest.mark.parametrize("name", ["state_position", "propose", "escalate"])
def test_a_stale_page_is_told_so_and_keeps_what_was_typed(people: Managers, client, opened: Dispute, name):
    stale = opened.version
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    client.force_login(people.hsi_manager)
    page = client.post(act(opened, name), {"text": "HSI trains.", "version": stale})
    assert "Nothing was done. Changed since you opened it" in page.text
    assert "HSI trains." in page.text
    assert "Outcome that DEA proposes" in page.text
    form = page.context["form"]
    again = client.post(act(opened, name), {field: form[field].value() for field in form.fields})
    assert again.url == opened.get_absolute_url()


def test_an_outcome_that_gave_way_to_another_is_not_accepted_unseen(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="HSI trains too.", actor=people.dea_manager)
    seen = Dispute.objects.get(pk=opened.pk).version
    disputes.propose(opened.pk, text="DEA alone trains.", actor=people.dea_manager)
    client.force_login(people.hsi_manager)
    page = client.post(act(opened, "accept"), {"text": "", "version": seen, **ENDS})
    assert "Changed since you opened it" in page.text
    assert "DEA alone trains." in page.text
    assert Dispute.objects.get(pk=opened.pk).state == "working_level"


def test_who_comes_too_late_is_told_that_it_is_settled(people: Managers, client, opened: Dispute):
    settle(opened, people)
    page = say(client, people.hsi_manager, opened, "propose", "HSI alone trains.")
    assert "The dispute is settled already." in page.text
    assert "HSI alone trains." in page.text
    assert "Both agencies train." in page.text
    page = say(client, people.hsi_manager, opened, "escalate", "HSI trains.")
    assert "Already decided: settled by" in page.text


def test_who_posts_what_the_page_hides_is_refused(people: Managers, client, opened: Dispute):
    for name in ("state_position", "propose", "reject", "accept", "escalate", "decide"):
        client.force_login(people.auditor)
        page = client.post(act(opened, name), {"text": "x", "version": opened.version, **ENDS})
        assert page.status_code == 403 or "Nothing was done" in page.text
        client.force_login(people.coordinator)
        assert client.post(act(opened, name), {"text": "x", "version": opened.version, **ENDS}).status_code == 404
    assert Dispute.objects.get(pk=opened.pk).version == opened.version
    client.force_login(people.hsi_manager)
    assert client.post(act(opened, "escalate_overdue"), {"text": "x", "version": opened.version}).status_code == 404


def test_the_other_side_is_told_with_the_way_to_the_dispute(people: Managers, client, opened: Dispute):
    people.hsi_manager  # noqa: B018 - made before the proposal
    say(client, people.dea_manager, opened, "propose", "DEA trains.")
    notice = Notice.objects.get(recipient=people.hsi_manager, title__contains="proposes an outcome")
    assert notice.path == opened.get_absolute_url()
