"""Clones of the project to test its servers and its start with; each has a var/ and servers of its own."""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from config import embedded

JOIN = "from config import embedded; print(embedded.database_url()); print(embedded.redis_url())"
WAIT = f"{JOIN}; import sys; sys.stdout.flush(); sys.stdin.read()"
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis")


@dataclass
class Clone:
    """`prefix` is put before every command, such as one that runs it as another user."""

    folder: Path
    python: str = sys.executable
    prefix: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Python with these arguments, in the clone, with an environment that names no server."""
        named = ("DATABASE_URL", "REDIS_URL")
        environment = {name: value for name, value in os.environ.items() if name not in named}
        packages = str(Path(psutil.__file__).parent.parent)
        return subprocess.Popen(
            [*self.prefix, self.python, *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": packages, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run Python with these arguments to its end: exit status, output, errors."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    @functools.cached_property
    def home(self) -> Path:
        """The folder of the clone's servers."""
        return Path(self.run("-c", "from config import embedded; print(embedded.own_home().folder)")[1].strip())

    def servers(self) -> list[psutil.Process]:
        """Give the living server processes whose data belong to this clone."""
        return self._living(self.home)

    def processes(self) -> list[psutil.Process]:
        """Give the living processes that run in the clone's folder, and its servers."""
        return [*self._living(self.folder), *self.servers()]

    def remove(self) -> None:
        """Remove what the clone keeps outside its own folder."""
        if self.home.is_relative_to(embedded.SYSTEM_FOLDER):
            shutil.rmtree(self.home)

    @staticmethod
    def _living(folder: Path) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def embedded_alone(folder: Path) -> Clone:
    """Put the embedded servers' package alone into an empty folder."""
    shutil.copytree(Path(embedded.__file__).parent, folder / "config" / "embedded", ignore=NOT_COPIED)
    (folder / "config" / "__init__.py").touch()
    return Clone(folder)


def whole_project(folder: Path) -> Clone:
    """Copy the project, without what it made while it ran."""
    shutil.copytree(embedded.PROJECT, folder, ignore=NOT_COPIED)
    return Clone(folder)
