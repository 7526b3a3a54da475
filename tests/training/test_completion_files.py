"""Files of completions: what is read of them, what is recorded, and that nothing of a bad one is lost."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from designation.sheets.columns import Table, propose
from designation.sheets.files import Row, Sheet, UnusableFile
from tests.designation.rosters.files import csv_file, xlsx_file, xlsx_sheet
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, in_force
from tests.training.factories import Managers
from training.completions import uploads
from training.completions.columns import COMPLETIONS, MAX_BYTES
from training.completions.entries import Field
from training.completions.files import day_of, read_rows, result_of, score_of
from training.models import Completion, CompletionImport, CompletionUpload

HEADER = ["Employee ID", "Learner Name", "Email", "Course Code", "Completion Date", "Status", "Score"]


@pytest.fixture
def people(db: None) -> Managers:
    found = Managers()
    in_force(found, pass_mark=80)
    AgentFactory(badge_number="K00123", email="ana@example.gov")
    AgentFactory(badge_number="K00124", email="lee@example.gov")
    return found


GOOD = [
    ["K00123", "Rivera, Ana", "ana@example.gov", "JT-2009", "05/03/2024", "Passed", "91"],
    ["K00124", "Stone, Lee", "", "jt-2009", "2024-05-03", "Completed", "70.5"],
]
PLAIN = ["K00123", "Ána", "", "JT-2009", "2024-05-03", "", "91"]
BAD = [
    ["99999", "Moss, Kim", "", "JT-2009", "05/03/2024", "Passed", "91"],
    ["K00123", "Rivera, Ana", "", "JT-2009", "soon", "Enrolled", "much"],
]


def start(people: Managers, rows: list[list[str]], name: str = "export.csv", content: bytes = b"") -> CompletionUpload:
    return uploads.start_upload(content or csv_file([HEADER, *rows]), name, people.hsi_manager)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Badge #", Field.BADGE_NUMBER),
        ("Employee ID", Field.BADGE_NUMBER),
        ("Learner E-mail", Field.EMAIL),
        ("User Name", Field.USERNAME),
        ("Course ID", Field.MODULE),
        ("Module Code", Field.MODULE),
        ("Completion Date/Time", Field.COMPLETED_ON),
        ("Completed", Field.COMPLETED_ON),
        ("Completion Status", Field.RESULT),
        ("Pass/Fail", Field.RESULT),
        ("Final score (%)", Field.SCORE),
        ("Certificate No.", Field.EVIDENCE),
    ],
)
def test_the_usual_headers_are_known(header, field):
    found = COMPLETIONS.vocabulary.recognise(header)
    assert found is not None
    assert found[0] is field


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "2024-05-03 14:30",
        "2024-05-03T14:30:00Z",
        "5/3/2024",
        "05/03/24",
        "5/3/2024 2:30 PM",
        "05/03/2024 14:30:11",
        "May 3, 2024",
        "3 May 2024",
        "03-May-2024",
        "20240503",
    ],
)
def test_days_are_read_in_the_usual_forms(text):
    assert day_of(text) == date(2024, 5, 3)


@pytest.mark.parametrize("text", ["soon", "13/13/2024", "2024-02-30", "45415", "5/3"])
def test_what_is_no_day_is_not_taken_for_one(text):
    assert day_of(text) is None


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("85", "85"),
        ("85%", "85"),
        ("85.5 %", "85.5"),
        ("85,5", "85.5"),
        ("17/20", "85"),
        ("0.5 %", "0.5"),
        ("101", "101"),
    ],
)
def test_scores_are_read_as_percent(text, score):
    assert score_of(text) == Decimal(score)


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(1, 100))
def test_points_below_the_pass_mark_never_reach_it(part, whole, mark):
    score = score_of(f"{part}/{whole}")
    assert score is not None
    assert (score >= mark) is (part * 100 >= mark * whole)


@pytest.mark.parametrize(
    "text", ["much", "1/0", "NaN", "Infinity", "1E999999", "A-", "-17/-20", "17/20 %", "9" * 5_000]
)
def test_what_is_no_score_is_not_taken_for_one(text):
    assert score_of(text) is None


@pytest.mark.parametrize("text", ["0.85", ".85", "0,85", "0.0001"])
def test_a_bare_score_between_0_and_1_is_asked_about(text):
    (fault,) = read(["K00123", "", "", "JT-2009", "2024-05-03", "", text]).faults
    assert (fault.field, fault.reason) == (Field.SCORE, "This may be a share or a percentage.")
    assert "85 %" in fault.remedy


def test_a_number_that_a_workbook_shows_as_percent_is_taken_as_shown(people: Managers):
    def fill(sheet: Any, workbook: Any) -> None:
        sheet.write_row(0, 0, HEADER)
        for row, (share, shown) in enumerate([(0.85, "0%"), (0.915, "0.00%"), (1, "0.0 %")], start=1):
            sheet.write_row(row, 0, ["K00123", "", "", "JT-2009", f"2024-05-0{row}", "Completed"])
            sheet.write_number(row, 6, share, workbook.add_format({"num_format": shown}))

    plan = uploads.plan_upload(start(people, [], "export.xlsx", xlsx_sheet(fill)), people.hsi_manager)
    assert [(item.entry.score, item.passed) for item in plan.ready] == [
        (Decimal(85), True),
        (Decimal("91.5"), True),
        (Decimal(100), True),
    ]


@pytest.mark.parametrize(
    ("text", "result"),
    [("PASS", "passed"), ("Not Passed", "failed"), ("Complete", "completed"), ("", "completed"), ("In Progress", None)],
)
def test_results_are_read(text, result):
    assert result_of(text) == result


def read(*rows: list[str], header: list[str] = HEADER) -> Any:
    sheet = Sheet("x", tuple(Row(number, tuple(row)) for number, row in enumerate([header, *rows], start=1)))
    proposal = propose(sheet, COMPLETIONS)
    return read_rows(Table(proposal.headers, proposal.mapping, sheet.rows[1:]))


def test_each_cell_that_cannot_be_read_is_told():
    found = read(BAD[1], ["1E+05", "", "", "", "", "", ""], ["K00123", "", "", "JT-\u200b1", "2024-05-03", "", ""])
    told = [(fault.row, fault.field.value) for fault in found.faults]
    assert told == [
        (2, "completed_on"),
        (2, "result"),
        (2, "score"),
        (3, "badge_number"),
        (3, "module"),
        (3, "completed_on"),
        (4, "module"),
    ]
    assert found.entries == []


def test_a_file_with_usual_headers_needs_no_question(people: Managers):
    upload = start(people, [*GOOD, *BAD])
    plan = uploads.plan_upload(upload, people.hsi_manager)
    assert upload.is_mapped
    assert [(item.entry.row, item.passed) for item in plan.ready] == [(2, True), (3, False)]
    assert plan.ready[1].below_mark
    assert plan.failed == 1
    assert plan.reasons == {
        4: "Employee ID: No agent has this badge number. Correct it.",
        5: (
            "Completion Date: This is not a date. Write it as 2024-05-03 or 05/03/2024."
            " Status: Nothing is completed yet. Remove the row."
            " Score: This is not a score. Write a percentage, as 85 or 85.5, or 17/20."
        ),
    }
    assert not Completion.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons in Windows-1252", "\r\n".join(";".join(row) for row in [HEADER, *GOOD]).encode("cp1252")),
        ("UTF-16", "\r\n".join("\t".join(row) for row in [HEADER, *GOOD]).encode("utf-16")),
        ("UTF-8 with its mark", "\n".join(",".join(row) for row in [HEADER, PLAIN]).encode("utf-8-sig")),
        ("workbook", xlsx_file(Transcript=[["Transcript of May"], [], HEADER, *GOOD])),
    ],
)
def test_other_encodings_and_workbooks_are_read(people: Managers, name, content):
    plan = uploads.plan_upload(start(people, [], name, content), people.hsi_manager)
    assert plan.ready
    assert plan.problems == []


def test_recording_keeps_the_good_rows_and_the_result_and_is_done_once(people: Managers):
    upload = start(people, [*GOOD, *BAD, GOOD[0]])
    results = [uploads.record_upload(upload, people.hsi_manager) for _ in range(2)]
    assert results[0] == results[1]
    assert (results[0].recorded, results[0].duplicates, list(results[0].rejected)) == (2, 1, [4, 5])
    file = CompletionImport.objects.get()
    assert (file.rows, file.file_name, file.sha256) == (2, "export.csv", upload.sha256)
    assert set(Completion.objects.values_list("imported", "source", "completed_on")) == {(file.pk, "file", DAY)}
    with pytest.raises(UnusableFile, match="has been recorded"):
        uploads.choose_sheet(upload, people.hsi_manager, upload.sheet)


def test_the_bad_rows_come_back_corrected_in_their_own_columns(people: Managers):
    upload = start(people, [*GOOD, *BAD])
    uploads.record_upload(upload, people.hsi_manager)
    text = uploads.rejected_rows(upload, people.hsi_manager)
    titles, *rows = list(csv.reader(io.StringIO(text)))
    assert titles == [*HEADER, "Row in uploaded file", "Why not recorded"]
    assert [row[7] for row in rows] == ["4", "5"]
    again = start(people, [], content=text.replace("99999", "K00124").encode())
    assert [item.entry.row for item in uploads.plan_upload(again, people.hsi_manager).ready] == [2]


def test_unknown_columns_are_asked_for_once_and_then_remembered(people: Managers):
    odd = [["Tag", "What", "When", "Points"], ["K00123", "JT-2009", "2024-05-03", "90"]]
    upload = start(people, [], content=csv_file(odd))
    assert not upload.is_mapped
    mapping = {Field.BADGE_NUMBER: 0, Field.MODULE: 1, Field.COMPLETED_ON: 2, Field.SCORE: 3}
    with pytest.raises(UnusableFile, match="Date completed"):
        uploads.apply_mapping(
            upload, people.hsi_manager, sheet="export", header_row=1, mapping={Field.BADGE_NUMBER: 0, Field.MODULE: 1}
        )
    uploads.apply_mapping(upload, people.hsi_manager, sheet="export", header_row=1, mapping=mapping)
    assert len(uploads.plan_upload(upload, people.hsi_manager).ready) == 1
    assert start(people, [], content=csv_file(odd)).is_mapped


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7", "a PDF document"),
        (b"x" * (MAX_BYTES + 1), "larger than 25 MB"),
        (csv_file([HEADER]), "no rows below its header"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(people: Managers, content, said):
    with pytest.raises(UnusableFile, match=said):
        uploads.start_upload(content, "export.csv", people.hsi_manager)
    assert not CompletionUpload.objects.exists()


def test_only_training_managers_bring_files(people: Managers):
    with pytest.raises(PermissionDenied):
        uploads.start_upload(csv_file([HEADER, *GOOD]), "export.csv", people.coordinator)


class TestCommand:
    @pytest.fixture
    def run(self, people: Managers, tmp_path: Path):
        def run(rows: list[list[str]], *options: str, header: list[str] = HEADER) -> tuple[str, int]:
            file = tmp_path / "export.csv"
            file.write_bytes(csv_file([header, *rows]))
            said, code = io.StringIO(), 0
            try:
                call_command(
                    "import_completions", str(file), "--user", people.hsi_manager.username, *options, stdout=said
                )
            except CommandError as error:
                said.write(str(error))
                code = error.returncode
            return said.getvalue(), code

        return run

    def test_it_records_the_good_rows_and_lists_the_others(self, run, tmp_path: Path):
        rejected = tmp_path / "bad.csv"
        said, code = run([*GOOD, *BAD], "--rejected", str(rejected))
        assert code == 1
        assert (
            "Ready: 2 (failed attempts: 1). On record already, or repeated: 0."
            " Withdrawn or corrected before: 0. With errors: 2." in said
        )
        assert "Recorded: 2." in said
        assert "Row 4: Employee ID: No agent has this badge number." in said
        assert "Why not recorded" in rejected.read_text("utf-8-sig")
        assert Completion.objects.count() == 2

    def test_a_dry_run_and_all_or_nothing_record_nothing(self, run):
        assert run(GOOD, "--dry-run")[1] == 0
        said, code = run([*GOOD, *BAD], "--all-or-nothing")
        assert (code, "Nothing was recorded" in said) == (1, True)
        assert not Completion.objects.exists()
        assert not CompletionUpload.objects.exclude(recorded_at=None).exists()

    def test_columns_are_mapped_by_option(self, run):
        header = [*HEADER[:3], "What", *HEADER[4:]]
        said, code = run(GOOD, header=header)
        assert code == 2
        assert "Say with --map what these columns mean: “What”." in said
        assert run(GOOD, "--map", "What=module", header=header)[1] == 0
        assert Completion.objects.count() == 2

    @pytest.mark.parametrize("options", [["--user", "nobody"], ["--map", "Nothing=module"], ["--sheet", "other"]])
    def test_what_cannot_be_used_changes_nothing(self, run, options):
        assert run(GOOD, *options)[1] == 2
        assert not CompletionUpload.objects.exists()
