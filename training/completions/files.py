"""The rows of a file to entries: each cell is read by itself, without the database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from designation.models.people import BADGE_NUMBER
from designation.sheets.columns import Table
from designation.sheets.files import Row
from training.completions.entries import Entry, Fault, Field, Result, percent_of

LONGEST_EVIDENCE = 1_000  # characters
IS_SHARE = "This may be a share or a percentage."
WRITE_PERCENT = "Write 85 or 85 % for 85 percent, 0.85 % for less than one."
NO_SCORE = "This is not a score. Write a percentage, as 85 or 85.5, or 17/20."
_POWER_OF_TEN = re.compile(r"\d([.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_ISO_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d.*)?")
_WITH_TIME = re.compile(r"(\S+(?: \S+ \S+)?),? +\d{1,2}:\d\d(:\d\d)?( ?[ap]\.?m\.?)?( [A-Z]{2,5})?", re.IGNORECASE)
_FORMATS = ("%m/%d/%Y", "%m/%d/%y", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%Y%m%d")
_RESULTS: dict[str, Result] = {
    **dict.fromkeys(
        ("passed", "pass", "p", "successful", "success", "satisfactory", "yes", "y", "true", "met"), "passed"
    ),
    **dict.fromkeys(("failed", "fail", "f", "unsuccessful", "unsatisfactory", "no", "false", "not passed"), "failed"),
    **dict.fromkeys(("completed", "complete", "done", "finished", "attended", "credit", ""), "completed"),
}
_UNDER_WAY = (
    "incomplete, in progress, inprogress, not started, notstarted, enrolled, registered, assigned, not attempted,"
    " not complete, not completed, started, pending, withdrawn, dropped, no show, cancelled, canceled, waived"
)
_SCORE = re.compile(r"(-?\d{1,20}(?:[.,]\d{1,20})?|[.,]\d{1,20})( ?%)?")
_POINTS = re.compile(r"(\d{1,12}(?:[.,]\d{1,6})?) ?/ ?(\d{1,12}(?:[.,]\d{1,6})?)")
_WRITE_A_DATE = "Write it as 2024-05-03 or 05/03/2024."


@dataclass(frozen=True)
class Read:
    """The entries of a file, and what is wrong with the rows that give none."""

    entries: list[Entry]
    faults: list[Fault]


def read_rows(table: Table[Field]) -> Read:
    """Reads all rows; a row with any fault gives no entry."""
    entries, faults = [], []
    columns = [(field, column) for field, column in table.mapping.items()]
    for row in table.rows:
        cells = {field: row.cell(column) for field, column in columns}
        found = _Cells(row, cells)
        entry = found.entry()
        if entry is None:
            faults += found.faults
        else:
            entries.append(entry)
    return Read(entries, faults)


class _Cells:
    """The cells of one row, by field."""

    def __init__(self, row: Row, cells: dict[Field, str]) -> None:
        self.row = row
        self.cells = cells
        self.faults: list[Fault] = []

    def entry(self) -> Entry | None:
        for field, text in self.cells.items():
            if not text.isascii() or not text.isprintable():
                self._check_characters(field, text)
        cells = self.cells.get
        badge_number = self._badge_number(cells(Field.BADGE_NUMBER, ""))
        module = cells(Field.MODULE, "")
        if not module:
            self._wrong(Field.MODULE, "The module’s code is missing.", "Fill it in.")
        day = self._read(Field.COMPLETED_ON, day_of, f"This is not a date. {_WRITE_A_DATE}", "The date is missing.")
        result = self._result(cells(Field.RESULT, ""))
        score = self._score(cells(Field.SCORE, ""))
        evidence = cells(Field.EVIDENCE, "")
        if len(evidence) > LONGEST_EVIDENCE:
            self._wrong(Field.EVIDENCE, f"This is longer than {LONGEST_EVIDENCE:,} characters.", "Shorten it.")
        if self.faults or day is None or result is None:
            return None
        return Entry(
            self.row.number,
            module,
            day,
            badge_number,
            cells(Field.EMAIL, ""),
            cells(Field.USERNAME, ""),
            result,
            score,
            evidence,
        )

    def _wrong(self, field: Field, reason: str, remedy: str = "") -> None:
        self.faults.append(Fault(self.row.number, field, reason, remedy))

    def _check_characters(self, field: Field, text: str) -> None:
        if "\ufffd" in text or any(unicodedata.category(char).startswith("C") for char in text):
            self._wrong(field, "The cell holds characters that cannot be read or seen.", "Type it anew.")

    def _badge_number(self, text: str) -> str:
        if _POWER_OF_TEN.fullmatch(text) or _ISO_DAY.fullmatch(text):
            remedy = "Format the column as text and type the number again."
            self._wrong(Field.BADGE_NUMBER, "The spreadsheet has turned the badge number into another number.", remedy)
        elif text and not _is_badge_number(text):
            self._wrong(Field.BADGE_NUMBER, "This is not a badge number.", str(BADGE_NUMBER.message))
        return text

    def _read(self, field: Field, read: Callable[[str], Any], unreadable: str, missing: str = "") -> Any:
        text = self.cells.get(field, "")
        if not text:
            if missing:
                self._wrong(field, missing, "Fill it in.")
            return None
        value = read(text)
        if value is None:
            self._wrong(field, unreadable)
        return value

    def _score(self, text: str) -> Decimal | None:
        if text and is_share(text):
            self._wrong(Field.SCORE, IS_SHARE, WRITE_PERCENT)
            return None
        return self._read(Field.SCORE, score_of, NO_SCORE)

    def _result(self, text: str) -> Result | None:
        found = result_of(text)
        if found is None:
            under_way = _plain(text) in _UNDER_WAY.split(", ")
            reason = "Nothing is completed yet." if under_way else "This result is not known."
            remedy = "Remove the row." if under_way else "Write passed, failed or completed."
            self._wrong(Field.RESULT, reason, remedy)
        return found


def _is_badge_number(text: str) -> bool:
    if text.isascii() and text.isalnum():
        return True  # nearly all are, and the validator takes long for 50,000
    try:
        BADGE_NUMBER(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=10_000)
def day_of(text: str) -> date | None:
    """The day that a cell names, in one of the usual forms, month before day; a time of day after it is left out."""
    iso = _ISO_DAY.fullmatch(text)
    if iso:
        return _parsed(iso[1], "%Y-%m-%d")
    with_time = _WITH_TIME.fullmatch(text)
    plain = with_time[1] if with_time else text
    return next((found for form in _FORMATS if (found := _parsed(plain, form))), None)


def _parsed(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def score_of(text: str) -> Decimal | None:
    """A percentage, as of “85”, “85.5 %” or “17/20”; None if it is none."""
    plain = _SCORE.fullmatch(text)
    if plain:
        return _number(plain[1])
    points = _POINTS.fullmatch(text)
    if points is None or not _number(points[2]):
        return None
    return percent_of(_number(points[1]), _number(points[2]))


def is_share(text: str) -> bool:
    """Whether it is a bare number above 0 and below 1, which some systems write for a share and others for percent."""
    plain = _SCORE.fullmatch(text)
    return plain is not None and not plain[2] and 0 < _number(plain[1]) < 1


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


@lru_cache(maxsize=1_000)
def result_of(text: str) -> Result | None:
    """What a status says; nothing at all says completed."""
    return _RESULTS.get(_plain(text))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
