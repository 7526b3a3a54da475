"""What a report is asked: of which requests, ended or filed in which period, and which of their times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from audit.calendar import default_name
from audit.filters import can_be_asked_for
from audit.machine import Subject
from audit.models import Calendar
from audit.reading import rows_of
from audit.reports.periods import Period
from audit.verify import subject_models

ENDED, FILED = "decided", "filed"
COHORTS = {ENDED: "Ended in the period", FILED: "Filed in the period"}
PROCESS, PARTY, STAGE = "process", "party", "stage"


def model_of(workflow: str) -> type[Subject] | None:
    """The model whose rows the workflow moves; None for a workflow that only the ledger knows."""
    return next((model for model in subject_models() if model.workflow == workflow), None)


class Measure(NamedTuple):
    """Which time of a request, summed over its stays: in all, on the clock of a party, or in a stage."""

    what: str = PROCESS
    name: str = ""


THE_PROCESS = Measure()


@dataclass(frozen=True)
class Question:
    """One question to the ledger; everything that a report tells follows from it and from the moment it is asked.

    `dimensions` maps a dimension to the values wanted, as recorded at a request's last step; empty does not filter.
    `user` sees the rows that the workflow's model lets him see; None is the system itself and sees all.
    """

    workflow: str
    period: Period
    cohort: str = ENDED
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measure: Measure = THE_PROCESS
    user: Any = None

    def __post_init__(self) -> None:
        if self.cohort not in COHORTS:
            raise ValueError(f"No cohort {self.cohort!r}.")

    def but(self, **changes: Any) -> Question:
        """The same question, changed in some respects."""
        return replace(self, **changes)

    @property
    def model(self) -> type[Subject] | None:
        """As `model_of` its workflow."""
        return model_of(self.workflow)

    @property
    def rows(self) -> str:
        """What the report counts, as “requests”."""
        return rows_of(self.workflow)

    @property
    def every_stay_counts(self) -> bool:
        """Whether stays that are on nobody's clock count: only where no party is declared at all."""
        return self.model is None

    def wanted_dimensions(self) -> dict[str, tuple[str, ...]]:
        return {name: values for name, values in self.dimensions.items() if values}


@dataclass(frozen=True)
class MeasuredWith:
    """The calendar that a report used, to be stated with it."""

    pk: int
    name: str
    version: int
    zone: ZoneInfo
    first_day: date
    last_day: date


def measured_with() -> MeasuredWith:
    """The default calendar as it is now. Raises Calendar.DoesNotExist where there is none."""
    found = Calendar.objects.get(name=default_name())
    zone = ZoneInfo(found.time_zone)
    return MeasuredWith(found.pk, found.name, found.version, zone, found.first_day, found.last_day)


SOME_DIMENSIONS = """
SELECT DISTINCT jsonb_object_keys(dimensions) AS name
FROM (
    SELECT dimensions FROM audit_stepevent WHERE workflow = %s ORDER BY workflow, subject, sequence LIMIT 1000
) AS step
"""


def dimension_names(workflow: str) -> list[str]:
    """What the workflow's reports can group and filter by, in order: as declared, or as some of its steps have it."""
    model = model_of(workflow)
    if model is not None:
        return sorted(model.exported.dimensions) if model.exported else []
    with connection.cursor() as cursor:
        cursor.execute(SOME_DIMENSIONS, [workflow])
        # Not in the database's order, which follows the language that it was made for.
        return sorted(name for (name,) in cursor.fetchall() if can_be_asked_for(name))


SOME_STAGES = """
SELECT DISTINCT to_state, party FROM (
    SELECT to_state, party, final FROM audit_stepevent WHERE workflow = %s
    ORDER BY workflow, subject, sequence LIMIT 5000
) AS step WHERE NOT final ORDER BY to_state, party
"""


def known_measures(workflow: str) -> list[Measure]:
    """The process, then the parties and stages that are declared; those that some steps have where none is."""
    model = model_of(workflow)
    if model is not None:
        parties = list(dict.fromkeys(party for party in model.parties.values() if party))
        stages = [stage for stage, party in model.parties.items() if party]
    else:
        with connection.cursor() as cursor:
            cursor.execute(SOME_STAGES, [workflow])
            found = cursor.fetchall()
        stages = list(dict.fromkeys(stage for stage, _ in found))
        parties = sorted({party for _, party in found if party})
    return [Measure(), *(Measure(PARTY, party) for party in parties), *(Measure(STAGE, stage) for stage in stages)]
