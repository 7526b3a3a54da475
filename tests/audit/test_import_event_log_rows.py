"""What is read of the file of an event log; a bad row is named, and stops the import or is left out on demand."""

from __future__ import annotations

import csv

import pytest
from django.core.management import CommandError

from audit.imports.log import LogRefused
from audit.models import AccessRecord, StepEvent
from tests.audit.event_logs import HEADER, load, read, stages_of, write

pytestmark = pytest.mark.django_db

BAD = {
    "blank case": ["", "x", "2024-03-05T10:00Z"],
    "blank stage": ["A", " ", "2024-03-05T10:00Z"],
    "blank time": ["A", "x", ""],
    "no time": ["A", "x", "yesterday"],
    "no day": ["A", "x", "2024-02-30T10:00Z"],
    "before the calendar": ["A", "x", "1948-02-01T10:00Z"],
    "after the calendar": ["A", "x", "2099-02-01T10:00Z"],
    "offset": ["A", "x", "2024-03-05T10:00+25:00"],
    "long stage": ["A", "x" * 121, "2024-03-05T10:00Z"],
    "long case": ["A" * 121, "x", "2024-03-05T10:00Z"],
    "too many cells": ["A", "x", "2024-03-05T10:00Z", "", "shifted"],
    "too few cells": ["A", "x"],
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(file, encoding, delimiter):
    rows = [["A", "Prüfung, zweite", "2024-03-05T10:00Z", ""], ["A", "Ende; aus", "2024-03-06T10:00Z", ""]]
    write(file, rows, encoding=encoding, delimiter=delimiter)
    load(file)
    assert stages_of("A") == ["Prüfung, zweite", "Ende; aus"]


def test_quoted_newlines_huge_cells_and_blank_rows_are_borne(file):
    note = "x" * 300_000 + '\n"quoted"'
    rows = [["A", "one", "2024-03-05T10:00Z", note], [], ["", "", "", ""], ["A", "two", "bad", note]]
    write(file, rows)
    log = read(file.read_bytes())
    assert [event.stage for event in log.cases["A"]] == ["one"]
    assert [bad.row for bad in log.bad] == [5]
    assert csv.field_size_limit() < 300_000


def test_a_column_that_is_missing_or_doubled_is_named(file):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    with pytest.raises(CommandError, match=r"No column is called “Activity”\. The columns are: “case:concept:name”"):
        load(file, stage="Activity")
    write(file, [], header=["a", "a", "b"])
    with pytest.raises(CommandError, match="Several columns are called “a”"):
        load(file, case="a", stage="b", at="b")


def test_a_quotation_mark_left_open_is_refused():
    with pytest.raises(LogRefused, match="quotation mark"):
        read(b'case:concept:name,concept:name,time:timestamp\nA,"x,2024-03-05T10:00Z\n')


def test_a_file_without_rows_is_no_import(file):
    write(file, [])
    with pytest.raises(CommandError, match="no rows below it"):
        load(file)
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \n"])
def test_an_empty_file_is_called_empty(file, content):
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"The file is empty: it needs a row of headers"):
        load(file)


def test_an_empty_party_map_is_called_empty(file, tmp_path):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    (tmp_path / "parties.csv").touch()
    with pytest.raises(CommandError, match="The party map is empty"):
        load(file, party_map=tmp_path / "parties.csv")


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_stops_the_whole_import_and_is_named(file, capsys, what):
    write(file, [["G", "x", "2024-03-05T10:00Z", ""], BAD[what]])
    with pytest.raises(CommandError, match=r"Nothing was imported\. Bad rows: 1"):
        load(file)
    at_fault = "the whole row" if what == "too many cells" else "column “"
    assert f"Row 3, {at_fault}" in capsys.readouterr().err
    assert not StepEvent.objects.exists()


def test_bad_rows_are_left_out_on_demand_and_written_with_their_reasons(file, tmp_path):
    good = ["A", "Check", "2024-03-05T10:00Z", "Ann"]
    write(file, [good, *BAD.values(), ["A", "Done", "2024-03-06T10:00Z", "Ann"]])
    load(file, skip_bad=True)
    assert stages_of("A") == ["Check", "Done"]
    with (tmp_path / "log.csv.rejected.csv").open(encoding="utf-8-sig", newline="") as rejected:
        header, *rows = csv.reader(rejected)
    assert header == [*HEADER, "", "Row", "Reason"]
    assert [row[-2] for row in rows] == [str(number) for number in range(3, 3 + len(BAD))]
    assert all(row[-1] for row in rows)


def test_bad_rows_are_written_over_no_file(file, tmp_path):
    write(file, [["A", "Check", "2024-03-05T10:00Z", "Ann"], BAD["no time"]])
    log = file.read_bytes()
    with pytest.raises(CommandError, match="is a file that is read"):
        load(file, skip_bad=True, rejected=file, overwrite=True)
    rejected = tmp_path / "log.csv.rejected.csv"
    rejected.write_text("of last week")
    with pytest.raises(CommandError, match="stands there already; nothing was done"):
        load(file, skip_bad=True)
    assert (file.read_bytes(), rejected.read_text()) == (log, "of last week")
    assert not StepEvent.objects.exists()
    load(file, skip_bad=True, overwrite=True)
    assert "yesterday" in rejected.read_text()
    load(file, skip_bad=True)  # again, with the same rows bad, as after an interruption
