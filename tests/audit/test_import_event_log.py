"""Past histories come from files into the ledger whole and once, and it measures them as pandas does."""

from __future__ import annotations

import hashlib
import random
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from audit import ledger, verify
from audit.imports import record
from audit.imports.log import Columns
from audit.imports.record import Meaning
from audit.models import AccessRecord, StageVisit, StepEvent
from tests import factories
from tests.audit.event_logs import HEADER, load, read, stages_of, write

pytestmark = pytest.mark.django_db

STAGES = ["Register", "Überprüfung", "Ask, again", "Decide"]


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


def test_the_same_file_read_with_another_party_map_is_told_from_one_with_other_steps(file, capsys):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    load(file)
    with pytest.raises(CommandError, match="Nothing was imported"):
        load(file, final=["y"])
    assert "with the same steps and another party map, other final stages" in capsys.readouterr().err


def test_a_refusal_says_how_many_of_the_other_cases_the_ledger_holds(file):
    cases = [[case, "x", "2024-03-05T10:00Z", ""] for case in "ABC"]
    write(file, cases)
    load(file)
    write(file, [*cases, ["C", "y", "2024-03-06T10:00Z", ""]])
    with pytest.raises(CommandError, match=r"0 new cases with 0 events\. In the ledger already: 2 cases\."):
        load(file)


def test_what_corrects_a_case_on_the_ledger_is_said_once(file, capsys):
    cases = [[case, "x", "2024-03-05T10:00Z", ""] for case in "AB"]
    write(file, cases)
    load(file)
    write(file, [*cases, *([case, "y", "2024-03-06T10:00Z", ""] for case in "AB")])
    with pytest.raises(CommandError):
        load(file)
    told = capsys.readouterr().err
    assert told.count("import the whole corrected file under another name: --workflow NAME") == 1
    assert "The ledger holds 2 of the cases otherwise, and a history on it is never changed." in told
    load(file, workflow="legacy, corrected")
    assert "otherwise" not in capsys.readouterr().err


def test_a_rehearsal_says_what_would_come_and_writes_nothing(file, tmp_path, capsys):
    write(file, [["A", "Check", "2024-03-05T10:00Z", ""], ["A", "Done", "2024-03-06T10:00Z", ""]])
    parties = tmp_path / "parties.csv"
    parties.write_text("stage,party\nCheck,HSI\n")
    load(file, check=True, party_map=parties)
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == [
        "Stage “Check”: 1 event, on HSI’s clock.",
        "Stage “Done”: 1 event, on nobody’s clock.",
    ]
    assert "Only checked, nothing was written. It would import 1 cases with 2 events as workflow “legacy”." in said.out
    assert "The party map does not name the stage “Done”" in said.err
    assert not StepEvent.objects.exists()
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize("skip_bad", [True, False])
def test_a_rehearsal_names_bad_rows_and_writes_them_nowhere(file, tmp_path, capsys, skip_bad):
    write(file, [["A", "Check", "2024-03-05T10:00Z", ""], ["B", "Check", "yesterday", ""]])
    stopped = (
        nullcontext() if skip_bad else pytest.raises(CommandError, match=r"Nothing would be imported\. Bad rows: 1")
    )
    with stopped:
        load(file, check=True, skip_bad=skip_bad, rejected=tmp_path / "bad.csv")
    said = capsys.readouterr()
    assert "Row 3, column “time:timestamp”: “yesterday” is not a time that is understood." in said.err
    assert "Stage “Check”: 1 event, on" in said.out
    assert ("Bad rows left out: 1." in said.out) == skip_bad
    assert list(tmp_path.iterdir()) == [file]
    assert not StepEvent.objects.exists()


def test_a_rehearsal_finds_the_cases_that_the_ledger_holds(file, capsys):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""]])
    load(file)
    write(file, [["A", "y", "2024-03-05T10:00Z", ""]])
    with pytest.raises(CommandError, match="Nothing would be imported"):
        load(file, check=True)
    assert "The ledger holds 1 of the cases otherwise" in capsys.readouterr().err


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
