"""How invented rows are saved, moved and put on record: by their state machines, at times that are invented too."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from django.utils import timezone

from audit import ledger, machine
from audit.calendar import BusinessClock
from audit.ledger import PastStep
from audit.machine import Subject
from audit.models import StepEvent
from designation.demo.histories import act, past
from designation.models import User

BUSINESS_DAY = 8 * 3600


@dataclass(frozen=True)
class Times:
    """Instants in working hours up to `until`, by chance within their day."""

    clock: BusinessClock
    until: datetime
    rng: Random

    @property
    def today(self) -> date:
        return timezone.localtime(self.until).date()

    def ago(self, days: int) -> datetime:
        """An instant of the working day so many working days, one or more, before the last one."""
        place = bisect_right(self.clock.opens, self.until.timestamp()) - 1 - days
        second = self.clock.opens[place] + self.rng.uniform(0.1, 0.9) * self.clock.lengths[place]
        return datetime.fromtimestamp(second, UTC)

    def after(self, at: datetime, days: float) -> datetime:
        """So many business days after an instant."""
        return self.clock.add(at, int(days * BUSINESS_DAY))


@dataclass
class Record:
    """Saves what is invented and gathers its steps for the ledger, which takes whole histories at once."""

    steps: dict[str, list[PastStep]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, row: Subject, name: str, *, at: datetime, by: User, reason: str = "", role: str = "") -> None:
        """Saves the row with its first step. `role` is the one in which `by` acts; the first of his own if not said."""
        row.save(force_insert=True)
        step = machine.step_of(row, name, reason=reason, role=role or by.roles[0])
        self.steps[row.workflow].append(past(step, at=at, actor=by))

    def move(self, row: Subject, name: str, *, at: datetime, by: User | None, reason: str = "", **changed: Any) -> None:
        """Makes a transition, with what it sets to today set to the day of `at` instead, as `changed` says.

        Raises UnlawfulHistory for what the declared rules do not allow.
        """
        self.steps[row.workflow].append(act(row, name, at=at, actor=by, reason=reason))
        for column, value in changed.items():
            setattr(row, column, value)
        columns = {column: getattr(row, column) for column in ("state", "version", *row.moved_fields)}
        type(row)._base_manager.filter(pk=row.pk).update(**columns)

    def write(self) -> None:
        """Puts all steps on record, marked as invented."""
        for workflow, steps in self.steps.items():
            ledger.append_history(workflow, steps, source=StepEvent.Source.INVENTED)
