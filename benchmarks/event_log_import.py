"""Import of an event log of 100,000 events, from the bytes of the file to the ledger with its hashes and stays."""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from audit.imports import record
from audit.imports.log import Columns, read_log
from audit.imports.record import Meaning
from audit.imports.times import TimeReader
from audit.models import StepEvent
from benchmarks.harness import Check, main, timed

EVENTS = 100_000
PER_CASE = 8
HEADER = ["case:concept:name", "concept:name", "time:timestamp", "org:resource"]
COLUMNS = Columns(HEADER[0], HEADER[1], HEADER[2], HEADER[3])
STAGES = ["Register", "Check", "Return", "Check", "Review", "Sign off", "Decide", "Closed"]


def measure() -> tuple[list[Check], Mapping[str, float]]:
    content = _log()
    run = f"{time.time_ns()}"
    taken: list[str] = []

    def load() -> None:
        """A workflow of its own each time, since the ledger forgets nothing."""
        meaning = Meaning(f"benchmark {run} {len(taken)}", COLUMNS)
        log = read_log(content, COLUMNS, TimeReader(), record.span_of_calendar())
        record.settle_held(log, meaning)
        for _ in record.write(log, meaning, actor_name="benchmark", facts={}):
            pass
        taken.append(meaning.workflow)

    seconds = timed({"import": load}).medians()
    assert StepEvent.objects.filter(workflow__in=taken).count() == EVENTS * len(taken)
    return [Check("import of an event log", EVENTS / seconds["import"], 20_000, "events/s", at_least=True)], seconds


def _log() -> bytes:
    """Rows in no order, with offsets, as process-mining tools write them."""
    rng = random.Random(1)  # noqa: S311 - repeatable
    rows = []
    for case in range(EVENTS // PER_CASE):
        at = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(2_000_000))
        for stage in STAGES:
            rows.append([f"A-{case:06d}", stage, at.isoformat(sep=" "), f"user{case % 50}"])
            at += timedelta(seconds=rng.expovariate(1 / 86_400))
    rng.shuffle(rows)
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


if __name__ == "__main__":
    main("Import of an event log", measure)
