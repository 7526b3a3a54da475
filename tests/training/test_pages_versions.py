"""The page of a version: who reads it, and how it goes from drafting to publication and to its end."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.training.factories import Managers, attach, move, section, sign, version
from tests.training.pages import at
from training.models import ModuleVersion, Requirement
from training.workflow.requirements import set_requirement

pytestmark = pytest.mark.django_db


def test_a_coordinator_reads_a_published_version_and_no_draft(people: Managers, client):
    published, draft = version(people, "published"), version(people)
    client.force_login(people.coordinator)
    page = client.get(at("version", published)).text
    assert "Section 1" in page
    assert "History" not in page
    assert client.get(at("version", draft)).status_code == 404


def test_an_act_that_cannot_be_made_says_why(people: Managers, client):
    drafted = version(people, texts=0)
    client.force_login(people.hsi_manager)
    page = client.get(at("version", drafted))
    assert {act.label: act.why_not for act in page.context["acts"]}["Send to review"] == "Write a section first."
    assert "Write a section first." in page.text


def test_a_version_goes_from_its_page_to_publication(people: Managers, client):
    drafted = version(people)
    for name, user in [
        ("send_to_review", people.hsi_manager),
        ("pass_review", people.hsi_manager),
        ("pass_review", people.dea_manager),
        ("sign off", people.hsi_manager),
        ("sign off", people.dea_manager),
        ("publish", people.dea_manager),
    ]:
        client.force_login(user)
        if name == "sign off":
            client.post(at("sign_off", drafted), {"selection": client.get(at("version", drafted)).context["sign_all"]})
        else:
            seen = client.get(at("version_act", drafted, name)).context["form"]["version"].value()
            client.post(at("version_act", drafted, name), {"version": seen, "reason": ""})
    assert ModuleVersion.objects.get(pk=drafted.pk).state == "published"
    assert [entry["label"] for entry in client.get(at("version", drafted)).context["timeline"]] == [
        "Drafted",
        "Sent to review",
        "Passed in review",
        "Passed in review",
        "Published",
    ]


def test_a_version_is_returned_with_a_reason_only(people: Managers, client):
    reviewed = version(people, "dea_review")
    client.force_login(people.dea_manager)
    url = at("version_act", reviewed, "return_to_drafting")
    assert client.post(url, {"version": reviewed.version, "reason": ""}).context["form"].errors["reason"]
    client.post(url, {"version": reviewed.version, "reason": "Deconfliction is missing."})
    assert ModuleVersion.objects.get(pk=reviewed.pk).state == "drafting"
    assert "Deconfliction is missing." in client.get(at("version", reviewed)).text


def test_a_reason_typed_for_what_a_colleague_has_moved_on_meanwhile_is_given_back(people: Managers, client):
    reviewed = version(people, "hsi_review")
    move(reviewed, "pass_review", people.hsi_manager)
    client.force_login(people.hsi_manager)
    url = at("version_act", reviewed, "return_to_drafting")
    page = client.post(url, {"version": reviewed.version, "reason": "Deconfliction is missing."}, follow=True)
    assert "Nothing was done." in page.text
    assert "You had written: Deconfliction is missing." in page.text


def test_an_act_of_the_other_agency_is_refused(people: Managers, client):
    reviewed = version(people, "hsi_review")
    client.force_login(people.dea_manager)
    url = at("version_act", reviewed, "pass_review")
    assert client.post(url, {"version": reviewed.version}).status_code == 403
    assert ModuleVersion.objects.get(pk=reviewed.pk).state == "hsi_review"


def test_a_version_is_superseded_by_the_next_and_not_by_hand(people: Managers, client):
    published = version(people, "published")
    client.force_login(people.hsi_manager)
    assert client.get(at("version_act", published, "supersede")).status_code == 404


def test_a_dispute_is_opened_from_a_version_and_from_a_section(people: Managers, client):
    drafted = version(people)
    client.force_login(people.dea_manager)
    page = client.get(at("version", drafted)).text
    assert reverse("training:dispute_open", args=["version", drafted.number]) in page
    assert reverse("training:dispute_open", args=["section", section(drafted).number]) in page
    client.force_login(people.auditor)
    assert "Open a dispute" not in client.get(at("version", drafted)).text


def test_retiring_is_confirmed_with_the_requirements_that_it_lifts(people: Managers, client):
    published = version(people, "published")
    requirement = Requirement(
        module=published.module,
        audience=["initial"],
        blocks="approval",
        effective_from=timezone.localdate(),
        why="The letter of 2021.",
    )
    set_requirement(requirement, actor=people.hsi_hq)
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    client.force_login(people.dea_manager)
    assert "HSI asks your agency to retire it." in client.get(reverse("training:overview")).text
    page = client.get(reverse("training:version_act", args=[published.number, "retire"])).text
    assert "Blocks approval: Agents of initial requests" in page
    assert "then go through" in page


def test_who_asked_to_retire_is_offered_to_take_it_back(people: Managers, client):
    published = version(people, "published")
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    client.force_login(people.hsi_manager)
    page = client.get(published.get_absolute_url())
    assert {act.name: bool(act.why_not) for act in page.context["acts"]} == {
        "take_back_retirement": False,
        "retire": True,
    }
    assert "HSI asks the other agency to retire this version." in page.text


def test_a_versions_page_costs_the_same_queries_for_2_and_for_9_sections(
    people: Managers, client, django_assert_num_queries
):
    client.force_login(people.hsi_manager)
    for texts in (2, 9):
        shown = version(people, "sign_off", texts=texts)
        attach(section(shown), people)
        sign(shown, people.dea_manager)
        with django_assert_num_queries(19):
            client.get(at("version", shown))
