"""The embedded PostgreSQL: made, started, asked and stopped."""

import hashlib
import os
import re
import shlex
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from config.embedded.home import NAME, START_SECONDS, Home, reason_of

LEAST_FREE = 200  # MB on disk; less, and PostgreSQL may come up only to fail in the middle of its work
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS

# The wheel's defaults suit a very small machine; these suit a year of requests and its reports.
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_min_error_statement": "panic",
}


def start(home: Home) -> str:
    sockets = _socket_folder(home)
    if not _answers(sockets):
        _check_space(home.folder)
        _initialise(home)
        _forget_dead_postmaster(home.postgres, sockets)
        _launch(home, sockets)
        if not _answers(sockets):
            raise RuntimeError(f"postgres takes no connections; see {home.folder / 'postgres.log'}")
    bin_folder = str(home.postgres_program("psql").parent)
    if bin_folder not in os.environ.get("PATH", "").split(os.pathsep):
        # For `manage.py dbshell`; last, so that an installed psql comes first.
        os.environ["PATH"] = os.pathsep.join(filter(None, [os.environ.get("PATH"), bin_folder]))
    return f"postgres://{NAME}@:5432/{NAME}?host={sockets}"


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < LEAST_FREE:
        raise RuntimeError(f"the disk of {folder} is full: {free} MB are free, {LEAST_FREE} are needed")


def _socket_folder(home: Home) -> Path:
    """Give the private folder of PostgreSQL's socket: the home, or a short one if its path is too long."""
    if len(os.fsencode(home.folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH and _is_plain(home.folder):
        return home.folder
    mark = hashlib.sha256(os.fsencode(home.folder)).hexdigest()[:12]
    folder = Path(f"/tmp/{NAME}-{os.geteuid()}-{mark}")  # noqa: S108 - checked below; $TMPDIR differs between processes
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o170077 != 0o040000:
        raise RuntimeError(f"{folder} is not a private folder of this user")
    return folder


def _is_plain(folder: Path) -> bool:
    """Say whether a path needs no quoting in PostgreSQL's options and in a URL."""
    return re.fullmatch(r"[\w./-]+", str(folder), re.ASCII) is not None


def _answers(sockets: Path) -> bool:
    """Say whether the server takes connections; waits for one that starts, makes a missing database."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            _connect(sockets, NAME).close()
        except psycopg.OperationalError as error:
            message = str(error)
            if f'database "{NAME}" does not exist' in message:
                _create_database(sockets)
            elif "starting up" not in message and "recovery" not in message:
                return "too many clients" in message or "connection slots" in message
        else:
            return True
        time.sleep(0.1)
    return False


def _connect(sockets: Path, database: str) -> psycopg.Connection:
    return psycopg.connect(host=str(sockets), port=5432, user=NAME, dbname=database, autocommit=True)


def _initialise(home: Home) -> None:
    if home.postgres.exists():
        return
    unfinished = home.folder / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    home.run(
        home.postgres_program("initdb"),
        *("--pgdata", unfinished, "--username", NAME, "--auth", "trust", "--encoding", "UTF8"),
        *("--no-locale", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    )
    unfinished.rename(home.postgres)


def _forget_dead_postmaster(data: Path, sockets: Path) -> None:
    """Remove the lock files of a killed server once none of its processes lives.

    The number in them may meanwhile be another program's, which PostgreSQL would take for itself. Its last
    processes may take a moment to see that their parent is gone.
    """
    locks = (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock")
    deadline = time.monotonic() + 10
    while any(lock.exists() for lock in locks) and time.monotonic() < deadline:
        living = psutil.process_iter(["name", "cwd"])
        if not any(p.info["name"] == "postgres" and p.info["cwd"] == str(data) for p in living):
            for lock in locks:
                lock.unlink(missing_ok=True)
        time.sleep(0.1)


def _launch(home: Home, sockets: Path) -> None:
    settings = {**OPTIONS, "unix_socket_directories": str(sockets)}
    options = shlex.join(f"--{name}={value}" for name, value in settings.items())
    log = home.folder / "postgres.log"
    try:
        home.run(
            home.postgres_program("pg_ctl"),
            *("start", "--wait", "--timeout", str(int(START_SECONDS)), "--options", options),
            *("--pgdata", home.postgres, "--log", log),
        )
    except RuntimeError as error:
        told = reason_of(log.read_text(errors="replace")) if log.exists() else str(error)
        raise RuntimeError(f"postgres: {told}") from error


def _create_database(sockets: Path) -> None:
    with _connect(sockets, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {NAME}")


def stop(home: Home) -> None:
    if (home.postgres / "postmaster.pid").exists():
        with suppress(RuntimeError):  # killed before: nothing to stop
            home.run(home.postgres_program("pg_ctl"), "stop", "--mode", "fast", "--pgdata", home.postgres)
