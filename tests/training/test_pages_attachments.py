"""Files of a section on its page: attached, removed and downloaded, each by those who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.training.factories import Managers, attach, move, section, sign, version
from tests.training.pages import at, told
from training.models import Attachment, Section
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


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
    section_acts.change_section(first.pk, actor=people.dea_manager, **change_by_dea)
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
    section_acts.sign_off([section(signed).pk], actor=people.dea_manager)
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
    section_acts.remove_attachment(removed, actor=people.hsi_manager, version=Section.objects.get(pk=first.pk).version)
    second = section(drafted, 1)
    section_acts.remove_section(second.pk, actor=people.hsi_manager, version=second.version, reason="Said elsewhere.")
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
