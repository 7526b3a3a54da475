"""How completions come on record, are corrected, and files of them taken back: the only way in, for every source."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audit.machine import Refusal, Refused
from audit.reasons import is_blank
from designation.models import Role, User
from training.completions.entries import Entry, Fault, Result
from training.completions.judging import Judged, check, check_attempts, judge
from training.completions.people import person_of_agent, person_of_user
from training.models import Completion, CompletionImport, CompletionReport, LearningSystem, Statement

ONLY_MANAGERS = "Only a training manager records, corrects and takes back completions."
NOT_ONES_OWN = "Nobody corrects a completion of his own. Ask another training manager."
COPY_COMPLETIONS = """
COPY training_completion (id, agent_id, user_id, module_id, module_version_id, completed_on, completed_at, passed,
    score, source, evidence, imported_id, statement_id, withdrawn, why, recorded_by_id, recorded_by_name) FROM STDIN
"""
COPY_REPORTS = """
COPY training_completionreport (completion_id, source, evidence, imported_id, statement_id, completed_at,
    reported_by_id, reported_by_name) FROM STDIN
"""
# Of each completion of the file that counts and that something else reported too: the earliest such report becomes a
# completion, and the later ones become reports of that.
RECORD_ANEW = """
WITH report AS (
    SELECT report.*, row_number() OVER (PARTITION BY report.completion_id ORDER BY report.id) AS place
    FROM training_completion AS completion
    JOIN training_completionreport AS report ON report.completion_id = completion.id
    LEFT JOIN training_completionimport AS file ON file.id = report.imported_id
    WHERE completion.imported_id = %(file)s AND report.imported_id IS DISTINCT FROM %(file)s
      AND file.taken_back_at IS NULL
      AND NOT EXISTS (SELECT FROM training_completion AS correction WHERE correction.corrects_id = completion.id)
), anew AS (
    SELECT *, nextval(pg_get_serial_sequence('training_completion', 'id')) AS new_id FROM report WHERE place = 1
), recorded AS (
    INSERT INTO training_completion (id, agent_id, user_id, module_id, module_version_id, completed_on, completed_at,
        passed, score, source, evidence, imported_id, statement_id, withdrawn, why, recorded_by_id, recorded_by_name)
    SELECT anew.new_id, agent_id, user_id, module_id, module_version_id, completed_on, anew.completed_at, passed, score,
           anew.source, anew.evidence, anew.imported_id, anew.statement_id, false, %(why)s, reported_by_id,
           reported_by_name
    FROM anew JOIN training_completion AS completion ON completion.id = anew.completion_id
)
INSERT INTO training_completionreport (completion_id, source, evidence, imported_id, statement_id, completed_at,
    reported_by_id, reported_by_name, reported_at)
SELECT new_id, report.source, report.evidence, report.imported_id, report.statement_id, report.completed_at,
       report.reported_by_id, report.reported_by_name, report.reported_at
FROM report JOIN anew ON anew.completion_id = report.completion_id WHERE report.place > 1
ORDER BY report.id
"""
NEW_KEYS = """
SELECT nextval(pg_get_serial_sequence('training_completion', 'id')) FROM generate_series(1, %s)
"""


@dataclass(frozen=True)
class Recorded:
    """What recording a batch did: `done` are the new primary keys, `duplicates` the rows that were on record already,
    `refused` why others were not recorded, `set_aside` those that were withdrawn or corrected here before."""

    done: list[int]
    duplicates: list[int]
    refused: list[Fault]
    set_aside: list[Judged]
    file: CompletionImport | None = None


class NotAllRecorded(Exception):
    """Nothing was recorded: it was all or nothing, and some entries cannot be."""

    def __init__(self, refused: list[Fault]) -> None:
        super().__init__("Nothing was recorded, because some rows cannot be.")
        self.refused = refused


def may_record(user: User) -> bool:
    """Training managers, and nobody else: completions open the gate to a designation."""
    return user.has_role(Role.TRAINING_MANAGER)


def record(
    entries: Sequence[Entry],
    *,
    source: Completion.Source,
    actor: User | None = None,
    system: LearningSystem | None = None,
    file: CompletionImport | None = None,
    all_or_nothing: bool = False,
    why_again: str = "",
) -> Recorded:
    """Records the entries that can be, in one database transaction, for a training manager or a learning system.

    What was withdrawn or corrected is recorded again from a statement, which is of an event of its own, or with the
    reason `why_again`; otherwise it is set aside. What is on record already, a file or statement leaves a report of.
    `file` is not saved yet; it is, if it brings or reports any. Raises PermissionDenied; NotAllRecorded if it is all or
    nothing and some entries are refused.
    """
    if actor is not None and not may_record(actor):
        raise PermissionDenied(ONLY_MANAGERS)
    with transaction.atomic():
        _hold()
        again = bool(why_again) or source == Completion.Source.XAPI
        judged = judge(entries, again=again, recorder=actor.pk if actor else None)
        refused = [fault for item in judged for fault in item.faults]
        if all_or_nothing and refused:
            raise NotAllRecorded(refused)
        ready = [item for item in judged if item.is_ready]
        duplicates = [item for item in judged if item.is_duplicate and not item.faults]
        on_record = [item for item in duplicates if item.on_record is not None]
        if file is not None and (ready or on_record):
            file.rows, file.imported_by, file.imported_by_name = len(ready), actor, _name(actor, system)
            file.save(force_insert=True)
        done = _write(ready, source, actor, _name(actor, system), file, why_again)
        if source != Completion.Source.HAND:
            _write_reports(on_record, source, actor, _name(actor, system), file)
    rows = [item.entry.row for item in duplicates]
    set_aside = [item for item in judged if item.set_aside is not None and not item.faults]
    return Recorded(done, rows, refused, set_aside, file if ready or on_record else None)


def _hold() -> None:
    """One batch at a time, so that two never record the same completion. Readers do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE training_completion IN SHARE ROW EXCLUSIVE MODE")


def _name(actor: User | None, system: LearningSystem | None) -> str:
    if actor is not None:
        return actor.recorded_name
    assert system is not None
    return system.name


def _write(
    ready: Sequence[Judged], source: str, actor: User | None, name: str, file: CompletionImport | None, why: str
) -> list[int]:
    file_pk, actor_pk = file.pk if file else None, actor.pk if actor else None
    with connection.cursor() as cursor:
        cursor.execute(NEW_KEYS, [len(ready)])
        keys = [row[0] for row in cursor.fetchall()]
        with cursor.copy(COPY_COMPLETIONS) as lines:
            for pk, item in zip(keys, ready, strict=True):
                entry, person, version = item.entry, item.person, item.version
                assert person is not None
                assert version is not None
                lines.write_row(
                    (
                        pk,
                        person.agent,
                        person.user,
                        version.module_id,
                        version.pk,
                        entry.completed_on,
                        entry.completed_at,
                        item.passed,
                        item.score,
                        source,
                        entry.evidence,
                        file_pk,
                        entry.statement_id,
                        False,
                        why,
                        actor_pk,
                        name,
                    )
                )
    return keys


def _write_reports(
    on_record: Sequence[Judged], source: str, actor: User | None, name: str, file: CompletionImport | None
) -> None:
    file_pk, actor_pk = file.pk if file else None, actor.pk if actor else None
    with connection.cursor() as cursor, cursor.copy(COPY_REPORTS) as lines:
        for item in on_record:
            entry = item.entry
            said = (source, entry.evidence, file_pk, entry.statement_id, entry.completed_at)
            lines.write_row((item.on_record, *said, actor_pk, name))


class StatementConflict(Exception):
    """A statement with this id is on record with other content. `place` counts those of the batch from 0."""

    def __init__(self, statement_id: UUID, place: int) -> None:
        super().__init__(f"A statement with the id {statement_id} is on record with other content.")
        self.statement_id = statement_id
        self.place = place


def take_statements(
    contents: Mapping[UUID, Mapping[str, Any]], entries: Sequence[Entry], *, system: LearningSystem
) -> Recorded:
    """Keeps xAPI statements and records what they say, all or none; those on record already change nothing.

    `contents` are the statements as sent, `entries` what they say, one each. Raises StatementConflict, NotAllRecorded.
    """
    with transaction.atomic():
        _hold()
        known = Statement.objects.in_bulk(list(contents))
        for pk, statement in known.items():
            if comparable(statement.content) != comparable(contents[pk]):
                raise StatementConflict(pk, list(contents).index(pk))
        recorded = record(
            [entry for entry in entries if entry.statement_id not in known],
            source=Completion.Source.XAPI,
            system=system,
            all_or_nothing=True,
        )
        Statement.objects.bulk_create(
            Statement(pk=pk, system=system, content=content) for pk, content in contents.items() if pk not in known
        )
    return recorded


def comparable(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What two statements must have in common to be the same: without what a record store may set or leave out.

    xAPI 1.0.3, part two, 2.3.1: authority, stored and version; what an activity is called, and how a verb is displayed.
    A timestamp is compared as the instant that it is, whatever its offset.
    """
    same = copy.deepcopy({name: value for name, value in statement.items() if name not in _SET_BY_STORES})
    same["id"] = str(same.get("id", "")).lower()
    if "timestamp" in same:
        same["timestamp"] = parse_datetime(same["timestamp"])
    for name, left_out in (("verb", "display"), ("object", "definition")):
        if isinstance(same.get(name), dict):
            same[name].pop(left_out, None)
    return same


_SET_BY_STORES = frozenset({"authority", "stored", "version"})


def correct(
    pk: int,
    *,
    actor: User,
    why: str,
    completed_on: date,
    result: Result,
    score: Decimal | None = None,
    evidence: str = "",
) -> Completion:
    """Puts a record in the place of one that is wrong; both stay, with the reason. Raises PermissionDenied, Refused."""
    with transaction.atomic():
        wrong = _to_correct(pk, actor, why)
        person = person_of_agent(wrong.agent) if wrong.agent else person_of_user(_user(wrong))
        entry = Entry(pk, wrong.module.code, completed_on, result=result, score=score, evidence=evidence)
        item = Judged(entry, person)
        check([item])
        check_attempts([item], besides=pk)
        if item.faults:
            raise CannotStand(wrong, item.faults)
        assert item.version is not None
        same = {"completed_on": completed_on, "passed": item.passed, "score": item.score}
        instant = wrong.completed_at if completed_on == wrong.completed_on else None
        if _says(wrong, evidence=evidence, **same):
            raise Refused(Refusal(str(wrong), "unchanged", "Nothing is changed."))
        others = Completion.objects.standing().filter(agent=wrong.agent, user=wrong.user, module=wrong.module)
        if instant is not None:
            others = others.filter(Q(completed_at=None) | Q(completed_at=instant))
        if others.exclude(pk=pk).filter(**same).exists():
            raise Refused(Refusal(str(wrong), "duplicate", "Such a completion is on record already."))
        return _put(
            wrong,
            actor,
            why,
            module_version=item.version,
            completed_at=instant,
            evidence=evidence,
            withdrawn=False,
            **same,
        )


def withdraw(pk: int, *, actor: User, why: str) -> Completion:
    """Puts on record that there was no such completion. Raises PermissionDenied, Refused."""
    with transaction.atomic():
        wrong = _to_correct(pk, actor, why)
        if wrong.withdrawn:
            raise Refused(Refusal(str(wrong), "withdrawn", "It is withdrawn already."))
        return _put(wrong, actor, why, withdrawn=True)


class CannotStand(Refused):
    """A correction that could not be recorded as a completion either; `faults` say why, field by field."""

    def __init__(self, wrong: Completion, faults: list[Fault]) -> None:
        super().__init__(Refusal(str(wrong), "fault", " ".join(fault.message for fault in faults)))
        self.faults = faults


def _to_correct(pk: int, actor: User, why: str) -> Completion:
    if not may_record(actor):
        raise PermissionDenied(ONLY_MANAGERS)
    _hold()
    found = Completion.objects.with_people().filter(pk=pk).first()
    if found is None:
        raise Refused(Refusal(f"#{pk}", "not_found", "There is no such completion."))
    if found.user_id == actor.pk:
        raise Refused(Refusal(str(found), "permission", NOT_ONES_OWN))
    if is_blank(why):
        raise Refused(Refusal(str(found), "reason", "Give a reason: it goes on record."))
    if Completion.objects.filter(corrects=found).exists():
        raise Refused(Refusal(str(found), "corrected", "It was corrected already. Correct what stands in its place."))
    if found.imported and found.imported.taken_back_at:
        raise Refused(Refusal(str(found), "taken_back", "Its file was taken back, so that it does not count."))
    return found


def _user(completion: Completion) -> User:
    assert completion.user is not None
    return completion.user


def _says(completion: Completion, **values: Any) -> bool:
    return not completion.withdrawn and all(getattr(completion, name) == value for name, value in values.items())


def _put(wrong: Completion, actor: User, why: str, **values: Any) -> Completion:
    kept = {name: getattr(wrong, name) for name in _KEPT}
    return Completion.objects.create(
        **(kept | values),
        source=Completion.Source.HAND,
        corrects=wrong,
        why=why.strip(),
        recorded_by=actor,
        recorded_by_name=actor.recorded_name,
    )


_KEPT = ("agent", "user", "module", "module_version", "completed_on", "completed_at", "passed", "score", "evidence")


def take_back(pk: int, *, actor: User, why: str) -> CompletionImport:
    """Takes a file back as a whole: its completions stay on record and no longer count.

    Those that another file or a statement reported too are recorded anew as of that. What corrects one of them by hand
    stays as it is. Raises PermissionDenied, Refused.
    """
    if not may_record(actor):
        raise PermissionDenied(ONLY_MANAGERS)
    with transaction.atomic():
        _hold()
        file = CompletionImport.objects.select_for_update().filter(pk=pk).first()
        if file is None:
            raise Refused(Refusal(f"#{pk}", "not_found", "There is no such file."))
        if file.taken_back_at is not None:
            raise Refused(Refusal(str(file), "taken_back", "This file was taken back already."))
        if is_blank(why):
            raise Refused(Refusal(str(file), "reason", "Give a reason: it goes on record."))
        file.taken_back_at, file.taken_back_by_name = timezone.now(), actor.recorded_name
        file.taken_back_why = why.strip()
        file.save(update_fields=["taken_back_at", "taken_back_by_name", "taken_back_why"])
        with connection.cursor() as cursor:
            why = f"Recorded anew: {file} brought it first and was taken back."
            cursor.execute(RECORD_ANEW, {"file": file.pk, "why": why})
    return file


@dataclass(frozen=True)
class TakingBack:
    """What taking a file back would do to its completions that count: how many `go`, and how many `stay`, because
    other files or statements reported them too; `files` are those files, the earliest first."""

    go: int
    stay: int
    files: list[CompletionImport]


def taking_back(file: CompletionImport) -> TakingBack:
    """What taking the file back would do now."""
    standing = Completion.objects.standing().filter(imported=file)
    other = CompletionReport.objects.standing().exclude(imported=file)
    stay = standing.filter(Exists(other.filter(completion=OuterRef("pk")))).count()
    reports = other.filter(completion__in=standing)
    files = CompletionImport.objects.filter(reports__in=reports).distinct().order_by("pk")
    return TakingBack(standing.count() - stay, stay, list(files))
