"""The training page: what of modules, versions and disputes it shows to whom, and what waits for him."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.training.factories import Managers, dispute, move, section, sign, version
from training.workflow import disputes

pytestmark = pytest.mark.django_db

OVERVIEW = reverse("training:overview")


def test_everybody_who_signs_in_sees_the_modules_and_what_of_them_is_published(people: Managers, client):
    published = version(people, "published")
    draft = version(people)
    client.force_login(people.supervisor)
    page = client.get(OVERVIEW).text
    assert published.number in page
    assert draft.module.code in page
    assert draft.number not in page
    assert "Not yet published" in page


def test_a_module_whose_published_version_is_retired_reads_so(people: Managers, client):
    published = version(people, "published")
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    move(published, "retire", people.dea_manager, "Agreed.")
    client.force_login(people.coordinator)
    overview = client.get(OVERVIEW).text
    assert "Retired" in overview
    assert "Not yet published" not in overview
    page = client.get(reverse("training:module", args=[published.module.code]))
    assert "No longer available" in page.text
    assert page.context["versions"] == [published]
    assert client.get(published.get_absolute_url()).status_code == 200


def test_who_develops_training_sees_whose_clock_runs_on_the_version_in_development(people: Managers, client):
    version(people, "dea_review")
    client.force_login(people.auditor)
    page = client.get(OVERVIEW).text
    assert "In review by DEA" in page
    assert "DEA’s clock" in page


def test_a_review_waits_for_the_agency_whose_review_it_is(people: Managers, client):
    reviewed = version(people, "hsi_review")
    assert waiting(people.hsi_manager, client) == [f"{reviewed}: review"]
    assert waiting(people.dea_manager, client) == []


def test_sections_wait_for_the_agency_that_has_not_signed_them(people: Managers, client):
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager)
    assert waiting(people.hsi_manager, client) == []
    assert waiting(people.dea_manager, client) == [f"{signed}: sign off"]


def test_a_version_that_is_all_signed_waits_to_be_published_unless_it_is_in_dispute(people: Managers, client):
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager, people.dea_manager)
    assert waiting(people.dea_manager, client) == [f"{signed}: publish"]
    dispute(section(signed), people.hsi_manager)
    assert waiting(people.hsi_manager, client) == []


def test_a_proposal_waits_for_the_answer_of_the_other_agency(people: Managers, client):
    opened = dispute(section(version(people)), people.dea_manager)
    assert waiting(people.hsi_manager, client) == [f"{opened}: state a position"]
    disputes.propose(opened.pk, text="Both train.", actor=people.dea_manager)
    assert waiting(people.hsi_manager, client) == [f"{opened}: answer"]
    assert waiting(people.dea_manager, client) == []
    assert waiting(people.auditor, client) == []


def waiting(user: Any, client: Any) -> list[str]:
    client.force_login(user)
    return [task.label for task in client.get(OVERVIEW).context["waiting"]]


def test_open_disputes_stand_on_the_training_page_with_their_level(people: Managers, client):
    opened = dispute(section(version(people)), people.dea_manager)
    client.force_login(people.hsi_hq)
    page = client.get(OVERVIEW).text
    assert opened.number in page
    assert "Working level" in page


def test_a_coordinator_sees_no_dispute_on_training(people: Managers, client):
    opened = dispute(section(version(people)), people.dea_manager)
    client.force_login(people.coordinator)
    assert opened.number not in client.get(OVERVIEW).text


def test_without_modules_the_training_page_says_so(people: Managers, client):
    client.force_login(people.coordinator)
    assert "No modules yet" in client.get(OVERVIEW).text


def test_the_training_page_costs_the_same_queries_for_1_and_for_5_modules(
    people: Managers, client, django_assert_num_queries
):
    client.force_login(people.hsi_manager)
    for count in (1, 4):
        for _ in range(count):
            dispute(section(version(people, "sign_off")), people.dea_manager)
        with django_assert_num_queries(15):
            client.get(OVERVIEW)
