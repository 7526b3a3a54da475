"""What a source says of one completion, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Literal
from uuid import UUID

from designation.sheets.headers import Field as SheetField

Result = Literal["passed", "failed", "completed"]


class Field(SheetField):
    """What a source can say."""

    BADGE_NUMBER = "badge_number"
    EMAIL = "email"
    USERNAME = "username"
    MODULE = "module"
    COMPLETED_ON = "completed_on"
    RESULT = "result"
    SCORE = "score"
    EVIDENCE = "evidence"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Field.BADGE_NUMBER: "Badge number",
    Field.EMAIL: "E-mail",
    Field.USERNAME: "Username",
    Field.MODULE: "Module code",
    Field.COMPLETED_ON: "Date completed",
    Field.RESULT: "Result",
    Field.SCORE: "Score",
    Field.EVIDENCE: "Evidence",
}


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """The part in percent of the whole, never rounded up: what is below a pass mark stays below it."""
    with localcontext(rounding=ROUND_DOWN):
        return part * 100 / whole


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt as its source tells it. `row` tells it from the others of its batch.

    The person is named by badge number, e-mail address or username; the module by its code. `completed` says that the
    source knows of no failing. The score is in percent. A source that knows the instant of `completed_on` gives it.
    """

    row: int
    module: str
    completed_on: date
    badge_number: str = ""
    email: str = ""
    username: str = ""
    result: Result = "completed"
    score: Decimal | None = None
    evidence: str = ""
    statement_id: UUID | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an entry is not recorded: which field, why, and what to do."""

    row: int
    field: Field
    reason: str
    remedy: str = ""

    @property
    def message(self) -> str:
        return f"{self.reason} {self.remedy}".strip()
