"""The training page, and the pages of modules, versions and sections."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audit.machine import Refused
from tests.training.factories import Managers, ModuleFactory, dispute, move, section, sign, version
from training.models import Attachment, Module, ModuleVersion, Requirement, Section, SignOff
from training.workflow import disputes, modules
from training.workflow.requirements import set_requirement

pytestmark = pytest.mark.django_db

OVERVIEW = reverse("training:overview")
MODULE = {
    "code": "JT-2009",
    "title": "Joint training",
    "purpose": "The 2009 agreement.",
    "owners": "HSI,DEA",
    "pass_mark": 80,
}


@pytest.fixture
def people() -> Managers:
    return Managers()


def at(name: str, row: ModuleVersion | Section, *more: str) -> str:
    return reverse(f"training:{name}", args=[row.number, *more])


def change(client: Any, changed: Section, **values: Any) -> Any:
    """Sends the section's form as it opens now, with these values."""
    now = Section.objects.get(pk=changed.pk)
    given = {"title": now.title, "body": now.body, "version": now.version, **values}
    return client.post(at("section_change", changed), given, follow=True)


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# The training page


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


# Modules


def test_a_training_manager_adds_a_joint_module(people: Managers, client):
    client.force_login(people.dea_manager)
    response = client.post(reverse("training:module_add"), MODULE)
    assert response.url == reverse("training:module", args=["JT-2009"])
    assert Module.objects.get(code="JT-2009").owners == ["HSI", "DEA"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "jt 2009"}, "code"),
        ({"owners": "DEA"}, "owners"),
        ({"pass_mark": 101}, "pass_mark"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_what_a_module_cannot_be_is_said_beside_the_field(people: Managers, client, given, field):
    client.force_login(people.hsi_manager)
    response = client.post(reverse("training:module_add"), {**MODULE, **given})
    assert list(response.context["form"].errors) == [field]
    assert not Module.objects.exists()


def test_a_changed_module_says_what_was_changed(people: Managers, client):
    module = ModuleFactory()
    client.force_login(people.hsi_manager)
    values = {**MODULE, "code": module.code, "title": "Deconfliction", "change_count": module.change_count}
    page = client.post(reverse("training:module_change", args=[module.code]), values, follow=True).text
    assert "Title: Joint training → Deconfliction" in page


def test_a_module_that_was_changed_meanwhile_keeps_what_was_typed(people: Managers, client):
    module = ModuleFactory()
    Module.objects.filter(pk=module.pk).update(change_count=2)
    client.force_login(people.hsi_manager)
    url = reverse("training:module_change", args=[module.code])
    values = {**MODULE, "code": module.code, "title": "Deconfliction", "change_count": 1}
    form = client.post(url, values).context["form"]
    assert "was changed since you opened the page" in str(form.errors)
    assert form["title"].value() == "Deconfliction"
    client.post(url, {name: form[name].value() or "" for name in form.fields})
    assert Module.objects.get(pk=module.pk).title == "Deconfliction"


def test_a_module_with_versions_keeps_its_code_and_its_owners(people: Managers, client):
    module = version(people).module
    client.force_login(people.hsi_manager)
    values = {**MODULE, "code": "X-1", "owners": "HSI", "change_count": module.change_count}
    client.post(reverse("training:module_change", args=[module.code]), values)
    changed = Module.objects.get(pk=module.pk)
    assert (changed.code, changed.owners, changed.title) == (module.code, ["HSI", "DEA"], MODULE["title"])


def test_no_agency_changes_a_module_of_the_other(people: Managers, client):
    module = ModuleFactory(owners=["DEA"])
    client.force_login(people.hsi_manager)
    assert client.get(reverse("training:module_change", args=[module.code])).status_code == 403
    assert client.post(reverse("training:module_change", args=[module.code]), MODULE).status_code == 403


def test_the_next_version_is_drafted_from_the_modules_page_once(people: Managers, client):
    module = version(people, "published").module
    client.force_login(people.hsi_manager)
    url = reverse("training:version_draft", args=[module.code])
    assert client.post(url, follow=True).context["version"].ordinal == 2
    assert "is in development already" in told(client.post(url, follow=True))
    assert "Not now" in client.get(reverse("training:module", args=[module.code])).text


def test_a_coordinator_sees_of_a_module_what_was_published(people: Managers, client):
    first = version(people, "published")
    draft = modules.draft_version(first.module, actor=people.hsi_manager)
    client.force_login(people.coordinator)
    page = client.get(reverse("training:module", args=[first.module.code])).text
    assert first.number in page
    assert draft.number not in page


def test_a_modules_page_costs_the_same_queries_for_1_and_for_3_versions(
    people: Managers, client, django_assert_num_queries
):
    module = version(people, "published").module
    client.force_login(people.hsi_manager)
    for _ in range(2):
        with django_assert_num_queries(9):
            client.get(reverse("training:module", args=[module.code]))
        version(people, "published", module=module)


# Versions


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


def test_the_page_says_who_signed_and_what_is_missing(people: Managers, client):
    signed = version(people, "sign_off", texts=3)
    modules.sign_off([section(signed).pk], actor=people.hsi_manager)
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
    modules.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="New", body="Other.")
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
    modules.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="New", body="Other.")
    sign(signed, people.hsi_manager)
    response = client.post(at("sign_off", signed), {"selection": selection}, follow=True)
    assert f"Not signed off: {first.number}: Changed since you opened it" in told(response)


def test_a_text_that_its_page_would_not_show_whole_is_refused(people: Managers, client):
    drafted = version(people)
    client.force_login(people.hsi_manager)
    deep = "".join("  " * level + "- item\n" for level in range(60))
    page = client.post(at("section_add", drafted), {"title": "Deep", "body": deep})
    assert page.context["form"].errors["body"] == [modules.NESTED_TOO_DEEP]
    with pytest.raises(Refused, match="Nest them less"):
        modules.add_section(drafted, title="Deep", body=deep, actor=people.hsi_manager)


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


def test_a_dispute_is_opened_from_a_version_and_from_a_section(people: Managers, client):
    drafted = version(people)
    client.force_login(people.dea_manager)
    page = client.get(at("version", drafted)).text
    assert reverse("training:dispute_open", args=["version", drafted.number]) in page
    assert reverse("training:dispute_open", args=["section", section(drafted).number]) in page
    client.force_login(people.auditor)
    assert "Open a dispute" not in client.get(at("version", drafted)).text


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


# Sections


def test_a_section_is_previewed_before_it_is_saved(people: Managers, client):
    drafted = version(people, texts=0)
    client.force_login(people.hsi_manager)
    url = at("section_add", drafted)
    page = client.post(url, {"title": "Scope", "body": "Some **bold** words.", "preview": "yes"}).text
    assert "<strong>bold</strong>" in page
    assert not Section.objects.exists()
    client.post(url, {"title": "Scope", "body": "Some **bold** words."})
    assert section(drafted).title == "Scope"


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
    modules.change_section(
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


# Attachments


def attach(to: Section, people: Managers, content: bytes = b"%PDF-1.7", name: str = "plan.pdf") -> Attachment:
    modules.add_attachment(
        to.pk,
        actor=people.hsi_manager,
        version=Section.objects.get(pk=to.pk).version,
        name=name,
        content_type="application/pdf",
        content=content,
    )
    return Attachment.objects.get(section=to, name=name)


def upload(client: Any, to: Section, file: SimpleUploadedFile, seen: int | None = None) -> Any:
    now = Section.objects.get(pk=to.pk).version
    return client.post(at("attachment_add", to), {"file": file, "version": seen or now}, follow=True)


def test_a_file_is_attached_and_downloaded_as_it_was(people: Managers, client):
    first = section(version(people))
    client.force_login(people.hsi_manager)
    upload(client, first, SimpleUploadedFile("plan.html", b"<script>alert(1)</script>", "text/html"))
    response = client.get(reverse("training:attachment", args=[Attachment.objects.get().pk]))
    assert response.getvalue() == b"<script>alert(1)</script>"
    assert response["Content-Disposition"] == 'attachment; filename="plan.html"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_too_large_or_empty_is_refused(people: Managers, client):
    first = section(version(people))
    client.force_login(people.hsi_manager)
    large = SimpleUploadedFile("large.bin", b"x" * (10 * 1024 * 1024 + 1))
    assert "larger than 10 MB" in upload(client, first, large).text
    assert "empty" in upload(client, first, SimpleUploadedFile("empty.bin", b"")).text
    assert not Attachment.objects.exists()


def test_two_files_of_a_section_have_two_names(people: Managers, client):
    first = section(version(people))
    client.force_login(people.hsi_manager)
    upload(client, first, SimpleUploadedFile("plan.txt", b"Plan"))
    assert (
        "A file of this name is attached already." in upload(client, first, SimpleUploadedFile("Plan.txt", b"2")).text
    )
    assert Attachment.objects.count() == 1


def test_attaching_to_a_section_that_was_changed_meanwhile_is_refused(people: Managers, client):
    first = section(version(people))
    change_by_dea = {"version": first.version, "title": "New", "body": "Text."}
    modules.change_section(first.pk, actor=people.dea_manager, **change_by_dea)
    client.force_login(people.hsi_manager)
    page = upload(client, first, SimpleUploadedFile("plan.txt", b"Plan"), seen=first.version)
    assert "Choose the file again" in page.text
    assert not Attachment.objects.exists()


def test_an_attachment_clears_sign_offs_when_it_comes_and_when_it_goes(people: Managers, client):
    signed = version(people, "sign_off")
    client.force_login(people.hsi_manager)
    sign(signed, people.dea_manager)
    response = upload(client, section(signed), SimpleUploadedFile("plan.txt", b"Plan"))
    assert "The sign-off of DEA is cleared" in told(response)
    modules.sign_off([section(signed).pk], actor=people.dea_manager)
    url = reverse("training:attachment_remove", args=[Attachment.objects.get().pk])
    seen = client.get(url).context["form"]["version"].value()
    assert "The sign-off of DEA is cleared" in told(client.post(url, {"version": seen}, follow=True))
    assert not Attachment.objects.current().exists()
    assert "<strong>removed</strong>" in client.get(at("section", section(signed))).text


def test_an_attachment_of_a_draft_is_not_for_a_coordinator(people: Managers, client):
    draft = attach(section(version(people)), people)
    client.force_login(people.coordinator)
    assert client.get(reverse("training:attachment", args=[draft.pk])).status_code == 404


def test_what_was_removed_before_publication_is_not_for_a_coordinator(people: Managers, client):
    drafted = version(people)
    first = section(drafted)
    kept, removed, gone = (
        attach(first, people),
        attach(first, people, name="old.pdf"),
        attach(section(drafted, 1), people),
    )
    modules.remove_attachment(removed, actor=people.hsi_manager, version=Section.objects.get(pk=first.pk).version)
    second = section(drafted, 1)
    modules.remove_section(second.pk, actor=people.hsi_manager, version=second.version, reason="Said elsewhere.")
    for name, who in [
        ("send_to_review", people.hsi_manager),
        ("pass_review", people.hsi_manager),
        ("pass_review", people.dea_manager),
    ]:
        move(drafted, name, who)
    sign(drafted, people.hsi_manager, people.dea_manager)
    move(drafted, "publish", people.hsi_manager)
    client.force_login(people.coordinator)
    statuses = [
        client.get(reverse("training:attachment", args=[file.pk])).status_code for file in (kept, removed, gone)
    ]
    assert statuses == [200, 404, 404]


# Differences


def test_two_versions_are_compared_section_by_section(people: Managers, client):
    first = version(people, "published")
    second = modules.draft_version(first.module, actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    change(client, section(second), body="Another text.")
    modules.add_section(second, title="Scope", body="All.", actor=people.hsi_manager)
    page = client.get(at("difference", second))
    assert [found.status for found in page.context["sections"]] == ["changed", "unchanged", "added"]
    assert (page.context["before"], page.context["after"]) == (first, second)
    assert '<del><span class="usa-sr-only">removed: </span>' in page.text
    assert '<ins><span class="usa-sr-only">added: </span>' in page.text


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


def test_what_differs_compares_with_the_version_that_it_was_drafted_from(people: Managers, client):
    first = version(people, "published")
    given_up = modules.draft_version(first.module, actor=people.dea_manager)
    move(given_up, "retire", people.dea_manager, "Written anew.")
    client.force_login(people.dea_manager)
    module = client.get(reverse("training:module", args=[first.module.code])).text
    assert f"Draft the next version from {first.number}" in module
    third = modules.draft_version(first.module, actor=people.dea_manager)
    assert client.get(at("difference", third)).context["before"] == first
