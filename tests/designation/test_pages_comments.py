"""Comments and files on the page of a request, on that of its review, and as downloads."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import AccessRecord
from designation import comments, workflow
from designation.files import told_apart
from designation.models import Comment, Request, RequestFile
from tests import factories
from tests.designation.sample_files import PDF, PNG
from tests.factories import People

pytestmark = pytest.mark.django_db


def detail(request: Request) -> str:
    return reverse("designation:request_detail", args=[request.number])


def comment(request: Request) -> str:
    return reverse("designation:request_comment", args=[request.number])


def review(request: Request, name: str = "change") -> str:
    return reverse(f"admin:designation_request_{name}", args=[request.pk])


def upload(name: str = "memo.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def memo_on(request: Request, user) -> RequestFile:
    return comments.add(request.pk, actor=user, files=[told_apart("memo.pdf", PDF)]).files[0]


def download(file: RequestFile) -> str:
    return reverse("designation:request_file", args=[file.pk])


def test_a_comment_with_files_is_added_and_the_page_shows_them(people: People, client):
    request = factories.request(people, "dea_intake")
    client.force_login(people.coordinator)
    sent = {"text": "The memo.\r\nSigned.", "attached": [upload(), upload("map.png", PNG)]}
    response = client.post(comment(request), sent)
    said = Comment.objects.get()
    assert response.url == f"{detail(request)}#comment-{said.pk}"
    assert said.text == "The memo.\nSigned."
    page = client.get(detail(request))
    assert f'id="comment-{said.pk}"' in page.text
    assert f"{people.coordinator.recorded_name}, HSI coordinator" in page.text
    assert [download(file) in page.text for file in RequestFile.objects.all()] == [True, True]


def test_what_is_wrong_stands_beside_the_field_and_the_text_stays(people: People, client):
    request = factories.request(people, "dea_intake")
    client.force_login(people.coordinator)
    page = client.post(comment(request), {"text": "The memo.", "attached": [upload(), upload("run.pdf", b"MZ")]})
    assert "“run.pdf” is none of these" in page.context["form"].errors["attached"][0]
    assert "The memo." in page.text
    assert "Write a comment, or choose a file." in client.post(comment(request), {"text": " "}).text
    assert not Comment.objects.exists()


def test_a_draft_takes_files_alone_and_says_why(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    page = client.get(detail(request))
    assert "write in its justification" in page.text
    assert 'name="text"' not in page.text
    client.post(comment(request), {"text": "Ignored.", "attached": [upload()]})
    assert (Comment.objects.count(), RequestFile.objects.count()) == (0, 1)
    assert "Choose a file." in client.post(comment(request), {"text": "No file."}).text


@pytest.mark.parametrize(
    ("who", "state", "why"), [("auditor", "dea_intake", "Only the people"), ("coordinator", "approved", "has ended")]
)
def test_who_may_not_comment_is_told_why_on_the_page(people: People, client, who, state, why):
    request = factories.request(people, state)
    client.force_login(getattr(people, who))
    page = client.get(detail(request))
    assert why in page.text
    assert "Add a comment" not in page.text


def test_a_comment_that_comes_after_the_end_is_refused_and_told(people: People, client):
    request = factories.request(people, "dea_decision")
    workflow.transition_one("approve", request.pk, actor=people.dea_hq)
    client.force_login(people.coordinator)
    page = client.post(comment(request), {"text": "Late."}, follow=True)
    assert "Nothing was done. The request has ended" in page.text
    assert not Comment.objects.exists()


def test_a_file_is_downloaded_as_it_was_and_that_goes_on_record(people: People, client):
    request = factories.request(people, "dea_intake")
    file = memo_on(request, people.coordinator)
    client.force_login(people.dea_hq)
    response = client.get(download(file))
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"] == 'attachment; filename="memo.pdf"'
    taken = AccessRecord.objects.get(act=comments.DOWNLOAD)
    assert (taken.actor, taken.parameters["request"], taken.parameters["sha256"]) == (
        people.dea_hq,
        request.number,
        file.sha256,
    )


def test_a_withdrawn_file_is_listed_with_who_and_why_and_given_out_no_more(people: People, client):
    request = factories.request(people, "dea_intake")
    file = memo_on(request, people.coordinator)
    client.force_login(people.coordinator)
    url = reverse("designation:file_withdraw", args=[file.pk])
    assert "Give a reason" in client.post(url, {"reason": ""}).text
    page = client.post(url, {"reason": "Of another agent."}, follow=True)
    assert "memo.pdf is withdrawn." in page.text
    assert "Of another agent." in page.text
    assert download(file) not in page.text
    assert client.get(download(file)).status_code == 404


def test_the_other_agency_is_refused_a_withdrawal_that_it_posts(people: People, client):
    file = memo_on(factories.request(people, "dea_intake"), people.coordinator)
    client.force_login(people.dea_hq)
    url = reverse("designation:file_withdraw", args=[file.pk])
    assert client.post(url, {"reason": "No."}).status_code == 403
    assert RequestFile.objects.current().exists()


class TestReview:
    def test_shows_comments_and_adds_to_them_by_the_same_way(self, people: People, client):
        request = factories.request(people, "dea_intake")
        file = memo_on(request, people.coordinator)
        client.force_login(people.dea_hq)
        assert download(file) in client.get(review(request)).text
        response = client.post(review(request, "comment"), {"text": "Thank you.", "attached": [upload("map.png", PNG)]})
        said = Comment.objects.get()
        assert response.url == f"{review(request)}#comment-{said.pk}"
        assert (said.author, said.author_role) == (people.dea_hq, "dea_hq")
        assert "Thank you." in client.get(review(request)).text

    def test_says_what_is_wrong_and_keeps_the_text(self, people: People, client):
        request = factories.request(people, "dea_intake")
        client.force_login(people.dea_hq)
        page = client.post(review(request, "comment"), {"text": "Kept.", "attached": [upload("run.pdf", b"MZ")]})
        assert "is none of these" in page.text
        assert "Kept." in page.text

    def test_an_auditor_reads_and_is_refused(self, people: People, client):
        request = factories.request(people, "dea_intake")
        client.force_login(people.auditor)
        page = client.get(review(request))
        assert "Only the people who work on the request" in page.text
        client.post(review(request, "comment"), {"text": "No."})
        assert not Comment.objects.exists()

    def test_a_withdrawal_leads_back_to_the_review(self, people: People, client):
        request = factories.request(people, "dea_intake")
        file = memo_on(request, people.dea_hq)
        client.force_login(people.dea_hq)
        url = reverse("designation:file_withdraw", args=[file.pk]) + "?from=review"
        assert url in client.get(review(request)).text
        assert client.post(url, {"reason": "Wrong file."}).url == f"{review(request)}#file-{file.pk}"
