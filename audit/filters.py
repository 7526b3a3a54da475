"""Which subjects of a workflow a report or an export is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

ALL, FILED, DECIDED = "all", "filed", "decided"
COHORTS = {
    ALL: "All",
    FILED: "Submitted in the period",
    DECIDED: "Ended in the period",
}
OPEN = "open"
RESERVED_NAMES = frozenset(
    [
        *("workflow", "cohort", "first_day", "last_day", "outcome"),
        *("measure", "every", "by", "least", "page", "size"),
        *("open_in", "late", "age", "as_filed", "goal", "unclocked", "way_from", "way_to", "returned_from", "reason"),
    ]
)
"""What addresses of reports and exports call something else: no dimension of theirs can have such a name, or none."""


def can_be_asked_for(dimension: str) -> bool:
    """Whether an address can filter by a dimension of the name."""
    return dimension != "" and dimension not in RESERVED_NAMES


@dataclass(frozen=True)
class Filters:
    """Which subjects an export holds. Days are in the calendar's time zone, and both are whole days of the period.

    `dimensions` maps a dimension to the values that are wanted, as recorded at the last step. `outcomes` are final
    states, and `OPEN` for what has not ended. What is empty does not filter.
    """

    cohort: str = ALL
    first_day: date | None = None
    last_day: date | None = None
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.cohort == ALL and (self.first_day or self.last_day):
            raise ValueError("A period is one of filing or of ending: say which.")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("The period ends before it begins.")

    def as_parameters(self) -> dict[str, Any]:
        """What goes on record, fit for JSON."""
        return {name: _plain(value) for name, value in asdict(self).items() if value}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Filters:
        """The filters that `as_parameters` put on record."""
        days = {name: date.fromisoformat(parameters[name]) for name in ("first_day", "last_day") if name in parameters}
        return cls(
            cohort=parameters.get("cohort", ALL),
            dimensions={name: tuple(values) for name, values in parameters.get("dimensions", {}).items()},
            outcomes=tuple(parameters.get("outcomes", ())),
            **days,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: list(values) for name, values in value.items()}
    return list(value) if isinstance(value, tuple) else value
