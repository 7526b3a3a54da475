"""Whether a file is what the system gave out, and whether the ledger still agrees with it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import calendar, ledger
from audit.exports import FORMATS
from audit.ledger import PastStep
from audit.models import Calendar, ExportFile, StepEvent
from designation import workflow
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(people, tmp_path) -> Path:
    factories.requests(people, "hsi_review", count=2)
    factories.request(people, "approved")
    return write(tmp_path / "times.csv")


def write(file: Path, **options: Any) -> Path:
    call_command("export_processing_times", output=str(file), **options)
    return file


def beside(file: Path) -> Path:
    return file.with_name(file.name + ".manifest.json")


def verify(file: Path, *options: str) -> None:
    call_command("verify_export", str(file), str(beside(file)), *options)


def unguarded(sql: str, *parameters: Any) -> None:
    """As somebody who can switch off the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, parameters)
        cursor.execute("RESET session_replication_role")


def test_the_manifest_says_what_the_file_is_and_what_it_was_computed_from(made):
    found = json.loads(beside(made).read_text())
    last = StepEvent.objects.last()
    now = Calendar.objects.get(pk=calendar.default_calendar_id())
    assert found["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    assert (found["row_count"], found["format"], found["filters"]) == (3, "csv", {"cohort": "all"})
    assert found["ledger"] == {
        "last_event": last.pk,
        "hash": bytes(last.hash).hex(),
        "events": StepEvent.objects.count(),
        "settled": True,
    }
    assert found["calendar"] == {"name": now.name, "version": now.version}
    assert found["goals"] == {"version": 0}
    assert found["made_for"].startswith("command line")


def test_what_was_given_out_verifies(made, capsys):
    verify(made)
    assert "The file is what this system gave out, and the ledger still agrees." in capsys.readouterr().out


def test_later_steps_are_noted_and_no_fault(made, people, capsys):
    factories.request(people, "hsi_review")
    verify(made)
    assert "The ledger has grown by 2 events" in capsys.readouterr().out


def test_any_change_of_the_file_is_found(made):
    made.write_bytes(made.read_bytes().replace(b"approved", b"denied", 1))
    with pytest.raises(CommandError, match="The file is not the one that was given out"):
        verify(made)


def test_a_changed_manifest_is_found(made):
    content = made.read_bytes() + b"\n"
    made.write_bytes(content)
    found = json.loads(beside(made).read_text())
    beside(made).write_text(json.dumps(found | {"sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.raises(CommandError, match=r"not the one on record: sha256\.\nThe file is not"):
        verify(made)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "It is not JSON"),
        ("[]", "no manifest of an export"),
        ('{"manifest": "title21-export-1", "export": "x"}', "no such export on record"),
        (
            '{"manifest": "title21-export-1", "export": "00000000-0000-4000-8000-000000000000"}',
            "no such export on record",
        ),
    ],
)
def test_what_is_no_manifest_is_said(made, text, says):
    beside(made).write_text(text)
    with pytest.raises(CommandError, match=says):
        verify(made)


def test_a_missing_file_is_said(made):
    made.unlink()
    with pytest.raises(CommandError, match="No such file"):
        verify(made)


def test_a_ledger_that_lost_a_step_is_found(made):
    first = StepEvent.objects.order_by("pk").first()
    unguarded("DELETE FROM audit_stepevent WHERE id = %s", first.pk)
    with pytest.raises(CommandError, match="events and now has"):
        verify(made)


def test_a_ledger_that_lost_its_tail_is_found(made):
    unguarded("DELETE FROM audit_stepevent WHERE id = %s", StepEvent.objects.last().pk)
    with pytest.raises(CommandError, match="no longer holds event"):
        verify(made)


def test_a_ledger_with_another_step_at_the_position_is_found(made):
    unguarded("UPDATE audit_stepevent SET hash = %s WHERE id = %s", b"x" * 32, StepEvent.objects.last().pk)
    with pytest.raises(CommandError, match="has another hash"):
        verify(made)


def test_steps_slipped_in_below_the_position_are_found(made):
    ledger.append_history("case", [PastStep("C", "w", "w", at=datetime(2026, 3, 2, tzinfo=UTC))], source="imported")
    unguarded("UPDATE audit_stepevent SET id = 0 WHERE workflow = 'case'")
    with pytest.raises(CommandError, match="events and now has"):
        verify(made)


@pytest.mark.parametrize(("format", "options"), [*((name, {}) for name in FORMATS), ("csv", {"workflow": "request"})])
def test_made_again_as_of_then_it_is_the_same_file(people, tmp_path, format, options):
    open_one = factories.request(people, "hsi_review")
    factories.request(people, "approved")
    file = write(tmp_path / "file", format=format, **options)
    workflow.transition_one("endorse", open_one.pk, actor=people.hsi_hq)
    factories.request(people, "denied")
    verify(file, "--again")


def test_made_again_from_a_ledger_that_says_something_else_it_is_another(made):
    unguarded("UPDATE audit_stepevent SET at = at - interval '5 days' WHERE sequence <= 2")
    with pytest.raises(CommandError, match="Made again"):
        verify(made, "--again")


def test_while_steps_are_being_written_the_manifest_says_so(people, tmp_path):
    factories.request(people, "hsi_review")
    other = connection.copy()
    with other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute("LOCK TABLE audit_stepevent IN ROW EXCLUSIVE MODE")
        file = write(tmp_path / "times.csv")
    other.close()
    assert json.loads(beside(file).read_text())["ledger"]["settled"] is False
    verify(file)


def test_what_ended_too_soon_has_no_manifest(people):
    from audit import exports

    factories.request(people, "hsi_review")
    pieces = exports.stream(exports.processing_times("request"), actor=people.auditor)
    next(pieces)
    pieces.close()
    file = ExportFile.objects.get()
    assert (file.state, file.manifest) == (ExportFile.State.FAILED, None)
