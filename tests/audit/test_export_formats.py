"""Files of every format, read back with the tools of their users, hold what the CSV file holds."""

from __future__ import annotations

import csv
import os
import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import openpyxl
import pandas as pd
import pm4py
import pypdf
import pytest
from django.core.management import call_command
from django.utils import timezone
from pyarrow import parquet

from audit import exports, ledger
from audit.exports.columns import HOURS, INSTANT
from audit.exports.formats import CannotWrite
from audit.exports.writers import parquet as parquet_writer
from audit.exports.writers import xlsx
from audit.ledger import PastStep
from audit.models import StepEvent
from designation.demo.data import make_demo_data
from tests import factories
from tests.audit.test_report_files import tagged

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


def many(count: int) -> None:
    steps = [PastStep(f"C-{place}", "work", "work", party="us", at=MONDAY) for place in range(count)]
    ledger.append_history("case", steps, source="imported")


def written(folder: Path, format: str, workflow: str = "request", command: str = "export_processing_times") -> Path:
    file = folder / f"export.{exports.FORMATS[format].suffix}"
    named = {} if workflow == "request" else {"workflow": workflow}
    call_command(command, format=format, output=str(file), **named)
    return file


def read_csv(folder: Path, workflow: str = "request") -> list[dict[str, str]]:
    with written(folder, "csv", workflow).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same_but_the_instant(row: dict[str, str]) -> dict[str, str]:
    """Open stays count up to the export, and two exports are made at two instants."""
    return {name: text for name, text in row.items() if name != "as_of"}


def as_csv(name: str, value: object) -> str:
    """How the CSV file writes a value that another format holds typed."""
    if value is None or value is pd.NaT:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{value:.4f}" if name.endswith("_hours") and isinstance(value, int | float) else str(value)


@pytest.fixture
def decided(people) -> None:
    """Requests of which none is open, so that no figure moves between two exports."""
    for state in ("approved", "denied", "withdrawn"):
        factories.requests(people, state, count=3)


def test_a_workbook_holds_what_the_csv_file_holds(tmp_path, decided):
    expected = [same_but_the_instant(row) for row in read_csv(tmp_path)]
    book = openpyxl.load_workbook(written(tmp_path, "xlsx"))
    sheet = book["Processing times"]
    header, *rows = sheet.iter_rows(values_only=True)
    found = [
        same_but_the_instant({name: as_csv(name, cell) for name, cell in zip(header, row, strict=True)}) for row in rows
    ]
    assert found == expected
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions


def test_a_workbook_has_real_dates_and_numbers_definitions_and_parameters(tmp_path, decided):
    book = openpyxl.load_workbook(written(tmp_path, "xlsx"))
    header, row, *_ = book["Processing times"].iter_rows(values_only=True)
    cells = dict(zip(header, row, strict=True))
    columns = exports.processing_times("request").columns
    assert [column.name for column in columns] == list(header)
    assert all(
        cells[column.name] is None or isinstance(cells[column.name], datetime)
        for column in columns
        if column.unit == INSTANT
    )
    assert all(isinstance(cells[column.name], int | float | None) for column in columns if column.unit == HOURS)
    defined = {name: holds for name, holds, *_ in book["Definitions"].iter_rows(min_row=2, values_only=True)}
    assert defined == {column.name: column.holds for column in columns}
    parameters = dict(book["Parameters"].iter_rows(min_row=2, values_only=True))
    assert parameters["row_count"] == "9"
    assert parameters["made_for"] == f"command line, uid {os.getuid()}"
    assert f"last_event: {StepEvent.objects.last().pk}" in parameters["ledger"]


def test_text_in_a_workbook_is_never_a_formula(tmp_path):
    text = '=HYPERLINK("https://example.gov","x")'
    ledger.append_history("case", [PastStep(text, "=1+1", "=1+1", party="us", at=MONDAY)], source="imported")
    sheet = openpyxl.load_workbook(written(tmp_path, "xlsx", "case")).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type) == (text, "s")
    assert sheet["F1"].data_type == "s"


@pytest.mark.parametrize(("count", "on_sheets"), [(4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path, monkeypatch, count, on_sheets):
    monkeypatch.setattr(xlsx, "ROWS_OF_A_SHEET", 5)
    many(count)
    sheets = openpyxl.load_workbook(written(tmp_path, "xlsx", "case")).worksheets[:-2]
    cases = [[row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in sheets]
    assert [len(on_sheet) for on_sheet in cases] == on_sheets
    assert list(chain(*cases)) == [f"C-{place}" for place in range(count)]
    assert all(sheet.freeze_panes == "A2" for sheet in sheets)


def test_a_workbook_of_nothing_has_its_header(tmp_path):
    file = tmp_path / "none.xlsx"
    call_command("export_processing_times", "--format", "xlsx", "--output", str(file), "--outcome", "open")
    (header,) = openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
    assert header[0] == "number"


def test_a_text_that_no_cell_holds_is_refused_and_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "LONGEST_TEXT", 10)
    ledger.append_history("case", [PastStep("C" * 11, "work", "work", at=MONDAY)], source="imported")
    source = exports.processing_times("case")
    with pytest.raises(CannotWrite, match="Take CSV or Parquet"):
        exports.make_file(source, "xlsx", tmp_path / "times.xlsx", actor_name="test")
    assert list(tmp_path.iterdir()) == []


def test_parquet_holds_what_the_csv_file_holds(tmp_path, decided):
    expected = [same_but_the_instant(row) for row in read_csv(tmp_path)]
    table = parquet.read_table(written(tmp_path, "parquet"))
    found = [
        same_but_the_instant({name: as_csv(name, cell) for name, cell in row.items()}) for row in table.to_pylist()
    ]
    assert found == expected
    total = table.schema.field("total_hours")
    assert total.metadata[b"unit"] == b"business hours"
    assert table.schema.field("ended_at").type.tz == "UTC"


def test_parquet_is_written_in_groups_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_writer, "ROWS_IN_A_GROUP", 4)
    many(9)
    metadata = parquet.read_metadata(written(tmp_path, "parquet", "case"))
    assert (metadata.num_row_groups, metadata.num_rows) == (3, 9)


def durations(workflow: str) -> dict[str, timedelta]:
    """From the first to the last step of each subject."""
    times: dict[str, list[datetime]] = {}
    for step in StepEvent.objects.filter(workflow=workflow).order_by("sequence"):
        times.setdefault(step.subject, []).append(step.at)
    return {subject: at[-1] - at[0] for subject, at in times.items()}


@pytest.fixture
def year() -> None:
    make_demo_data(seed=5, count=80, until=timezone.now())


def test_process_mining_reads_the_xes_log(tmp_path, year):
    log = pm4py.read_xes(str(written(tmp_path, "xes")))
    expected = durations("request")
    assert len(log) == StepEvent.objects.filter(workflow="request").count()
    times = log.groupby("case:concept:name")["time:timestamp"].agg(["min", "max"])
    assert dict(zip(times.index, times["max"] - times["min"], strict=True)) == expected
    assert set(log["concept:name"]) == set(
        StepEvent.objects.filter(workflow="request").values_list("transition", flat=True)
    )


def test_process_mining_reads_the_object_centric_log(tmp_path, year):
    log = pm4py.read_ocel2(str(written(tmp_path, "ocel")))
    expected = durations("request")
    of_requests = log.relations[log.relations["ocel:type"] == "request"]
    times = of_requests.groupby("ocel:oid")["ocel:timestamp"].agg(["min", "max"])
    found = {name.removeprefix("subject "): end - begin for name, begin, end in times.itertuples()}
    assert found == expected
    assert len(log.events) == StepEvent.objects.filter(workflow="request").count()
    people = set(StepEvent.objects.filter(workflow="request").values_list("actor_name", flat=True))
    assert set(log.objects[log.objects["ocel:type"] == "person"]["ocel:oid"]) == {f"person {name}" for name in people}


IMPORTED = [("Register", 0), ("Ask, again", 1), ("Register", 2), ("Decide", 3)]
FOLLOWED = {("Register", "Ask, again"): 1, ("Ask, again", "Register"): 1, ("Register", "Decide"): 1}


@pytest.fixture
def imported() -> None:
    steps = [
        PastStep(
            "C-1", "imported", stage, at=MONDAY + timedelta(hours=hours), dimensions={"final": "x", "the office": "y"}
        )
        for stage, hours in IMPORTED
    ]
    ledger.append_history("case", steps, source="imported")


def test_the_activities_of_an_imported_history_are_the_stages_entered(tmp_path, imported):
    log = pm4py.read_xes(str(written(tmp_path, "xes", "case")))
    followed, first, last = pm4py.discover_dfg(log)
    assert followed == FOLLOWED
    assert (first, last) == ({"Register": 1}, {"Decide": 1})
    ocel = pm4py.read_ocel2(str(written(tmp_path, "ocel", "case")))
    flat = pm4py.ocel_flattening(ocel, "case")
    assert pm4py.discover_dfg(flat)[0] == FOLLOWED


XES = "{http://www.xes-standard.org/}"
PARTS_IN_ORDER = ["extension", "global", "classifier", "attribute", "trace"]
ATTRIBUTES = {"string", "date", "int", "float", "boolean", "id", "list"}
XML_NAME = re.compile(r"[^\W\d][\w.:-]*")


@pytest.mark.parametrize("workflow", ["request", "case"])
def test_an_xes_log_keeps_the_rules_of_ieee_1849(tmp_path, people, imported, workflow):
    """Those of its schema, and those of its text that no schema can say."""
    factories.requests(people, "approved", count=2)
    log = ElementTree.parse(written(tmp_path, "xes", workflow)).getroot()  # noqa: S314 - made here
    assert log.tag == f"{XES}log"
    assert float(log.attrib["xes.version"]) == 1849.2016
    parts = [child.tag.removeprefix(XES) for child in log]
    kinds = ["attribute" if part in ATTRIBUTES else part for part in parts]
    assert kinds == sorted(kinds, key=PARTS_IN_ORDER.index)
    declared = {part.attrib["scope"]: attributes(part) for part in log.findall(f"{XES}global")}
    for classifier in log.findall(f"{XES}classifier"):
        assert re.fullmatch(r"[^\W\d][\w.-]*", classifier.attrib["name"])
        assert set(classifier.attrib["keys"].split()) <= set(declared[classifier.attrib["scope"]])
    prefixes = {extension.attrib["prefix"] for extension in log.findall(f"{XES}extension")}
    traces = log.findall(f"{XES}trace")
    assert traces
    for scope, components in (("trace", traces), ("event", log.findall(f"{XES}trace/{XES}event"))):
        for component in components:
            found = attributes(component)
            assert declared[scope].items() <= found.items(), "a global attribute is in each, of its type"
            assert {key.partition(":")[0] for key in found if ":" in key} <= prefixes


def attributes(component: Element) -> dict[str, str]:
    """Key -> type, in a component that has its attributes first, and each key once."""
    tags = [child.tag.removeprefix(XES) for child in component]
    own = [child for child, tag in zip(component, tags, strict=True) if tag in ATTRIBUTES]
    assert tags == [child.tag.removeprefix(XES) for child in own] + ["event"] * (len(tags) - len(own))
    found = {child.attrib["key"]: child.tag.removeprefix(XES) for child in own}
    assert len(found) == len(own)
    assert all(XML_NAME.fullmatch(key) for key in found)
    return found


# Stages that are called like columns, or like what the statement and the reports call theirs.
LIKE_COLUMNS = [
    "case",
    "started_at",
    "ended_at",
    "business_seconds",
    "outcome",
    "case (stage)",
    "column_0",
    "as_of",
    "%s",
]


@pytest.fixture
def like_columns() -> None:
    steps = [
        PastStep("C-1", "imported", stage, at=MONDAY + timedelta(hours=place), final=place == len(LIKE_COLUMNS))
        for place, stage in enumerate([*LIKE_COLUMNS, "done"])
    ]
    ledger.append_history("case", steps, source="imported")


def test_no_two_columns_have_one_name_in_any_format(tmp_path, like_columns):
    frame = pd.read_parquet(written(tmp_path, "parquet", "case"))
    assert frame["case"].tolist() == ["C-1"]
    assert frame["case (stage)"].tolist() == [3600]
    header = list(frame.columns)
    assert header[-len(LIKE_COLUMNS) - 2 :] == [
        "case (stage)",
        "started_at (stage)",
        "ended_at (stage)",
        "business_seconds (stage)",
        "outcome",
        "case (stage) (stage)",
        "column_0",
        "as_of",
        "%s",
        "done",
        "source",
    ]
    with written(tmp_path, "csv", "case").open(newline="") as file:
        assert next(csv.reader(file)) == header
    book = openpyxl.load_workbook(written(tmp_path, "xlsx", "case"))
    assert next(book.worksheets[0].iter_rows(values_only=True)) == tuple(header)
    defined = {name: holds for name, holds, *_ in book["Definitions"].iter_rows(min_row=2, values_only=True)}
    assert "Its name, “case”, is another column’s" in defined["case (stage)"]


def test_a_dimension_called_like_a_column_has_a_name_of_its_own(tmp_path, imported):
    file = tmp_path / "log.parquet"
    call_command("export_event_log", format="parquet", output=str(file), workflow="case")
    frame = pd.read_parquet(file)
    assert frame["final (dimension)"].tolist() == ["x"] * 4
    assert frame["final"].tolist() == [False] * 4


def test_an_event_log_survives_what_xml_cannot_hold(tmp_path):
    text = "a<b>&\"'\x01\n\U0001f600"
    ledger.append_history("case", [PastStep(text, text, text, at=MONDAY, actor_name=text)], source="imported")
    log = pm4py.read_xes(str(written(tmp_path, "xes", "case")))
    assert list(log["case:concept:name"]) == ["a<b>&\"'\ufffd\n\U0001f600"]
    ocel = pm4py.read_ocel2(str(written(tmp_path, "ocel", "case")))
    assert f"subject {text}" in set(ocel.objects["ocel:oid"])


def test_the_event_log_as_csv_has_every_step(tmp_path, people):
    factories.requests(people, "approved", count=2)
    with written(tmp_path, "csv", command="export_event_log").open(newline="") as file:
        rows = list(csv.DictReader(file))
    steps = StepEvent.objects.filter(workflow="request").order_by("subject", "sequence")
    assert [(row["case"], row["transition"], row["hash"]) for row in rows] == [
        (step.subject, step.transition, bytes(step.hash).hex()) for step in steps
    ]
    assert datetime.fromisoformat(rows[0]["at"]) == steps[0].at


def text_of(file: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(file).pages).split())


def test_the_report_is_a_tagged_pdf_for_everybody(tmp_path, decided):
    content = written(tmp_path, "pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert re.search(rb"/MarkInfo\s*<<\s*/Marked true", content)
    assert b"pdfuaid:part" in content
    assert b"/Lang" in content
    assert len(tagged(content, "/H1")) == 1, "the title"
    assert len(tagged(content, "/H2")) == 5


def test_the_report_says_in_words_what_it_holds_and_by_which_percentiles(tmp_path, decided):
    text = text_of(written(tmp_path, "pdf"))
    for said in ("Requests All requests", "HSI review", "DEA, all stages", "Number Mean Median 75th 90th 95th Longest"):
        assert said in text
    file = tmp_path / "some.pdf"
    options = ("--cohort", "decided", "--from", "2020-01-01", "--kind", "initial", "--outcome", "approved")
    call_command("export_processing_times", "--format", "pdf", "--output", str(file), *options)
    text = text_of(file)
    assert "All requests that ended from January 1, 2020" in text
    assert "Only Approved" in text


def test_the_figures_of_the_report_are_those_of_pandas(tmp_path, decided):
    hours = pd.DataFrame(read_csv(tmp_path))["total_hours"].replace("", None).dropna().astype(float)
    figures = [hours.mean(), *hours.quantile([0.5, 0.75, 0.9, 0.95]), hours.max()]
    assert f"Total {len(hours)} {' '.join(f'{figure:,.2f}' for figure in figures)}" in text_of(written(tmp_path, "pdf"))


def test_the_report_bears_stages_that_are_called_like_columns(tmp_path, like_columns):
    text = text_of(written(tmp_path, "pdf", "case"))
    assert "Elapsed 1 9.00 9.00 9.00 9.00 9.00 9.00" in text
    assert "case 1 1.00" in text


def test_the_report_gives_what_no_font_shows_by_its_number(tmp_path):
    stages = ["審査", "Überprüfung", "a\u0301 \U0001f468\u200d\U0001f469", "\x01\ue000"]
    steps = [PastStep("C-1", "t", stage, at=MONDAY + timedelta(hours=place)) for place, stage in enumerate(stages)]
    ledger.append_history("case", steps, source="imported")
    text = text_of(written(tmp_path, "pdf", "case"))
    for said in ("[U+5BE9][U+67FB]", "[U+1F468]", "[U+0001][U+E000]", "Überprüfung", "Unicode number instead"):
        assert said in text
