"""The pages of a section: written, changed, moved and removed, with the texts that it had before."""

from __future__ import annotations

import pytest

from audit.machine import Refused
from tests.training.factories import Managers, section, sign, version
from tests.training.pages import at, change, told
from training.models import ModuleVersion, Section, SignOff
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


def test_a_section_is_previewed_before_it_is_saved(people: Managers, client):
    drafted = version(people, texts=0)
    client.force_login(people.hsi_manager)
    url = at("section_add", drafted)
    page = client.post(url, {"title": "Scope", "body": "Some **bold** words.", "preview": "yes"}).text
    assert "<strong>bold</strong>" in page
    assert not Section.objects.exists()
    client.post(url, {"title": "Scope", "body": "Some **bold** words."})
    assert section(drafted).title == "Scope"


def test_a_text_that_its_page_would_not_show_whole_is_refused(people: Managers, client):
    drafted = version(people)
    client.force_login(people.hsi_manager)
    deep = "".join("  " * level + "- item\n" for level in range(60))
    page = client.post(at("section_add", drafted), {"title": "Deep", "body": deep})
    assert page.context["form"].errors["body"] == [section_acts.NESTED_TOO_DEEP]
    with pytest.raises(Refused, match="Nest them less"):
        section_acts.add_section(drafted, title="Deep", body=deep, actor=people.hsi_manager)


def test_a_change_that_clears_sign_offs_says_whose(people: Managers, client):
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager, people.dea_manager)
    client.force_login(people.hsi_manager)
    response = change(client, section(signed), body="Another text.")
    assert "saved as revision 2. The sign-off of DEA and HSI is cleared" in told(response)


def test_the_same_text_again_says_that_nothing_was_changed(people: Managers, client):
    signed = version(people, "sign_off")
    sign(signed, people.dea_manager)
    client.force_login(people.hsi_manager)
    assert "nothing was changed" in told(change(client, section(signed)))
    assert SignOff.objects.current().count() == 2


def test_a_stale_change_is_refused_and_keeps_what_was_typed(people: Managers, client):
    first = section(version(people))
    section_acts.change_section(
        first.pk, actor=people.dea_manager, version=first.version, title="Theirs", body="Their text."
    )
    client.force_login(people.hsi_manager)
    page = change(client, first, title="Mine", body="My text.", version=first.version)
    form = page.context["form"]
    assert "Changed since you opened it" in str(form.errors)
    assert form["body"].value() == "My text."
    assert "<del>" in page.text
    assert "removed: </span>Theirs<span" in page.text
    assert section(first.module_version).body == "Their text."
    change(client, first, body="My text.", version=form["version"].value())
    assert section(first.module_version).body == "My text."


def test_a_version_in_review_is_not_changed_and_what_was_typed_is_kept(people: Managers, client):
    reviewed = version(people, "hsi_review")
    client.force_login(people.hsi_manager)
    page = change(client, section(reviewed), body="My text.")
    assert "Text changes in drafting and in sign-off only" in str(page.context["form"].errors)
    assert page.context["form"]["body"].value() == "My text."
    assert section(reviewed).body == "Text."


def test_a_section_is_moved_up_and_down(people: Managers, client):
    drafted = version(people, texts=3)
    client.force_login(people.dea_manager)
    client.post(at("section_move", section(drafted, 2)), {"to": "up"})
    assert titles(drafted) == ["Section 1", "Section 3", "Section 2"]
    client.post(at("section_move", section(drafted, 0)), {"to": "down"})
    assert titles(drafted) == ["Section 3", "Section 1", "Section 2"]


def titles(of: ModuleVersion) -> list[str]:
    return [found.title for found in of.sections.in_text()]


def test_a_section_is_removed_with_a_reason_and_stays_on_record(people: Managers, client):
    drafted = version(people)
    first = section(drafted)
    client.force_login(people.dea_manager)
    url = at("section_act", first, "remove")
    assert client.post(url, {"version": first.version, "reason": ""}).context["form"].errors
    response = client.post(url, {"version": first.version, "reason": "Said elsewhere."})
    assert response.url == drafted.get_absolute_url()
    assert titles(drafted) == ["Section 2"]
    assert "Said elsewhere." in client.get(at("section", first)).text


def test_the_texts_that_a_section_had_are_shown_with_what_differs(people: Managers, client):
    signed = version(people, "sign_off")
    sign(signed, people.dea_manager)
    client.force_login(people.hsi_manager)
    change(client, section(signed), body="Text and more.")
    page = client.get(at("section", section(signed))).text
    assert "Revision 2 (now)" in page
    assert "Signed off by DEA (cleared since)" in page
    assert "Cleared" in page
    assert "<ins>" in page


def test_an_earlier_text_is_compared_on_request(people: Managers, client):
    drafted = version(people)
    client.force_login(people.hsi_manager)
    for text in ("Both agencies train.", "Both agencies train jointly."):
        change(client, section(drafted), body=text)
    address = at("section", section(drafted))
    for asked, opened in (("", [True, False, False]), ("2", [True, True, False]), ("x", [True, False, False])):
        response = client.get(address, {"revision": asked})
        assert [bool(shown.blocks) for shown in response.context["texts"]] == opened
    assert "Show the text of revision 2 and what it changed" in client.get(address).text
    assert "The whole text of revision 1" in client.get(address, {"revision": "1"}).text


def test_earlier_texts_are_for_those_who_develop_or_audit_training(people: Managers, client):
    published = version(people, "published")
    client.force_login(people.coordinator)
    assert client.get(at("section", section(published))).status_code == 403


def test_a_sections_page_costs_the_same_queries_for_1_and_for_3_texts(
    people: Managers, client, django_assert_num_queries
):
    drafted = version(people)
    client.force_login(people.hsi_manager)
    for number in range(2):
        with django_assert_num_queries(17):
            client.get(at("section", section(drafted)))
        change(client, section(drafted), body=f"Text {number}.")
        change(client, section(drafted), body=f"Text {number} again.")
