"""The requests behind a figure: their numbers, with states and dates only, so that no person's data is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db import connection

from audit.models import StepEvent
from audit.reports.backlog import AGE_BANDS, AGE_NAMES, open_stays
from audit.reports.facts import facts, fetch, unclocked, visible_subjects
from audit.reports.figures import Moment
from audit.reports.flow import REASON_KEY_SQL, returned, travelled
from audit.reports.question import ENDED, Question
from audit.reports.sources import LABELS
from audit.reports.tables import COUNT, DAY, HOURS, TEXT, Table, hours, stage_label
from audit.reports.timeliness import JUDGED, MET
from audit.statements import SQL

PAGE_SIZE = 50
FIELDS = (
    "open_in",
    "late",
    "age",
    "as_filed",
    "goal",
    "unclocked",
    "way_from",
    "way_to",
    "returned_from",
    "reason",
)
"""What `Behind.chosen` may have, and the address of a list beside what it has of the question."""

LAST_STEP = """
JOIN LATERAL (
    SELECT to_state FROM audit_stepevent WHERE workflow = %(workflow)s AND subject = found.subject
    ORDER BY sequence DESC LIMIT 1
) AS last ON true
"""
MEASURED = f"""
SELECT found.subject, last.to_state, found.at, found.seconds, found.stays, NULL::bigint AS age
FROM ({{facts}}) AS found {LAST_STEP}
WHERE found.measure = %(measure)s AND found.name = %(measured_name)s AND {{goal}}
"""
OF_GOAL = {"": "true", JUDGED: "found.judged > 0", MET: "found.met > 0"}
WITHOUT_A_CLOCK = f"""
SELECT found.subject, last.to_state, found.at, 0 AS seconds, 0 AS stays, NULL::bigint AS age
FROM ({{unclocked}}) AS found {LAST_STEP}
"""
STILL_OPEN = """
SELECT open.subject, open.stage AS to_state, open.entered_at AS at,
       audit_business_seconds(%(calendar)s, open.entered_at, %(as_of)s) AS seconds, 1 AS stays, open.age
FROM ({open}) AS open
WHERE {conditions}
"""
STEPS = """
SELECT subject, to_state, at, business_seconds AS seconds, (business_seconds IS NOT NULL)::int AS stays,
       NULL::bigint AS age
FROM ({steps}) AS step
WHERE {conditions}
"""


@dataclass(frozen=True)
class Behind:
    """The requests that a figure was made of, the longest first. Raises ValueError where `chosen` makes no sense.

    `chosen` are the values of `FIELDS` that an address has; without any, they are the requests that have the time of
    the question's measure. `as_filed` has the filters look at the dimensions as filed; `goal` takes those `judged` by
    a goal, or that `met` it; `unclocked` those that ended without ever having been on a clock.
    `open_in` asks for the open ones instead: those of a stage, or all where it is empty, of which those that are `late`
    in it, or of an `age` of `AGE_BANDS`. `way_from` and `way_to` ask for each time that a way was taken, and
    `returned_from` for each return from a stage, with the key of a `reason` for those alone.
    """

    question: Question
    moment: Moment
    chosen: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        age, goal, stage = (self.chosen.get(name, "") for name in ("age", "goal", "open_in"))
        if age and age not in AGE_BANDS:
            raise ValueError(f"No list has the age “{age}”. There are {', '.join(AGE_BANDS)}, in business hours.")
        if age and "open_in" not in self.chosen:
            raise ValueError("An age is that of open requests: ask for “open_in” too, empty for all stages.")
        if goal not in OF_GOAL:
            raise ValueError(f"No list is by the goal “{goal}”. There are {JUDGED} and {MET}.")
        if stage and self.question.model is not None and stage not in self.question.model.parties:
            raise ValueError(f"Nothing is open in “{stage}”: it is no stage of the workflow.")

    @property
    def lists(self) -> str:
        """What its rows are: the “open”, “steps”, the “unclocked”, or else the “measured” ones."""
        if "open_in" in self.chosen:
            return "open"
        if "way_to" in self.chosen or "returned_from" in self.chosen:
            return "steps"
        return "unclocked" if "unclocked" in self.chosen else "measured"

    @property
    def stage_in_words(self) -> str:
        """The stage in which they are open; empty for all."""
        return stage_label(self.question.model, self.chosen.get("open_in", ""))

    @property
    def age_in_words(self) -> str:
        """As “1 to 2 weeks”, where an age is chosen."""
        return dict(zip(AGE_BANDS, AGE_NAMES, strict=True)).get(self.chosen.get("age", ""), "")

    @property
    def when(self) -> str:
        """What the instant of each row is."""
        if "open_in" in self.chosen:
            return "In the stage since"
        if "way_to" in self.chosen:
            return "Taken"
        if "returned_from" in self.chosen:
            return "Returned"
        return "Ended" if self.question.cohort == ENDED or "unclocked" in self.chosen else "Filed"

    @cached_property
    def _sql(self) -> SQL:
        if "open_in" in self.chosen:
            return self._open()
        if "way_to" in self.chosen:
            return self._way()
        if "returned_from" in self.chosen:
            return self._returned()
        if "unclocked" in self.chosen:
            of = unclocked(self.question, [], self.moment.calendar)
            return SQL(WITHOUT_A_CLOCK.format(unclocked=of.text), of.parameters)
        return self._measured()

    def _measured(self) -> SQL:
        as_filed = "as_filed" in self.chosen
        of = facts(self.question, [], self.moment.calendar, self.moment.as_of, as_filed=as_filed)
        measure = self.question.measure
        names = {"measure": measure.what, "measured_name": measure.name}
        text = MEASURED.format(facts=of.text, goal=OF_GOAL[self.chosen.get("goal", "")])
        return SQL(text, of.parameters | names)

    def _open(self) -> SQL:
        of = open_stays(self.question, self.moment)
        conditions = ["true"]
        if self.chosen["open_in"]:
            conditions.append("open.stage = %(stage)s")
        if "late" in self.chosen:
            conditions.append("late")
        if "age" in self.chosen:
            conditions.append(AGE_BANDS[self.chosen["age"]])
        text = STILL_OPEN.format(open=of.text, conditions=" AND ".join(conditions))
        return SQL(text, of.parameters | {"stage": self.chosen["open_in"]})

    def _way(self) -> SQL:
        of = travelled(self.question, self.moment)
        text = STEPS.format(steps=of.text, conditions="from_state = %(way_from)s AND to_state = %(way_to)s")
        way = {"way_from": self.chosen.get("way_from", ""), "way_to": self.chosen["way_to"]}
        return SQL(text, of.parameters | way)

    def _returned(self) -> SQL:
        of = returned(self.question, self.moment)
        conditions = "from_state = %(returned_from)s"
        if "reason" in self.chosen:
            conditions += f" AND {REASON_KEY_SQL} = %(reason)s"
        text = STEPS.format(steps=of.text, conditions=conditions)
        of_return = {"returned_from": self.chosen["returned_from"], "reason": self.chosen.get("reason")}
        return SQL(text, of.parameters | of_return)

    @cached_property
    def count(self) -> int:
        return int(fetch(SQL(f"SELECT count(*) FROM ({self._sql.text}) AS found", self._sql.parameters))[0][0])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> list[Row]:
        text = f"""
        SELECT * FROM ({self._sql.text}) AS found
        ORDER BY {"age" if "age" in self.chosen else "seconds"} DESC NULLS LAST, subject, at
        LIMIT %(most)s OFFSET %(first)s
        """
        first = rows.start or 0
        limits = {"first": first, "most": None if rows.stop is None else rows.stop - first}
        model = self.question.model
        return [
            Row(subject, stage_label(model, state), at, seconds, stays, age)
            for subject, state, at, seconds, stays, age in fetch(SQL(text, self._sql.parameters | limits))
        ]

    def table(self) -> Table:
        """All of them."""
        zone = self.moment.calendar.zone
        counted = ("Age since it was filed", HOURS) if self.lists == "open" else ("Stays", COUNT)
        return Table(
            f"{self.question.rows.capitalize()} behind the figure",
            [("Number", TEXT), ("State", TEXT), (self.when, DAY), ("Time", HOURS), counted],
            [
                [
                    row.subject,
                    row.state,
                    row.at.astimezone(zone).date(),
                    hours(row.seconds),
                    row.stays if row.age is None else hours(row.age),
                ]
                for row in self[:]
            ],
        )


@dataclass(frozen=True)
class Row:
    """One request: its number, state, an instant (see `Behind.when`), and the business seconds of the stays.

    Of an open one also its `age`, the business seconds since it was filed.
    """

    subject: str
    state: str
    at: datetime
    seconds: int | None
    stays: int
    age: int | None = None


class TrailStep(NamedTuple):
    """The state that was entered, when, whose clock ran in it, and the source of the step in words."""

    state: str
    at: datetime
    party: str
    source: str


def trail(question: Question, subject: str) -> list[TrailStep]:
    """Each step of one request; nothing for one that is not visible.

    No names, no reasons: what an auditor can hand on.
    """
    if visible := visible_subjects(question):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT %(subject)s IN ({visible.text})", visible.parameters | {"subject": subject})
            if not cursor.fetchone()[0]:
                return []
    steps = StepEvent.objects.filter(workflow=question.workflow, subject=subject).order_by("sequence")
    return [
        TrailStep(stage_label(question.model, state), at, party, LABELS[StepEvent.Source(source)])
        for state, at, party, source in steps.values_list("to_state", "at", "party", "source")
    ]
