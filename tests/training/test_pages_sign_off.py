"""Sections signed off on the page of their version: each as it was seen, and none that was changed since."""

from __future__ import annotations

import pytest

from tests.training.factories import Managers, dispute, section, sign, version
from tests.training.pages import at, told
from training.models import SignOff
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


def test_the_page_says_who_signed_and_what_is_missing(people: Managers, client):
    signed = version(people, "sign_off", texts=3)
    section_acts.sign_off([section(signed).pk], actor=people.hsi_manager)
    client.force_login(people.auditor)
    page = client.get(at("version", signed)).text
    assert "HSI has not signed off 2 of 3 sections." in page
    assert "DEA has not signed off 3 of 3 sections." in page
    assert people.hsi_manager.recorded_name in page


def test_one_section_is_signed_off_as_it_was_seen(people: Managers, client):
    signed = version(people, "sign_off")
    first = section(signed)
    client.force_login(people.dea_manager)
    response = client.post(at("sign_off", signed), {"selection": f"{first.pk}:{first.version}"}, follow=True)
    assert told(response) == "“Section 1” signed off for DEA."
    assert SignOff.objects.get().section == first


def test_a_section_that_was_changed_meanwhile_is_not_signed_off(people: Managers, client):
    signed = version(people, "sign_off")
    client.force_login(people.dea_manager)
    selection = client.get(at("version", signed)).context["sign_all"]
    first = section(signed)
    section_acts.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="New", body="Other.")
    response = client.post(at("sign_off", signed), {"selection": selection}, follow=True)
    assert "“Section 2” signed off for DEA." in told(response)
    assert f"Not signed off: {first.number}: Changed since you opened it" in told(response)


def test_a_sign_off_of_the_other_agency_meanwhile_changes_nothing_of_what_is_signed(people: Managers, client):
    signed = version(people, "sign_off")
    client.force_login(people.dea_manager)
    selection = client.get(at("version", signed)).context["sign_all"]
    sign(signed, people.hsi_manager)
    client.post(at("sign_off", signed), {"selection": selection})
    assert [one.state for one in signed.sections.in_text()] == ["signed", "signed"]


def test_a_change_before_a_sign_off_of_the_other_agency_is_still_seen(people: Managers, client):
    signed = version(people, "sign_off")
    client.force_login(people.dea_manager)
    selection = client.get(at("version", signed)).context["sign_all"]
    first = section(signed)
    section_acts.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="New", body="Other.")
    sign(signed, people.hsi_manager)
    response = client.post(at("sign_off", signed), {"selection": selection}, follow=True)
    assert f"Not signed off: {first.number}: Changed since you opened it" in told(response)


def test_sections_of_another_version_are_not_signed_off_along(people: Managers, client):
    signed, other = version(people, "sign_off"), version(people, "sign_off")
    client.force_login(people.dea_manager)
    client.post(at("sign_off", signed), {"selection": f"{section(other).pk}:{section(other).version}"})
    assert not SignOff.objects.exists()


def test_a_section_in_dispute_says_so_and_is_not_among_those_to_sign(people: Managers, client):
    signed = version(people, "sign_off")
    dispute(section(signed), people.hsi_manager)
    client.force_login(people.dea_manager)
    page = client.get(at("version", signed))
    assert [found.pk for found in page.context["to_sign"]] == [section(signed, 1).pk]
    assert "A dispute on this section is open" in page.text
