"""Help: a guide for each role, whose links that role can open, and the glossary."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from designation.help import guides
from designation.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


class Links(HTMLParser):
    """The addresses that a page's main part leads to, and its anchors."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page[page.index("<main") : page.index("</main>")])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "a":
            self.found.append(given["href"] or "")
        if given.get("id"):
            self.anchors.add(str(given["id"]))


def guide_of(role: Role) -> str:
    return reverse("designation:help_guide", args=[role.value])


@pytest.mark.parametrize("role", list(Role))
def test_every_link_of_a_guide_opens_for_its_role(people, client, role):
    client.force_login(getattr(people, role.value))
    links = Links(client.get(guide_of(role)).text).found
    assert len(links) > 4
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("role", list(Role))
def test_ones_own_guide_comes_first(people, client, role):
    client.force_login(getattr(people, role.value))
    page = client.get(reverse("designation:help"))
    addresses = [link for link in Links(page.text).found if link != reverse("designation:help_glossary")]
    assert addresses[0] == guide_of(role)
    assert sorted(addresses) == sorted(guide_of(each) for each in Role)
    assert "This is not a role of yours" not in client.get(guide_of(role)).text


def test_who_has_several_roles_finds_a_guide_for_each(people):
    person = factories.user(Role.DEA_HQ, "DEA-HQ")
    person.roles = [Role.DEA_HQ, Role.TRAINING_MANAGER]
    own, others = guides.guides_for(person)
    assert [guide.role for guide in own] == [Role.DEA_HQ, Role.TRAINING_MANAGER]
    assert len(own + others) == len(Role)


def test_the_guide_of_another_role_says_that_links_may_be_closed(people, client):
    client.force_login(people.supervisor)
    assert "This is not a role of yours" in client.get(guide_of(Role.DEA_HQ)).text


def test_there_is_no_guide_for_what_is_no_role(people, client):
    client.force_login(people.auditor)
    assert client.get(reverse("designation:help_guide", args=["director"])).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_a_guide_is_a_screen_or_two(role):
    words = re.sub(r"<[^>]*>", " ", guides.guide(role).html).split()
    assert 60 < len(words) < 330


def test_the_glossary_is_in_order_and_each_term_has_its_own_anchor(people, client):
    client.force_login(people.auditor)
    page = client.get(reverse("designation:help_glossary"))
    names = [term.name for term in guides.glossary()]
    assert names == sorted(names, key=str.lower)
    assert {"Request", "Designation", "Stage", "Clock", "Goal", "Business day", "Concurrence", "Seal"} <= set(names)
    anchors = {term.anchor for term in guides.glossary()}
    assert len(anchors) == len(names)
    assert anchors <= Links(page.text).anchors


def test_what_a_page_says_of_clocks_leads_to_a_term_of_the_glossary(people, client):
    request = factories.request(people, "dea_decision")
    client.force_login(people.coordinator)
    history = client.get(reverse("designation:request_detail", args=[request.number])).text
    clocks = render_to_string("components/clocks.html", {"clocks": []})
    for text in (history, clocks):
        links = re.findall(rf'href="{reverse("designation:help_glossary")}#([^"]*)"', text)
        assert links
        assert set(links) <= {term.anchor for term in guides.glossary()}


@pytest.mark.parametrize("name", ["home", "designation:notice_list", "admin:designation_request_changelist"])
def test_help_is_in_the_header_of_pages_and_of_the_admin(people, client, name):
    client.force_login(people.dea_hq)
    assert f'href="{reverse("designation:help")}">Help</a>' in client.get(reverse(name)).text


@pytest.mark.parametrize("name", ["designation:help", "designation:help_glossary"])
def test_a_page_of_help_costs_the_session_the_user_and_the_count_of_unread_notices(
    people, client, django_assert_num_queries, name
):
    client.force_login(people.coordinator)
    with django_assert_num_queries(4):
        client.get(reverse(name))
