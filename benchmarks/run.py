"""Runs all benchmarks, each in a process of its own, on databases of its own beside the project's.

BENCH_REQUESTS lists the numbers of requests (default 100000,1000000). A loaded database is kept for the next run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
ON_REQUESTS = ["export_csv", "reports", "lists"]
ON_NOTHING = ["business_time", "event_log_import", "completion_import", "training_matrix"]


def run() -> int:
    """Returns the exit code: 1 when a limit is not kept."""
    sizes = [int(size) for size in os.environ.get("BENCH_REQUESTS", "100000,1000000").split(",")]
    server = embedded.database_url()
    os.environ["REDIS_URL"] = embedded.redis_url()
    failed = False
    for bench in ON_NOTHING:
        _make(server, "title21_bench", anew=True)
        failed |= not _passes(server, "title21_bench", bench)[0]
    seconds: dict[tuple[str, int], dict[str, float]] = {}
    for size in sizes:
        database = f"title21_bench_{size}"
        _make(server, database, requests=size)
        for bench in ON_REQUESTS:
            print(f"With {size:,} requests:", flush=True)
            passes, seconds[bench, size] = _passes(server, database, bench)
            failed |= not passes
    for bench in ON_REQUESTS:
        for smaller, larger in pairwise(sizes):
            arms = seconds[bench, smaller].keys() & seconds[bench, larger].keys()
            grown = (
                f"{arm} {seconds[bench, larger][arm] / seconds[bench, smaller][arm]:.1f} times" for arm in sorted(arms)
            )
            print(f"From {smaller:,} to {larger:,} requests, {bench}: {', '.join(grown)}")
    return int(failed)


def _make(server: str, name: str, *, requests: int = 0, anew: bool = False) -> None:
    """The database with its tables and so many requests; one that is there already is only migrated."""
    with psycopg.connect(server, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if there and not anew:
            _run(server, name, "manage.py", "migrate", "-v0")
            return
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        for command in (["migrate", "-v0"], ["load_reference"]):
            _run(server, name, "manage.py", *command)
        if requests:
            _run(server, name, "manage.py", "generate_load", "--requests", str(requests))
    except subprocess.CalledProcessError:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
        raise SystemExit(f"The database {name} could not be made.") from None


def _passes(server: str, database: str, bench: str) -> tuple[bool, dict[str, float]]:
    with tempfile.NamedTemporaryFile() as results:
        os.environ["BENCH_RESULTS"] = results.name
        try:
            _run(server, database, "-m", f"benchmarks.{bench}")
        except subprocess.CalledProcessError:
            passes = False
        else:
            passes = True
        lines = Path(results.name).read_text().splitlines()
    return passes, json.loads(lines[-1])["seconds"] if lines else {}


def _run(server: str, database: str, *command: str) -> None:
    address = urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
    environment = {**os.environ, "DATABASE_URL": address}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own modules


if __name__ == "__main__":
    sys.exit(run())
