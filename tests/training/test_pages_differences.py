"""What differs between two versions, on a page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.training.factories import Managers, ModuleFactory, move, section, version
from tests.training.pages import at, change
from training.workflow import modules
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


def test_two_versions_are_compared_section_by_section(people: Managers, client):
    first = version(people, "published")
    second = modules.draft_version(first.module, actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    change(client, section(second), body="Another text.")
    section_acts.add_section(second, title="Scope", body="All.", actor=people.hsi_manager)
    page = client.get(at("difference", second))
    assert [found.status for found in page.context["sections"]] == ["changed", "unchanged", "added"]
    assert (page.context["before"], page.context["after"]) == (first, second)
    assert '<del><span class="usa-sr-only">removed: </span>' in page.text
    assert '<ins><span class="usa-sr-only">added: </span>' in page.text


def test_what_differs_compares_with_the_version_that_it_was_drafted_from(people: Managers, client):
    first = version(people, "published")
    given_up = modules.draft_version(first.module, actor=people.dea_manager)
    move(given_up, "retire", people.dea_manager, "Written anew.")
    client.force_login(people.dea_manager)
    module = client.get(reverse("training:module", args=[first.module.code])).text
    assert f"Draft the next version from {first.number}" in module
    third = modules.draft_version(first.module, actor=people.dea_manager)
    assert client.get(at("difference", third)).context["before"] == first


def test_a_coordinator_compares_what_was_published_and_nothing_else(people: Managers, client):
    first = version(people, "published")
    second = version(people, "published", module=first.module)
    draft = modules.draft_version(first.module, actor=people.hsi_manager)
    client.force_login(people.coordinator)
    assert client.get(at("difference", second)).context["before"] == first
    page = client.get(at("difference", second), {"against": draft.number})
    assert "is no other version that you may see" in page.text
    assert "before" not in page.context


def test_the_only_version_has_nothing_to_be_compared_with(people: Managers, client):
    client.force_login(people.hsi_manager)
    assert "Nothing to compare with" in client.get(at("difference", version(people))).text


def test_a_comparison_costs_the_same_queries_for_2_and_for_9_sections(
    people: Managers, client, django_assert_num_queries
):
    client.force_login(people.hsi_manager)
    for texts in (2, 9):
        module = ModuleFactory()
        version(people, "published", module=module, texts=texts)
        second = modules.draft_version(module, actor=people.hsi_manager)
        with django_assert_num_queries(10):
            client.get(at("difference", second))
