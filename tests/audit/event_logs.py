"""Files of event logs: written for tests, imported, and read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from django.core.management import call_command

from audit.imports import record
from audit.imports.log import Columns, read_log
from audit.imports.times import TimeReader
from audit.models import StepEvent

HEADER = ["case:concept:name", "concept:name", "time:timestamp", "org:resource"]
MINING = {"case": HEADER[0], "stage": HEADER[1], "at": HEADER[2]}


def write(path: Path, rows, *, header=HEADER, encoding="utf-8", **dialect) -> None:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))


def load(path: Path, *, workflow="legacy", **options) -> None:
    call_command("import_event_log", path, workflow=workflow, **{**MINING, **options})


def read(content: bytes, **options):
    return read_log(content, Columns(*HEADER[:3]), TimeReader(**options), record.span_of_calendar())


def stages_of(subject: str, workflow="legacy") -> list[str]:
    steps = StepEvent.objects.filter(workflow=workflow, subject=subject).order_by("sequence")
    return list(steps.values_list("to_state", flat=True))
