"""Where the export command writes: to a file as a whole, through links and into pipes, never over a device."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit import work
from audit.exports import making, orders
from audit.imports import record
from audit.models import AccessRecord, ExportFile
from tests import factories
from tests.designation.test_notices import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def export(output, *options):
    call_command("export_processing_times", "--format", "csv", "--output", str(output), *options)


def test_a_link_is_followed_and_stays_a_link(people, tmp_path):
    number = factories.request(people, "hsi_review").number
    (tmp_path / "link.csv").symlink_to("real.csv")
    export(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert number in (tmp_path / "real.csv").read_text()


def rights_of(*paths: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_only_who_made_a_file_may_read_it_and_its_manifest(people, tmp_path):
    export(tmp_path / "x.csv")
    assert rights_of(tmp_path / "x.csv", tmp_path / "x.csv.manifest.json") == {0o600}


def test_a_file_that_is_replaced_keeps_who_may_read_it_and_its_manifest_follows(people, tmp_path):
    target = tmp_path / "kept.csv"
    export(target)
    target.chmod(0o640)
    export(target)
    assert rights_of(target, tmp_path / "kept.csv.manifest.json") == {0o640}


def test_an_earlier_export_is_replaced_and_whatever_else_stands_there_is_kept(people, tmp_path):
    target, manifest = tmp_path / "x.csv", tmp_path / "x.csv.manifest.json"
    export(target)
    factories.request(people, "hsi_review")
    export(target)
    assert len(target.read_text().splitlines()) == 2
    changed = target.read_text() + "noted by hand\n"
    target.write_text(changed)
    for output in (target, manifest):
        before = output.read_bytes()
        with pytest.raises(CommandError, match="stands there already"):
            export(output)
        assert output.read_bytes() == before
    manifest.unlink()
    with pytest.raises(CommandError, match="stands there already"):
        export(target)
    assert target.read_text() == changed
    export(target, "--overwrite")
    assert "noted by hand" not in target.read_text()


def test_a_manifest_whose_file_was_moved_is_kept_unless_the_system_has_the_same(people, tmp_path):
    target, manifest = tmp_path / "x.csv", tmp_path / "x.csv.manifest.json"
    manifest.write_text('{"manifest": "of something else"}')
    with pytest.raises(CommandError, match="where the manifest is to be written"):
        export(target)
    assert not target.exists()
    export(target, "--overwrite")
    target.unlink()
    export(target)
    assert target.exists()


HALF_MADE = """
import os, signal, sys, django
django.setup()
from audit.exports.writers import xlsx
from django.core.management import call_command
def stopped(*_):
    # A process started in the background ignores the interrupt key, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), int(sys.argv[2]))
xlsx._write_definitions = stopped
call_command("export_processing_times", format="xlsx", output=sys.argv[1])
"""


def half_made(output: Path, sent: int) -> subprocess.CompletedProcess[str]:
    """An export that is sent the signal once its rows are written."""
    command = [sys.executable, "-c", HALF_MADE, str(output), str(sent)]
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_what_a_killed_process_left_is_removed_at_the_next_run(people, tmp_path):
    factories.request(people, "hsi_review")
    assert half_made(tmp_path / "x.xlsx", signal.SIGKILL).returncode == -signal.SIGKILL
    left = sorted(path.suffix for path in tmp_path.iterdir())
    assert left == [".part", ".scratch"]
    alive = tmp_path / f".title21-{socket.gethostname()}-{os.getpid()}-0.part"
    alive.touch()
    export(tmp_path / "y.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "y.csv", "y.csv.manifest.json"]


def test_an_export_that_is_stopped_says_what_was_written_and_leaves_nothing(people, tmp_path):
    factories.request(people, "hsi_review")
    stopped = half_made(tmp_path / "x.xlsx", signal.SIGINT)
    assert "x.xlsx is as it was before. Run the same command again." in stopped.stderr
    assert not list(tmp_path.iterdir())
    assert AccessRecord.objects.first().parameters["complete"] is False


@pytest.mark.parametrize("command", ["export_processing_times", "import_event_log"])
def test_ctrl_c_ends_a_command_with_130(monkeypatch, people, tmp_path, command):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    log = tmp_path / "log.csv"
    log.write_text("case,stage,at\nA,x,2024-03-05T10:00Z\n")
    options = {
        "export_processing_times": {"output": str(tmp_path / "x.csv")},
        "import_event_log": {"file": log, "workflow": "old", "case": "case", "stage": "stage", "at": "at"},
    }[command]
    monkeypatch.setattr(making, "write", stopped)
    monkeypatch.setattr(record, "_write", stopped)
    with pytest.raises(CommandError, match=r"^Interrupted: .*Run the same command again") as error:
        call_command(command, *([options.pop("file")] if "file" in options else []), **options)
    assert error.value.returncode == 130
    assert list(tmp_path.iterdir()) == [log]


def test_an_export_that_takes_long_is_not_taken_for_dead(monkeypatch, people, tmp_path):
    """The command says that it lives, as a worker does."""
    monkeypatch.setattr(work, "BEAT_SECONDS", 0.05)
    write = making.write

    def slowly(file, *rest):
        long_ago = timezone.now() - 2 * work.DEAD_AFTER
        ExportFile.objects.filter(pk=file.pk).update(heartbeat_at=long_ago)
        time.sleep(1)
        assert orders.take_up_again() == 0
        return write(file, *rest)

    monkeypatch.setattr(making, "write", slowly)
    export(tmp_path / "x.csv")
    assert ExportFile.objects.get().state == ExportFile.State.DONE


def test_an_export_that_was_taken_for_dead_puts_nothing_in_place(monkeypatch, people, tmp_path):
    write = making.write

    def failed_meanwhile(file, *rest):
        making.fail(file, "It ended before it was whole.")
        return write(file, *rest)

    monkeypatch.setattr(making, "write", failed_meanwhile)
    with pytest.raises(CommandError, match="taken for dead"):
        export(tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())


def test_a_period_without_a_cohort_is_that_of_filing_and_says_so(people, tmp_path, capsys):
    export(tmp_path / "x.csv", "--from", "2026-01-01")
    assert "The period is that of filing; --cohort decided asks for what ended in it." in capsys.readouterr().err
    export(tmp_path / "x.csv", "--from", "2026-01-01", "--cohort", "decided")
    assert "filing" not in capsys.readouterr().err


def test_a_day_that_is_none_is_named(people, tmp_path):
    with pytest.raises(CommandError, match="“1/2/2026” is not a day: write it as 2026-03-31"):
        export(tmp_path / "x.csv", "--from", "1/2/2026")


def test_a_pipe_is_written_into_and_stays_a_pipe(people, tmp_path):
    number = factories.request(people, "hsi_review").number
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    export(pipe)
    reader.join(timeout=30)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert number in read[0]


def test_a_full_device_is_told_of_in_one_line_and_stays_a_device(people):
    factories.request(people, "hsi_review")
    with pytest.raises(CommandError, match="/dev/full: No space left on device; the export is not whole"):
        export("/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


@pytest.mark.parametrize("output", ["", ".", "no-such-folder/x.csv", "a" * 300 + ".csv"])
def test_an_output_that_is_no_file_is_refused_in_one_line(people, output):
    with pytest.raises(CommandError, match=r"name one|no such folder|File name too long"):
        export(output)


@pytest.mark.parametrize(
    "options",
    [
        ["--office", "HSI-NOPE"],
        ["--kind", "nope"],
        ["--outcome", "approvd"],
        ["--cohort", "filed", "--from", "2026-11-01", "--to", "2026-01-01"],
    ],
)
def test_a_mistyped_filter_makes_no_empty_file(people, tmp_path, options):
    with pytest.raises(CommandError, match=r"not known|before it begins"):
        export(tmp_path / "x.csv", *options)
    assert not list(tmp_path.iterdir())
