"""The office's list of agents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from audit.models import Goal
from config.templatetags.title21 import due_date
from designation import agents, workflow
from designation.models import Agent
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:agent_list")
ADD = reverse("designation:agent_add")
LEE = {"badge_number": "00991", "first_name": "Lee", "last_name": "Stone", "email": "lee@example.gov"}


def at(name: str, agent: Agent) -> str:
    return reverse(f"designation:{name}", args=[agent.pk])


def save(client, agent: Agent, **values):
    """Sends the agent's form as it opens now, with Lee's data and these values."""
    version = Agent.objects.get(pk=agent.pk).version
    return client.post(at("agent_edit", agent), {**LEE, "version": version, **values}, follow=True)


def test_a_coordinator_lists_and_searches_the_agents_of_the_office(people: People, client):
    AgentFactory(office=people.coordinator.office, last_name="Quimby", badge_number="77001")
    AgentFactory(office=people.coordinator.office, last_name="Stone", badge_number="88001")
    AgentFactory(office=people.other_coordinator.office, last_name="Quill", badge_number="77003")
    client.force_login(people.coordinator)
    assert [agent.last_name for agent in client.get(LIST).context["agents"]] == ["Quimby", "Stone"]
    assert [agent.last_name for agent in client.get(LIST, {"text": "770"}).context["agents"]] == ["Quimby"]
    assert "No agent fits" in client.get(LIST, {"text": "zz"}).text
    client.force_login(people.hsi_hq)
    assert len(client.get(LIST).context["agents"]) == 3


def test_the_list_costs_the_same_queries_for_1_and_for_20_agents(people: People, client, django_assert_num_queries):
    AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    with django_assert_num_queries(7):
        client.get(LIST)
    AgentFactory.create_batch(19, office=people.coordinator.office)
    with django_assert_num_queries(7):
        client.get(LIST)


def test_an_agent_is_added_to_the_coordinators_own_office(people: People, client):
    client.force_login(people.coordinator)
    client.post(ADD, {**LEE, "office": people.other_coordinator.office_id})
    assert Agent.objects.get(badge_number="00991").office == people.coordinator.office


def test_headquarters_moves_an_agent_to_another_office(people: People, client):
    agent = AgentFactory(office=people.coordinator.office)
    client.force_login(people.hsi_hq)
    save(client, agent, office=people.other_coordinator.office_id)
    assert Agent.objects.get(pk=agent.pk).office == people.other_coordinator.office


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"badge_number": "0 1"}, "badge_number"),
        ({"badge_number": "77001"}, "badge_number"),
        ({"email": "TAKEN@example.gov"}, "email"),
        ({"last_name": ""}, "last_name"),
    ],
)
def test_what_cannot_be_saved_is_an_error_at_its_field(people: People, client, change, field):
    AgentFactory(office=people.other_coordinator.office, badge_number="77001", email="taken@example.gov")
    client.force_login(people.coordinator)
    page = client.post(ADD, {**LEE, **change})
    assert list(page.context["form"].errors) == [field]
    assert not Agent.objects.filter(badge_number="00991").exists()


def test_an_agent_is_marked_not_active_and_active_again(people: People, client):
    agent = AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    client.post(at("agent_active", agent), {"active": "no"})
    assert not Agent.objects.get(pk=agent.pk).is_active
    assert "Mark active" in client.get(at("agent_detail", agent)).text
    client.post(at("agent_active", agent), {"active": "yes"})
    assert Agent.objects.get(pk=agent.pk).is_active


def test_the_agents_page_shows_requests_and_designations(people: People, client):
    request = factories.request(people, "approved")
    client.force_login(people.coordinator)
    page = client.get(at("agent_detail", request.agent))
    assert request.number in page.text
    assert request.designation.number in page.text


def test_the_agents_page_says_until_when_an_open_request_is_due(people: People, client):
    goal = {"workflow": "request", "stage": "hsi_review", "set_by_name": "hq", "why": "A test"}
    Goal.objects.create(effective_from=timezone.now() - timedelta(days=1), business_seconds=40 * 3600, **goal)
    agent = factories.request(people, "hsi_review").agent
    client.force_login(people.coordinator)
    page = client.get(at("agent_detail", agent))
    (row,) = page.context["requests"]
    assertContains(page, f'{due_date(row.due_at)}<br><span class="t21-due t21-due--on_track">On track</span>')


def test_readers_who_keep_no_list_see_no_buttons(people: People, client):
    agent = AgentFactory(office=people.coordinator.office)
    client.force_login(people.auditor)
    page = client.get(at("agent_detail", agent))
    assert page.context["keeps"] is False
    assert "Mark not active" not in page.text


def test_nobody_changes_agents_of_an_office_whose_list_he_does_not_keep(people: People):
    agent = AgentFactory(office=people.coordinator.office)
    for actor in (people.other_coordinator, people.auditor, people.dea_hq):
        with pytest.raises(PermissionDenied):
            agents.set_active(agent, False, actor=actor)
    agent.office = people.other_coordinator.office
    with pytest.raises(PermissionDenied):
        agents.save_agent(agent, actor=people.other_coordinator)
    assert Agent.objects.get(pk=agent.pk).office == people.coordinator.office


def test_a_badge_number_taken_meanwhile_is_told_and_not_saved(people: People):
    office = people.coordinator.office
    AgentFactory(office=office, badge_number="00991")
    with pytest.raises(ValidationError, match="a moment ago"):
        agents.save_agent(Agent(**LEE, office=office), actor=people.coordinator)
    assert Agent.objects.count() == 1


def changes(client, agent: Agent) -> list[tuple[str, str]]:
    """Who and what, newest first, as the agent's page shows them."""
    found = client.get(at("agent_detail", agent)).context["changes"]
    return [(change.user.username, change.get_change_message()) for change in found]


def test_the_agents_page_says_who_changed_what(people: People, client):
    client.force_login(people.coordinator)
    client.post(ADD, LEE)
    agent = Agent.objects.get(badge_number="00991")
    save(client, agent, last_name="Stone-Ray", email="")
    save(client, agent, last_name="Stone-Ray", email="")
    client.post(at("agent_active", agent), {"active": "no"})
    client.force_login(people.hsi_hq)
    save(client, agent, last_name="Stone-Ray", email="", office=people.other_coordinator.office_id)
    coordinator, headquarters = people.coordinator.username, people.hsi_hq.username
    assert changes(client, agent) == [
        (headquarters, "HSI office: HSI-MIA → HSI-DEN."),
        (coordinator, "Active: yes → no."),
        (coordinator, "Last name: Stone → Stone-Ray; E-mail: lee@example.gov → none."),
        (coordinator, "Added to HSI-MIA."),
    ]
    client.force_login(people.other_coordinator)
    assert "Stone → Stone-Ray" in client.get(at("agent_detail", agent)).text


def test_what_could_not_be_saved_is_not_on_record(people: People):
    office = people.coordinator.office
    AgentFactory(office=office, badge_number="00991")
    with pytest.raises(ValidationError):
        agents.save_agent(Agent(**LEE, office=office), actor=people.coordinator)
    assert not LogEntry.objects.exists()


def test_changes_stand_in_the_admins_log_for_auditor_and_operator(people: People, client):
    agents.save_agent(Agent(**LEE, office=people.coordinator.office), actor=people.coordinator)
    for reader in (people.auditor, people.operator):
        client.force_login(reader)
        page = client.get(reverse("admin:admin_logentry_changelist"))
        assert "Stone, Lee (00991)" in page.text
        assert "Added to HSI-MIA." in page.text


def test_a_badge_number_of_another_office_says_what_to_do(people: People, client):
    AgentFactory(office=people.other_coordinator.office, badge_number="00991", last_name="Quimby")
    client.force_login(people.coordinator)
    told = client.post(ADD, LEE).context["form"].errors["badge_number"]
    assert "file a transfer for him, or ask HSI headquarters" in told[0]
    assert "Quimby" not in told[0]


def test_a_badge_number_on_ones_own_list_says_whose_it_is(people: People, client):
    AgentFactory(office=people.coordinator.office, badge_number="a0991", first_name="Ana", last_name="Quimby")
    client.force_login(people.coordinator)
    told = client.post(ADD, {**LEE, "badge_number": "A0991"}).context["form"].errors["badge_number"]
    assert told == ["Ana Quimby has this badge number, at HSI-MIA. Check it."]


def test_a_stale_form_says_what_changed_keeps_what_was_typed_and_can_be_sent_again(people: People, client):
    agent = AgentFactory(office=people.coordinator.office, badge_number="00991", last_name="Stone")
    client.force_login(people.coordinator)
    opened = client.get(at("agent_edit", agent)).context["form"]["version"].value()
    client.force_login(people.hsi_hq)
    save(client, agent, last_name="Ray", office=agent.office_id)
    client.force_login(people.coordinator)
    page = save(client, agent, last_name="Stone-Ray", version=opened)
    assert "Last name: Stone → Ray" in page.text
    assert str(people.hsi_hq) in page.text
    assert page.context["form"]["last_name"].value() == "Stone-Ray"
    assert Agent.objects.get(pk=agent.pk).last_name == "Ray"
    form = page.context["form"]
    client.post(at("agent_edit", agent), {name: form[name].value() or "" for name in form.fields})
    assert Agent.objects.get(pk=agent.pk).last_name == "Stone-Ray"


def test_a_form_without_its_version_saves_nothing(people: People, client):
    agent = AgentFactory(office=people.coordinator.office, last_name="Ray")
    client.force_login(people.coordinator)
    client.post(at("agent_edit", agent), LEE)
    assert Agent.objects.get(pk=agent.pk).last_name == "Ray"


def test_the_badge_number_of_an_agent_on_record_is_headquarters_to_correct_with_a_reason(people: People, client):
    agent = factories.request(people, "hsi_review").agent
    client.force_login(people.coordinator)
    page = save(client, agent, badge_number="00992")
    assert "only HSI headquarters corrects it" in page.context["form"].errors["badge_number"][0]

    client.force_login(people.hsi_hq)
    corrected = {"badge_number": "00992", "office": agent.office_id}
    assert "reason" in save(client, agent, **corrected).context["form"].errors
    assert Agent.objects.get(pk=agent.pk).badge_number == agent.badge_number
    save(client, agent, **corrected, reason="Two digits were swapped.")
    assert Agent.objects.get(pk=agent.pk).badge_number == "00992"
    assert changes(client, agent)[0][1].endswith("Reason: Two digits were swapped.")


def test_the_office_corrects_a_badge_number_while_there_is_a_draft_only(people: People, client):
    agent = factories.request(people, "draft").agent
    client.force_login(people.coordinator)
    save(client, agent, badge_number="00992")
    assert Agent.objects.get(pk=agent.pk).badge_number == "00992"


def test_a_badge_number_is_not_corrected_for_a_reason_that_cannot_be_seen(people: People):
    agent = factories.request(people, "hsi_review").agent
    agent.badge_number = "00992"
    with pytest.raises(ValidationError, match="Say why the badge number is corrected"):
        agents.save_agent(agent, actor=people.hsi_hq, reason="\u200b\u200b")


@pytest.mark.parametrize(
    ("change", "stale"),
    [({"last_name": "Swapped"}, True), ({"first_name": "Swapped"}, True), ({"email": "other@example.gov"}, False)],
)
def test_a_change_of_who_the_agent_is_makes_open_pages_on_his_request_stale(people: People, change, stale):
    request = factories.request(people, "dea_decision")
    seen = request.version
    agent = Agent.objects.get(pk=request.agent_id)
    for name, value in change.items():
        setattr(agent, name, value)
    agents.save_agent(agent, actor=people.coordinator)
    outcome = workflow.transition("approve", [request.pk], actor=people.dea_hq, versions={request.pk: seen})
    assert [refusal.code for refusal in outcome.refused] == (["stale"] if stale else [])


def test_changes_of_the_agent_stand_on_the_request_for_dea_too(people: People, client):
    earlier = AgentFactory(office=people.coordinator.office, last_name="Old")
    earlier.last_name = "Before"
    agents.save_agent(earlier, actor=people.coordinator)
    entry = factories.new_request(earlier)
    office = people.coordinator.office
    [request] = workflow.file_requests([entry], actor=people.coordinator, office=office).done
    workflow.transition_one("endorse", request.pk, actor=people.hsi_hq)
    earlier.refresh_from_db()
    earlier.last_name = "After"
    agents.save_agent(earlier, actor=people.coordinator)
    client.force_login(people.dea_hq)
    for url in (
        reverse("designation:request_detail", args=[request.number]),
        reverse("admin:designation_request_change", args=[request.pk]),
        reverse("admin:designation_request_act", args=[request.pk, "accept"]),
    ):
        page = client.get(url)
        assert "Last name: Before → After." in page.text, url
        assert "Old → Before" not in page.text, url


def test_the_page_of_an_agent_says_why_no_request_can_be_filed(people: People, client):
    request = factories.request(people, "hsi_review")
    agent, page = request.agent, reverse("designation:agent_detail", args=[request.agent_id])
    client.force_login(people.coordinator)
    assert f"{request.number} is open: an agent has one open request at a time." in client.get(page).text
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    assert "Mark the agent active first." in client.get(page).text


def test_an_open_request_of_another_office_is_told_without_its_number(people: People, client):
    agent = factories.request(people, "approved").agent
    entry = factories.new_request(agent, kind="transfer")
    office = people.other_coordinator.office
    [transfer] = workflow.file_requests([entry], actor=people.other_coordinator, office=office).done
    client.force_login(people.coordinator)
    page = client.get(reverse("designation:agent_detail", args=[agent.pk])).text
    assert "A request of another office is open" in page
    assert transfer.number not in page
