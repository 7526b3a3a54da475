"""What recording entries would do. Nothing is written; a few queries answer for the whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.formats import date_format

from training.completions.entries import Entry, Fault, Field
from training.completions.people import People, Person
from training.models import Completion, Module, ModuleVersion
from training.models.completions import percent_text
from training.models.versions import VersionState

# Which completions on record each attempt may be, counting or corrected, but for those of a file that was taken back;
# with the instant of a statement that said so, later or first. Between statements the instant tells, not the score. As
# arrays, so that one statement asks for the whole batch; `ordinal` counts the attempts from 1.
ON_RECORD = """
SELECT attempt.ordinal, found.id, found.completed_at, found.stands
FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::boolean[], %s::numeric[], %s::timestamptz[]) WITH ORDINALITY
     AS attempt (person, module, completed_on, passed, score, completed_at, ordinal)
CROSS JOIN LATERAL (
    SELECT completion.id, coalesce(completion.completed_at, report.completed_at) AS completed_at,
           NOT completion.withdrawn AND NOT EXISTS (
               SELECT FROM training_completion AS correction WHERE correction.corrects_id = completion.id
           ) AS stands
    FROM training_completion AS completion
    LEFT JOIN training_completionimport AS file ON file.id = completion.imported_id
    LEFT JOIN LATERAL (
        SELECT report.completed_at FROM training_completionreport AS report
        WHERE report.completion_id = completion.id AND report.completed_at IS NOT NULL LIMIT 1
    ) AS report ON true
    WHERE completion.{person}_id = attempt.person AND completion.module_id = attempt.module
      AND completion.completed_on = attempt.completed_on AND completion.passed = attempt.passed
      AND file.taken_back_at IS NULL
      AND (completion.score IS NOT DISTINCT FROM attempt.score OR completion.completed_at = attempt.completed_at)
) AS found
ORDER BY attempt.ordinal, found.stands DESC, found.completed_at IS NULL, found.id DESC
"""
# The attempts at versions that count for people, in the order of their days. Who fails neither here nor on record is
# left out: without a failed attempt none is used up.
ATTEMPTS = """
SELECT completion.agent_id, completion.user_id, completion.module_version_id, completion.completed_on,
       completion.completed_at, completion.passed
FROM training_completion AS completion
LEFT JOIN training_completionimport AS file ON file.id = completion.imported_id
WHERE completion.{person}_id IN (
    SELECT unnest(%s::bigint[])
    UNION
    SELECT {person}_id FROM training_completion WHERE {person}_id = ANY(%s) AND module_id = ANY(%s) AND NOT passed
) AND completion.module_id = ANY(%s)
  AND NOT completion.withdrawn AND file.taken_back_at IS NULL AND completion.id IS DISTINCT FROM %s
  AND NOT EXISTS (SELECT FROM training_completion AS correction WHERE correction.corrects_id = completion.id)
ORDER BY completion.completed_on, completion.completed_at NULLS LAST, completion.id
"""
# Of an attempt whose time of day is not known, in the order of attempts.
NOT_FOR_ONESELF = "Nobody records a completion of his own."
END_OF_DAY = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Judged:
    """An entry, whom and what it means, and what recording it would do. `passed` heeds the module's pass mark.

    A duplicate is of the completion `on_record`, by its primary key, or else it `repeats` an entry of its batch. What
    was on record and is withdrawn or corrected is `set_aside` by that correction.
    """

    entry: Entry
    person: Person | None = None
    version: ModuleVersion | None = None
    passed: bool = False
    on_record: int | None = None
    repeats: Judged | None = None
    set_aside: Completion | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_duplicate(self) -> bool:
        return self.on_record is not None or self.repeats is not None

    @property
    def score(self) -> Decimal | None:
        """The score as it is stored: with four decimals, cut off, so that none reaches a mark by rounding."""
        score = self.entry.score
        return None if score is None else score.quantize(Decimal("0.0001"), ROUND_DOWN)

    @property
    def percent(self) -> str:
        return percent_text(self.score)

    @property
    def is_ready(self) -> bool:
        return not self.faults and not self.is_duplicate and self.set_aside is None

    @property
    def why_set_aside(self) -> str:
        """When it was withdrawn or corrected, and why; empty if it was not."""
        correction = self.set_aside
        if correction is None:
            return ""
        done = "withdrawn" if correction.withdrawn else "corrected"
        day = date_format(timezone.localdate(correction.recorded_at))
        return f"It was {done} on {day} by {correction.recorded_by_name}: {correction.why}"

    @property
    def below_mark(self) -> bool:
        """Whether the score alone makes it a failed attempt."""
        return self.version is not None and not self.passed and self.entry.result != "failed"

    def wrong(self, column: Field, reason: str, remedy: str = "") -> None:
        self.faults.append(Fault(self.entry.row, column, reason, remedy))


def judge(entries: Sequence[Entry], *, again: bool = False, recorder: int | None = None) -> list[Judged]:
    """What recording the entries would do now, in their order.

    `again` takes what was withdrawn or corrected for new; otherwise it is set aside. `recorder` is the key of the user
    who records, who may not do so for himself.
    """
    people = People(entries)
    judged = []
    for entry in entries:
        item = Judged(entry)
        match people.meant_by(entry):
            case Fault() as fault:
                item.faults.append(fault)
            case person:
                item.person = person
                if recorder is not None and person.user == recorder:
                    item.wrong(_named_by(entry), NOT_FOR_ONESELF, "Ask another training manager.")
        judged.append(item)
    check(judged)
    set_aside = _find_duplicates(judged)
    if not again:
        _set_aside(set_aside)
    check_attempts(judged)
    return judged


def _named_by(entry: Entry) -> Field:
    """The field that says who it was."""
    named = {Field.BADGE_NUMBER: entry.badge_number, Field.EMAIL: entry.email, Field.USERNAME: entry.username}
    return next((field for field, name in named.items() if name), Field.USERNAME)


def check(judged: Iterable[Judged]) -> None:
    """Finds the version of each entry, whether it is passed, and what is wrong with its day and score."""
    catalogue = _Catalogue()
    today = timezone.localdate()
    for item in judged:
        entry, person = item.entry, item.person
        if entry.completed_on > today:
            item.wrong(Field.COMPLETED_ON, "This day is yet to come.", "Correct the date.")
        elif person and person.hired_on and entry.completed_on < person.hired_on:
            hired = date_format(person.hired_on)
            item.wrong(Field.COMPLETED_ON, f"{person.name} was hired on {hired}, after this day.", "Correct the date.")
        score = entry.score
        if score is not None and not 0 <= score <= 100:
            item.wrong(Field.SCORE, "A score is a percentage from 0 to 100.", "Correct it.")
        dated = all(fault.field != Field.COMPLETED_ON for fault in item.faults)
        catalogue.find_version(item, dated=dated)
        if item.version is not None:
            _decide(item, item.version.module.pass_mark)


def _decide(item: Judged, pass_mark: int | None) -> None:
    result, score = item.entry.result, item.entry.score
    if result != "failed" and pass_mark is not None and score is None:
        reason = f"The module has a pass mark of {pass_mark} %."
        item.wrong(Field.SCORE, reason, "Give the score, or the result “failed”.")
        return
    if (
        result == "passed"
        and item.entry.statement_id
        and pass_mark is not None
        and score is not None
        and score < pass_mark
    ):
        # Its sender goes by another mark, and would not know that the attempt failed here.
        item.wrong(Field.SCORE, f"This is below the pass mark of {pass_mark} %.", "Send failed, or completed.")
        return
    item.passed = result != "failed" and (pass_mark is None or score is None or score >= pass_mark)


class _Catalogue:
    """The modules and the versions that were ever published, and what is told of a day without one."""

    def __init__(self) -> None:
        self._modules = {module.code: module for module in Module.objects.all()}
        self._versions: dict[int, list[ModuleVersion]] = {}
        published = ModuleVersion.objects.filter(published_on__isnull=False)
        for version in published.select_related("module").order_by("ordinal"):
            self._versions.setdefault(version.module_id, []).append(version)
        self._found: dict[tuple[str, date], ModuleVersion | tuple[Field, str, str]] = {}

    def find_version(self, item: Judged, *, dated: bool) -> None:
        """Finds the version of the day, or says why there is none; of a day that is wrong itself, it says no more."""
        key = (item.entry.module, item.entry.completed_on)
        if key not in self._found:
            self._found[key] = self._look_up(*key)
        match self._found[key]:
            case ModuleVersion() as version:
                item.version = version
            case (column, reason, remedy) if dated or column != Field.COMPLETED_ON:
                item.wrong(column, reason, remedy)

    def _look_up(self, code: str, day: date) -> ModuleVersion | tuple[Field, str, str]:
        module = self._modules.get(code.upper())
        if module is None:
            known = ", ".join(sorted(self._modules)) or "none"
            return (Field.MODULE, "No module has this code.", f"The codes are: {known}.")
        if module.pk not in self._versions:
            return (Field.MODULE, f"No version of {module.code} was ever published.", "Nobody can complete it yet.")
        begun = [version for version in self._versions[module.pk] if _day(version.published_on) <= day]
        current = [version for version in begun if version.ended_on is None or day < version.ended_on]
        if current:
            return current[-1]
        remedy = "Correct the date or the module."
        if begun and begun[-1].state == VersionState.RETIRED:
            ended = date_format(_day(begun[-1].ended_on))
            return (Field.COMPLETED_ON, f"{begun[-1]} was retired on {ended}; nobody completes it since.", remedy)
        return (Field.COMPLETED_ON, f"No version of {module.code} was published on this day.", remedy)


def _day(value: date | None) -> date:
    assert value is not None
    return value


def _find_duplicates(judged: Sequence[Judged]) -> list[tuple[Judged, int]]:
    """Marks what is on record already, or earlier in the batch: same person, module, day, result and score.

    Between statements it is the same person, module, instant and result: those of distinct instants are distinct
    attempts. One without an instant, of a file or by hand, is the same as one statement of its day. Returns what else
    was on record and counts no more, with its completion.
    """
    corrected: list[tuple[Judged, int]] = []
    seen: dict[Any, Judged] = {}
    for item in judged:
        if item.faults:
            continue
        assert item.person is not None
        assert item.version is not None
        entry = item.entry
        when = (entry.completed_at,) if entry.completed_at else (entry.completed_on, item.score)
        key = (item.person.key, item.version.module_id, item.passed, *when)
        first = seen.setdefault(key, item)
        item.repeats = None if first is item else first
    for kind in ("agent", "user"):
        asked = [item for item in judged if item.is_ready and _pk(item, kind)]
        instants: dict[int, datetime | None] = {}
        for ordinal, completion, completed_at, stands in _on_record(kind, asked):
            item, at = asked[ordinal - 1], instants.setdefault(completion, completed_at)
            if item.on_record is not None or (at is not None and item.entry.completed_at not in {None, at}):
                continue
            if not stands:
                corrected.append((item, completion))
            else:
                item.on_record = completion
                instants[completion] = at or item.entry.completed_at
    return corrected


def _set_aside(corrected: Sequence[tuple[Judged, int]]) -> None:
    if not corrected:
        return
    found = Completion.objects.select_related("corrected_by").in_bulk([pk for _, pk in corrected])
    for item, pk in corrected:
        completion = found[pk]
        item.set_aside = item.set_aside or (completion if completion.withdrawn else completion.corrected_by)


def _on_record(kind: str, asked: Sequence[Judged]) -> list[tuple[int, int, datetime | None, bool]]:
    """Which completions each of them, counted from 1, may be on record as, with their instant; the likeliest first."""
    if not asked:
        return []
    columns: list[Any] = [
        _array(_pk(item, kind) for item in asked),
        _array(item.version.module_id for item in asked if item.version),
        _array(item.entry.completed_on for item in asked),
        _array(item.passed for item in asked),
        _array("NULL" if item.score is None else item.score for item in asked),
        [item.entry.completed_at for item in asked],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        # Each by the index of completions: no statistics lead astray, however much was just added.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(ON_RECORD.format(person=kind), columns)
        found = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
    return found


def _array(values: Iterable[object]) -> str:
    """An array as PostgreSQL writes it: of numbers, days and truths, a fifth of the driver's time."""
    return f"{{{','.join(map(str, values))}}}"


def check_attempts(judged: Sequence[Judged], *, besides: int | None = None) -> None:
    """Refuses attempts beyond those that a module allows for a version, in each run of attempts up to a pass.

    `besides` is the completion that a correction replaces.
    """
    limited = [item for item in judged if item.is_ready and item.version and item.version.module.attempts]
    if not limited:
        return
    made = _attempts_made(limited, besides)
    for item in limited:
        assert item.person is not None
        assert item.version is not None
        allowed = item.version.module.attempts or 0
        attempts = made.setdefault((item.person.key, item.version.pk), [])
        at = (item.entry.completed_on, item.entry.completed_at or END_OF_DAY)
        if used_up(attempts, at, item.passed, allowed):
            plural = "" if allowed == 1 else "s"
            reason = f"{item.person.name} has used up {allowed} attempt{plural} at {item.version}."
            item.wrong(Field.COMPLETED_ON, reason, "Correct what is on record first, if it is wrong.")
        else:
            attempts.append((at, item.passed))
            attempts.sort(key=lambda attempt: attempt[0])


def used_up(attempts: Sequence[tuple[Any, bool]], at: Any, passed: bool, allowed: int) -> bool:
    """Whether a further attempt at that time would be one too many.

    `attempts` are those on record, as time and whether passed, in order; the times are of one kind. A pass ends a run,
    and the next begins anew. A failed attempt counts in the run in which it falls, also against what came after it; a
    pass ends its run there.
    """
    before = [attempt for attempt in attempts if attempt[0] <= at]
    after = attempts[len(before) :]
    last_pass = max((place for place, attempt in enumerate(before, start=1) if attempt[1]), default=0)
    used = len(before) - last_pass
    if not passed:
        next_pass = next((place for place, attempt in enumerate(after, start=1) if attempt[1]), len(after))
        used += next_pass
    return used >= allowed


def _attempts_made(limited: Sequence[Judged], besides: int | None) -> dict[Any, list[tuple[Any, bool]]]:
    modules = list({item.version.module_id for item in limited if item.version})
    made: dict[Any, list[tuple[Any, bool]]] = {}
    with connection.cursor() as cursor:
        for kind in ("agent", "user"):
            people = list({pk for item in limited if (pk := _pk(item, kind))})
            if not people:
                continue
            failing = list({pk for item in limited if not item.passed and (pk := _pk(item, kind))})
            cursor.execute(ATTEMPTS.format(person=kind), [failing, people, modules, modules, besides])
            for agent, user, version, day, instant, passed in cursor.fetchall():
                at = (day, instant or END_OF_DAY)
                made.setdefault(((agent, user), version), []).append((at, passed))
    return made


def _pk(item: Judged, kind: str) -> int | None:
    assert item.person is not None
    return item.person.agent if kind == "agent" else item.person.user
