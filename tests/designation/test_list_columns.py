"""Which columns a list shows: what stands in the address, the form that sets it, and what it costs."""

from __future__ import annotations

import pytest
from django.urls import reverse

from designation.lists.kinds import kinds
from designation.lists.requests import REQUESTS
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:request_list")
AGENTS = reverse("designation:agent_list")
CHOOSE = reverse("designation:list_columns", args=["requests"])
ALL_OF = {name: ",".join(column.name for column in kind.catalogue.columns) for name, kind in kinds().items()}


def labels(response) -> list[str]:
    return [head["label"] for head in response.context["heads"]]


def test_columns_come_in_the_order_of_the_address(people: People, client):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    page = client.get(LIST, {"columns": "due,number,state"})
    assert labels(page) == ["Due", "Number", "State"]


def test_the_column_that_leads_to_the_row_is_always_there(people: People, client):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    assert labels(client.get(LIST, {"columns": "state"})) == ["Number", "State"]
    assert labels(client.get(AGENTS, {"columns": "email"})) == ["Agent", "E-mail"]


@pytest.mark.parametrize("columns", ["", "nonsense", ",,"])
def test_an_address_without_any_column_that_there_is_shows_the_usual_ones(people: People, client, columns):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    usual = ["Number", "Agent", "Office", "Kind", "Priority", "State", "Time in state", "Due"]
    assert labels(client.get(LIST, {"columns": columns, "view": "all"})) == usual


def test_a_column_that_there_is_not_is_named_and_the_others_are_shown(people: People, client):
    factories.request(people, "hsi_review")
    client.force_login(people.auditor)
    page = client.get(LIST, {"columns": "number,mood,state"})
    assert labels(page) == ["Number", "State"]
    assert "Column: mood" in page.text


def test_a_coordinator_has_no_column_for_his_one_office_unless_he_takes_it(people: People, client):
    factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    assert "Office" not in labels(client.get(LIST))
    assert "Office" in labels(client.get(LIST, {"columns": "number,office"}))


@pytest.mark.parametrize("state", ["draft", "hsi_review", "returned", "approved", "denied", "withdrawn"])
def test_every_column_has_a_cell_for_a_request_in_each_state(people: People, client, state):
    factories.request(people, state)
    client.force_login(people.hsi_hq)
    page = client.get(LIST, {"columns": ALL_OF["requests"]}).text
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    assert body.count("<td") + body.count("<th") == len(REQUESTS.catalogue.columns) + 1  # and the box to select it


@pytest.mark.parametrize("name", ["agents", "designations"])
def test_every_column_of_agents_and_designations_has_a_cell(people: People, client, name):
    factories.request(people, "approved")
    client.force_login(people.coordinator)
    kind = kinds()[name]
    page = client.get(kind.url, {"columns": ALL_OF[name]}).text
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    assert body.count("<td") + body.count("<th") == len(kind.catalogue.columns)


def test_first_submission_and_end_come_from_the_ledger(people: People, client):
    draft, ended = factories.request(people), factories.request(people, "denied")
    client.force_login(people.hsi_hq)
    items = client.get(LIST, {"columns": "number,submitted,ended"}).context["items"]
    rows = {item["row"].number: item["row"] for item in items}
    assert (rows[draft.number].submitted_at, rows[draft.number].ended_at) == (None, None)
    assert rows[ended.number].submitted_at < rows[ended.number].ended_at


def test_all_columns_cost_the_same_queries_for_1_and_for_20_rows(people: People, client, django_assert_num_queries):
    client.force_login(people.hsi_hq)
    for count in (1, 19):
        factories.requests(people, "denied", count=count)
        with django_assert_num_queries(11):
            client.get(LIST, {"columns": ALL_OF["requests"]})


def test_filter_order_and_page_links_keep_the_columns(people: People, client):
    factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    page = client.get(LIST, {"columns": "number,due"}).text
    assert '<input type="hidden" name="columns" value="number,due">' in page
    assert 'href="?columns=number%2Cdue&amp;sort=number"' in page


class TestForm:
    def test_it_leads_back_to_the_list_with_the_columns_in_their_places(self, people: People, client):
        client.force_login(people.auditor)
        places = dict.fromkeys((column.name for column in REQUESTS.catalogue.columns), "0")
        response = client.post(f"{CHOOSE}?state=open", places | {"due": "1", "number": "2", "agent": "3"})
        assert response.url == f"{LIST}?state=open&columns=due%2Cnumber%2Cagent"

    def test_it_shows_the_places_that_columns_have(self, people: People, client):
        client.force_login(people.auditor)
        form = client.get(CHOOSE, {"columns": "due,number"}).context["form"]
        assert [form[name].value() for name in ("due", "number", "agent")] == [1, 2, 0]

    def test_a_column_that_was_moved_comes_before_the_one_whose_place_it_takes(self, people: People, client):
        client.force_login(people.auditor)
        places = dict.fromkeys((column.name for column in REQUESTS.catalogue.columns), "0")
        address = f"{CHOOSE}?columns=number,agent,due"
        response = client.post(address, places | {"number": "1", "agent": "2", "due": "2"})
        assert response.url == f"{LIST}?columns=number%2Cdue%2Cagent"

    def test_what_is_no_place_is_refused_beside_the_field_and_nothing_else_is_lost(self, people: People, client):
        client.force_login(people.auditor)
        places = dict.fromkeys((column.name for column in REQUESTS.catalogue.columns), "0")
        page = client.post(CHOOSE, places | {"number": "1", "due": "99", "agent": "2"})
        assert list(page.context["form"].errors) == ["due"]
        assert page.context["form"]["agent"].value() == "2"
