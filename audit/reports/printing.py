"""A page of reports as a file, PDF or XLSX: of the same reports as the page, on record, and with a manifest.

All its figures, and the position of the ledger that its manifest states, are of one snapshot of the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import QueryDict

from audit import goals
from audit.exports.formats import About
from audit.exports.making import OF_THE_FILE, TAKEN_AT_ONCE, failing_unless_done, finish, on_file, on_record
from audit.exports.query import UnknownWorkflow
from audit.exports.snapshot import Position, Progress, position_of, settled_moment
from audit.manifest import manifest_of, sources_of
from audit.models import ExportFile
from audit.report_forms import Asked, ReportForm
from audit.reports.figures import Moment, one_moment
from audit.reports.pages import PAGES, Beside, Page, Part, beside
from audit.reports.past import ledger_up_to
from audit.reports.periods import EVERY
from audit.reports.question import ENDED, Question, measured_with
from audit.reports.tables import NOT_STATED, dimension_label, measure_label, plain_date, value_labels

FORMATS = ("pdf", "xlsx")
PAGE_OF = {page.what: page for page in PAGES.values()}


@dataclass(frozen=True)
class Printed:
    """A page's reports, asked at one moment and ready to be written; `address` asks the same of the site again."""

    page: Page
    asked: Asked
    address: str
    moment: Moment
    parts: list[Part]
    beside: Beside
    position: Position
    goals_version: int
    progress: Progress

    @property
    def as_of(self) -> datetime:
        return self.moment.as_of

    @property
    def calendar(self) -> tuple[str, int]:
        return self.moment.calendar.name, self.moment.calendar.version

    @property
    def as_of_in_words(self) -> str:
        local = self.as_of.astimezone(self.moment.calendar.zone)
        return f"{plain_date(local.date())}, {local:%H:%M:%S %Z}"

    def asked_in_words(self) -> list[tuple[str, str]]:
        """What the page asks, as (what, answer)."""
        question, calendar = self.asked.question, self.moment.calendar
        period, cohort = question.period, "ended" if question.cohort == ENDED else "were filed"
        days = f"from {plain_date(period.since)} through {plain_date(period.last_day)}"
        only = [
            (dimension_label(question, name), "Only " + ", ".join(_labels(question, name, values)))
            for name, values in question.wanted_dimensions().items()
        ]
        timed = [
            ("Time", measure_label(question.model, question.measure)),
            ("Trend by", EVERY[self.asked.every]),
            ("Compared by", dimension_label(question, self.asked.by) if self.asked.by else "Nothing"),
        ]
        beside = [
            ("Source of the steps", self.beside.source),
            (
                "Never on a clock",
                f"{self.beside.unclocked:,} more ended, without a time" if self.beside.unclocked else "",
            ),
        ]
        return [
            ("Workflow", question.workflow.replace("_", " ").capitalize()),
            (question.rows.capitalize(), f"That {cohort} {days}, both days whole in {calendar.zone.key}"),
            *(only or [("Filters", f"None: all of these {question.rows} that the one named below may see")]),
            *(timed if self.page.timed else []),
            *((name, said) for name, said in beside if said),
            ("As of", self.as_of_in_words),
            (
                "Business hours",
                f"Of the calendar “{calendar.name}”, version {calendar.version}, in {calendar.zone.key}",
            ),
        ]

    @property
    def holds(self) -> dict[str, Any]:
        return {"sections": [part.table.title for part in self.parts], "address": self.address}


def _labels(question: Question, name: str, values: Iterable[str]) -> list[str]:
    labels = {"": NOT_STATED} | value_labels(question, name)
    return [labels.get(value, value) for value in values]


def take(page: Page, asked: Asked, format: str, *, address: str, owner: Any) -> tuple[ExportFile, bytes]:
    """The page as a file, and its entry on file with the manifest; that the owner took it goes on record.

    Raises drawing.CannotDraw, exports.CannotWrite.
    """
    file = on_file(
        owner=owner,
        owner_name=owner.recorded_name,
        what=page.what,
        workflow=asked.question.workflow,
        format=format,
        filters=QueryDict(asked.address()).dict(),
        **TAKEN_AT_ONCE,
    )
    with failing_unless_done(file):
        printed = ask(page, asked, address)
        with on_record(file, printed):
            content = _written(printed, format, lambda: sources_of(file, printed))
            sha256 = hashlib.sha256(content).hexdigest()
            finish(file, printed, manifest_of(file, printed, size=len(content), sha256=sha256))
    return file, content


def ask(page: Page, asked: Asked, address: str) -> Printed:
    """What the page answers now. Not to be called within a transaction."""
    with one_moment(durable=True):
        with connection.cursor() as cursor:
            as_of, settled = settled_moment(cursor)
            position = position_of(cursor, settled=settled)
        return _answered(page, asked, address, Moment(as_of, measured_with()), position)


def _answered(page: Page, asked: Asked, address: str, moment: Moment, position: Position) -> Printed:
    parts = page.parts(asked, moment)
    rows = sum(len(part.table.rows) for part in parts)
    return Printed(
        page, asked, address, moment, parts, beside(asked, moment), position, goals.version(), Progress(rows)
    )


def _written(printed: Printed, format: str, about: About) -> bytes:
    content: bytes = import_module(f"audit.exports.writers.report_{format}").written(printed, about)
    return content


def write_again(file: ExportFile, path: Path) -> None:
    """Makes the file once more from the ledger as it was then, without a trace.

    Raises UnknownWorkflow where its owner may not ask it any more, OSError, and as `take` does.
    """
    then = file.manifest
    as_of = datetime.fromisoformat(then["as_of"])
    with ledger_up_to(then["ledger"]["last_event"] or 0):
        moment = Moment(as_of, measured_with())
        page = PAGE_OF[file.what]
        form = ReportForm(file.filters, user=file.owner, moment=moment, shows=page.shows)
        if not form.is_valid():
            raise UnknownWorkflow("Its owner may not ask that of the ledger any more.")
        position = Position(**then["ledger"])
        printed = _answered(page, form.asked(), then["address"], moment, position)
        path.write_bytes(
            _written(printed, file.format, lambda: {name: then[name] for name in then if name not in OF_THE_FILE})
        )
