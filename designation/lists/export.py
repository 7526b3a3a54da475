"""What the exports of all lists share: columns called as on the page, with cells that say what the page says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.exports.columns import TEXT, Column
from designation.lists.columns import Catalogue

# Of the rows of `agent_selectors.with_open_request`: what the column holds, its unit, and the SQL.
OPEN_REQUEST = (
    "The number of the agent’s open request, or that it is of another office.",
    TEXT,
    "coalesce(subject.open_request, CASE WHEN subject.has_open_request THEN 'Of another office' END)",
)


def labelled(sql: str, choices: Iterable[tuple[str, Any]]) -> str:
    """What people call the value, as the page does."""
    labels = {value: str(label).replace("'", "''") for value, label in choices}
    cases = " ".join(f"WHEN '{value}' THEN '{label}'" for value, label in labels.items())
    return f"CASE {sql} {cases} END"


def exported(
    catalogue: Catalogue, name: str, holds: str, unit: str, sql: str, *, can_be_empty: str = "", label: str = ""
) -> Column:
    """The list's column of that name, as its file has it."""
    column = next(column for column in catalogue.columns if column.name == name)
    return Column(label or column.label, holds, unit, sql, can_be_empty)
