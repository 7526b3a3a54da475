"""A page of reports as PDF and as a workbook: the page’s numbers, for everybody to read, and to be verified."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pypdf
import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.ledger import PastStep
from audit.models import AccessRecord, ExportFile, StageVisit, StepEvent
from audit.reports.definitions import DEFINITIONS
from audit.reports.figures import Moment
from audit.reports.pages import PAGES, Part, has_picture
from audit.reports.past import ledger_up_to
from audit.reports.question import measured_with
from audit.reports.tables import DAY, TEXT, shown
from designation import workflow
from designation.demo.data import make_demo_data
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_PAGE = pytest.mark.parametrize("name", list(PAGES))


def this_year() -> dict[str, str]:
    today = timezone.localdate()
    return {"first_day": (today - timedelta(days=364)).isoformat(), "last_day": today.isoformat()}


def take(client: Any, name: str, format: str, **asked: str) -> tuple[bytes, ExportFile]:
    response = client.get(reverse("audit:report_file", args=[name, format]), this_year() | asked)
    assert response.status_code == 200
    return response.content, ExportFile.objects.latest("pk")


def parts(client: Any, name: str, file: ExportFile, **asked: str) -> list[Part]:
    """What the page shows at the moment of the file."""
    page = client.get(reverse(PAGES[name].url), this_year() | asked)
    moment = Moment(datetime.fromisoformat(file.manifest["as_of"]), measured_with())
    return PAGES[name].parts(page.context["asked"], moment)


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())


def tagged(content: bytes, kind: str) -> list[Any]:
    """The elements of that kind in the tree of tags, in the order of reading."""

    def below(element: Any) -> Iterator[Any]:
        element = element.get_object()
        if isinstance(element, list):
            for child in element:
                yield from below(child)
        elif isinstance(element, dict):
            if element.get("/S") == kind:
                yield element
            if "/K" in element:
                yield from below(element["/K"])

    return list(below(pypdf.PdfReader(io.BytesIO(content)).trailer["/Root"]["/StructTreeRoot"]["/K"]))


@pytest.fixture
def auditor(client, people):
    make_demo_data(seed=2, count=150, until=timezone.now())
    client.force_login(people.auditor)
    return client


@EVERY_PAGE
def test_a_page_shows_the_parts_that_its_files_are_made_of(auditor, name):
    context = auditor.get(reverse(PAGES[name].url), this_year()).context
    sections = context.get("sections") or [context["section"]]
    made_of = PAGES[name].parts(context["asked"], context["moment"])
    assert [(section.name, section.table, section.says) for section in sections] == [
        (part.name, part.table, part.says) for part in made_of
    ]


@EVERY_PAGE
def test_a_workbook_has_the_numbers_of_the_page(auditor, name):
    content, file = take(auditor, name, "xlsx", priority="routine", every="week")
    book = openpyxl.load_workbook(io.BytesIO(content))
    shown_there = parts(auditor, name, file, priority="routine", every="week")
    assert book.sheetnames[len(shown_there) :] == ["Definitions", "Parameters"]
    for sheet, part in zip(book.worksheets[: len(shown_there)], shown_there, strict=True):
        header, *rows = sheet.iter_rows(values_only=True)
        assert list(header) == part.table.header
        assert [[_plain(cell) for cell in row] for row in rows] == [
            [None if cell == "" else cell for cell in row] for row in part.table.rows
        ]
        assert sheet.freeze_panes == "A2"
        assert part.table.title.startswith(sheet.title.rstrip("…"))


def _plain(cell: Any) -> Any:
    return cell.date() if isinstance(cell, datetime) else cell


def test_a_workbook_says_what_its_columns_are_and_what_it_was_made_with(auditor):
    content, file = take(auditor, "timeliness", "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    defined = {name: unit for name, _, unit in book["Definitions"].iter_rows(values_only=True, min_row=2)}
    assert (defined["Median"], defined["Within goal"], defined["Number"]) == ("business hours", "percent", "count")
    stated = dict(book["Parameters"].iter_rows(values_only=True, min_row=2))
    assert stated["export"] == str(file.key)
    assert stated["address"] == file.manifest["address"]
    assert stated["row_count"] == str(file.rows)


@EVERY_PAGE
def test_a_pdf_has_the_numbers_of_the_page(auditor, name):
    content, file = take(auditor, name, "pdf")
    text = text_of(content)
    for part in parts(auditor, name, file):
        assert part.table.title in text
        assert part.table.rows
        for row in part.table.rows:
            cells = [shown(cell, unit) for cell, (_, unit) in zip(row, part.table.columns, strict=True)]
            assert " ".join(cells) in text


def test_a_pdf_says_what_was_asked_when_and_how_to_ask_it_again(auditor, people):
    asked = {"measure": "party:DEA", "priority": "expedited", "cohort": "filed", "every": "week", "by": "kind"}
    content, file = take(auditor, "timeliness", "pdf", **asked)
    text = text_of(content)
    year = this_year()
    first_day, last_day = (shown(date.fromisoformat(year[which]), DAY) for which in ("first_day", "last_day"))
    for said in (
        f"That were filed from {first_day} through {last_day}, both days whole in America/New_York",
        "Priority Only Expedited",
        "Time DEA’s clock",
        "Trend by Week",
        "calendar “federal”, version",
        f"Goals on file Version {file.manifest['goals']['version']}",
        f"Made for {people.auditor.recorded_name}",
        f"Export {file.key}",
        "Page 1 of",
        file.manifest["ledger"]["hash"],
    ):
        assert said in text
    again = auditor.get(file.manifest["address"])
    assert again.context["asked"] == auditor.get(reverse("audit:timeliness"), year | asked).context["asked"]
    assert "cohort=filed" in file.manifest["address"]


@EVERY_PAGE
def test_a_pdf_can_be_read_without_seeing_it(auditor, name):
    content, file = take(auditor, name, "pdf")
    reader = pypdf.PdfReader(io.BytesIO(content))
    root = reader.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "en-US")
    assert b"pdfuaid:part" in content
    assert reader.metadata.title == PAGES[name].title
    shown_there = parts(auditor, name, file)
    assert [str(figure["/Alt"]) for figure in tagged(content, "/Figure")] == [
        part.says for part in shown_there if has_picture(part.report)
    ]
    # What it answers, the definitions and the record of the file are tables too.
    assert len(tagged(content, "/Table")) == len(shown_there) + 3
    headers = tagged(content, "/TH")
    assert len(headers) == sum(len(part.table.columns) for part in shown_there) + 2 + 3 + 2
    # The title, and below it a heading for each table.
    assert len(tagged(content, "/H1")) == 1
    assert len(tagged(content, "/H2")) == len(shown_there) + 3


@EVERY_PAGE
def test_no_picture_runs_over_the_margins(auditor, name):
    content, _ = take(auditor, name, "pdf")
    reader = pypdf.PdfReader(io.BytesIO(content))
    sizes = {(float(page.mediabox.width), float(page.mediabox.height)) for page in reader.pages}
    assert sizes == ({(792.0, 612.0)} if name == "process-map" else {(612.0, 792.0)})
    for figure in tagged(content, "/Figure"):
        left, bottom, right, top = figure["/A"]["/BBox"] if isinstance(figure["/A"], dict) else _box(figure["/A"])
        ((width, height),) = sizes
        assert 40 < left < right < width - 40
        assert 50 < bottom < top < height - 40


def _box(attributes: Any) -> Any:
    return next(found.get_object()["/BBox"] for found in attributes if "/BBox" in found.get_object())


def test_a_report_of_nothing_says_so(client, people):
    client.force_login(people.auditor)
    content, file = take(client, "returns", "pdf")
    assert text_of(content).count("Nothing to show for this period and these filters.") == 2
    assert file.rows == 0
    content, _ = take(client, "returns", "xlsx")
    assert [sheet.max_row for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets[:2]] == [1, 1]


def test_a_picture_of_more_bars_than_a_page_holds_says_how_many_there_are(client, people):
    now = timezone.now()
    steps = [
        PastStep(
            f"C{desk}", f"to {state}", state, final=final, at=now - timedelta(days=days), dimensions={"desk": desk}
        )
        for desk in map(str, range(40))
        for state, final, days in (("asked", False, 30), ("closed", True, 10))
    ]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    client.force_login(people.auditor)
    content, _ = take(client, "timeliness", "pdf", workflow="old cases", by="desk")
    assert "Drawn are the first 32 of 40; the table has all." in text_of(content)


def test_what_no_font_shows_is_given_by_its_number(client, people):
    steps = [PastStep("C-1", "imported", "審査", at=timezone.now() - timedelta(days=9), dimensions={"desk": "窓口"})]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    client.force_login(people.auditor)
    content, _ = take(client, "process-map", "pdf", workflow="old cases", cohort="filed")
    assert "Each is given by its Unicode number instead" in text_of(content)


@pytest.mark.parametrize("format", ["pdf", "xlsx"])
@EVERY_PAGE
def test_each_one_taken_is_on_record_with_its_manifest(auditor, people, name, format):
    content, file = take(auditor, name, format)
    assert (file.state, file.owner, file.what) == (ExportFile.State.DONE, people.auditor, PAGES[name].what)
    assert file.manifest["sha256"] == hashlib.sha256(content).hexdigest()
    last = StepEvent.objects.latest("pk")
    assert file.manifest["ledger"] == {
        "last_event": last.pk,
        "hash": bytes(last.hash).hex(),
        "events": StepEvent.objects.count(),
        "settled": True,
    }
    assert file.manifest["calendar"] == {"name": "federal", "version": measured_with().version}
    end, begin = AccessRecord.objects.order_by("-pk")[:2]
    assert (begin.act, begin.actor) == (f"export {file.what}: begin", people.auditor)
    assert begin.parameters["filters"]["cohort"] == "decided"
    assert (end.act, end.row_count) == (f"export {file.what}: end", file.rows)
    assert end.parameters == {"begun": begin.pk, "complete": True, "sha256": file.manifest["sha256"]}
    assert auditor.get(reverse("audit:export_detail", args=[file.key])).status_code == 200


@pytest.mark.parametrize("cohort", ["decided", "filed"])
@pytest.mark.parametrize("format", ["pdf", "xlsx"])
@EVERY_PAGE
def test_made_again_after_later_steps_it_is_the_same_file(client, people, tmp_path, capsys, name, format, cohort):
    open_ones = factories.requests(people, "hsi_review", count=2)
    factories.requests(people, "approved", count=2)
    factories.request(people, "returned")
    call_command("summarise_periods")
    client.force_login(people.auditor)
    content, file = take(client, name, format, cohort=cohort)
    workflow.transition_one("endorse", open_ones[0].pk, actor=people.hsi_hq)
    factories.requests(people, "denied", count=2)
    factories.request(people, "returned")
    verify(tmp_path, content, file, "--again")
    said = capsys.readouterr().out
    assert f"{file.what} as {format}" in said
    assert "The file is what this system gave out, and the ledger still agrees." in said


def test_made_again_from_a_ledger_that_says_something_else_it_is_another(auditor, tmp_path):
    content, file = take(auditor, "timeliness", "xlsx")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE audit_stagevisit SET business_seconds = business_seconds + 3600 WHERE left_at IS NOT NULL"
        )
        cursor.execute("RESET session_replication_role")
    verify(tmp_path, content, file)
    with pytest.raises(CommandError, match="Made again"):
        verify(tmp_path, content, file, "--again")


def test_a_changed_file_is_found(auditor, tmp_path):
    content, file = take(auditor, "returns", "pdf")
    with pytest.raises(CommandError, match="not the one that was given out"):
        verify(tmp_path, content.replace(b"/Title", b"/Titel", 1), file)


def test_for_one_who_may_not_ask_it_any_more_it_is_not_made_again(client, people, tmp_path):
    old = [PastStep("C1", "begin", "asked", at=timezone.now() - timedelta(days=9))]
    ledger.append_history("old cases", old, source=StepEvent.Source.IMPORTED)
    client.force_login(people.auditor)
    content, file = take(client, "process-map", "xlsx", workflow="old cases", cohort="filed")
    people.auditor.roles = ["coordinator"]
    people.auditor.office = people.coordinator.office
    people.auditor.save()
    with pytest.raises(CommandError, match="may not ask"):
        verify(tmp_path, content, file, "--again")


def verify(folder: Any, content: bytes, file: ExportFile, *options: str) -> None:
    (folder / "file").write_bytes(content)
    (folder / "manifest").write_text(json.dumps(file.manifest))
    call_command("verify_export", str(folder / "file"), str(folder / "manifest"), *options)


def test_the_ledger_up_to_a_step_is_as_it_was_and_only_within(people):
    moved = factories.request(people, "hsi_review")
    before = list(StageVisit.objects.order_by("pk").values())
    last = StepEvent.objects.latest("pk").pk
    workflow.transition_one("endorse", moved.pk, actor=people.hsi_hq)
    after = list(StageVisit.objects.order_by("pk").values())
    with ledger_up_to(last):
        assert list(StageVisit.objects.order_by("pk").values()) == before
        assert StepEvent.objects.latest("pk").pk == last
    assert list(StageVisit.objects.order_by("pk").values()) == after != before


def test_what_no_cell_holds_is_said_on_the_page_and_on_record(client, people):
    old = [PastStep("C1", "back", "returned", reason="x" * 40_000, at=timezone.now() - timedelta(days=9))]
    ledger.append_history("old cases", old, source=StepEvent.Source.IMPORTED)
    client.force_login(people.auditor)
    asked = this_year() | {"workflow": "old cases"}
    response = client.get(reverse("audit:report_file", args=["returns", "xlsx"]), asked)
    assert response.status_code == 302
    assert "more than a cell holds" in str(next(iter(get_messages(response.wsgi_request))))
    assert client.get(response.url).status_code == 200
    file = ExportFile.objects.get()
    assert (file.state, file.manifest) == (ExportFile.State.FAILED, None)
    assert AccessRecord.objects.latest("pk").parameters["complete"] is False


@pytest.mark.parametrize(("name", "format"), [("trend", "pdf"), ("timeliness", "csv"), ("nothing", "xlsx")])
def test_what_is_no_page_or_no_format_is_not_found(client, people, name, format):
    client.force_login(people.auditor)
    assert client.get(reverse("audit:report_file", args=[name, format])).status_code == 404


@EVERY_PAGE
def test_every_figure_has_its_definition(auditor, name):
    _, file = take(auditor, name, "xlsx")
    for part in parts(auditor, name, file):
        assert {column for column, unit in part.table.columns if unit != TEXT} <= DEFINITIONS.keys()


def test_a_file_asks_as_often_for_many_as_for_one(client, people):
    client.force_login(people.auditor)
    asked = []
    for count in (1, 20):
        factories.requests(people, "approved", count=count)
        factories.requests(people, "returned", count=count)
        with CaptureQueriesContext(connection) as queries:
            take(client, "timeliness", "xlsx")
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 90


def test_a_file_says_where_the_steps_come_from_and_what_was_never_on_a_clock(client, people):
    old = [PastStep("C1", "imported", "closed", final=True, at=timezone.now() - timedelta(days=9))]
    ledger.append_history("old cases", old, source=StepEvent.Source.IMPORTED)
    request = factories.request(people, "draft")
    workflow.transition("withdraw", [request.pk], actor=people.coordinator, reason="Filed twice.")
    client.force_login(people.auditor)
    content, _ = take(client, "timeliness", "pdf", workflow="old cases")
    assert "Source of the steps Imported history" in text_of(content)
    content, _ = take(client, "process-map", "pdf")
    assert "Never on a clock 1 more ended, without a time" in text_of(content)
    content, _ = take(client, "returns", "xlsx", workflow="old cases")
    stated = dict(openpyxl.load_workbook(io.BytesIO(content))["Parameters"].iter_rows(values_only=True, min_row=2))
    assert stated["source_of_steps"] == "Imported history"
