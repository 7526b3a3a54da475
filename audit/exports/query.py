"""What an export holds: one statement over the ledger, whose rows are the export's.

`processing_times` and `case_times` give one row for each subject of a workflow, `event_log` one row for each of their
steps. No row is dropped, and nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper
from django.db.models import F

from audit.calendar import default_calendar_id
from audit.exports.columns import (
    ENDED_AT,
    FIRST_SUBMITTED_AT,
    STARTED_AT,
    Column,
    Seen,
    Sums,
    columns_of,
    columns_of_any,
    columns_of_steps,
    dimensions_of,
)
from audit.filters import DECIDED, FILED, OPEN, Filters
from audit.machine import Dimension, Subject
from audit.models import Calendar, StepEvent
from audit.reading import workflows_for
from audit.spreadsheets import FORMULA_STARTS
from audit.statements import SQL, sql_of
from audit.verify import subject_models

PROCESSING_TIMES, CASE_TIMES, EVENT_LOG = "processing times", "case times", "event log"


class Asked(Protocol):
    """What was asked for, as it goes on record."""

    def as_parameters(self) -> dict[str, Any]: ...


class UnknownWorkflow(Exception):
    """The ledger holds nothing under that name."""


@dataclass(frozen=True)
class Export:
    """A statement whose rows are the export's, but for the parameter `as_of`, the instant at which it is run.

    `statement` has a place for `columns`. `position` is the last step of the ledger that the export looks at, None
    for all that there are.
    """

    what: str
    workflow: str
    filters: Asked
    columns: list[Column]
    statement: str
    parameters: dict[str, Any]
    position: int | None = None
    seen_by: Callable[[CursorWrapper], Export] | None = None
    """The same, as a transaction sees it: which columns there are may follow from steps that were added since."""

    @property
    def sql(self) -> str:
        """Its cells as text for a CSV file."""
        return self._with(lambda column: column.csv_sql)

    @property
    def typed_sql(self) -> str:
        """Its cells as values of the types that `audit.exports.columns.TYPES` names."""
        return self._with(lambda column: column.typed_sql)

    def _with(self, cell: Callable[[Column], str]) -> str:
        names = (f"{cell(column)} AS column_{place}" for place, column in enumerate(self.columns))
        return self.statement.replace("{columns}", ", ".join(names))

    def sql_name(self, name: str) -> str:
        """What a column is called in the statement."""
        return f"column_{[column.name for column in self.columns].index(name)}"


def exported_model(workflow: str) -> type[Subject] | None:
    """The model whose rows the workflow moves, if it declares what is exported of them."""
    return next((model for model in exported_models() if model.workflow == workflow), None)


def exported_models() -> list[type[Subject]]:
    return [model for model in subject_models() if model.exported is not None]


def dimensions() -> dict[str, Dimension]:
    """What exports can be filtered by, by name."""
    return {
        name: found
        for model in exported_models()
        if model.exported
        for name, found in model.exported.dimensions.items()
    }


# {step} narrows the steps to those up to the export's position, {visits} gives the stays in stages.
SUBJECTS = """
WITH subject AS ({subjects}),
visit AS ({visits}),
stay AS (
    SELECT subject, min(entered_at) AS started_at, min(entered_at) FILTER (WHERE party <> '') AS first_submitted_at,
           sum(seconds) AS seconds, sum(seconds) FILTER (WHERE party <> '') AS clocked_seconds {sums}
    FROM visit GROUP BY subject
),
last AS (
    SELECT DISTINCT ON (subject) subject, to_state, final, at, dimensions, source
    FROM audit_stepevent WHERE workflow = %(workflow)s {step} ORDER BY subject, sequence DESC
)
"""
VISITS = """
    SELECT subject, stage, party, entered_at,
           coalesce(business_seconds, audit_business_seconds(%(calendar)s, entered_at, %(as_of)s)) AS seconds
    FROM audit_stagevisit WHERE workflow = %(workflow)s
"""
# As the visits were when the ledger ended with the step at the position.
VISITS_AT_POSITION = """
    SELECT subject, to_state AS stage, party, at AS entered_at,
           audit_business_seconds(%(calendar)s, at, coalesce(left_at, %(as_of)s)) AS seconds
    FROM (
        SELECT *, lead(at) OVER (PARTITION BY subject ORDER BY sequence) AS left_at
        FROM audit_stepevent WHERE workflow = %(workflow)s AND id <= %(position)s
    ) AS step WHERE NOT final
"""
PROCESSING_TIMES_OF = """
SELECT {columns}
FROM subject
LEFT JOIN last ON last.subject = subject.number
LEFT JOIN audit_stepevent AS first ON first.workflow = %(workflow)s AND first.subject = subject.number
                                  AND first.sequence = 1
LEFT JOIN stay ON stay.subject = subject.number
WHERE {conditions}
ORDER BY subject.number
"""
STEPS_OF = """
SELECT {columns}
FROM subject
JOIN last ON last.subject = subject.number
LEFT JOIN stay ON stay.subject = subject.number
JOIN audit_stepevent AS step ON step.workflow = %(workflow)s AND step.subject = subject.number {step}
WHERE {conditions}
ORDER BY step.subject, step.sequence
"""
SUBJECTS_OF_THE_LEDGER = """
SELECT subject AS number FROM audit_stepevent WHERE workflow = %(workflow)s AND sequence = 1
"""


def processing_times(
    workflow: str, *, user: Any = None, filters: Filters | None = None, position: int | None = None
) -> Export:
    """The export of a workflow's processing times; for a user, of the rows that he may see.

    With `position`, as of the ledger that ends with that step. Raises UnknownWorkflow, also for a user who asks for
    a workflow whose rows no rule lets him see.
    """
    return _export(PROCESSING_TIMES, Seen(workflow, position), user, filters or Filters())


def case_times(
    workflow: str, *, user: Any = None, filters: Filters | None = None, position: int | None = None
) -> Export:
    """`processing_times` with the columns that every workflow of the ledger has, whatever its model declares."""
    return _export(CASE_TIMES, Seen(workflow, position), user, filters or Filters())


def event_log(
    workflow: str, *, user: Any = None, filters: Filters | None = None, position: int | None = None
) -> Export:
    """The export of all steps of the subjects that `processing_times` would give a row. Raises as it does."""
    return _export(EVENT_LOG, Seen(workflow, position), user, filters or Filters())


QUESTIONS: dict[str, Callable[..., Export]] = {
    PROCESSING_TIMES: processing_times,
    CASE_TIMES: case_times,
    EVENT_LOG: event_log,
}


def recorded_dimensions(workflow: str) -> list[str]:
    """The dimensions that the model declares, or those of the workflow's first steps."""
    return _dimensions(Seen(workflow))


def _dimensions(seen: Seen) -> list[str]:
    model = exported_model(seen.workflow)
    return list(model.exported.dimensions) if model and model.exported else dimensions_of(seen)


def _columns(what: str, seen: Seen, sums: Sums) -> list[Column]:
    if what == EVENT_LOG:
        return columns_of_steps(_dimensions(seen))
    model = exported_model(seen.workflow)
    return columns_of(model, sums) if model and what == PROCESSING_TIMES else columns_of_any(seen, sums)


def _export(what: str, seen: Seen, user: Any, filters: Filters) -> Export:
    workflow, position = seen.workflow, seen.position
    sums = Sums()
    columns = _columns(what, seen, sums)
    subjects = _subjects(workflow, user)
    conditions, of_filters = _conditions(filters, FIRST_SUBMITTED_AT if exported_model(workflow) else STARTED_AT)
    at_position = position is not None
    if at_position:
        conditions.append("last.subject IS NOT NULL")
    statement = SUBJECTS.format(
        subjects=subjects.text,
        visits=VISITS_AT_POSITION if at_position else VISITS,
        sums="".join(f", {sum_sql}" for sum_sql in sums.sql),
        step="AND id <= %(position)s" if at_position else "",
    ) + (STEPS_OF if what == EVENT_LOG else PROCESSING_TIMES_OF).format(
        columns="{columns}",
        step="AND step.id <= %(position)s" if at_position else "",
        conditions=" AND ".join(["true", *conditions]),
    )
    parameters = {
        "workflow": workflow,
        "calendar": default_calendar_id(),
        "position": position,
        "formula_starts": list(FORMULA_STARTS),
        **subjects.parameters,
        **sums.parameters,
        **of_filters,
    }
    return Export(
        what,
        workflow,
        filters,
        columns,
        statement,
        parameters,
        position,
        seen_by=lambda cursor: _export(what, replace(seen, cursor=cursor), user, filters),
    )


def _subjects(workflow: str, user: Any) -> SQL:
    model = exported_model(workflow)
    if model is not None:
        return _visible_subjects(model, user)
    held = StepEvent.objects.filter(workflow=workflow).exists() if user is None else workflow in workflows_for(user)
    if held:
        return SQL(SUBJECTS_OF_THE_LEDGER, {})
    raise UnknownWorkflow(f"The ledger holds no workflow “{workflow}” for you to see.")


def _visible_subjects(model: type[Subject], user: Any) -> SQL:
    """The rows that the user may see, so that they can stand inside the statement."""
    assert model.exported is not None
    manager: Any = model._default_manager
    rows = manager.all() if user is None else manager.visible_to(user)
    lookups = {name: F(lookup) for name, (lookup, _) in model.exported.identifiers.items()}
    return sql_of(rows.order_by().values("number", **lookups), named="subject")


def _conditions(filters: Filters, filed_at: str) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    at = {FILED: filed_at, DECIDED: ENDED_AT}.get(filters.cohort)
    if at:
        conditions.append(f"{at} IS NOT NULL")
    if filters.first_day:
        conditions.append(f"{at} >= %(from)s")
        parameters["from"] = _midnight(filters.first_day)
    if filters.last_day:
        conditions.append(f"{at} < %(until)s")
        parameters["until"] = _midnight(filters.last_day + timedelta(days=1))
    for place, (name, values) in enumerate(filters.dimensions.items()):
        if values:
            conditions.append(f"last.dimensions ->> %(dimension_{place})s = ANY(%(values_{place})s)")
            parameters |= {f"dimension_{place}": name, f"values_{place}": list(values)}
    if filters.outcomes:
        conditions.append("CASE WHEN last.final THEN last.to_state ELSE %(open)s END = ANY(%(outcomes)s)")
        parameters |= {"outcomes": list(filters.outcomes), "open": OPEN}
    return conditions, parameters


def _midnight(day: date) -> datetime:
    zone = Calendar.objects.values_list("time_zone", flat=True).get(pk=default_calendar_id())
    return datetime.combine(day, time(), ZoneInfo(zone))
