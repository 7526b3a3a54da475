"""`manage.py import_roster` does what the upload page does."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from designation.models import Agent, Request, RosterMapping, RosterUpload
from tests.designation.rosters.files import HEADER, csv_file, xlsx_file
from tests.factories import People

pytestmark = pytest.mark.django_db

GOOD = [["00123", "Rivera", "Ana", "Port cases."], ["00124", "Stone", "Lee", "Port cases."]]
BAD = ["00125", "", "Max", "=cmd()"]


@pytest.fixture
def run(people: People, tmp_path: Path):
    """Runs the command on a file of the rows; returns what it printed and its exit code."""

    def run_on(content: bytes, *options: str, office: str = "HSI-MIA", user: str = "") -> tuple[str, int]:
        path = tmp_path / "roster.csv"
        path.write_bytes(content)
        out = io.StringIO()
        username = user or people.coordinator.username
        try:
            call_command("import_roster", str(path), "--office", office, "--user", username, *options, stdout=out)
        except CommandError as error:
            return f"{out.getvalue()}{error}", error.returncode
        return out.getvalue(), 0

    return run_on


def test_a_clean_roster_is_filed_with_exit_code_0(run):
    said, code = run(csv_file([HEADER, *GOOD]))

    assert code == 0
    assert "Ready: 2 (new agents: 2)" in said
    assert "Filed: 2." in said
    assert Request.objects.filter(state="hsi_review").count() == 2


def test_good_rows_are_filed_bad_ones_listed_and_written_with_exit_code_1(run, tmp_path: Path):
    rejected = tmp_path / "rejected.csv"

    said, code = run(csv_file([HEADER, *GOOD, BAD]), "--rejected", str(rejected))

    assert code == 1
    assert "Filed: 2." in said
    assert "Row 4: Last Name: The last name is missing. Fill it in." in said
    assert "Rows not filed: 1." in said
    table = list(csv.reader(io.StringIO(rejected.read_text("utf-8-sig"), newline="")))
    assert table[0] == [*HEADER, "Row in uploaded file", "Why not filed"]
    assert table[1][:5] == ["00125", "", "Max", "'=cmd()", "4"]


def test_the_layout_that_was_read_is_told(run):
    said, _ = run(
        csv_file([["Our agents"], [*HEADER, "Favourite dish"], [*GOOD[0], "Pie"]]), "--map", "favourite dish=ignore"
    )

    assert "Sheet “roster”, header in row 2: 1 row." in said
    assert "Column “Badge Number”: Badge number." in said
    assert "Column “Justification”: Justification." in said
    assert "Columns not used: “Favourite dish”." in said


def test_a_file_without_header_is_mapped_by_the_letters_of_its_columns(run):
    content = csv_file(GOOD)
    said, code = run(content)
    assert code == 2
    assert "seems to have no header row" in said

    letters = {"A": "badge_number", "B": "last_name", "C": "first_name", "D": "justification"}
    options = [text for letter, name in letters.items() for text in ("--map", f"Column {letter}={name}")]
    said, code = run(content, *options)

    assert code == 0
    assert "no header row: 2 rows." in said
    assert Request.objects.count() == 2
    assert not RosterMapping.objects.exists()


def test_the_header_row_can_be_said(run):
    content = csv_file([HEADER, *GOOD[:1], HEADER[:3], GOOD[1][:3]])

    said, code = run(content, "--header-row", "3", "--justification", "Port cases.")

    assert code == 0
    assert "header in row 3: 1 row." in said
    assert run(content, "--header-row", "9")[1] == 2


def test_all_or_nothing_files_nothing_when_a_row_is_bad(run, tmp_path: Path):
    rejected = tmp_path / "rejected.csv"

    said, code = run(csv_file([HEADER, *GOOD, BAD]), "--all-or-nothing", "--rejected", str(rejected))

    assert code == 1
    assert "Nothing was filed" in said
    assert "Row 4: Last Name" in said
    assert rejected.exists()
    assert not Request.objects.exists()


def test_rows_not_filed_are_written_over_no_other_file(run, tmp_path: Path):
    roster, rejected = csv_file([HEADER, *GOOD, BAD]), tmp_path / "rejected.csv"
    rejected.write_text("of last week")
    said, code = run(roster, "--rejected", str(rejected))
    assert (code, Request.objects.count()) == (2, 0)
    assert "stands there already; nothing was done" in said
    said, code = run(roster, "--rejected", str(tmp_path / "roster.csv"), "--overwrite")
    assert (code, "is a file that is read" in said) == (2, True)
    _, code = run(roster, "--rejected", str(rejected), "--overwrite")
    assert (code, Request.objects.count()) == (1, 2)
    assert "of last week" not in rejected.read_text("utf-8-sig")


def test_a_dry_run_changes_nothing(run):
    said, code = run(csv_file([["Tag", *HEADER[1:]], *GOOD]), "--map", "Tag=badge_number", "--dry-run")

    assert code == 0
    assert "Ready: 2" in said
    for model in (Agent, Request, RosterMapping, RosterUpload):
        assert not model.objects.exists()


def test_the_same_file_twice_makes_no_duplicates(run):
    run(csv_file([HEADER, *GOOD]))
    said, code = run(csv_file([HEADER, *GOOD]))

    assert code == 0
    assert "Filed already: 2." in said
    assert Request.objects.count() == 2


def test_unknown_columns_are_asked_about_answered_with_map_and_remembered(run):
    content = csv_file([["Tag", "Who", "Favourite dish"], ["00123", "Rivera, Ana", "Pie"]])
    said, code = run(content)
    assert code == 2
    assert "“Tag”, “Who”, “Favourite dish”" in said
    assert "Badge number" in said

    options = ["--map", "Tag=badge_number", "--map", "who=name", "--map", "Favourite dish=ignore"]
    said, code = run(content, *options, "--justification", "Port cases.")
    assert code == 0

    content = csv_file([["Tag", "Who", "Favourite dish"], ["00124", "Stone, Lee", "Rice"]])
    assert run(content, "--justification", "Port cases.")[1] == 0
    assert set(Request.objects.values_list("agent__badge_number", flat=True)) == {"00123", "00124"}


@pytest.mark.parametrize("option", ["Tag=badge", "Nothing=badge_number", "Tag", "=badge_number"])
def test_a_map_option_that_cannot_be_understood_is_exit_code_2(run, option: str):
    said, code = run(csv_file([["Tag", *HEADER[1:]], *GOOD]), "--map", option)

    assert code == 2
    assert "badge_number, last_name" in said


def test_of_several_sheets_one_is_named(run):
    content = xlsx_file(May=[HEADER, GOOD[0]], June=[HEADER, GOOD[1]])

    assert "May, June" in run(content)[0]
    assert run(content, "--sheet", "June")[1] == 0
    assert Request.objects.get().agent.badge_number == "00124"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"%PDF-1.7", {}, "PDF"),
        (csv_file([HEADER, *GOOD]), {"office": "NOWHERE"}, "No office"),
        (csv_file([HEADER, *GOOD]), {"user": "nobody"}, "No user"),
        (csv_file([HEADER, *GOOD]), {"office": "HSI-DEN"}, "Only a coordinator of the filing office"),
        (csv_file([HEADER]), {}, "no rows below"),
    ],
)
def test_what_cannot_be_used_is_exit_code_2(run, content: bytes, options: dict[str, str], message: str):
    said, code = run(content, **options)

    assert code == 2
    assert message in said
    assert not RosterUpload.objects.exists()


def test_a_missing_file_is_exit_code_2(people: People):
    with pytest.raises(CommandError) as caught:
        call_command("import_roster", "nowhere.csv", "--office", "HSI-MIA", "--user", people.coordinator.username)

    assert caught.value.returncode == 2
    assert "nowhere.csv" in str(caught.value)


def test_where_the_rows_not_filed_cannot_be_written_nothing_is_filed(run, tmp_path: Path):
    said, code = run(csv_file([HEADER, *GOOD, BAD]), "--rejected", str(tmp_path / "nowhere" / "rejected.csv"))
    assert (code, Request.objects.count()) == (2, 0)
    assert "Filed: " not in said
