"""`make up` with real processes, in a clone of the whole project."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.config.clone import Clone, whole_project

COUNT_OFFICES = """
import django; django.setup()
from designation.models import Office; print(Office.objects.count())
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    clone = whole_project(tmp_path_factory.mktemp("up") / "clone")
    clone.environment = {"PORT": str(_free_port()), "DEMO": "0", "DJANGO_SETTINGS_MODULE": "config.settings"}
    yield clone
    _kill(clone.processes())
    clone.remove()


def _kill(processes: Iterable[psutil.Process]) -> None:
    """One may end by itself when another is gone, before it is its turn."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _start(clone: Clone) -> subprocess.Popen[str]:
    process = clone.start("-m", "config.up")
    assert process.stdout is not None
    for line in process.stdout:
        if f"http://127.0.0.1:{clone.environment['PORT']}/" in line:
            return process
    raise AssertionError(process.communicate()[1])


def _end(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    errors = process.communicate(timeout=60)[1]
    return process.returncode, errors


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _login_page(clone: Clone) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(clone.environment["PORT"]), timeout=30)
    connection.request("GET", "/accounts/login/")
    return connection.getresponse().status


def _programs(clone: Clone, word: str) -> list[psutil.Process]:
    return [process for process in clone.processes() if word in process.cmdline()]


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except (OSError, http.client.HTTPException, psutil.Error):
            pass
        time.sleep(0.2)
    return False


@pytest.fixture(scope="class")
def _running(clone: Clone) -> Iterator[None]:
    process = _start(clone)
    yield
    _end(process, signal.SIGTERM)
    assert clone.processes() == []


@pytest.mark.usefixtures("_running")
class TestWhileItRuns:
    def test_it_serves_pages_and_runs_worker_and_beat(self, clone):
        assert _login_page(clone) == 200
        assert _programs(clone, "worker")
        assert _programs(clone, "beat")

    def test_a_second_one_in_the_same_folder_is_refused_in_one_line(self, clone):
        status, _output, errors = clone.run("-m", "config.up")
        assert (status, errors) == (1, "title21: `make up` runs in this folder already\n")

    def test_what_dies_is_started_again(self, clone):
        _kill([*_programs(clone, "gunicorn"), *_programs(clone, "worker"), *clone.servers()])
        assert _eventually(lambda: _login_page(clone) == 200 and bool(clone.servers()))
        assert _eventually(lambda: bool(_programs(clone, "worker")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_first_process_ends_all(clone, number):
    process = _start(clone)
    assert _end(process, number) == (0, "")
    assert clone.processes() == []


def test_it_starts_again_with_its_data_after_kills(clone):
    first = _start(clone)
    first.kill()
    first.wait(10)
    left = _programs(clone, "gunicorn")
    assert left

    second = _start(clone)
    assert not any(orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE for orphan in left)
    _kill(clone.processes())
    second.wait(10)

    third = _start(clone)
    assert _login_page(clone) == 200
    assert int(clone.run("-c", COUNT_OFFICES)[1]) > 0
    _end(third, signal.SIGTERM)
    assert clone.processes() == []


def test_a_port_in_use_is_said_in_one_line(clone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        clone.environment["PORT"] = str(taken.getsockname()[1])
        status, _output, errors = clone.run("-m", "config.up")
    assert status == 1
    assert errors == (
        f"title21: port {clone.environment['PORT']}: Address already in use; choose another, as in: make up PORT=8001\n"
    )


def test_a_var_that_cannot_be_written_is_said_in_one_line(tmp_path):
    clone = whole_project(tmp_path / "clone")
    (clone.folder / "var").touch()
    status, output, errors = clone.run("-m", "config.up")
    assert (status, output) == (1, "")
    assert errors.startswith("title21: ")
    assert errors.count("\n") == 1


def test_a_missing_python_is_said_in_one_line(tmp_path):
    clone = whole_project(tmp_path / "clone")
    Path(tmp_path, "bin").mkdir()
    for name in ("sh", "cmp", "make"):
        Path(tmp_path, "bin", name).symlink_to(next(_found(name)))
    bare = {"PATH": f"{tmp_path}/bin"}
    done = subprocess.run(["make", "up"], cwd=clone.folder, env=bare, capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert done.returncode != 0
    assert told == [
        "title21: no Python 3.11 or newer with venv found; name one, as in: make up PYTHON=/path/to/python3"
    ]


def _found(name: str) -> Iterator[Path]:
    for folder in os.environ["PATH"].split(os.pathsep):
        if (program := Path(folder, name)).exists():
            yield program
