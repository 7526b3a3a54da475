"""What of training the home page shows, and to whom."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.training.factories import Managers, dispute, section, version

pytestmark = pytest.mark.django_db
HEADING = "Training that waits for you"


def test_a_review_that_waits_for_a_managers_agency_stands_on_his_home_page(people: Managers, client) -> None:
    reviewed = version(people, "dea_review")
    client.force_login(people.dea_manager)
    page = client.get(reverse("home"))
    assert reviewed.get_absolute_url() in page.text
    client.force_login(people.hsi_manager)
    assert reviewed.get_absolute_url() not in client.get(reverse("home")).text


def test_a_manager_for_whom_nothing_waits_is_told_so(people: Managers, client) -> None:
    client.force_login(people.hsi_manager)
    assert "Nothing: no review, no sign-off" in client.get(reverse("home")).text


def test_who_has_no_part_in_training_sees_nothing_of_it(people: Managers, client) -> None:
    dispute(section(version(people)), people.dea_manager)
    client.force_login(people.coordinator)
    assert HEADING not in client.get(reverse("home")).text


def test_the_home_page_costs_the_same_queries_for_one_and_for_many(
    people: Managers, client, django_assert_num_queries
) -> None:
    client.force_login(people.hsi_manager)
    for count in (1, 4):
        for _ in range(count):
            dispute(section(version(people)), people.dea_manager)
        with django_assert_num_queries(12):
            client.get(reverse("home"))
