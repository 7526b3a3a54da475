"""What a training manager cannot do now, and why, beside the act."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.training.factories import Managers, section, version

pytestmark = pytest.mark.django_db


def test_a_section_that_cannot_be_changed_says_why_beside_each_act(people: Managers, client):
    published = section(version(people, "published"))
    client.force_login(people.hsi_manager)
    page = client.get(reverse("training:section", args=[published.number]))
    why_not = {act["label"]: act["why_not"] for act in page.context["acts"]}
    assert why_not["Change"] == why_not["Attach a file"] != ""
    assert why_not["Remove"] != ""
    assert page.text.count("<strong>Not now:</strong>") == 3


def test_a_version_whose_texts_stay_says_why(people: Managers, client):
    published = version(people, "published")
    client.force_login(people.hsi_manager)
    assert "Texts cannot be changed now:" in client.get(published.get_absolute_url()).text


def test_who_only_reads_is_not_told_of_acts_that_are_not_his(people: Managers, client):
    published = version(people, "published")
    client.force_login(people.auditor)
    assert "cannot be changed now" not in client.get(published.get_absolute_url()).text
    page = client.get(reverse("training:section", args=[section(published).number]))
    assert page.context["acts"] == []
