"""The columns of the exports of processing times: one definition gives the file, its header and the data dictionary.

A column's SQL reads relations: `subject` (the rows that the user may see), `first` and `last` (each subject's steps),
`stay` (its stays in stages, summed up; `stay.sum_N` are those that `Sums` asked for), and for an event log `step`.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from audit.machine import Subject
from audit.models import StepEvent
from audit.verify import subject_models

TEXT = "text"
CODE = "code"
INSTANT = "instant"
DATE = "date"
HOURS = "business hours"
PERCENT = "percent"
SECONDS = "seconds"
BUSINESS_SECONDS = "business seconds"
COUNT = "count"
YES_NO = "yes or no"
EXACT_INSTANT = "instant, to the microsecond"
# How a CSV file writes them.
INSTANTS = {INSTANT: "HH24:MI:SS", EXACT_INSTANT: "HH24:MI:SS.US"}
# What PostgreSQL makes of a column's cells.
TYPES = {
    TEXT: "text",
    CODE: "text",
    INSTANT: "timestamptz",
    EXACT_INSTANT: "timestamptz",
    DATE: "date",
    HOURS: "float8",
    PERCENT: "float8",
    SECONDS: "int8",
    BUSINESS_SECONDS: "int8",
    COUNT: "int8",
    YES_NO: "bool",
}


@dataclass(frozen=True)
class Column:
    """A column of an export: its name in the header, what it holds, in which unit, and the SQL expression."""

    name: str
    holds: str
    unit: str
    sql: str
    can_be_empty: str = ""
    """When the cell is empty; never, where this is."""
    label: str = ""
    """What people call the time that it holds."""

    @property
    def csv_sql(self) -> str:
        """The cell as text for a CSV file, harmless in a spreadsheet. Names the parameter `formula_starts`."""
        if self.unit in (TEXT, CODE):
            return _harmless_sql(self.sql)
        if self.unit == DATE:
            return f"to_char({self.sql}, 'YYYY-MM-DD')"
        return _instant_sql(self.sql, INSTANTS[self.unit]) if self.unit in INSTANTS else self.sql

    @property
    def typed_sql(self) -> str:
        """The cell as a value of the unit's type in `TYPES`; an instant to the second, as in a CSV file."""
        value = f"date_trunc('second', {self.sql})" if self.unit == INSTANT else f"({self.sql})"
        return f"{value}::{TYPES[self.unit]}"


@dataclass(frozen=True)
class Seen:
    """A workflow's steps as a transaction sees them, up to one at a position if there is one.

    What columns there are follows from the steps: both must be read in one transaction.
    """

    workflow: str
    position: int | None = None
    cursor: CursorWrapper | None = None
    """Of the transaction; without one, the steps as they are now."""

    def values(self, select: str) -> list[str]:
        """What a SELECT of one column gives; it names `workflow` and `position`."""
        with nullcontext(self.cursor) if self.cursor else connection.cursor() as cursor:
            cursor.execute(select, {"workflow": self.workflow, "position": self.position})
            return [row[0] for row in cursor.fetchall()]


@dataclass
class Sums:
    """Aggregates over a subject's stays that columns ask for; `parameters` are the values that their SQL names."""

    sql: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)

    def seconds(self, what: str, value: str) -> str:
        """The business seconds of the stays whose stage or party (`what`) is the value, as a column of `stay`."""
        return self._column(f"sum(seconds) FILTER (WHERE {what} = {self._parameter(value)})")

    def seconds_in(self, stage: str) -> str:
        """The business seconds of the stays in the stage, 0 where the subject only ended in it."""
        ended_there = f"CASE WHEN last.final AND last.to_state = {self._parameter(stage)} THEN 0 END"
        return f"coalesce({self.seconds('stage', stage)}, {ended_there})"

    def visits(self, stage: str) -> str:
        """How many stays in the stage there were, as a column of `stay`."""
        return self._column(f"count(*) FILTER (WHERE stage = {self._parameter(stage)})")

    def _column(self, sql: str) -> str:
        name = f"sum_{len(self.sql)}"
        self.sql.append(f"{sql} AS {name}")
        return f"stay.{name}"

    def _parameter(self, value: str) -> str:
        name = f"sum_{len(self.sql)}"
        self.parameters[name] = value
        return f"%({name})s"


# A history that this system did not time is only ever added whole, before any step that it timed.
SOURCE = Column(
    "source",
    "Where its steps come from. system: timed by this system; imported or invented: not so; both where it went on.",
    CODE,
    "CASE WHEN first.source = last.source THEN last.source ELSE first.source || ', ' || last.source END",
)


def columns_of(model: type[Subject], sums: Sums) -> list[Column]:
    """The columns for a workflow whose model declares what is exported of its rows."""
    exported = model.exported
    assert exported is not None
    stages = [(stage, party) for stage, party in model.parties.items() if party]
    return [
        Column("number", "The number under which the ledger keeps it.", TEXT, "subject.number"),
        *(Column(name, holds, TEXT, f"subject.{name}") for name, (_, holds) in exported.identifiers.items()),
        *(
            Column(name, f"{dimension.holds} As recorded at the last step.", CODE, dimension_sql(name))
            for name, dimension in exported.dimensions.items()
        ),
        Column("state", "The state it is in: a stage, or how it ended.", CODE, "last.to_state"),
        Column(
            "first_submitted_at",
            "When a clock first ran for it. A resubmission never resets this.",
            INSTANT,
            FIRST_SUBMITTED_AT,
            can_be_empty="a draft that was never submitted",
        ),
        Column("ended_at", "When it ended.", INSTANT, ENDED_AT, can_be_empty="it is open"),
        *(
            Column(
                f"{stage}_hours",
                f"Business time of all its stays in {label_of(model, stage)}, where {party}’s clock runs; "
                "a stay that goes on counts up to as_of.",
                HOURS,
                hours_sql(sums.seconds("stage", stage)),
                can_be_empty="it was never there",
                label=label_of(model, stage),
            )
            for stage, party in stages
        ),
        *(
            Column(
                f"{party.lower()}_hours",
                f"Business time for which {party}’s clock has run.",
                HOURS,
                hours_sql(sums.seconds("party", party)),
                can_be_empty="that clock never ran for it",
                label=f"{party}, all stages",
            )
            for party in sorted({party for _, party in stages}, reverse=True)
        ),
        Column(
            "total_hours",
            "Business time for which any clock has run: the sum of the stages, and of the parties.",
            HOURS,
            hours_sql("stay.clocked_seconds"),
            can_be_empty="no clock ever ran for it, as for a draft",
            label="Total",
        ),
        *(
            Column(name, holds, COUNT, f"coalesce({sums.visits(stage)}, 0)")
            for name, (stage, holds) in exported.counts.items()
        ),
        Column(
            "outcome",
            "How it ended: " + ", ".join(sorted(model.final_states)) + ".",
            CODE,
            "CASE WHEN last.final THEN last.to_state END",
            can_be_empty="it is open",
        ),
        Column("as_of", "The instant of the export, up to which open stays count.", INSTANT, "%(as_of)s::timestamptz"),
        SOURCE,
    ]


def columns_of_any(seen: Seen, sums: Sums) -> list[Column]:
    """The columns for any workflow of the ledger: the case's whole time, and its time in each stage."""
    model = next((model for model in subject_models() if model.workflow == seen.workflow), None)
    fixed = [
        Column("case", "The number under which the ledger keeps it.", TEXT, "subject.number"),
        Column("started_at", "Its first step.", INSTANT, STARTED_AT),
        Column("ended_at", "The step that ended it.", INSTANT, ENDED_AT, can_be_empty="it is open"),
        Column(
            "elapsed_seconds",
            "Time on the clock on the wall from the start to the end, or up to the export.",
            SECONDS,
            f"floor(extract(epoch FROM coalesce({ENDED_AT}, %(as_of)s) - {STARTED_AT}))::bigint",
            label="Elapsed",
        ),
        Column(
            "business_seconds",
            f"The same in business time.{_says_what_reports_leave_out(model)}",
            BUSINESS_SECONDS,
            "coalesce(stay.seconds, 0)",
            label="Business time",
        ),
    ]
    stages = [
        Column(
            stage,
            f"Business time of all its stays in {stage}.",
            BUSINESS_SECONDS,
            sums.seconds_in(stage),
            can_be_empty="it neither stayed nor ended there",
            label=model.state_label(stage) if model else stage,
        )
        for stage in stages_of(seen)
    ]
    source, *others = _named_apart([SOURCE, *fixed], stages, "stage")
    return [*others, source]


def _says_what_reports_leave_out(model: type[Subject] | None) -> str:
    resting = [stage for stage, party in model.parties.items() if not party] if model else []
    if not model or not resting:
        return ""
    stages = " and ".join(f"“{model.state_label(stage)}”" for stage in resting)
    return f" Reports count the time on somebody’s clock: of this, all but that in {stages}."


def columns_of_steps(dimensions: list[str]) -> list[Column]:
    """The columns for an event log: one row for each step. Reasons are not in it, since they are free text."""
    fixed = [
        Column("case", "The number under which the ledger keeps the subject.", TEXT, "step.subject"),
        Column("sequence", "The step’s place among those of its case, from 1.", COUNT, "step.sequence"),
        Column(
            "activity",
            "What process mining takes for the event’s name: the transition; in an imported history, whose steps have "
            "none, the stage entered.",
            CODE,
            f"CASE WHEN step.source = '{StepEvent.Source.IMPORTED}' THEN step.to_state ELSE step.transition END",
        ),
        Column("transition", "What was done.", CODE, "step.transition"),
        Column("from_state", "The state before.", CODE, "step.from_state", can_be_empty="it is the case’s first step"),
        Column("to_state", "The state after, entered at that instant.", CODE, "step.to_state"),
        Column("party", "Whose clock runs after the step.", CODE, "step.party", can_be_empty="no clock runs"),
        Column("final", "Whether the step ended the process.", YES_NO, "step.final"),
        Column("at", "When, by the database’s clock.", EXACT_INSTANT, "step.at"),
        Column("actor", "The user name of who did it, as of then.", TEXT, "step.actor_name"),
        Column("agency", "The actor’s agency as of then.", CODE, "step.actor_agency", can_be_empty="none is known"),
        Column("role", "The role that allowed the act.", CODE, "step.actor_role", can_be_empty="none is known"),
        Column("source", "system: timed by this system; imported or invented: it was not.", CODE, "step.source"),
        Column("event", "The step’s number in the ledger.", COUNT, "step.id"),
        Column("hash", "The step’s hash in the ledger, SHA-256 in hexadecimal.", CODE, "encode(step.hash, 'hex')"),
    ]
    recorded = [
        Column(
            name, "As recorded with the step.", CODE, dimension_sql(name, "step"), can_be_empty="it was not recorded"
        )
        for name in dimensions
    ]
    return _named_apart(fixed, recorded, "dimension")


def _named_apart(fixed: list[Column], named_by_people: list[Column], what: str) -> list[Column]:
    """All of them, no two of one name: what people called like a column before it becomes, say, “case (stage)”."""
    columns, taken = list(fixed), {column.name for column in fixed}
    for column in named_by_people:
        name = column.name
        while name in taken:
            name = f"{name} ({what})"
        if name != column.name:
            column = replace(column, name=name, holds=f"{column.holds} Its name, “{column.name}”, is another column’s.")
        taken.add(name)
        columns.append(column)
    return columns


# When a subject was filed: where no party is declared, when it began. One without a stay in any stage began and
# ended with one step.
FIRST_SUBMITTED_AT = "stay.first_submitted_at"
STARTED_AT = "coalesce(stay.started_at, last.at)"
ENDED_AT = "(CASE WHEN last.final THEN last.at END)"


def dimension_sql(name: str, of: str = "last") -> str:
    quoted = name.replace("'", "''").replace("%", "%%")
    return f"({of}.dimensions ->> '{quoted}')"


def _instant_sql(sql: str, time: str) -> str:
    return f"""to_char(({sql}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"{time}"Z"')"""


def _harmless_sql(text: str) -> str:
    """The twin of `audit.spreadsheets.harmless` in SQL."""
    return f"CASE WHEN left(ltrim({text}, ' '), 1) = ANY(%(formula_starts)s) THEN '''' || ({text}) ELSE {text} END"


def hours_sql(seconds: str) -> str:
    return f"round({seconds} / 3600.0, 4)"


def label_of(model: type[Subject], state: str) -> str:
    """The name of a state as people see it."""
    meta: Any = model._meta
    return str(dict(meta.get_field("state").flatchoices)[state])


STAGES = """
SELECT to_state FROM audit_stepevent
WHERE workflow = %(workflow)s AND (%(position)s::bigint IS NULL OR id <= %(position)s)
GROUP BY to_state ORDER BY min(at), min(id)
"""


def stages_of(seen: Seen) -> list[str]:
    """The stages that the ledger knows of a workflow, in the order in which they were first entered."""
    return seen.values(STAGES)


FIRST_DIMENSIONS = """
SELECT DISTINCT jsonb_object_keys(dimensions) FROM (
    SELECT dimensions FROM audit_stepevent
    WHERE workflow = %(workflow)s AND sequence = 1 AND (%(position)s::bigint IS NULL OR id <= %(position)s)
    ORDER BY id LIMIT 1000
) AS first
"""


def dimensions_of(seen: Seen) -> list[str]:
    """The dimensions that the workflow's first steps have."""
    return sorted(seen.values(FIRST_DIMENSIONS))


DICTIONARY = """\
# Data dictionary: processing times of {things}

The columns of the file that `manage.py export_processing_times` and the page “Processing times” write: one row for
each {thing}, in the order of the columns. The file is CSV in UTF-8 with a header row, commas and line feeds.

- Business time is the working time of the federal calendar: Monday to Friday from 9:00 to 17:00 in America/New_York,
  less federal holidays as observed, days closed by executive order, and closures. business-calendar.md lists their
  sources; auditors see every such day in the admin, under Calendars.
  Hours have 4 decimals; times 3,600 and rounded, they are the whole business seconds that the ledger holds.
- Instants are in UTC, to the second, as 2026-05-03T14:07:59Z.
- Everything is computed from the ledger. Each stage’s time is the sum of its visits; the time in a state in which no
  clock runs (as a draft) is in none of the columns below.
- Text that a spreadsheet would run as a formula has an apostrophe before it.
- XLSX and Parquet files have the same columns with real dates and numbers: instants in UTC, hours as floating-point
  numbers, and text as it is, since a cell of text is never run.

| column | holds | unit | empty when |
| --- | --- | --- | --- |
{rows}

Under `--workflow NAME`, for this workflow as for any other of the ledger, the columns are: `case`, `started_at`,
`ended_at`, `elapsed_seconds`, `business_seconds`, one column of business seconds for each stage, under its name, and
`source`; a stage that is called like one of the others has “(stage)” behind its name. There, `business_seconds` counts
from the first step, so that the time in a state in which no clock runs (as a draft) is in it, and in a column of its
own: reports and `total_hours` count `business_seconds` less that.
"""


def data_dictionary(model: type[Subject]) -> str:
    """The data dictionary of the model's export, as Markdown."""
    rows = [
        f"| `{column.name}` | {column.holds} | {column.unit} | {column.can_be_empty} |"
        for column in columns_of(model, Sums())
    ]
    meta = model._meta
    return DICTIONARY.format(thing=meta.verbose_name, things=meta.verbose_name_plural, rows="\n".join(rows))
