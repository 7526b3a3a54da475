"""One act on many requests, by HSI headquarters and by the filing office."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import StepEvent
from designation import agents, workflow
from designation.models import Agent, Request
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

PREVIEW = reverse("designation:bulk_preview")


def confirm(client, page, reason: str = ""):
    """Sends the form that the preview shows; the page on what came of it."""
    form = {name: page.context["form"][name].value() for name in ("selection", "left_out")}
    return client.post(page.context["action_url"], {**form, "reason": reason}, follow=True)


def states(requests: list[Request]) -> list[str]:
    return list(Request.objects.filter(pk__in=[request.pk for request in requests]).values_list("state", flat=True))


def test_selected_requests_are_endorsed_after_a_preview(people: People, client):
    requests = factories.requests(people, "hsi_review", count=3)
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [request.pk for request in requests[:2]]})
    assert "Endorse: 2 requests" in page.text
    assert set(states(requests)) == {"hsi_review"}

    result = confirm(client, page)
    assert "2 requests endorsed" in result.text
    assert "2 requests endorsed" in client.get(result.redirect_chain[0][0]).text
    assert sorted(states(requests)) == ["dea_intake", "dea_intake", "hsi_review"]


def test_the_preview_says_what_is_refused_and_why(people: People, client):
    good = factories.request(people, "hsi_review")
    gone = factories.request(people, "withdrawn")
    own_entry = factories.new_request(factories.AgentFactory(office=people.coordinator.office))
    own = workflow.file_requests([own_entry], actor=people.hsi_hq, office=people.coordinator.office).done[0]
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [good.pk, gone.pk, own.pk]})
    assert [request.number for request in page.context["done"]] == [good.number]
    why = {numbers[0]: why for why, numbers in page.context["refused"]}
    assert "Already decided: withdrawn" in why[gone.number]
    assert "not the person who filed" in why[own.number]
    assert {numbers[0] for _why, numbers in confirm(client, page).context["refused"]} == {gone.number, own.number}


def test_a_return_needs_a_reason_and_keeps_the_selection_when_it_is_missing(people: People, client):
    requests = factories.requests(people, "hsi_review", count=2)
    client.force_login(people.hsi_hq)
    selected = {"act": "return_to_office", "selected": [request.pk for request in requests]}
    page = confirm(client, client.post(PREVIEW, selected))
    assert page.status_code == 200
    assert "Give a reason" in page.text
    assert set(states(requests)) == {"hsi_review"}

    confirm(client, page, "Memo is missing.")
    assert set(states(requests)) == {"returned"}


def test_what_changes_between_preview_and_act_is_refused_and_reported(people: People, client):
    steady, moved = factories.requests(people, "hsi_review", count=2)
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [steady.pk, moved.pk]})
    workflow.transition_one("withdraw", moved.pk, actor=people.coordinator, reason="Agent reassigned.")
    result = confirm(client, page)
    assert result.context["done"] == [[steady.pk, steady.number]]
    [(why, numbers)] = result.context["refused"]
    assert numbers == [moved.number]
    assert "withdrawn" in why


def test_sending_the_form_twice_endorses_once(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [request.pk]})
    confirm(client, page)
    assert "Nothing was endorsed" in confirm(client, page).text
    assert Request.objects.get(pk=request.pk).version == request.version + 1


def test_everything_that_the_filter_shows_is_taken_on_every_page(people: People, client):
    wanted = factories.requests(people, "hsi_review", count=60, priority="expedited")
    factories.requests(people, "hsi_review", count=3)
    factories.requests(people, "dea_intake", count=2, priority="expedited")
    client.force_login(people.hsi_hq)
    page = client.post(f"{PREVIEW}?priority=expedited", {"act": "endorse", "everything": "on"})
    assert len(page.context["done"]) == 60
    assert page.context["refused"] == []
    result = confirm(client, page)
    assert set(states(wanted)) == {"dea_intake"}
    assert result.context["list_url"].endswith("?priority=expedited")


def test_hundreds_at_once_cost_the_same_queries_as_a_few(people: People, client, django_assert_max_num_queries):
    few = [request.pk for request in factories.requests(people, "hsi_review", count=2)]
    many = [request.pk for request in factories.requests(people, "hsi_review", count=200)]
    client.force_login(people.hsi_hq)
    for selected in (few, many):
        with django_assert_max_num_queries(6):
            page = client.post(PREVIEW, {"act": "endorse", "selected": selected})
        with django_assert_max_num_queries(25):
            confirm(client, page)


def test_nothing_selected_is_said_and_changes_nothing(people: People, client):
    client.force_login(people.hsi_hq)
    page = client.post(f"{PREVIEW}?state=hsi_review", {"act": "endorse"}, follow=True)
    assert "Select at least one" in page.text
    assert page.redirect_chain[0][0].endswith("?state=hsi_review")


@pytest.mark.parametrize("selection", ["x", "1", "1:", "1:x", "9" * 30 + ":1", "²:1"])
def test_a_selection_that_is_none_changes_nothing(people: People, client, selection):
    request = factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    page = client.post(reverse("designation:bulk_act", args=["endorse"]), {"selection": selection}, follow=True)
    assert "Nothing was changed" in page.text
    assert client.post(PREVIEW, {"act": "endorse", "selected": selection}, follow=True).status_code == 200
    assert Request.objects.get(pk=request.pk).state == "hsi_review"


def test_an_act_that_is_not_headquarters_is_no_address(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    assert client.post(PREVIEW, {"act": "approve", "selected": [request.pk]}).status_code == 404
    assert client.post(reverse("designation:bulk_act", args=["approve"])).status_code == 404


def test_the_office_submits_its_drafts_at_once(people: People, client):
    drafts = factories.requests(people, "draft", count=2)
    filed = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.post(PREVIEW, {"act": "submit", "everything": "on"})
    assert {row.number for row in page.context["done"]} == {draft.number for draft in drafts}
    assert "2 requests submitted" in confirm(client, page).text
    assert set(states([*drafts, filed])) == {"hsi_review"}


def test_the_office_answers_returned_requests_with_one_answer(people: People, client):
    returned = factories.requests(people, "returned", count=2)
    client.force_login(people.coordinator)
    page = client.post(PREVIEW, {"act": "resubmit", "selected": [request.pk for request in returned]})
    assert page.text.count("Supervisor&#x27;s memo is missing.") == 2
    assert "Your answer to all of them" in page.text
    confirm(client, page)
    assert set(states(returned)) == {"returned"}
    confirm(client, page, "The memos are attached.")
    assert set(states(returned)) == {"dea_intake"}
    reasons = StepEvent.objects.filter(transition="resubmit").values_list("reason", flat=True)
    assert list(reasons) == ["The memos are attached."] * 2


def test_the_office_withdraws_with_a_reason_wherever_a_request_stands(people: People, client):
    requests = [factories.request(people, state) for state in ("draft", "returned", "field_review")]
    decided = factories.request(people, "denied")
    client.force_login(people.coordinator)
    selected = [request.pk for request in [*requests, decided]]
    page = confirm(client, client.post(PREVIEW, {"act": "withdraw", "selected": selected}))
    assert "Give a reason" in page.text
    confirm(client, page, "The unit is dissolved.")
    assert set(states(requests)) == {"withdrawn"}
    assert states([decided]) == ["denied"]


def test_each_role_is_offered_its_own_acts_and_may_select_what_they_fit(people: People, client):
    for state in ("draft", "hsi_review", "dea_intake", "approved"):
        factories.request(people, state)
    offered = {}
    for user in (people.coordinator, people.hsi_hq, people.auditor):
        client.force_login(user)
        page = client.get(reverse("designation:request_list"))
        acts = [act.name for act in page.context["bulk"]]
        offered[user] = acts, sorted(item["row"].state for item in page.context["items"] if item["selectable"])
    assert offered == {
        people.coordinator: (["submit", "resubmit", "withdraw"], ["dea_intake", "draft", "hsi_review"]),
        people.hsi_hq: (["endorse", "return_to_office"], ["hsi_review"]),
        people.auditor: ([], []),
    }


def test_an_act_of_another_role_is_refused_and_says_so(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [request.pk]})
    assert page.status_code == 403
    assert "“Endorse” on many requests at once is not for your role." in page.text


def test_requests_of_another_office_cannot_be_selected(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.other_coordinator)
    page = client.post(PREVIEW, {"act": "submit", "selected": [request.pk]})
    assert page.context["done"] == []
    assert request.number not in page.text


def test_hundreds_refused_show_the_first_ten_of_each_reason_and_keep_the_rest_folded(people: People, client):
    requests = factories.requests(people, "dea_intake", count=12)
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [request.pk for request in requests]})
    shown, _, folded = page.text.partition("And 2 more")
    assert "12 requests:" in shown
    assert (shown.count("<li>T21-"), folded.count("<li>T21-")) == (10, 2)


def test_endorsing_shows_how_agents_were_changed_since(people: People, client):
    request = factories.request(people, "hsi_review")
    agent = Agent.objects.get(pk=request.agent_id)
    before, agent.last_name = agent.last_name, "Swapped"
    agents.save_agent(agent, actor=people.coordinator)
    client.force_login(people.hsi_hq)
    page = client.post(PREVIEW, {"act": "endorse", "selected": [request.pk]})
    assert f"Last name: {before} → Swapped." in page.text
