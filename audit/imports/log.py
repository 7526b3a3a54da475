"""An event log in delimited text, checked row by row: each row is the entry of a case into a stage."""

from __future__ import annotations

import csv
import gc
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from audit import delimited
from audit.imports.times import TimeOpenToReading, TimeReader, UnreadableTime
from audit.models import StepEvent

LONGEST_CELL = 64 * 1024 * 1024  # characters; the csv module's own limit is 128 KB
LONGEST_PARTY = 40
NO_DIMENSIONS: dict[str, str] = {}


class LogRefused(Exception):
    """The log cannot be taken as it is. The message says why and what to do."""


@dataclass(frozen=True)
class Columns:
    """The headers of the columns that are read. `dimensions` maps a dimension's name to its header."""

    case: str
    stage: str
    at: str
    actor: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> list[str]:
        named = [self.case, self.stage, self.at, *self.dimensions.values()]
        return [*named, self.actor] if self.actor else named


@dataclass(frozen=True)
class Span:
    """The instants that a row may have: what the calendar covers, and nothing to come."""

    first: datetime
    end: datetime
    now: datetime


class Event(NamedTuple):
    """A case enters a stage. `row` is the row of the file as a spreadsheet numbers it.

    Events sort by time, and equal times by row.
    """

    at: datetime
    row: int
    stage: str
    actor: str
    dimensions: dict[str, str]
    cells: Sequence[str]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be taken. `column` is empty where no single one is at fault."""

    row: int
    column: str
    reason: str
    cells: Sequence[str]

    @property
    def where(self) -> str:
        """The column at fault; the row, where it is all of it."""
        return f"column “{self.column}”" if self.column else "the whole row"

    def __str__(self) -> str:
        return f"Row {self.row}, {self.where}: {self.reason}."


@dataclass
class Log:
    """A log as it was read: its cases, each in the order of time, and the rows that cannot be taken."""

    sha256: str
    header: list[str]
    cases: dict[str, list[Event]] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)

    @property
    def events(self) -> int:
        return sum(map(len, self.cases.values()))

    def stages(self) -> Counter[str]:
        """How many events each stage has."""
        return Counter(event.stage for events in self.cases.values() for event in events)

    def repeated(self) -> int:
        """How many events say just what another of the same case says: its time, stage and actor."""
        said = (Counter((event.at, event.stage, event.actor) for event in events) for events in self.cases.values())
        return sum(count.total() - len(count) for count in said)


def read_log(content: bytes, columns: Columns, times: TimeReader, span: Span) -> Log:
    """Reads and checks a whole log. Rows of equal time stay in the order of the file.

    Raises LogRefused for what no row can help: the encoding, a column that is missing, times that need a stated zone.
    """
    with collector_at_rest():
        return _read_log(content, columns, times, span)


def _read_log(content: bytes, columns: Columns, times: TimeReader, span: Span) -> Log:
    records = _records(content, columns.headers())
    header = _header(records, "The file")
    log = Log(hashlib.sha256(content).hexdigest(), header)
    reader = RowReader(columns, header, times, span)
    cases = defaultdict(list)
    for number, cells in records:
        try:
            case, event = reader.read(number, cells)
        except _Bad as bad:
            log.bad.append(BadRow(number, bad.column, bad.reason, cells))
        except TimeOpenToReading as error:
            raise LogRefused(f"Row {number}, column “{columns.at}”: {error}") from None
        else:
            cases[case].append(event)
    log.cases = dict(cases)
    if not log.cases and not log.bad:
        raise LogRefused("The file has a header and no rows below it: there is nothing to import.")
    for events in log.cases.values():
        events.sort()
    return log


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """For the making of many rows that are all kept: looking for garbage among them again and again takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Bad(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


class RowReader:
    """Reads one row after another. Raises LogRefused for headers that do not fit."""

    def __init__(self, columns: Columns, header: Sequence[str], times: TimeReader, span: Span) -> None:
        self.columns, self.times, self.span, self.width = columns, times, span, len(header)
        self.case, self.stage, self.at = (_position(header, name) for name in (columns.case, columns.stage, columns.at))
        self.actor = _position(header, columns.actor) if columns.actor else None
        self.dimensions = [(name, _position(header, column)) for name, column in columns.dimensions.items()]
        self.longest = {name: _longest(name) for name in ("subject", "to_state", "actor_name")}

    def read(self, number: int, cells: list[str]) -> tuple[str, Event]:
        """The case and the event of a row. Raises _Bad, and TimeOpenToReading."""
        if len(cells) < self.width:
            cells = cells + [""] * (self.width - len(cells))
        elif any(map(str.strip, cells[self.width :])):
            raise _Bad("", f"it has {len(cells)} cells, the header {self.width}")
        case = _text(cells[self.case], self.columns.case, self.longest["subject"])
        stage = _text(cells[self.stage], self.columns.stage, self.longest["to_state"])
        at = self._time(cells[self.at].strip())
        actor = cells[self.actor].strip() if self.actor is not None else ""
        if len(actor) > self.longest["actor_name"]:
            raise _Bad(self.columns.actor, f"longer than {self.longest['actor_name']} characters")
        dimensions = self._dimensions(cells) if self.dimensions else NO_DIMENSIONS
        return case, Event(at, number, stage, actor, dimensions, cells)

    def _dimensions(self, cells: list[str]) -> dict[str, str]:
        return {name: text for name, place in self.dimensions if (text := cells[place].strip())}

    def _time(self, text: str) -> datetime:
        if not text:
            raise _Bad(self.columns.at, "it is blank")
        try:
            at = self.times.read(text)
        except UnreadableTime as error:
            raise _Bad(self.columns.at, str(error)) from None
        if at < self.span.first:
            raise _Bad(self.columns.at, f"“{text}” is before the calendar begins, on {self.span.first:%Y-%m-%d}")
        if at >= self.span.end:
            raise _Bad(self.columns.at, f"“{text}” is after the calendar ends, on {self.span.end:%Y-%m-%d}")
        if at > self.span.now:
            raise _Bad(self.columns.at, f"“{text}” has not come yet")
        return at


def _longest(name: str) -> int:
    field: Any = StepEvent._meta.get_field(name)
    return int(field.max_length)


def _text(cell: str, column: str, longest: int) -> str:
    text = cell.strip()
    if not text:
        raise _Bad(column, "it is blank")
    if len(text) > longest:
        raise _Bad(column, f"longer than {longest} characters")
    return text


def _position(header: Sequence[str], name: str) -> int:
    places = [place for place, text in enumerate(header) if text == name.strip()]
    if len(places) == 1:
        return places[0]
    if places:
        raise LogRefused(f"Several columns are called “{name}”. Give each a name of its own.")
    listed = ", ".join(f"“{text}”" for text in header if text) or "none"
    raise LogRefused(f"No column is called “{name}”. The columns are: {listed}.")


def read_parties(content: bytes) -> dict[str, str]:
    """Stage -> the party whose clock runs in it, from two columns under the headers “stage” and “party”.

    Raises LogRefused.
    """
    records = _records(content, ["stage", "party"])
    header = [text.lower() for text in _header(records, "The party map")]
    at_stage, at_party = _position(header, "stage"), _position(header, "party")
    parties: dict[str, str] = {}
    for number, cells in records:
        if len(cells) <= max(at_stage, at_party):
            raise LogRefused(f"Party map, row {number}: a stage and its party are needed.")
        stage, party = cells[at_stage].strip(), cells[at_party].strip()
        if not stage or len(party) > LONGEST_PARTY:
            raise LogRefused(f"Party map, row {number}: a stage, and a party of at most {LONGEST_PARTY} characters.")
        if parties.setdefault(stage, party) != party:
            raise LogRefused(f"Party map, row {number}: “{stage}” stands twice, with different parties.")
    return parties


def _header(records: Iterator[tuple[int, list[str]]], of: str) -> list[str]:
    """The first row that is not blank. Raises LogRefused where there is none."""
    for _, cells in records:
        return [cell.strip() for cell in cells]
    raise LogRefused(f"{of} is empty: it needs a row of headers and rows below it. Was it saved?")


def _records(content: bytes, wanted: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with its number. Raises LogRefused."""
    try:
        text = delimited.decode(content)
    except delimited.NotText:
        raise LogRefused("The file is not readable text. Save it as “CSV UTF-8”.") from None
    names = {name.strip() for name in wanted}
    number = 0
    with _long_cells():
        try:
            for number, record in enumerate(
                delimited.records(text, lambda cells: len(names & {cell.strip() for cell in cells})), start=1
            ):
                if (record and record[0].strip()) or any(map(str.strip, record)):
                    yield number, record
        except csv.Error as error:
            raise LogRefused(
                f"Row {number + 1} cannot be read ({error}). "
                "Is a quotation mark not closed, or does one stand in the wrong place?"
            ) from None


@contextmanager
def _long_cells() -> Iterator[None]:
    """Cells that are not read may be long: the limit of the csv module is one for the whole process."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
