"""The list of disputes: whose each sees, its filters and order, and how many are open and late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import StageVisit
from tests.factories import request
from tests.training.factories import Managers, ModuleFactory, dispute, section, settle, version
from training.models import Dispute
from training.workflow import disputes

pytestmark = pytest.mark.django_db

LIST = reverse("training:dispute_list")


def numbers(page: Any) -> list[str]:
    return [found.number for found in page.context["page"]]


def late(of: Dispute) -> None:
    StageVisit.objects.filter(subject=of.number, left_at=None).update(due_at=timezone.now() - timedelta(days=3))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["on section", "on version", "on request", "settled"]),
        ("level=open", ["on section", "on version", "on request"]),
        ("level=headquarters_review", ["on version"]),
        ("level=settled", ["settled"]),
        ("about=section", ["on section", "settled"]),
        ("about=request", ["on request"]),
        ("module=JT-X", ["on section"]),
        ("turn=mine", ["settled"]),
        ("turn=HSI", ["on section", "on version", "on request"]),
        ("turn=DEA", []),
        ("clock=late", ["on section"]),
        ("text=length", ["on version"]),
    ],
)
def test_filters_stand_in_the_address(people: Managers, client, query, found):
    dea = people.dea_manager
    known = {
        "on section": dispute(section(version(people, module=ModuleFactory(code="JT-X"))), dea),
        "on version": dispute(version(people), dea, title="Length of the course"),
        "on request": dispute(request(people, "field_review"), people.dea_field),
        "settled": dispute(section(version(people)), people.hsi_manager),
    }
    late(known["on section"])
    disputes.move_disputes("escalate", [known["on version"].pk], actor=dea, reason="No progress.")
    disputes.propose(known["settled"].pk, text="Both.", actor=dea)
    disputes.move_disputes("accept", [known["settled"].pk], actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    page = client.get(f"{LIST}?{query}")
    assert sorted(numbers(page)) == sorted(known[name].number for name in found)


def test_a_dispute_waits_for_the_agency_that_has_an_outcome_to_answer(people: Managers, client, opened: Dispute):
    disputes.state_position(opened.pk, text="HSI too.", actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    assert numbers(client.get(f"{LIST}?turn=DEA")) == []
    disputes.propose(opened.pk, text="Both.", actor=people.hsi_manager)
    assert numbers(client.get(f"{LIST}?turn=DEA")) == [opened.number]
    assert numbers(client.get(f"{LIST}?turn=HSI")) == []


@pytest.mark.parametrize("name", ["level", "about", "module", "turn", "clock"])
def test_a_mistyped_filter_filters_nothing_and_says_so(people: Managers, client, opened: Dispute, name):
    client.force_login(people.hsi_manager)
    page = client.get(LIST, {name: "nonsense"})
    assert numbers(page) == [opened.number]
    assert "“nonsense” is none of these. It filters nothing." in page.text


def test_each_sees_the_disputes_of_his_reach(people: Managers, client, opened: Dispute):
    on_request = dispute(request(people, "field_review"), people.dea_field)
    seen = {}
    for who in ("coordinator", "dea_field", "other_coordinator", "other_dea_field", "hsi_manager", "auditor"):
        client.force_login(getattr(people, who))
        seen[who] = sorted(numbers(client.get(LIST)))
    own, both = [on_request.number], sorted([opened.number, on_request.number])
    assert seen == {
        "coordinator": own,
        "dea_field": own,
        "other_coordinator": [],
        "other_dea_field": [],
        "hsi_manager": both,
        "auditor": both,
    }


def test_the_oldest_open_dispute_comes_first_and_what_is_settled_last(people: Managers, client):
    first, second, third = (dispute(version(people), people.dea_manager) for _ in range(3))
    settle(first, people)
    client.force_login(people.hsi_manager)
    assert numbers(client.get(LIST)) == [second.number, third.number, first.number]
    assert numbers(client.get(f"{LIST}?sort=age")) == [third.number, second.number, first.number]
    assert numbers(client.get(f"{LIST}?sort=-number")) == [third.number, second.number, first.number]


def test_the_list_says_how_many_are_open_and_late_at_each_level(people: Managers, client):
    first, second = (dispute(version(people), people.dea_manager) for _ in range(2))
    disputes.move_disputes("escalate", [second.pk], actor=people.hsi_manager, reason="No progress.")
    late(first)
    client.force_login(people.hsi_manager)
    standings = client.get(LIST).context["standings"]
    assert [(found.level, found.open, found.late) for found in standings] == [
        ("working_level", 1, 1),
        ("headquarters_review", 1, 0),
        (None, 2, 1),
    ]


def test_an_empty_list_says_where_disputes_are_opened(people: Managers, client):
    client.force_login(people.hsi_manager)
    assert "A dispute is opened on the page" in client.get(LIST).text
    assert "No dispute fits these filters" in client.get(f"{LIST}?level=settled").text


def test_the_list_costs_the_same_queries_for_1_and_for_20_rows(people: Managers, client, django_assert_num_queries):
    of = version(people)
    dispute(of, people.dea_manager)
    client.force_login(people.hsi_manager)
    client.get(LIST)
    with django_assert_num_queries(10):
        client.get(LIST)
    for number in range(19):
        dispute(of, people.dea_manager, title=f"Point {number}")
    with django_assert_num_queries(10):
        assert len(numbers(client.get(LIST))) == 20
