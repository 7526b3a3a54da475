"""PostgreSQL and Valkey out of Python wheels, for machines whose environment names no server.

Every process that needs a server joins it: the first one starts it, all share it, the last one stops it.
A process counts as a user for as long as it holds a shared lock on `users.lock`; the kernel gives the lock up
with the process, so that a killed one is never counted. Starting and stopping happen under `start.lock`.
docs/decisions/0001 has the reasons.
"""

import atexit
import fcntl
import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from config.embedded import postgres, valkey
from config.embedded.home import NAME, PROJECT, SYSTEM_FOLDER, VAR, Home, locked, open_lock, own_home

__all__ = [
    "PROJECT",
    "SYSTEM_FOLDER",
    "VAR",
    "database_url",
    "own_home",
    "postgres_program",
    "redis_url",
    "restart_dead",
]

_used: set[Callable[[Home], str]] = set()  # how this process started or joined its servers


def database_url() -> str:
    """Give DATABASE_URL, or else the address of the embedded PostgreSQL, started if need be.

    Raises SystemExit with one line when the server cannot start, or the address is not PostgreSQL's.
    """
    named = os.environ.get("DATABASE_URL")
    if named and not named.startswith(("postgres://", "postgresql://")):
        raise SystemExit("title21: DATABASE_URL names no PostgreSQL; write postgres://user:password@host:5432/name")
    return named or _serve(postgres.start)


def redis_url() -> str:
    """Give REDIS_URL, or else the address of the embedded Valkey, started if need be.

    Raises SystemExit with one line when the server cannot start.
    """
    return os.environ.get("REDIS_URL") or _serve(valkey.start)


def restart_dead() -> None:
    """Start the servers that this process uses again, if they died; for processes that run for long.

    Raises SystemExit with one line when a server cannot start.
    """
    for start in _used:
        _serve(start)


def postgres_program(name: str) -> Path:
    """Give the path of one of PostgreSQL's own programs, such as pg_dump."""
    return own_home().postgres_program(name)


def _serve(start: Callable[[Home], str]) -> str:
    _used.add(start)
    try:
        home = _join()
        with _undisturbed(), locked(home.folder / "start.lock"):
            return start(home)
    except (OSError, RuntimeError, psycopg.Error, subprocess.SubprocessError) as error:
        raise SystemExit(f"{NAME}: an embedded server cannot start: {' '.join(str(error).split())}") from None


@functools.cache
def _join() -> Home:
    """Count this process among the users of the servers until it ends."""
    home = own_home()
    with locked(home.folder / "start.lock"):
        users = open_lock(home.folder / "users.lock")
        fcntl.flock(users, fcntl.LOCK_SH)
    atexit.register(_leave, home, users)
    _end_in_order()
    return home


def _leave(home: Home, users: int) -> None:
    """Give up this process's place; the last one out stops the servers."""
    os.close(users)
    with _undisturbed(), locked(home.folder / "start.lock"):
        # A fresh descriptor: one that a forked child shares would convert the child's lock along with ours.
        last = open_lock(home.folder / "users.lock")
        try:
            fcntl.flock(last, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(last)
        valkey.stop(home)
        postgres.stop(home)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back while servers start or stop: one that is half started would be left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.signal(number, lambda received, _frame: held.append(received)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for received in held[:1]:
            os.kill(os.getpid(), received)


def _end_in_order() -> None:
    """Let SIGTERM and SIGHUP end the process through its exit handlers, where nothing else was arranged."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError):  # not in the main thread: the program's own handling stands
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda received, _frame: sys.exit(128 + received))
