"""The embedded servers, with real processes in small clones of the project."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded
from tests.config.clone import JOIN, WAIT, Clone, embedded_alone

ADD_A_ROW = """
import psycopg
from config import embedded
with psycopg.connect(embedded.database_url()) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
    connection.execute("INSERT INTO kept VALUES (1)")
    print(connection.execute("SELECT count(*) FROM kept").fetchone()[0])
"""
ADD_TO_A_KEY = """
import redis
from config import embedded
print(redis.Redis.from_url(embedded.redis_url()).incr("kept"))
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    clone = embedded_alone(tmp_path_factory.mktemp("embedded") / "clone")
    yield clone
    clone.remove()


def _add(clone: Clone) -> list[int]:
    """Add a row and count the rows; add to a key and give its value."""
    status, output, errors = clone.run("-c", ADD_A_ROW + ADD_TO_A_KEY)
    assert (status, errors) == (0, "")
    return [int(number) for number in output.split()]


def test_the_environment_names_the_servers(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://a@db.example/b")
    monkeypatch.setenv("REDIS_URL", "redis://queue.example/1")
    assert embedded.database_url() == "postgres://a@db.example/b"
    assert embedded.redis_url() == "redis://queue.example/1"


def test_processes_share_the_servers_and_the_last_one_stops_them(clone):
    first = clone.start("-c", WAIT)
    urls = [first.stdout.readline(), first.stdout.readline()]
    second = clone.start("-c", WAIT)
    assert [second.stdout.readline(), second.stdout.readline()] == urls
    assert first.communicate("", timeout=30)[1] == ""
    assert clone.servers() != []
    assert second.communicate("", timeout=30)[1] == ""
    assert clone.servers() == []


def test_a_terminated_process_leaves_no_server_behind(clone):
    process = clone.start("-c", WAIT)
    process.stdout.readline()
    process.terminate()
    assert process.wait(30) == 128 + 15
    assert clone.servers() == []


def test_data_outlive_the_servers(clone):
    before = _add(clone)
    assert _add(clone) == [count + 1 for count in before]


def test_the_servers_start_again_after_everything_was_killed(clone):
    before = _add(clone)
    process = clone.start("-c", WAIT)
    process.stdout.readline()
    process.stdout.readline()
    for victim in [*clone.servers(), process]:
        victim.kill()
    process.wait(10)
    assert _add(clone) == [count + 1 for count in before]


def test_a_long_running_process_revives_its_servers(clone):
    revive = "import psycopg; embedded.restart_dead(); psycopg.connect(embedded.database_url()); print('back')"
    process = clone.start("-c", f"{JOIN}; sys = __import__('sys'); sys.stdout.flush(); sys.stdin.readline(); {revive}")
    process.stdout.readline()
    process.stdout.readline()
    for victim in clone.servers():
        victim.kill()
    output, errors = process.communicate("\n", timeout=60)
    assert (output, errors) == ("back\n", "")


def test_processes_that_start_at_once_agree_on_one_server(clone):
    processes = [clone.start("-c", WAIT) for _ in range(4)]
    urls = {(process.stdout.readline(), process.stdout.readline()) for process in processes}
    assert len(urls) == 1
    assert [process.communicate("", timeout=60)[1] for process in processes] == [""] * 4


def test_other_users_cannot_reach_the_data(clone):
    clone.run("-c", JOIN)
    assert clone.home.stat().st_mode & 0o077 == 0
    assert (clone.home / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_folders_above_the_project_keep_their_permissions(tmp_path):
    closed = tmp_path / "home"
    clone = embedded_alone(closed / "clone")
    closed.chmod(0o700)
    folders = [clone.folder, *clone.folder.parents, embedded.SYSTEM_FOLDER, *Path(sys.prefix).parents]
    before = {folder: folder.stat().st_mode for folder in folders}
    assert clone.run("-c", JOIN)[0] == 0
    assert {folder: folder.stat().st_mode for folder in folders} == before
    clone.remove()


def test_a_deep_folder_with_blanks_is_no_obstacle(tmp_path):
    clone = embedded_alone(tmp_path / ("a deep folder, " * 8) / "100% a clone's")
    status, output, errors = clone.run("-c", ADD_A_ROW)
    assert (status, output, errors) == (0, "1\n", "")
    clone.remove()


def test_a_var_that_cannot_be_written_is_said_in_one_line(tmp_path):
    clone = embedded_alone(tmp_path / "clone")
    (clone.folder / "var").touch()
    status, output, errors = clone.run("-c", JOIN)
    assert (status, output) == (1, "")
    assert errors.count("\n") == 1
    assert errors.startswith("title21: ")


def test_a_full_disk_is_said_in_one_line(tmp_path):
    clone = embedded_alone(tmp_path / "clone")
    status, output, errors = clone.run(
        "-c", f"from config.embedded import postgres; postgres.LEAST_FREE = 10**12; {JOIN}"
    )
    assert (status, output) == (1, "")
    assert errors.count("\n") == 1
    assert "is full" in errors
    clone.remove()


@pytest.fixture
def clone_of_nobody() -> Iterator[Clone]:
    if os.geteuid() != 0:
        pytest.skip("only root can run a clone as another user")
    with tempfile.TemporaryDirectory(prefix="clone-of-nobody-") as folder:
        clone = embedded_alone(Path(folder) / "clone")
        clone.prefix = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        for path in [Path(folder), *Path(folder).rglob("*")]:
            shutil.chown(path, "nobody")
        clone.python = _python_for(clone)
        yield clone


def _python_for(clone: Clone) -> str:
    """Find an interpreter of our version that the clone's user may run, with our packages."""
    wanted = f"import sys, psycopg, psutil; assert sys.version_info[:2] == {sys.version_info[:2]}"
    for clone.python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            if clone.run("-c", wanted)[0] == 0:
                return clone.python
        except FileNotFoundError:
            continue
    pytest.skip("no interpreter and packages that another user may run")


def test_two_users_of_one_machine_run_their_own(clone, clone_of_nobody):
    ours = clone.start("-c", WAIT)
    ours.stdout.readline()
    status, output, errors = clone_of_nobody.run("-c", f"{ADD_A_ROW}\nembedded.redis_url()")
    assert (status, output, errors) == (0, "1\n", "")
    ours.communicate("", timeout=30)


def test_an_unprivileged_user_is_told_of_a_closed_folder(clone_of_nobody):
    clone_of_nobody.folder.chmod(0o555)
    status, _output, errors = clone_of_nobody.run("-c", JOIN)
    assert status == 1
    assert errors.count("\n") == 1
    assert "Permission denied" in errors


def test_psql_of_the_wheel_runs_as_any_user_of_the_clone():
    version = subprocess.run([embedded.postgres_program("psql"), "--version"], capture_output=True, text=True)
    assert "PostgreSQL) 18" in version.stdout
