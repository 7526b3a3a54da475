"""One row of a roster to the values of a request: each cell is checked by itself, without the database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from designation.models import Agent, Request
from designation.models.people import BADGE_NUMBER
from designation.rosters.columns import Roster
from designation.rosters.headers import Field
from designation.rosters.names import is_suffix, split_name, stray_character
from designation.rosters.words import kind_of, priority_of
from designation.sheets.files import Row

LONGEST_JUSTIFICATION = 4_000  # characters
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_POWER_OF_TEN = re.compile(r"\d([.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_TOTALS = re.compile(r"\W*((grand|sub)\W*)?totals?\b", re.IGNORECASE)
_AS_TEXT = "Format the column as text and type the number again."
_LIMITS = {
    Field.BADGE_NUMBER: Agent._meta.get_field("badge_number").max_length,
    Field.LAST_NAME: Agent._meta.get_field("last_name").max_length,
    Field.FIRST_NAME: Agent._meta.get_field("first_name").max_length,
    Field.EMAIL: Agent._meta.get_field("email").max_length,
    Field.JUSTIFICATION: LONGEST_JUSTIFICATION,
}


@dataclass(frozen=True)
class Problem:
    """What is wrong or worth a look in one cell: where it stands in the user's file, why, and what to do."""

    row: int
    column: str
    value: str
    reason: str
    remedy: str = ""

    @property
    def message(self) -> str:
        return f"{self.reason} {self.remedy}".strip()


@dataclass
class Draft:
    """What a row says, as far as it can be read, and what the record says of its agent.

    An empty kind means that the row leaves it open. `agent` is None when the badge number is not on record;
    `repeats` is the number of an earlier row with the same one. `is_other_person` says that the agent's last name is
    another than the row's, `name_differs` that only the first name is.
    """

    roster: Roster
    row: Row
    agent: Agent | None = None
    open_request: Request | None = None
    repeats: int | None = None
    is_other_person: bool = False
    name_differs: bool = False
    badge_number: str = ""
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    kind: str = ""
    priority: str = "routine"
    justification: str = ""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def wrong(self, column: Field, reason: str, remedy: str = "") -> None:
        self.problems.append(self._problem(column, reason, remedy))

    def warn(self, column: Field, reason: str, remedy: str = "") -> None:
        self.warnings.append(self._problem(column, reason, remedy))

    def _problem(self, column: Field, reason: str, remedy: str) -> Problem:
        value = self.roster.value(self.row, column)
        return Problem(self.row.number, self.roster.column_name(column), value, reason, remedy)


def read_row(roster: Roster, row: Row, default_justification: str) -> Draft:
    """Read one row; the default justification stands where the row gives none."""
    draft = Draft(roster, row)
    for column in roster.mapping:
        _check_characters(draft, column)
    if draft.problems:
        return draft
    _refuse_totals(draft)
    if draft.problems:
        return draft
    _read_badge_number(draft)
    _read_name(draft)
    _read_email(draft)
    _read_kind(draft)
    _read_priority(draft)
    _read_justification(draft, default_justification)
    return draft


def _check_characters(draft: Draft, column: Field) -> None:
    text = draft.roster.value(draft.row, column)
    if column is Field.JUSTIFICATION:
        text = re.sub(r"[\t\r\n]", " ", text)
    if "\ufffd" in text or any(unicodedata.category(char).startswith("C") for char in text):
        draft.wrong(column, "The cell holds characters that cannot be read or seen.", "Type it anew.")


def _refuse_totals(draft: Draft) -> None:
    for column in (Field.BADGE_NUMBER, Field.LAST_NAME, Field.FIRST_NAME, Field.NAME):
        if _TOTALS.match(draft.roster.value(draft.row, column)):
            draft.wrong(column, "This is a line of totals, not an agent.", "Remove the row.")
            return


def _read_badge_number(draft: Draft) -> None:
    text = draft.roster.value(draft.row, Field.BADGE_NUMBER)
    if not text:
        draft.wrong(Field.BADGE_NUMBER, "The badge number is missing.", "Fill it in.")
    elif _DATE.fullmatch(text):
        draft.wrong(Field.BADGE_NUMBER, "The spreadsheet has turned the badge number into a date.", _AS_TEXT)
    elif _POWER_OF_TEN.fullmatch(text):
        draft.wrong(Field.BADGE_NUMBER, "The spreadsheet has turned the badge number into a power of ten.", _AS_TEXT)
    elif not any(char.isdigit() for char in text):
        draft.wrong(Field.BADGE_NUMBER, "This is not a badge number: it has no digit.", "Write the badge number.")
    elif not _passes(BADGE_NUMBER, text):
        draft.wrong(Field.BADGE_NUMBER, "This is not a badge number.", str(BADGE_NUMBER.message))
    elif _fits(draft, Field.BADGE_NUMBER, text):
        draft.badge_number = text


def _passes(validator: Callable[[str], None], text: str) -> bool:
    try:
        validator(text)
    except ValidationError:
        return False
    return True


def _read_name(draft: Draft) -> None:
    roster, row = draft.roster, draft.row
    if Field.LAST_NAME in roster.mapping and Field.FIRST_NAME in roster.mapping:
        names = (roster.value(row, Field.LAST_NAME), roster.value(row, Field.FIRST_NAME))
        for column, name in zip((Field.LAST_NAME, Field.FIRST_NAME), names, strict=True):
            if not name:
                draft.wrong(column, f"The {column.label.lower()} is missing.", "Fill it in.")
        columns = (Field.LAST_NAME, Field.FIRST_NAME)
    else:
        names = split_name(roster.value(row, Field.NAME), last_first=roster.last_name_first) or ("", "")
        columns = (Field.NAME, Field.NAME)
        if not all(names):
            draft.wrong(Field.NAME, "The first and the last name cannot be told apart.", "Write it as “Last, First”.")
    for column, limit, name in zip(columns, (Field.LAST_NAME, Field.FIRST_NAME), names, strict=True):
        _fits(draft, column, name, limit)
        _check_name(draft, column, name)
    draft.last_name, draft.first_name = (" ".join(name.split()) for name in names)


def _check_name(draft: Draft, column: Field, name: str) -> None:
    stray = stray_character(" ".join(name.split()))
    if stray:
        draft.wrong(column, f"No name has “{stray}” in it.", "Correct the name.")
    elif not all(map(is_suffix, filter(None, map(str.strip, name.split(",")[1:])))):
        draft.wrong(column, "A comma stands between two names.", "Write each name in its own column.")


def _read_email(draft: Draft) -> None:
    text = draft.roster.value(draft.row, Field.EMAIL)
    if text and _fits(draft, Field.EMAIL, text):
        if _passes(validate_email, text):
            draft.email = text
        else:
            remedy = "Write one as name@agency.gov, or leave it blank."
            draft.wrong(Field.EMAIL, "This is not an e-mail address.", remedy)


def _read_kind(draft: Draft) -> None:
    text = draft.roster.value(draft.row, Field.KIND)
    kind = kind_of(text) if text else ""
    if kind is None:
        draft.wrong(
            Field.KIND,
            "This kind of request is not known.",
            "Write initial, renewal or transfer, or leave it blank.",
        )
    draft.kind = kind or ""


def _read_priority(draft: Draft) -> None:
    text = draft.roster.value(draft.row, Field.PRIORITY)
    priority = priority_of(text) if text else "routine"
    if priority is None:
        draft.wrong(Field.PRIORITY, "This priority is not known.", "Write routine or expedited (or no or yes).")
    draft.priority = priority or "routine"


def _read_justification(draft: Draft, default: str) -> None:
    text = draft.roster.value(draft.row, Field.JUSTIFICATION) or default.strip()
    if not text:
        draft.wrong(
            Field.JUSTIFICATION,
            "The justification is missing.",
            "Fill it in, or give one justification for the whole file.",
        )
    elif _fits(draft, Field.JUSTIFICATION, text):
        draft.justification = text


def _fits(draft: Draft, column: Field, text: str, limit_of: Field | None = None) -> bool:
    limit = _LIMITS[limit_of or column]
    if limit is None or len(text) <= limit:
        return True
    draft.wrong(column, f"This is too long: {len(text):,} characters, {limit:,} at most.", "Shorten it.")
    return False
