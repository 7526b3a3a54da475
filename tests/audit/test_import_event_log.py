"""Past histories from files: what is read, what is refused, and that the ledger measures as pandas does."""

from __future__ import annotations

import csv
import hashlib
import io
import random
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from audit import ledger, verify
from audit.imports import record
from audit.imports.log import Columns, LogRefused, read_log
from audit.imports.record import Meaning
from audit.imports.times import TimeOpenToReading, TimeReader, UnreadableTime
from audit.models import AccessRecord, StageVisit, StepEvent
from tests import factories

pytestmark = pytest.mark.django_db

HEADER = ["case:concept:name", "concept:name", "time:timestamp", "org:resource"]
MINING = {"case": HEADER[0], "stage": HEADER[1], "at": HEADER[2]}
STAGES = ["Register", "Überprüfung", "Ask, again", "Decide"]


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "log.csv"


def write(path: Path, rows, *, header=HEADER, encoding="utf-8", **dialect) -> None:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))


def load(path: Path, *, workflow="legacy", **options) -> None:
    call_command("import_event_log", path, workflow=workflow, **{**MINING, **options})


def invented_rows(cases: int, seed: int = 7) -> list[list[str]]:
    """Rows in no order, with offsets of several zones, equal times and stages that are entered again."""
    rng = random.Random(seed)
    rows = []
    for case in range(cases):
        at = datetime(2021, 1, 4, tzinfo=UTC) + timedelta(minutes=rng.randrange(1_000_000))
        for _ in range(rng.randrange(1, 9)):
            offset = timezone(timedelta(hours=rng.choice([-8, 0, 2])))
            rows.append([f"C-{case:03d}", rng.choice(STAGES), at.astimezone(offset).isoformat(), f"user{case % 3}"])
            at += timedelta(milliseconds=rng.choice([0, 1500, 3_600_000, 500_000_123]))
    rng.shuffle(rows)
    return rows


def exported(tmp_path: Path, workflow="legacy") -> pd.DataFrame:
    output = tmp_path / "out.csv"
    call_command("export_processing_times", workflow=workflow, format="csv", output=str(output))
    return pd.read_csv(output, dtype={"case": str}).set_index("case")


def stages_of(subject: str, workflow="legacy") -> list[str]:
    steps = StepEvent.objects.filter(workflow=workflow, subject=subject).order_by("sequence")
    return list(steps.values_list("to_state", flat=True))


@pytest.mark.django_db(transaction=True)
def test_cases_take_as_long_as_pandas_says(file, tmp_path):
    write(file, invented_rows(60))
    load(file)
    found = exported(tmp_path)
    log = pd.read_csv(file)
    log["at"] = pd.to_datetime(log["time:timestamp"], utc=True, format="ISO8601")
    cases = log.groupby("case:concept:name")["at"].agg(["min", "max"])
    assert set(found.index) == set(cases.index)
    cases = cases.reindex(found.index)
    assert (found["elapsed_seconds"] == (cases["max"] - cases["min"]).dt.total_seconds() // 1).all()
    assert (pd.to_datetime(found["started_at"]) == cases["min"].dt.floor("s")).all()
    assert (pd.to_datetime(found["ended_at"]) == cases["max"].dt.floor("s")).all()
    stages = [column for column in found.columns if column in STAGES]
    assert (found[stages].sum(axis=1) == found["business_seconds"]).all()
    assert found["business_seconds"].sum() > 0


def test_imported_steps_verify_and_are_never_mistaken_for_timed_ones(file):
    write(file, invented_rows(20))
    load(file)
    assert set(StepEvent.objects.values_list("source", "transition")) == {("imported", "imported")}
    assert list(verify.findings()) == []
    assert ledger.visits_that_differ() == []


@pytest.mark.parametrize("option", ["outcome", "by=org:resource", "=org:resource", f"{'x' * 61}=org:resource"])
def test_a_dimension_that_reports_could_not_ask_for_is_refused(file, option):
    write(file, invented_rows(1))
    with pytest.raises(CommandError, match="dimension"):
        load(file, dimension=[option])
    assert not StepEvent.objects.exists()


def test_each_case_is_in_order_of_time_and_equal_times_in_order_of_the_file(file):
    write(
        file,
        [
            ["A", "third", "2024-03-05T10:00:00+01:00", ""],
            ["A", "first", "2024-03-05T04:00:00-05:00", ""],
            ["A", "fourth", "2024-03-05T09:00:00Z", ""],
            ["A", "zeroth", "2024-03-05 08:59:59.999999+00:00", ""],
        ],
    )
    load(file)
    assert stages_of("A") == ["zeroth", "third", "first", "fourth"]


def test_actor_dimensions_and_party_are_taken_as_they_stand(file, tmp_path):
    write(file, [["A", "Check", "2024-03-05T10:00Z", " Ann "], ["A", "Done", "2024-03-06T10:00Z", ""]])
    parties = tmp_path / "parties.csv"
    parties.write_text("stage,party\nCheck,HSI\nDone,DEA\n")
    load(file, actor="org:resource", party_map=parties, dimension=["office=org:resource"])
    first, last = StepEvent.objects.order_by("sequence")
    assert (first.actor_name, first.party, first.dimensions) == ("Ann", "HSI", {"office": "Ann"})
    assert (last.actor_name, last.party, last.dimensions, last.final) == ("", "DEA", {}, True)
    assert StageVisit.objects.get().party == "HSI"


def test_with_final_stages_other_cases_stay_open(file):
    rows = [["A", "Check", "2024-03-05T10:00Z", ""], ["A", "Done", "2024-03-06T10:00Z", ""]]
    write(file, [*rows, ["B", "Check", "2024-03-05T10:00Z", ""]])
    load(file, final=["Done"])
    assert list(StageVisit.objects.open().values_list("subject", "stage")) == [("B", "Check")]


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


def read(content: bytes, **options):
    return read_log(content, Columns(*HEADER[:3]), TimeReader(**options), record.span_of_calendar())


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


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_stops_the_whole_import_and_is_named(file, capsys, what):
    write(file, [["G", "x", "2024-03-05T10:00Z", ""], BAD[what]])
    with pytest.raises(CommandError, match=r"Nothing was imported\. Bad rows: 1"):
        load(file)
    at_fault = "the whole row" if what == "too many cells" else "column “"
    assert f"Row 3, {at_fault}" in capsys.readouterr().err
    assert not StepEvent.objects.exists()


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("1948-02-01T10:00Z", "is before the calendar begins, on 1990-01-01"),
        ("2099-02-01T10:00Z", "is after the calendar ends, on 20"),
        ("2024-03-05T10:00+25:00", r"\+25:00 is no offset from UTC"),
    ],
)
def test_a_time_that_cannot_be_is_said_to_be_so_in_plain_words(file, capsys, time, says):
    write(file, [["A", "x", time, ""]])
    with pytest.raises(CommandError):
        load(file)
    assert re.search(says, capsys.readouterr().err)


def test_a_time_to_come_is_bad():
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    log = read(f"{','.join(HEADER[:3])}\nA,x,{tomorrow}\n".encode())
    assert [bad.reason for bad in log.bad] == [f"“{tomorrow}” has not come yet"]


def test_a_file_without_rows_is_no_import(file):
    write(file, [])
    with pytest.raises(CommandError, match="no rows below it"):
        load(file)
    assert not AccessRecord.objects.exists()


def test_rows_that_repeat_others_are_kept_and_told(file, capsys):
    row = ["A", "Check", "2024-03-05T10:00Z", "Ann"]
    again = ["A", "Check", "2024-03-05T11:00+01:00", "Ann"]
    write(file, [row, again, row, ["A", "Check", "2024-03-05T10:00Z", "Bob"], ["B", *row[1:]]])
    load(file, actor="org:resource")
    assert "same case, stage, time and actor), all kept: 2." in capsys.readouterr().out
    assert StepEvent.objects.count() == 5


def test_what_may_be_a_slip_is_warned_of(file, tmp_path, capsys):
    write(file, [["A", "Check", "2024-03-05T10:00Z", ""], ["A", "Done", "2024-03-06T10:00Z", ""]])
    parties = tmp_path / "parties.csv"
    parties.write_text("stage,party\nCheck,HSl\nDone,DEA\n")
    load(file, final=["Done", "Dnoe"], party_map=parties)
    warned = capsys.readouterr().err
    assert "No row is in the final stage “Dnoe”." in warned
    assert "The party “HSl” of the party map is none of this system's: DEA, HSI" in warned
    assert "“DEA”" not in warned


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


def test_times_without_offset_need_a_stated_zone(file):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""], ["A", "y", "2024-07-05 10:00", ""]])
    with pytest.raises(CommandError, match="Row 3, column “time:timestamp”: “2024-07-05 10:00” has no offset"):
        load(file, skip_bad=True)
    load(file, time_zone="America/New_York")
    assert StepEvent.objects.get(to_state="y").at == datetime(2024, 7, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Nowhere/City", "../etc/passwd"])
def test_an_unknown_zone_is_refused(file, zone):
    write(file, [])
    with pytest.raises(CommandError, match="There is no time zone"):
        load(file, time_zone=zone)


AT = datetime(2024, 3, 4, 14, 5, tzinfo=UTC)
READINGS = {
    "2024-03-04T14:05:00Z": AT,
    "2024-03-04 14:05:00+00:00": AT,
    "2024-03-04T16:05+0200": AT,
    "2024-03-04T14:05:00.123456789Z": AT.replace(microsecond=123456),
    "20240304T140500Z": AT,
    "2024/03/04 14:05:00.500": AT.replace(microsecond=500_000),
    "2024.3.4 14:05": AT,
    "2024-03-04 14:05:00 UTC": AT,
    "4 Mar 2024 14:05": AT,
    "04-Mar-2024 14:05:00": AT,
    "March 4, 2024 2:05 PM": AT,
    "2024-03-04": AT.replace(hour=0, minute=0),
}


@pytest.mark.parametrize("text", READINGS)
def test_times_are_read_as_they_are_written(text):
    assert TimeReader(zone=ZoneInfo("UTC")).read(text) == READINGS[text]


def test_the_order_of_day_and_month_is_never_guessed():
    with pytest.raises(TimeOpenToReading):
        TimeReader(zone=ZoneInfo("UTC")).read("3/4/2024 2:05 PM")
    assert TimeReader(ZoneInfo("UTC"), "mdy").read("3/4/2024 2:05 PM") == AT
    assert TimeReader(ZoneInfo("UTC"), "dmy").read("04.03.2024 14:05") == AT
    assert TimeReader(ZoneInfo("UTC"), "mdy").read("3/4/2024 12:05 am") == AT.replace(hour=0)


@pytest.mark.parametrize(
    "text", ["3/4/24 14:05", "2024-13-01", "2024-03-04 25:00", "13:00 PM", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_said_so(text):
    with pytest.raises(UnreadableTime):
        TimeReader(ZoneInfo("UTC"), "mdy").read(text)


def test_an_hour_that_the_clock_skipped_is_no_time_and_one_it_repeated_is_the_first():
    eastern = TimeReader(ZoneInfo("America/New_York"))
    with pytest.raises(UnreadableTime, match="went forward"):
        eastern.read("2024-03-10 02:30")
    assert eastern.read("2024-11-03 01:30") == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


def test_an_interrupted_import_goes_on_where_it_stopped(file, monkeypatch):
    monkeypatch.setattr(record, "BATCH", 20)
    write(file, invented_rows(30))
    meaning = Meaning("legacy", Columns(*HEADER[:3]))
    batches = record.write(read(file.read_bytes()), meaning, actor_name="test", facts={})
    part = next(batches)
    batches.close()
    assert StepEvent.objects.count() == part > 0
    load(file)
    assert StepEvent.objects.count() == len(invented_rows(30))
    assert list(verify.findings()) == []
    assert list(AccessRecord.objects.filter(act="import event log: end").values_list("parameters__complete")) == [
        (True,),
        (False,),
    ]


def test_the_same_file_again_changes_nothing(file):
    write(file, invented_rows(30))
    load(file)
    before = list(StepEvent.objects.values_list("id", "hash"))
    load(file)
    assert list(StepEvent.objects.values_list("id", "hash")) == before


def test_a_case_that_the_ledger_holds_otherwise_is_refused(file, capsys):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    load(file)
    write(file, [["A", "x", "2024-03-05T10:00Z", ""], ["A", "y", "2024-03-06T10:00Z", ""]])
    with pytest.raises(CommandError, match=r"Nothing was imported\. Bad rows: 2"):
        load(file)
    assert "the ledger holds the case “A” with other steps" in capsys.readouterr().err
    assert stages_of("A") == ["x"]


@pytest.mark.parametrize("name", [model.workflow for model in verify.subject_models()])
@pytest.mark.parametrize("written", [str, str.title, "{} ".format, "\t{}".format])
def test_the_workflows_of_this_system_take_no_imports_however_they_are_written(file, name, written):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    with pytest.raises(CommandError, match="times itself"):
        load(file, workflow=written(name))
    assert not StepEvent.objects.exists()


def test_a_history_has_one_name_whatever_the_case_and_the_blanks(file):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    load(file, workflow=" Old files ")
    assert StepEvent.objects.get().workflow == "Old files"
    for name in ("old files", "Old  files", "OLD FILES\n"):
        with pytest.raises(CommandError, match="holds the workflow “Old files”"):
            load(file, workflow=name)
    load(file, workflow="Old files")


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


def test_the_import_is_on_record_with_the_digest_of_the_file(file):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    load(file)
    end, begin = AccessRecord.objects.all()
    assert begin.parameters["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (begin.parameters["file"], begin.parameters["workflow"], end.row_count) == ("log.csv", "legacy", 1)


@pytest.mark.django_db(transaction=True)
def test_the_named_workflow_has_the_columns_of_any_also_where_it_is_the_default(people, tmp_path):
    number = factories.request(people, "dea_intake").number
    found = exported(tmp_path, workflow="request")
    assert list(found.columns[:4]) == ["started_at", "ended_at", "elapsed_seconds", "business_seconds"]
    stages = ["draft", "hsi_review", "dea_intake"]
    assert found.loc[number, stages].sum() == found.loc[number, "business_seconds"]
