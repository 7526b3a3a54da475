"""How an export is sent: in pieces, from one snapshot, with a record of who took it."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import exports, ledger
from audit.ledger import PastStep
from audit.models import AccessRecord
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


def many(count: int) -> None:
    steps = (
        PastStep(f"C-{place:05d}", "work", "work", party="us", at=MONDAY + timedelta(seconds=place))
        for place in range(count)
    )
    ledger.append_history("case", steps, source="imported")


def stream(**options) -> Iterator[bytes]:
    return exports.stream(exports.processing_times("case"), actor=None, actor_name="test", **options)


def records() -> list[AccessRecord]:
    return list(AccessRecord.objects.order_by("pk"))


def test_pieces_are_small_and_end_with_whole_rows():
    many(4000)
    pieces = list(stream())
    assert len(pieces) > 3
    assert all(len(piece) < exports.CHUNK + 1000 and piece.endswith(b"\n") for piece in pieces)
    assert len(list(csv.reader(io.StringIO(b"".join(pieces).decode())))) == 4001


def test_nothing_is_read_before_it_is_asked_for():
    many(10)
    pieces = stream()
    assert isinstance(pieces, Iterator)
    assert not records()
    next(pieces)
    assert [record.act for record in records()] == ["export processing times: begin"]


def test_what_happens_meanwhile_is_not_in_the_file():
    many(10)
    pieces = stream()
    begin = next(pieces)
    ledger.append_history("case", [PastStep("C-LATE", "work", "work", party="us", at=MONDAY)], source="imported")
    assert b"C-LATE" not in begin + b"".join(pieces)


def test_the_columns_are_those_of_the_same_moment_as_the_rows():
    """As while an import commits one batch after another: the stages of its rows are all among the columns."""
    many(2)
    export = exports.processing_times("case")
    later = [PastStep("C-LATE", "work", stage, at=MONDAY, dimensions={"desk": "north"}) for stage in ("sort", "shelve")]
    ledger.append_history("case", later, source="imported")
    rows = list(csv.DictReader(io.StringIO(b"".join(exports.stream(export, actor=None)).decode())))
    (late,) = (row for row in rows if row["case"] == "C-LATE")
    assert {"work", "sort", "shelve"} < late.keys()
    assert sum(int(row[stage] or 0) for row in rows for stage in ("work", "sort", "shelve")) == sum(
        int(row["business_seconds"]) for row in rows
    )


def test_an_export_made_again_has_the_dimensions_of_the_steps_that_there_were(tmp_path):
    many(2)
    path = tmp_path / "log.csv"
    exports.make_file(exports.event_log("case"), "csv", path, actor_name="test")
    late = PastStep("C-LATE", "work", "work", at=MONDAY, dimensions={"desk": "north"})
    ledger.append_history("case", [late], source="imported")
    call_command("verify_export", str(path), f"{path}.manifest.json", "--again")


def test_a_whole_export_is_on_record(people):
    factories.requests(people, "hsi_review", count=3)
    export = exports.processing_times(
        "request", user=people.auditor, filters=exports.Filters(dimensions={"office": ("HSI-MIA",)})
    )
    list(exports.stream(export, actor=people.auditor))
    begin, end = records()
    assert begin.actor == end.actor == people.auditor
    assert begin.parameters["filters"]["dimensions"] == {"office": ["HSI-MIA"]}
    assert begin.row_count is None
    assert end.parameters["begun"] == begin.pk
    assert end.parameters["complete"] is True
    assert end.row_count == 3


def test_a_reader_who_goes_away_leaves_a_record_that_says_so():
    many(4000)
    pieces = stream()
    list(itertools.islice(pieces, 2))
    pieces.close()
    end = records()[-1]
    assert end.parameters["complete"] is False
    assert 0 < end.row_count < 4000
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND state = 'active'")
        assert cursor.fetchone()[0] == 0


def test_the_command_writes_the_file_whole(tmp_path: Path, capsys):
    many(5)
    file = tmp_path / "times.csv"
    file.touch()  # as mktemp does: nothing is lost with it
    call_command("export_processing_times", workflow="case", output=str(file))
    assert len(file.read_text().splitlines()) == 6
    assert sorted(tmp_path.iterdir()) == [file, tmp_path / "times.csv.manifest.json"]
    assert capsys.readouterr().err == "5 rows\n"


def test_the_command_prints(capsys):
    many(5)
    call_command("export_processing_times", workflow="case", output="-")
    assert len(capsys.readouterr().out.splitlines()) == 6
    assert records()[0].actor_name.startswith("command line")


def test_the_command_takes_filters(people, tmp_path):
    factories.request(people, "hsi_review")
    expedited = factories.request(people, "hsi_review", priority="expedited")
    file = tmp_path / "times.csv"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    call_command("export_processing_times", "--output", str(file), "--priority", "expedited", "--outcome", "open",
                 "--from", "2026-01-01", "--to", today)  # fmt: skip
    assert [row["number"] for row in csv.DictReader(file.open())] == [expedited.number]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"workflow": "nothing"}, "no workflow “nothing”"),
        ({"workflow": "case", "cohort": "all", "first_day": MONDAY.date()}, "filing or of ending"),
        ({"workflow": "case", "output": "/nowhere/times.csv"}, "/nowhere: there is no such folder"),
    ],
)
def test_the_command_says_what_is_wrong(options, why):
    many(1)
    with pytest.raises(CommandError, match=why):
        call_command("export_processing_times", **{"output": "-", **options})
