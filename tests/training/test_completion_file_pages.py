"""Files of completions on pages: previewed, recorded, taken back, and refused where they are too large."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit import jobs
from audit.models import Job
from designation.models import Notice
from tests.designation.rosters.files import csv_file
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, HEADER, completion, entry, record
from tests.training.factories import Managers
from training.completions.columns import MAX_BYTES
from training.models import Completion, CompletionImport, CompletionUpload
from training.workflow import completions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("graded_module")]

UPLOAD = "/training/completions/upload/"


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
