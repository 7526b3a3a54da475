"""The office's list of agents."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from designation import agents
from designation.models import Agent
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:agent_list")
ADD = reverse("designation:agent_add")
LEE = {"badge_number": "00991", "first_name": "Lee", "last_name": "Stone", "email": "lee@example.gov"}


def at(name: str, agent: Agent) -> str:
    return reverse(f"designation:{name}", args=[agent.pk])


def test_a_coordinator_lists_and_searches_the_agents_of_the_office(people: People, client):
    AgentFactory(office=people.coordinator.office, last_name="Quimby", badge_number="77001")
    AgentFactory(office=people.coordinator.office, last_name="Stone", badge_number="88001")
    AgentFactory(office=people.other_coordinator.office, last_name="Quill", badge_number="77003")
    client.force_login(people.coordinator)
    assert [agent.last_name for agent in client.get(LIST).context["page"]] == ["Quimby", "Stone"]
    assert [agent.last_name for agent in client.get(LIST, {"text": "770"}).context["page"]] == ["Quimby"]
    assert "No agent fits" in client.get(LIST, {"text": "zz"}).text
    client.force_login(people.hsi_hq)
    assert len(client.get(LIST).context["page"]) == 3


def test_the_list_costs_the_same_queries_for_1_and_for_20_agents(people: People, client, django_assert_num_queries):
    AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    with django_assert_num_queries(6):
        client.get(LIST)
    AgentFactory.create_batch(19, office=people.coordinator.office)
    with django_assert_num_queries(6):
        client.get(LIST)


def test_an_agent_is_added_to_the_coordinators_own_office(people: People, client):
    client.force_login(people.coordinator)
    client.post(ADD, {**LEE, "office": people.other_coordinator.office_id})
    assert Agent.objects.get(badge_number="00991").office == people.coordinator.office


def test_headquarters_moves_an_agent_to_another_office(people: People, client):
    agent = AgentFactory(office=people.coordinator.office)
    client.force_login(people.hsi_hq)
    client.post(at("agent_edit", agent), {**LEE, "office": people.other_coordinator.office_id})
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
    client.post(at("agent_edit", agent), {**LEE, "last_name": "Stone-Ray", "email": ""})
    client.post(at("agent_edit", agent), {**LEE, "last_name": "Stone-Ray", "email": ""})
    client.post(at("agent_active", agent), {"active": "no"})
    client.force_login(people.hsi_hq)
    moved = {**LEE, "last_name": "Stone-Ray", "email": "", "office": people.other_coordinator.office_id}
    client.post(at("agent_edit", agent), moved)
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
