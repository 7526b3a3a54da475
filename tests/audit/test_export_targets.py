"""Where the export command writes: to a file as a whole, through links and into pipes, never over a device."""

import os
import stat
import threading

import pytest
from django.core.management import CommandError, call_command

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def export(output, *options):
    call_command("export_processing_times", "--format", "csv", "--output", str(output), *options)


def test_a_link_is_followed_and_stays_a_link(people, tmp_path):
    number = factories.request(people, "hsi_review").number
    (tmp_path / "link.csv").symlink_to("real.csv")
    export(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert number in (tmp_path / "real.csv").read_text()


def test_a_file_that_is_replaced_keeps_who_may_read_it(people, tmp_path):
    target = tmp_path / "kept.csv"
    target.write_text("old")
    target.chmod(0o640)
    export(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


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
