"""The list of agents: its filters, who of them is designated now, and the list as a file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from designation import workflow
from designation.lists.agents import AGENTS
from designation.models import Agent, Designation, Office, Role
from tests import factories
from tests.designation.list_files import made, table_of
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:agent_list")
EXPORT = reverse("designation:list_export", args=["agents"])
ALL = ",".join(column.name for column in AGENTS.catalogue.columns)


@pytest.fixture
def agents(people: People) -> dict[str, Agent]:
    """One agent for each way to stand; the term of `over` has ended, which nobody has recorded yet."""
    names = ("active", "suspended", "relinquished", "over")
    requests = factories.requests(people, "approved", count=len(names))
    rows = {name: request.designation for name, request in zip(names, requests, strict=True)}
    for name, act, actor in (
        ("suspended", "suspend", people.dea_hq),
        ("relinquished", "relinquish", people.coordinator),
    ):
        workflow.change_designations(act, [rows[name].pk], actor=actor, reason="Inquiry.")
    yesterday = timezone.localdate() - timedelta(days=1)
    Designation.objects.filter(pk=rows["over"].pk).update(valid_from=yesterday, valid_until=yesterday)
    return {name: row.agent for name, row in rows.items()} | {"never": AgentFactory(is_active=False)}


def listed(client, query: str = "") -> list[Agent]:
    return client.get(f"{LIST}?{query}").context["agents"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("designated=yes", ["active"]),
        ("designated=suspended", ["suspended"]),
        ("designated=no", ["relinquished", "over", "never"]),
        ("active=yes&designated=no", ["relinquished", "over"]),
        ("active=no", ["never"]),
    ],
)
def test_they_are_filtered_by_who_is_active_and_who_is_designated_now(people: People, client, agents, query, wanted):
    client.force_login(people.coordinator)
    assert {agent.pk for agent in listed(client, query)} == {agents[name].pk for name in wanted}


def test_they_are_filtered_by_office_by_those_who_see_several(people: People, client, agents):
    other = AgentFactory(office=Office.objects.get(code="HSI-DEN"))
    client.force_login(people.auditor)
    assert listed(client, "office=HSI-DEN") == [other]
    client.force_login(people.coordinator)
    assert 'name="office"' not in client.get(LIST).text


def test_until_when_they_are_designated_is_said_of_those_who_are(people: People, client, agents):
    client.force_login(people.coordinator)
    found = {agent.pk: (agent.designated, agent.designated_until) for agent in listed(client)}
    until = agents["active"].designations.get().valid_until
    assert found[agents["active"].pk] == ("active", until)
    assert found[agents["suspended"].pk][0] == "suspended"
    for name in ("relinquished", "over", "never"):
        assert found[agents[name].pk] == (None, None), name


def test_that_another_office_has_an_agent_designated_is_told_and_not_until_when(people: People, client, agents):
    row = agents["active"].designations.get()
    Designation.objects.filter(pk=row.pk).update(office=Office.objects.get(code="HSI-DEN"))
    client.force_login(people.coordinator)
    page = client.get(f"{LIST}?designated=yes")
    assert [agent.pk for agent in page.context["agents"]] == [agents["active"].pk]
    assert "Of another office" in page.text


class TestExport:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def folder(self, settings, tmp_path) -> Path:
        settings.EXPORT_FOLDER = tmp_path
        return tmp_path

    @pytest.mark.parametrize("query", ["", "designated=no", "active=no", "text=Vandersloot"])
    def test_the_file_has_the_rows_of_the_page_in_its_order(self, people: People, client, agents, query):
        client.force_login(people.hsi_hq)
        shown = [agent.badge_number for agent in listed(client, query)]
        assert [row["Badge number"] for row in table_of(made(client, f"{EXPORT}?{query}"))] == shown

    def test_its_cells_say_what_the_page_says(self, people: People, client, agents):
        client.force_login(people.coordinator)
        table = {row["Badge number"]: row for row in table_of(made(client, f"{EXPORT}?columns={ALL}"))}
        active, suspended, never = (table[agents[name].badge_number] for name in ("active", "suspended", "never"))
        assert list(active) == [column.label for column in AGENTS.catalogue.columns]
        assert (active["Designated now"], active["Status"], active["Office"]) == ("Yes", "Active", "HSI-MIA")
        assert active["Designated until"] == agents["active"].designations.get().valid_until.isoformat()
        assert (suspended["Designated now"], suspended["Designated until"]) == ("Suspended", "")
        assert (never["Designated now"], never["Status"], never["Open request"]) == ("No", "Not active", "")

    def test_it_is_on_record_with_what_was_asked(self, people: People, client, agents):
        client.force_login(people.auditor)
        file = made(client, f"{EXPORT}?designated=yes&columns=agent,until")
        assert file.what == "list of agents"
        assert file.manifest["filters"] == {
            "asked": {"designated": "yes"},
            "sort": "",
            "columns": ["agent", "until"],
            "in_words": {"Designated now": "Yes", "Columns": "Agent, Designated until"},
        }
        assert file.manifest["row_count"] == 1

    def test_nobody_exports_what_he_may_not_see(self, people: People, client, agents):
        client.force_login(people.other_coordinator)
        assert table_of(made(client, EXPORT)) == []

    def test_it_is_not_given_out_to_one_who_saw_all_agents_for_training_and_does_not_any_more(
        self, people: People, client, agents
    ):
        user = people.coordinator
        user.roles = [Role.COORDINATOR, Role.TRAINING_MANAGER]
        user.save()
        AgentFactory(office=Office.objects.get(code="HSI-DEN"))
        client.force_login(user)
        file = made(client, EXPORT)
        assert len(table_of(file)) == len(agents) + 1
        user.roles = [Role.COORDINATOR]
        user.save()
        assert client.get(reverse("audit:export_download", args=[file.key])).status_code == 403
