"""Completions on pages: by hand, from a file, corrected, taken back; who opens what, and how many queries it takes."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit import jobs
from audit.models import Job
from designation.models import Notice, Office
from tests.designation.rosters.files import csv_file
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, entry, in_force, record
from tests.training.factories import Managers
from training.completions import uploads
from training.completions.columns import MAX_BYTES
from training.models import Completion, CompletionImport, CompletionUpload
from training.workflow import completions

pytestmark = pytest.mark.django_db

ADD = "/training/completions/record/"
UPLOAD = "/training/completions/upload/"
LIST = "/training/completions/"
HEADER = ["Badge number", "Course code", "Completion date", "Score"]
ROLES = ("coordinator", "other_coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor", "operator", "supervisor")


@pytest.fixture
def people(db: None) -> Managers:
    found = Managers()
    in_force(found, pass_mark=80, attempts=2)
    return found


@pytest.fixture
def manager(people: Managers, client) -> Client:
    client.force_login(people.hsi_manager)
    return client


def form(**values: str) -> dict[str, str]:
    return {
        "person": "K00123",
        "module": "JT-2009",
        "completed_on": str(DAY),
        "result": "passed",
        "score": "91",
        "evidence": "Certificate 77",
        **values,
    }


class TestByHand:
    def test_what_it_changes_is_shown_before_it_is_recorded(self, manager):
        agent = AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form())
        assert "What it changes" in page.text
        assert "So far it is not completed." in page.text
        assert not Completion.objects.exists()
        page = manager.post(ADD, form(confirmed="yes"), follow=True)
        found = Completion.objects.get()
        assert (found.agent, found.score, found.evidence) == (agent, Decimal(91), "Certificate 77")
        assert page.request["PATH_INFO"] == found.get_absolute_url()
        assert "The completion is recorded." in page.text

    def test_a_score_below_the_mark_is_told_to_be_a_failed_attempt(self, manager):
        AgentFactory(badge_number="K00123")
        assert "below the pass mark" in manager.post(ADD, form(score="79")).text

    def test_to_change_leads_back_to_the_form_as_it_was(self, manager):
        AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form(change="yes"))
        assert 'value="Certificate 77"' in page.text or "Certificate 77</textarea>" in page.text
        assert not Completion.objects.exists()

    @pytest.mark.parametrize("by", ["email", "username"])
    def test_a_user_is_named_by_address_or_username(self, people: Managers, manager, by):
        manager.post(ADD, form(person=getattr(people.dea_field, by), confirmed="yes"))
        assert Completion.objects.get().user == people.dea_field

    def test_a_name_is_searched_and_leads_to_the_person(self, manager):
        AgentFactory(badge_number="K00777", first_name="Lee", last_name="Stone")
        page = manager.post(ADD, form(person="Stone, Lee"))
        assert "Did you mean" in page.text
        (found,) = page.context["suggestions"]
        page = manager.get(f"{ADD}?{found['query']}")
        assert 'value="K00777"' in page.text
        assert "Certificate 77" in page.text

    @pytest.mark.parametrize("score", ["85 %", "17/20"])
    def test_a_score_is_written_as_in_files(self, manager, score):
        AgentFactory(badge_number="K00123")
        manager.post(ADD, form(confirmed="yes", score=score))
        assert Completion.objects.get().score == Decimal(85)

    def test_a_pass_before_the_latest_is_told_to_change_nothing_of_when_it_counts(self, manager, people):
        agent = AgentFactory(badge_number="K00123")
        completion(agent, people.hsi_manager, completed_on=DAY + timedelta(days=30), score=Decimal(91))
        assert "that stays June 2, 2024" in manager.post(ADD, form()).text

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"person": "nobody"}, "No badge number, e-mail address or username"),
            ({"completed_on": "2999-01-01"}, "This day is yet to come."),
            ({"completed_on": "2023-01-01"}, "No version of JT-2009 was published on this day."),
            ({"score": "101"}, "A score is a percentage from 0 to 100."),
            ({"score": "0.85"}, "This may be a share or a percentage."),
            ({"score": "high"}, "This is not a score."),
            ({"score": ""}, "The module has a pass mark of 80 %."),
            ({"evidence": ""}, "Say on what evidence it is recorded."),
            ({"module": "JT-1"}, "Select a valid choice"),
        ],
    )
    def test_what_cannot_be_recorded_is_told_at_its_field(self, manager, values, said):
        AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form(confirmed="yes", **values))
        assert said in page.text
        assert not Completion.objects.exists()

    def test_what_is_on_record_is_told_so(self, people: Managers, manager):
        completion(AgentFactory(badge_number="K00123"), people.hsi_manager, score=Decimal(91))
        assert "is on record already" in manager.post(ADD, form(confirmed="yes")).text
        assert Completion.objects.count() == 1

    def test_what_was_withdrawn_is_told_so_and_recorded_again_with_a_reason(self, people: Managers, manager):
        wrong = completion(AgentFactory(badge_number="K00123"), people.hsi_manager, score=Decimal(91))
        withdrawn = completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        page = manager.post(ADD, form(confirmed="yes"))
        assert "It was withdrawn on" in page.text
        assert f'href="{withdrawn.get_absolute_url()}"' in page.text
        assert "Why it is recorded again" in page.text
        assert "Give a reason" in manager.post(ADD, form(confirmed="yes", why_again="")).text
        assert "It did after all." in manager.post(ADD, form(why_again="It did after all.")).text
        assert not Completion.objects.standing().exists()
        page = manager.post(ADD, form(confirmed="yes", why_again="It did after all."), follow=True)
        assert "It did after all." in page.text
        assert Completion.objects.standing().count() == 1

    def test_a_row_that_repeats_another_is_told_so(self, manager):
        AgentFactory(badge_number="K00123")
        row = ["K00123", "JT-2009", str(DAY), "91"]
        page = send(manager, csv_file([HEADER, row, row]))
        assert "Repeats row 2" in manager.get(f"{page.request['PATH_INFO']}?rows=duplicate").text

    def test_a_row_that_was_withdrawn_stands_by_itself_with_the_reason(self, people: Managers, manager):
        wrong = completion(AgentFactory(badge_number="K00123"), people.hsi_manager, score=Decimal(91))
        completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        page = send(manager, csv_file([HEADER, ["K00123", "JT-2009", str(DAY), "91"]]))
        url = page.request["PATH_INFO"]
        page = manager.get(f"{url}?rows=set-aside")
        assert "withdrawn or corrected before" in page.text
        assert "Never took place." in page.text
        page = manager.post(f"{url}record/", follow=True)
        assert "0 completions recorded" in page.text
        assert "Never took place." in page.text


class TestCorrections:
    def test_a_correction_stands_in_the_place_of_the_wrong_one(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_correct", args=[wrong.pk])
        assert 'value="91"' in manager.get(url).text
        page = manager.post(url, form(score="90", reason="Misread."), follow=True)
        assert "The correction is recorded." in page.text
        assert "Misread." in page.text
        old = manager.get(wrong.get_absolute_url()).text
        assert "does not count any more: it was corrected" in old
        assert url not in old

    def test_a_withdrawal_needs_a_reason(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_withdraw", args=[wrong.pk])
        assert "Give a reason" in manager.post(url, {"reason": ""}).text
        page = manager.post(url, {"reason": "Another agent’s."}, follow=True)
        assert "it is withdrawn" in page.text
        assert not Completion.objects.standing().exists()
        assert "corrected already" in manager.post(url, {"reason": "Again."}).text

    def test_what_cannot_stand_is_told_at_its_field(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_correct", args=[wrong.pk])
        page = manager.post(url, form(completed_on="2023-01-01", reason="Misread."))
        assert "No version of JT-2009 was published on this day." in page.text


def send(client, content: bytes, name: str = "export.csv") -> Any:
    return client.post(UPLOAD, {"file": SimpleUploadedFile(name, content)}, follow=True)


@pytest.fixture
def large(monkeypatch) -> None:
    """Two rows are many."""
    monkeypatch.setattr("training.completions.jobs.IN_THE_PAGE", 1)


class TestFiles:
    rows = [HEADER, ["K00123", "JT-2009", "2024-05-03", "91"], ["99999", "JT-2009", "2024-05-03", "91"]]

    def test_a_file_is_previewed_recorded_and_its_bad_rows_downloaded(self, manager):
        AgentFactory(badge_number="K00123")
        page = send(manager, csv_file(self.rows))
        assert "Record 1 good row" in page.text
        assert "No agent has this badge number." in page.text
        upload = CompletionUpload.objects.get()
        for _ in range(2):
            page = manager.post(reverse("training:completion_record", args=[upload.pk]), follow=True)
            assert "1 completion recorded" in page.text
        assert Completion.objects.count() == 1
        download = manager.get(reverse("training:completion_rejected", args=[upload.pk]))
        assert download["Content-Type"] == "text/csv; charset=utf-8"
        assert "99999" in download.content.decode("utf-8-sig")
        assert "This very file was recorded" in send(manager, csv_file(self.rows)).text

    def test_unknown_columns_are_asked_for(self, manager):
        AgentFactory(badge_number="K00123")
        page = send(manager, csv_file([["Tag", "What", "When"], ["K00123", "JT-2009", "2024-05-03"]]))
        assert "Match the columns" in page.text
        url = page.request["PATH_INFO"]
        assert "Choose the column that holds the module code." in manager.post(url, {"badge_number": "0"}).text
        page = manager.post(url, {"badge_number": "0", "module": "1", "completed_on": "2"}, follow=True)
        assert "The module has a pass mark of 80 %." in page.text

    def test_a_file_is_taken_back_with_a_reason_and_can_come_again(self, people: Managers, manager):
        AgentFactory(badge_number="K00123")
        send(manager, csv_file(self.rows))
        manager.post(reverse("training:completion_record", args=[CompletionUpload.objects.get().pk]))
        file = CompletionImport.objects.get()
        url = reverse("training:completion_take_back", args=[file.pk])
        page = manager.post(url, {"reason": ""})
        assert "Give a reason" in page.text
        assert "1 completion of export.csv no longer counts" in page.text
        page = manager.post(url, {"reason": "Of another academy."}, follow=True)
        assert "Of another academy." in page.text
        assert "Taken back" in manager.get(reverse("training:completion_imports")).text
        assert "its file was taken back" in manager.get(Completion.objects.get().get_absolute_url()).text
        assert not Completion.objects.standing().exists()
        assert "Record 1 good row" in send(manager, csv_file(self.rows)).text

    def test_it_is_said_before_how_many_stay_because_another_file_reported_them_too(self, people: Managers, manager):
        agents = AgentFactory.create_batch(2)
        batch = [entry(agent, row=row, score=Decimal(91)) for row, agent in enumerate(agents)]
        first = record(*batch, actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        second = record(*batch, actor=people.hsi_manager, file=CompletionImport(file_name="b.csv")).file
        page = manager.get(reverse("training:completion_take_back", args=[first.pk]))
        assert "0 completions of a.csv no longer count;" in page.text
        assert "2 of its completions stay in force" in page.text
        assert reverse("training:completion_import", args=[second.pk]) in page.text
        manager.post(page.request["PATH_INFO"], {"reason": "Wrong file."})
        assert Completion.objects.standing().filter(imported=second).count() == 2

    def test_a_large_file_is_recorded_by_a_worker_while_its_page_shows_that(self, people, manager, large):
        AgentFactory(badge_number="K00123")
        page = send(manager, csv_file(self.rows))
        assert "You may close it: recording goes on" in page.text
        upload = CompletionUpload.objects.get()
        for _ in range(2):
            page = manager.post(reverse("training:completion_record", args=[upload.pk]), follow=True)
        assert "Record completions export.csv" in page.text
        assert not Completion.objects.exists()
        columns = manager.post(reverse("training:completion_columns", args=[upload.pk]), {"badge_number": "0"})
        assert columns.status_code == 200
        job = Job.objects.get()
        assert jobs.do(job.pk)
        assert not jobs.do(job.pk)
        page = manager.get(job.path)
        assert "1 completion recorded" in page.text
        assert "No agent has this badge number." in page.text
        told = Notice.objects.get(recipient=people.hsi_manager, transition="job")
        assert (told.body, told.path) == ("1 row done, 1 refused.", job.path)

    def test_a_recording_that_is_cancelled_before_it_began_records_nothing_and_may_be_asked_for_again(
        self, manager, large
    ):
        AgentFactory(badge_number="K00123")
        send(manager, csv_file(self.rows))
        record_it = reverse("training:completion_record", args=[CompletionUpload.objects.get().pk])
        manager.post(record_it)
        first = Job.objects.get()
        page = manager.post(reverse("designation:job_cancel", args=[first.key]), follow=True)
        assert "Recording stopped, and nothing was recorded." in page.text
        assert not jobs.do(first.pk)
        manager.post(record_it)
        assert jobs.do(Job.objects.first().pk)
        assert Completion.objects.count() == 1

    def test_what_takes_long_to_take_back_is_taken_back_by_a_worker(self, people: Managers, manager, large):
        agents = AgentFactory.create_batch(2)
        batch = [entry(agent, row=row, score=Decimal(91)) for row, agent in enumerate(agents)]
        first = record(*batch, actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        second = record(*batch, actor=people.hsi_manager, file=CompletionImport(file_name="b.csv")).file
        url = reverse("training:completion_take_back", args=[first.pk])
        page = manager.post(url, {"reason": "Wrong file."}, follow=True)
        assert "Take back a.csv" in page.text
        assert "It is under way already." in manager.post(url, {"reason": "Wrong file."}).text
        assert jobs.do(Job.objects.get().pk)
        assert "Wrong file." in manager.get(Job.objects.get().path).text
        assert Completion.objects.standing().filter(imported=second).count() == 2

    def test_a_file_of_200_mb_is_refused_before_it_is_read_and_not_kept_anywhere(self, manager, settings, tmp_path):
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        body = Endless(200 * 1024 * 1024)
        sent = {"wsgi.input": body, "CONTENT_LENGTH": body.left}
        response = manager.generic("POST", UPLOAD, b"", "multipart/form-data; boundary=x", **sent)
        assert response.status_code == 413
        assert "The file is larger than 25 MB. Split it into smaller files." in response.text
        assert (body.left, body.largest) == (0, 64 * 1024)
        assert list(tmp_path.iterdir()) == []
        assert not CompletionUpload.objects.exists()

    def test_a_file_a_little_too_large_is_refused_too(self, manager):
        assert "larger than 25 MB" in send(manager, b"x" * (MAX_BYTES + 1)).text

    def test_without_the_token_of_its_form_no_file_is_taken(self, people: Managers):
        client = Client(enforce_csrf_checks=True)
        client.force_login(people.hsi_manager)
        assert send(client, csv_file(self.rows)).status_code == 403
        assert not CompletionUpload.objects.exists()


class Endless(io.RawIOBase):
    """A body of so many bytes that are made as they are read; `largest` is the most that was asked for at once."""

    def __init__(self, size: int) -> None:
        self.left, self.largest = size, 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "all of it at once"
        self.largest = max(self.largest, size)
        given = min(size, self.left)
        self.left -= given
        return b"x" * given


def pages(people: Managers) -> dict[str, str]:
    """Each page with its address; what is on them is of the coordinator's office."""
    agent = AgentFactory(office=people.coordinator.office, badge_number="K00123")
    found = completion(agent, people.hsi_manager, score=Decimal(91))
    file = record(
        entry(agent, score=Decimal(95)), actor=people.hsi_manager, file=CompletionImport(file_name="may.csv")
    ).file
    content = csv_file([HEADER, ["K00123", "JT-2009", "2024-05-03", "99"]])
    upload = uploads.start_upload(content, "june.csv", people.hsi_manager).pk
    return {
        name: reverse(f"training:{name}", args=arguments)
        for name, arguments in {
            "completion_list": [],
            "completion_add": [],
            "completion_detail": [found.pk],
            "completion_correct": [found.pk],
            "completion_withdraw": [found.pk],
            "completion_imports": [],
            "completion_import": [file.pk],
            "completion_take_back": [file.pk],
            "completion_upload": [],
            "completion_file": [upload],
            "completion_sheet": [upload],
            "completion_columns": [upload],
            "completion_rejected": [upload],
        }.items()
    }


EVERYBODY = {"completion_list"}
READERS = {"completion_imports", "completion_import"}


@pytest.mark.parametrize("role", [*ROLES, "hsi_manager"])
def test_each_role_opens_its_pages_and_no_others(people: Managers, client, role):
    found = {}
    client.force_login(getattr(people, role))
    for name, url in pages(people).items():
        found[name] = client.get(url).status_code
    reads = role in {"hsi_hq", "dea_hq", "auditor", "hsi_manager"}
    sees_agent = reads or role in {"coordinator", "dea_field"}
    expected = dict.fromkeys(found, 200 if role == "hsi_manager" else 403)
    expected |= dict.fromkeys(EVERYBODY, 200) | dict.fromkeys(READERS, 200 if reads else 403)
    expected["completion_detail"] = 200 if sees_agent else 404
    assert found == expected


@pytest.mark.parametrize(
    "name", ["completion_record", "completion_correct", "completion_withdraw", "completion_take_back"]
)
def test_who_posts_what_his_pages_do_not_offer_is_refused(people: Managers, client, name):
    upload = pages(people)["completion_file"].rstrip("/").rpartition("/")[2]
    pk = {"completion_record": upload, "completion_take_back": CompletionImport.objects.get().pk}.get(
        name, Completion.objects.earliest("pk").pk
    )
    before = Completion.objects.count()
    for role in ROLES:
        client.force_login(getattr(people, role))
        response = client.post(reverse(f"training:{name}", args=[pk]), form(reason="x"))
        assert response.status_code == 403
    assert Completion.objects.count() == before
    assert not CompletionImport.objects.exclude(taken_back_at=None).exists()


def test_a_coordinator_sees_the_completions_of_his_office_alone(people: Managers, client):
    own = completion(AgentFactory(office=people.coordinator.office), people.hsi_manager, score=Decimal(91))
    other = completion(AgentFactory(office=Office.objects.get(code="HSI-DEN")), people.hsi_manager, score=Decimal(91))
    client.force_login(people.coordinator)
    page = client.get(LIST)
    assert str(own.agent) in page.text
    assert str(other.agent) not in page.text
    assert client.get(other.get_absolute_url()).status_code == 404


def test_the_list_is_filtered_and_marks_what_counts_no_more(people: Managers, manager):
    agent = AgentFactory(last_name="Stone", first_name="Lee")
    found = completion(agent, people.hsi_manager, score=Decimal(91))
    completion(AgentFactory(last_name="Moss"), people.hsi_manager, score=Decimal(91))
    completions.withdraw(found.pk, actor=people.hsi_manager, why="Wrong.")
    page = manager.get(f"{LIST}?text=sto+lee&module=JT-2009")
    assert "Does not count any more" in page.text
    assert "Withdrawn" in page.text
    assert "Moss" not in page.text
    assert "No completion fits" in manager.get(f"{LIST}?text=nobody").text


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("completion_list", 8),
        ("completion_add", 5),
        ("completion_detail", 6),
        ("completion_correct", 5),
        ("completion_withdraw", 5),
        ("completion_imports", 6),
        ("completion_import", 9),
        ("completion_take_back", 8),
        ("completion_upload", 5),
        ("completion_file", 16),
        ("completion_columns", 5),
    ],
)
def test_each_page_asks_so_many_queries_however_much_is_on_it(
    people: Managers, manager, name, queries, django_assert_num_queries
):
    url = pages(people)[name]
    for agent in AgentFactory.create_batch(5):
        completion(agent, people.hsi_manager, score=Decimal(91))
    manager.get(url)
    with django_assert_num_queries(queries):
        assert manager.get(url).status_code == 200


def test_a_training_manager_is_told_that_another_corrects_what_is_his_own(people, manager):
    (own,) = record(entry(username=people.hsi_manager.username, score=Decimal(91)), actor=people.dea_manager).done
    page = manager.get(f"{LIST}{own}/").text
    assert completions.NOT_ONES_OWN in page
    assert reverse("training:completion_correct", args=[own]) not in page
