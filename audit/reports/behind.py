"""The requests behind a figure: their numbers, with states and dates only, so that no person's data is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection

from audit.models import StepEvent
from audit.reports.facts import SQL, counts, facts, fetch, restrictions, visible_subjects
from audit.reports.figures import Moment
from audit.reports.question import Question
from audit.reports.tables import COUNT, DAY, HOURS, TEXT, Table, hours, stage_label

PAGE_SIZE = 50

MEASURED = """
SELECT fact.subject, last.to_state, fact.at, fact.seconds, fact.stays
FROM ({facts}) AS fact
JOIN LATERAL (
    SELECT to_state FROM audit_stepevent WHERE workflow = %(workflow)s AND subject = fact.subject
    ORDER BY sequence DESC LIMIT 1
) AS last ON true
WHERE fact.measure = %(measure)s AND fact.name = %(measured_name)s
"""
STILL_OPEN = """
SELECT open.subject, open.stage AS to_state, open.entered_at AS at,
       audit_business_seconds(%(calendar)s, open.entered_at, %(as_of)s) AS seconds, 1 AS stays
FROM audit_stagevisit AS open
WHERE open.workflow = %(workflow)s AND open.left_at IS NULL AND {conditions}
"""


@dataclass(frozen=True)
class Behind:
    """The requests that a figure was made of, the longest first. `open_in` asks for the open ones instead: those of a
    stage, or all where it is empty.
    """

    question: Question
    moment: Moment
    open_in: str | None = None

    @cached_property
    def _sql(self) -> SQL:
        if self.open_in is not None:
            return self._open()
        of = facts(self.question, [], self.moment.calendar, self.moment.as_of)
        measure = self.question.measure
        names = {"measure": measure.what, "measured_name": measure.name}
        return SQL(MEASURED.format(facts=of.text), of.parameters | names)

    def _open(self) -> SQL:
        question = self.question
        parameters: dict[str, Any] = {
            "workflow": question.workflow,
            "calendar": self.moment.calendar.pk,
            "as_of": self.moment.as_of,
        }
        restricted = restrictions(question, "open")
        conditions = [counts(question, "open"), restricted.text]
        if self.open_in:
            conditions.append("open.stage = %(stage)s")
            parameters["stage"] = self.open_in
        return SQL(STILL_OPEN.format(conditions=" AND ".join(conditions)), parameters | restricted.parameters)

    @cached_property
    def count(self) -> int:
        return int(fetch(SQL(f"SELECT count(*) FROM ({self._sql.text}) AS found", self._sql.parameters))[0][0])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> list[Row]:
        text = (
            f"SELECT * FROM ({self._sql.text}) AS found ORDER BY seconds DESC, subject LIMIT %(most)s OFFSET %(first)s"
        )
        first = rows.start or 0
        limits = {"first": first, "most": None if rows.stop is None else rows.stop - first}
        model = self.question.model
        return [
            Row(subject, stage_label(model, state), at, seconds, stays)
            for subject, state, at, seconds, stays in fetch(SQL(text, self._sql.parameters | limits))
        ]

    def table(self) -> Table:
        """All of them."""
        zone = self.moment.calendar.zone
        when = "In the stage since" if self.open_in is not None else "Ended or filed"
        return Table(
            "Requests behind the figure",
            [("Number", TEXT), ("State", TEXT), (when, DAY), ("Time", HOURS), ("Stays", COUNT)],
            [
                [row.subject, row.state, row.at.astimezone(zone).date(), hours(row.seconds), row.stays]
                for row in self[:]
            ],
        )


@dataclass(frozen=True)
class Row:
    """One request: its number, state, when it ended, was filed or entered the stage, and business seconds."""

    subject: str
    state: str
    at: datetime
    seconds: int
    stays: int


def trail(question: Question, subject: str) -> list[tuple[str, datetime, str]]:
    """(state, when it was entered, whose clock ran) of each step of one request; nothing for one that is not visible.

    No names, no reasons: what an auditor can hand on.
    """
    if visible := visible_subjects(question):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT %(subject)s IN ({visible.text})", visible.parameters | {"subject": subject})
            if not cursor.fetchone()[0]:
                return []
    steps = StepEvent.objects.filter(workflow=question.workflow, subject=subject).order_by("sequence")
    return [
        (stage_label(question.model, state), at, party)
        for state, at, party in steps.values_list("to_state", "at", "party")
    ]
