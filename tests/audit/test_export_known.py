"""A filter by what no case of a workflow has is refused, and the refusal names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.audit.event_logs import load, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(file: Path) -> None:
    """Cases of two offices, one of them open, of which only the ledger knows."""
    rows = [["A", "Check", "2024-03-05T10:00Z", "West"], ["A", "Done", "2024-03-06T10:00Z", "West"]]
    write(file, [*rows, ["B", "Check", "2024-03-05T10:00Z", "East"]])
    load(file, dimension=["office=org:resource"], final=["Done"])


def export(folder: Path, *options: str, workflow: str = "legacy") -> str:
    output = folder / "out.csv"
    call_command("export_processing_times", "--workflow", workflow, "--output", str(output), *options)
    return output.read_text()


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (["--kind", "renewal"], "The workflow “legacy” has no dimension “kind”. The dimensions that it has: office."),
        (["--office", "ZZ"], "No step has the office “ZZ”. Among those that there are: East, West."),
        (["--office", "West", "--office", "ZZ"], "No step has the office “ZZ”."),
        (["--outcome", "Nope"], "No step has the outcome “Nope”. Among those that there are: Done, open."),
        (["--outcome", "Check"], "No step has the outcome “Check”."),
    ],
)
@pytest.mark.parametrize("command", ["export_processing_times", "export_event_log"])
def test_what_an_imported_workflow_has_not_is_refused(imported, tmp_path, command, options, refusal):
    output = tmp_path / "out.csv"
    with pytest.raises(CommandError) as error:
        call_command(command, "--workflow", "legacy", "--format", "csv", "--output", str(output), *options)
    assert str(error.value).startswith(refusal)
    assert not output.exists()


def test_a_workflow_without_dimensions_says_so(file, tmp_path):
    write(file, [["A", "Done", "2024-03-06T10:00Z", ""]])
    load(file)
    with pytest.raises(CommandError, match="The dimensions that it has: none"):
        export(tmp_path, "--office", "West")


def test_a_workflow_with_a_model_has_no_more_dimensions_than_it_declares(people, tmp_path):
    with pytest.raises(CommandError, match="The workflow “dispute” has no dimension “priority”"):
        export(tmp_path, "--priority", "expedited", workflow="dispute")


@pytest.mark.parametrize(
    ("options", "case"),
    [(["--office", "East"], "B"), (["--outcome", "open"], "B"), (["--outcome", "Done"], "A")],
)
def test_what_an_imported_workflow_has_is_filtered_by(imported, tmp_path, options, case):
    assert [line.split(",")[0] for line in export(tmp_path, *options).splitlines()] == ["case", case]


def test_any_dimension_of_an_imported_workflow_can_be_filtered_by(file, tmp_path):
    write(file, [[case, "Done", "2024-03-06T10:00Z", place] for case, place in zip("ABCD", "WENW", strict=True)])
    load(file, dimension=["sales region=org:resource"])
    asked = [f"--dimension=sales region={place}" for place in ("W", "N")]
    assert [line[:1] for line in export(tmp_path, *asked).splitlines()[1:]] == ["A", "C", "D"]
    with pytest.raises(CommandError, match="The dimensions that it has: sales region"):
        export(tmp_path, "--dimension", "region=W")
    with pytest.raises(CommandError, match=r"the sales region “South”\. Among those that there are: E, N, W"):
        export(tmp_path, "--dimension", "sales region=South")


def test_both_ways_to_name_a_dimension_come_to_the_same(imported, tmp_path):
    both = export(tmp_path, "--office", "West", "--dimension", "office=East")
    assert [line[:1] for line in both.splitlines()[1:]] == ["A", "B"]


@pytest.mark.parametrize("text", ["West", "=West", "region=", "region"])
def test_a_dimension_without_its_name_or_value_is_refused(imported, tmp_path, text):
    with pytest.raises(CommandError, match=f"“{text}” names no dimension with a value: write it as region=West"):
        export(tmp_path, "--dimension", text)
