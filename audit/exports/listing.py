"""Exports of a list as a page shows it: its rows under the filters in force, in its order, with the columns shown.

Which lists there are, `settings.AUDIT_LISTS` says, by what their exports are called. A list holds how things stand
now, and what the ledger does not keep, as names: such a file is verified by its SHA-256 and its manifest, and not by
making it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from audit.calendar import default_calendar_id
from audit.exports.columns import Column
from audit.exports.query import Export, UnknownWorkflow
from audit.spreadsheets import FORMULA_STARTS
from audit.statements import sql_of

FORMATS = ("csv", "xlsx")
LIST_OF = """
WITH subject AS ({rows}) {stays}
SELECT {columns}
FROM subject {joined}
ORDER BY {order}
"""
STAYS = """,
visit AS (
    SELECT subject, party, entered_at, due_at, goal_id
    FROM audit_stagevisit WHERE workflow = %(workflow)s AND left_at IS NULL
)
"""
JOINED = """
LEFT JOIN visit ON visit.subject = subject.number
LEFT JOIN audit_goal AS goal ON goal.id = visit.goal_id
"""
IN_STAGE_SECONDS = "audit_business_seconds(%(calendar)s, visit.entered_at, %(as_of)s)"
CLOCK_STATUS = "audit_clock_status(%(calendar)s, visit.due_at, goal.business_seconds, %(as_of)s)"
FIRST_SUBMITTED_AT = (
    "(SELECT min(entered_at) FROM audit_stagevisit "
    "WHERE workflow = %(workflow)s AND subject = subject.number AND party <> '')"
)
ENDED_AT = (
    "(SELECT CASE WHEN final THEN at END FROM audit_stepevent "
    "WHERE workflow = %(workflow)s AND subject = subject.number ORDER BY sequence DESC LIMIT 1)"
)


@dataclass(frozen=True)
class Listing:
    """What was asked of the list: filters by name, its order, and its columns by name; and all that as people read it,
    which stands on record beside it."""

    asked: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    in_words: Mapping[str, str] = field(default_factory=dict)

    def as_parameters(self) -> dict[str, Any]:
        """What goes on record, fit for JSON."""
        return {**asdict(self), "columns": list(self.columns)}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Listing:
        """The listing that `as_parameters` put on record."""
        words = parameters.get("in_words", {})  # which files of before have not
        return cls(parameters["asked"], parameters["sort"], tuple(parameters["columns"]), words)


@dataclass(frozen=True)
class Listed:
    """What a list gives. The SQL of `columns` and of `order` reads `rows` as `subject`.

    With `in_stages`, also `visit` (the stay in a stage that goes on) and `goal` (that of the stay): then the rows have
    the `number` by which the ledger knows them in the workflow. `seen` is all that the user may see of what the list
    tells of, whatever was asked for: by it his rights are known again later.
    """

    workflow: str
    rows: QuerySet[Any]
    seen: Sequence[QuerySet[Any]]
    columns: Sequence[Column]
    order: str
    in_stages: bool = False


def listed(what: str, *, user: Any, listing: Listing) -> Export:
    """The export of the list of that name, of the rows that the user may see. Raises UnknownWorkflow."""
    found = _made(what, user, listing)
    rows = sql_of(found.rows, named="subject")
    return Export(
        what=what,
        workflow=found.workflow,
        filters=listing,
        columns=list(found.columns),
        statement=LIST_OF.format(
            rows=rows.text,
            stays=STAYS if found.in_stages else "",
            joined=JOINED if found.in_stages else "",
            order=found.order,
            columns="{columns}",
        ),
        parameters={
            "workflow": found.workflow,
            "calendar": default_calendar_id(),
            "formula_starts": list(FORMULA_STARTS),
            **rows.parameters,
        },
    )


def seen_in(what: str, user: Any) -> Sequence[QuerySet[Any]]:
    """All that the user may see of what the list tells of. Raises UnknownWorkflow."""
    return _made(what, user, Listing()).seen


def _made(what: str, user: Any, listing: Listing) -> Listed:
    if what not in settings.AUDIT_LISTS:
        raise UnknownWorkflow(f"There is no “{what}”.")
    make: Callable[[Any, Listing], Listed] = import_string(settings.AUDIT_LISTS[what])
    return make(user, listing)
