"""A small clone of the project to test its servers with: the embedded module alone, with its own var/."""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from config import embedded

JOIN = "from config import embedded; print(embedded.database_url()); print(embedded.redis_url())"
WAIT = f"{JOIN}; import sys; sys.stdout.flush(); sys.stdin.read()"


@dataclass
class Clone:
    """`prefix` is put before every command, such as one that runs it as another user."""

    folder: Path
    python: str = sys.executable
    prefix: tuple[str, ...] = ()

    def start(self, code: str) -> subprocess.Popen[str]:
        """Start Python on the code, in the clone, with an environment that names no server."""
        named = ("DATABASE_URL", "REDIS_URL")
        environment = {name: value for name, value in os.environ.items() if name not in named}
        return subprocess.Popen(
            [*self.prefix, self.python, "-c", code],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(Path(psutil.__file__).parent.parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> tuple[int, str, str]:
        """Run Python on the code to its end: exit status, output, errors."""
        process = self.start(code)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    @functools.cached_property
    def home(self) -> Path:
        """The folder of the clone's servers."""
        return Path(self.run("from config import embedded; print(embedded._home().folder)")[1].strip())

    def servers(self) -> list[psutil.Process]:
        """Give the living server processes whose data belong to this clone."""
        return [process for process in psutil.process_iter() if _works_in(process, self.home)]

    def remove(self) -> None:
        """Remove what the clone keeps outside its own folder."""
        if self.home.is_relative_to(embedded.SYSTEM_FOLDER):
            shutil.rmtree(self.home)


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(home)
    except psutil.Error:
        return False


def make_clone(folder: Path) -> Clone:
    """Put the embedded module into an empty folder."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "__init__.py").touch()
    shutil.copy(embedded.__file__, folder / "config" / "embedded.py")
    return Clone(folder)
