"""The embedded Valkey: started, asked and stopped."""

import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

import psutil

from config.embedded.home import START_SECONDS, Home, reason_of


def start(home: Home) -> str:
    settings = home.valkey / "valkey.conf"
    if not (settings.exists() and _answers(settings)):
        _write_settings(home, settings)
        home.run(home.valkey_program(), settings)
        _wait(home, settings)
    port, password = _address(settings)
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _wait(home: Home, settings: Path) -> None:
    began = time.monotonic()
    while not _answers(settings):
        waited = time.monotonic() - began
        # The pid file appears a moment after the program has gone to the background.
        if waited > START_SECONDS or (waited > 2 and _process(home) is None):
            log = (home.valkey / "valkey.log").read_text(errors="replace")
            raise RuntimeError(f"valkey-server: {reason_of(log)}")
        time.sleep(0.02)


def _address(settings: Path) -> tuple[int, str]:
    """Give the port on 127.0.0.1 and the password."""
    words = dict(line.split(" ", 1) for line in settings.read_text().splitlines())
    return int(words["port"]), words["requirepass"]


def _answers(settings: Path) -> bool:
    """Say whether our server, which alone knows the password, is there and has loaded its data."""
    port, password = _address(settings)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                return (answers.readline(), answers.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False


def _write_settings(home: Home, settings: Path) -> None:
    """Write the settings anew, with the port of the last run where it is free: others may know it."""
    home.valkey.mkdir(mode=0o700, exist_ok=True)
    port, password = _address(settings) if settings.exists() else (0, secrets.token_hex(24))
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


def _process(home: Home) -> psutil.Process | None:
    try:
        process = psutil.Process(int((home.valkey / "valkey.pid").read_text()))
        alive = process.name() == "valkey-server" and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None
    return process if alive else None


def stop(home: Home) -> None:
    """Let Valkey write its data and end."""
    process = _process(home)
    if process is not None:
        process.terminate()
    while _process(home) is not None:
        time.sleep(0.02)
