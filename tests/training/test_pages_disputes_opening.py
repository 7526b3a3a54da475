"""Opening a dispute: the form and what it refuses, who may, and the way to it on the page of a request."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import request
from tests.training.factories import Managers, dispute, move, section, version
from tests.training.pages import opening
from training.models import Dispute, Position

pytestmark = pytest.mark.django_db


def test_a_dispute_is_opened_from_the_page_with_the_position_of_the_own_agency(people: Managers, client):
    of = section(version(people))
    client.force_login(people.hsi_manager)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI instructors too."}
    response = client.post(opening("section", of.number), given)
    opened = Dispute.objects.get()
    assert response.url == opened.get_absolute_url()
    assert (opened.section, opened.opened_by, opened.title) == (of, people.hsi_manager, "Who trains")
    assert Position.objects.get().text == "HSI instructors too."


@pytest.mark.parametrize("missing", ["title", "issue", "position"])
def test_a_dispute_needs_title_issue_and_position_and_keeps_what_was_typed(people: Managers, client, missing):
    of = version(people)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too.", missing: " "}
    client.force_login(people.hsi_manager)
    page = client.post(opening("version", of.number), given)
    assert missing in page.context["form"].errors
    assert all(value in page.text for value in given.values())
    assert not Dispute.objects.exists()


def test_a_text_that_is_too_long_is_kept_whole_and_told_by_how_much(people: Managers, client):
    of = version(people)
    client.force_login(people.hsi_manager)
    long = {"title": "T" * 121, "issue": "I" * 5_002, "position": "HSI too."}
    page = client.post(opening("version", of.number), long)
    assert page.context["form"].errors["title"] == ["Shorten it by 1 character: it may have 120, and has 121."]
    assert page.context["form"].errors["issue"] == ["Shorten it by 2 characters: it may have 5,000, and has 5,002."]
    assert long["issue"] in page.text
    assert "maxlength" not in page.text


def test_a_form_that_is_sent_twice_opens_one_dispute(people: Managers, client):
    of = version(people)
    client.force_login(people.hsi_manager)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too."}
    client.post(opening("version", of.number), given)
    page = client.post(opening("version", of.number), given)
    assert "on the same point is open already" in page.text
    assert "HSI too." in page.text
    assert Dispute.objects.count() == 1


def test_who_was_not_shown_a_dispute_that_was_opened_meanwhile_is_asked_again(people: Managers, client):
    of = section(version(people))
    client.force_login(people.hsi_manager)
    known = client.get(opening("section", of.number)).context["form"]["known"].value()
    other = dispute(of, people.dea_manager, title="Who pays")
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too."}
    page = client.post(opening("section", of.number), {**given, "known": known})
    assert f"has opened {other.number} meanwhile: Who pays." in page.text
    assert Dispute.objects.count() == 1
    client.post(opening("section", of.number), {**given, "known": page.context["form"]["known"].value()})
    assert Dispute.objects.count() == 2


def test_the_page_to_open_one_names_those_that_are_open_on_the_same(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_manager)
    assert opened.number in client.get(opening("section", opened.section.number)).text


def test_nothing_is_disputed_with_dea_before_dea_has_the_request(people: Managers, client):
    draft = request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(opening("request", draft.number), follow=True)
    assert "DEA has not received this request yet." in page.text


def test_nothing_is_disputed_in_a_version_that_is_retired(people: Managers, client):
    retired = version(people)
    move(retired, "retire", people.hsi_manager, "Written anew.")
    client.force_login(people.hsi_manager)
    assert "This version is retired." in client.get(opening("version", retired.number), follow=True).text


MAY_OPEN = {
    "coordinator": 200,
    "dea_field": 200,
    "hsi_hq": 200,
    "dea_hq": 200,
    "other_coordinator": 404,
    "other_dea_field": 404,
    "auditor": 403,
    "training_manager": 404,
}


@pytest.mark.parametrize(("who", "status"), MAY_OPEN.items())
def test_those_who_speak_for_a_side_in_the_matter_open_a_dispute_on_a_request(people: Managers, client, who, status):
    of = request(people, "field_review")
    client.force_login(getattr(people, who))
    assert client.get(opening("request", of.number)).status_code == status


@pytest.mark.parametrize("address", ["opinion/JT-1-1", "version/none", "version/%00", "request/T21-2026-999999"])
def test_an_address_of_nothing_is_not_found(people: Managers, client, address):
    client.force_login(people.hsi_hq)
    assert client.get(f"/training/disputes/open/{address}/").status_code == 404


def test_the_page_of_a_request_shows_its_disputes_and_the_way_to_open_one(people: Managers, client):
    of = request(people, "field_review")
    page = reverse("designation:request_detail", args=[of.number])
    client.force_login(people.coordinator)
    assert opening("request", of.number) in client.get(page).text
    opened = dispute(of, people.dea_field, title="Which division")
    text = client.get(page).text
    assert opened.number in text
    assert "Which division" in text


def test_the_admin_shows_the_same_to_the_reviewer(people: Managers, client):
    of = request(people, "field_review")
    opened = dispute(of, people.coordinator, title="Which division")
    client.force_login(people.dea_field)
    text = client.get(reverse("admin:designation_request_change", args=[of.pk])).text
    assert opened.get_absolute_url() in text
    assert opening("request", of.number) in text


def test_an_auditor_is_shown_no_way_to_open_one(people: Managers, client):
    of = request(people, "field_review")
    client.force_login(people.auditor)
    text = client.get(reverse("designation:request_detail", args=[of.number])).text
    assert "Disputes between the agencies" not in text
