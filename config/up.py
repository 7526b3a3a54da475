"""`make up`: prepare the database, then run web, worker and beat under supervisor until told to stop.

supervisor starts the three and restarts the one that dies. This process prepares, tells when all is ready,
keeps the embedded servers up, and on Ctrl-C, SIGTERM or SIGHUP ends supervisor and leaves nothing behind.
"""

import fcntl
import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

import django
import psutil
import redis
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from config import embedded

CONFIGURATION = Path(__file__).with_name("supervisord.conf")
LOGS = embedded.VAR / "log"
MARK = "TITLE21_UP"  # in the environment of all that supervisor starts: the project's folder
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READY_SECONDS = 60.0
WATCH_SECONDS = 2.0


def main() -> None:
    """Run the project until a signal stops it.

    Raises SystemExit with one line when it cannot start or a part of it cannot go on.
    """
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # not under nohup
            signal.signal(number, _stop)
    port = _port()
    try:
        lock = _lock()
        _end_leftovers()
        _check_free(port)
        _set_environment(port)
        sign_ins = _prepare()
    except (OSError, DatabaseError, CommandError, redis.RedisError, ImproperlyConfigured) as error:
        raise SystemExit(f"title21: {' '.join(str(error).split())}") from None
    try:
        _run(port, sign_ins)
    finally:
        _end_leftovers()
        os.close(lock)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _port() -> int:
    value = os.environ.get("PORT") or "8000"
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SystemExit(f"title21: PORT is {value}, which is no port number")
    return int(value)


def _lock() -> int:
    """Make sure that one `make up` at a time runs in this folder; the lock ends with the process."""
    LOGS.mkdir(parents=True, exist_ok=True)
    lock = os.open(embedded.VAR / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("title21: `make up` runs in this folder already") from None
    return lock


def _end_leftovers() -> None:
    """End what an earlier run left behind when it was killed, or this one could not end."""
    left = [process for process in psutil.process_iter() if _is_ours(process)]
    for process in left:
        process.terminate()
    for process in psutil.wait_procs(left, timeout=10)[1]:
        process.kill()
    psutil.wait_procs(left, timeout=5)


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.environ().get(MARK) == str(embedded.PROJECT) and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(
                f"title21: port {port}: {error.strerror}; choose another, as in: make up PORT=8001"
            ) from None


def _set_environment(port: int) -> None:
    """Set what supervisor's children read: they use our servers and do not join them themselves."""
    os.environ |= {
        "DATABASE_URL": embedded.database_url(),
        "REDIS_URL": embedded.redis_url(),
        "PORT": str(port),
        "TITLE21_PYTHON": sys.executable,
    }
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # People look at it: a wrong address gets the project's own page, not Django's list of addresses.
    os.environ.setdefault("DEBUG", "off")
    os.environ.setdefault("DEMO", "on")


def _prepare() -> str:
    """Bring the database up to date; give the demo sign-ins to print, if there are any."""
    print("Preparing the database ...", flush=True)
    django.setup()
    from django.conf import settings

    from designation.models import Request

    redis.from_url(settings.REDIS_URL).ping()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_reference")
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    if not settings.DEMO:
        return ""
    if not Request.objects.exists():
        print("First run: making demo data ...", flush=True)
        call_command("demo_data")
    sign_ins = io.StringIO()
    call_command("demo_users", stdout=sign_ins)
    return sign_ins.getvalue()


def _run(port: int, sign_ins: str) -> None:
    command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(CONFIGURATION)]
    runner = subprocess.Popen(  # noqa: S603 - a fixed command
        [*command, "--user", str(os.getuid())],
        env={**os.environ, MARK: str(embedded.PROJECT)},
        start_new_session=True,  # Ctrl-C comes to us alone, and we end it in order
    )
    try:
        _wait_for_web(port, runner)
        print(f"\nTitle 21 is at http://127.0.0.1:{port}/ (logs in var/log; Ctrl-C stops it)", flush=True)
        print(sign_ins, flush=True)
        while runner.poll() is None:
            embedded.restart_dead()
            time.sleep(WATCH_SECONDS)
    finally:
        runner.terminate()
        runner.wait()
    raise SystemExit("title21: the process runner ended; see var/log/supervisord.log")


def _wait_for_web(port: int, runner: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while runner.poll() is None and time.monotonic() < deadline:
        if _web_answers(port):
            return
        time.sleep(0.1)
    raise SystemExit("title21: the web server does not answer; see var/log/web.log")


def _web_answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
    try:
        connection.request("HEAD", "/accounts/login/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    main()
