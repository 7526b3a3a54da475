"""One file of completions on its way: taken in, mapped, previewed, recorded. Pages and the command both go this way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from audit import jobs
from designation.models import User
from designation.sheets.added import NOT_RECORDED
from designation.sheets.columns import NO_HEADER, Proposal, Table, check_mapping, propose, rows_below, signature
from designation.sheets.files import Sheet, UnusableFile, plain_filename
from designation.sheets.rejected import rejected_csv
from designation.sheets.uploaded import as_kept, likely_sheets, mapping_of, workbook_of
from training.completions.columns import COMPLETIONS
from training.completions.entries import Fault, Field
from training.completions.files import read_rows
from training.completions.judging import Judged, judge
from training.models import Completion, CompletionImport, CompletionUpload
from training.workflow import completions


@dataclass(frozen=True)
class Problem:
    """What is wrong in one cell: where it stands in the user's file, why, and what to do."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class Plan:
    """What recording the file would do, row by row."""

    table: Table[Field]
    judged: list[Judged]
    faults: list[Fault]

    @cached_property
    def ready(self) -> list[Judged]:
        return [item for item in self.judged if item.is_ready]

    @cached_property
    def duplicates(self) -> list[Judged]:
        return [item for item in self.judged if item.is_duplicate and not item.faults]

    @cached_property
    def set_aside(self) -> list[Judged]:
        return [item for item in self.judged if item.set_aside is not None and not item.faults]

    @cached_property
    def failed(self) -> int:
        """How many of the ready rows are failed attempts."""
        return sum(not item.passed for item in self.ready)

    @cached_property
    def problems(self) -> list[list[Problem]]:
        """The problems of each bad row, in the order of the file."""
        by_row: dict[int, list[Problem]] = {}
        rows = {row.number: row for row in self.table.rows}
        for fault in sorted(self.faults, key=lambda fault: fault.row):
            value = self.table.value(rows[fault.row], fault.field)
            problem = Problem(fault.row, self.table.column_name(fault.field), value, fault.message)
            by_row.setdefault(fault.row, []).append(problem)
        return list(by_row.values())

    @property
    def reasons(self) -> dict[int, str]:
        """Row number -> why the row is not recorded and what to do, with the columns' names."""
        return reasons_of(self.table, self.faults)


@dataclass(frozen=True)
class Result:
    """What recording a file did; `rejected` says of each row that is not recorded, by its number, why.

    `set_aside` says the same of the rows that were withdrawn or corrected here before.
    """

    recorded: int
    duplicates: int
    rejected: Mapping[int, str]
    set_aside: Mapping[int, str]


class NotAllRecorded(Exception):
    """Nothing was recorded: it was all or nothing, and some rows cannot be. `rejected` is as in Result."""

    def __init__(self, rejected: Mapping[int, str]) -> None:
        super().__init__("Nothing was recorded, because some rows cannot be.")
        self.rejected = rejected


def start_upload(content: bytes, filename: str, user: User) -> CompletionUpload:
    """Takes a file in. If just one sheet can be meant and its header is known, it is mapped already.

    Raises UnusableFile, PermissionDenied.
    """
    _check_may_record(user)
    filename = plain_filename(filename) or COMPLETIONS.noun
    upload = CompletionUpload(uploaded_by=user, filename=filename, content=content, sha256=sha256(content).hexdigest())
    choices = likely_sheets(workbook_of(upload, COMPLETIONS), COMPLETIONS)
    if len(choices) == 1:
        _settle(upload, choices[0])
    upload.save()
    return upload


def choose_sheet(upload: CompletionUpload, user: User, sheet: str) -> None:
    """Says which sheet holds the completions. Raises UnusableFile, also if the file is recorded already."""
    _check_may_record(user)
    proposal = propose(workbook_of(upload, COMPLETIONS).sheet(sheet), COMPLETIONS)
    with _unrecorded(upload):
        upload.mapping = {}
        _settle(upload, proposal)
        upload.save(update_fields=["sheet", "header_row", "mapping", "signature"])


def apply_mapping(
    upload: CompletionUpload, user: User, *, sheet: str, header_row: int, mapping: Mapping[Field, int]
) -> None:
    """Says which sheet and row hold the header and what its columns mean (field -> column from 0).

    It is remembered for the next file of this layout, if there is a header to know it by. Raises UnusableFile if a
    needed column is missing, a column is used twice, or the file is recorded already.
    """
    _check_may_record(user)
    table = _table(workbook_of(upload, COMPLETIONS).sheet(sheet), header_row, mapping)
    check_mapping(table, COMPLETIONS)
    with _unrecorded(upload):
        upload.sheet, upload.header_row, upload.mapping = sheet, header_row, as_kept(mapping)
        upload.signature = signature(table.headers) if header_row != NO_HEADER else ""
        upload.save(update_fields=["sheet", "header_row", "mapping", "signature"])


def table_of(upload: CompletionUpload) -> Table[Field]:
    """The rows below the header, with what the columns mean. Raises UnusableFile if not said yet."""
    if not upload.is_mapped or upload.header_row is None:
        raise UnusableFile("Say first which sheet holds the completions and what its columns mean.")
    return _table(
        workbook_of(upload, COMPLETIONS).sheet(upload.sheet), upload.header_row, mapping_of(upload, COMPLETIONS)
    )


def plan_upload(upload: CompletionUpload, actor: User) -> Plan:
    """What recording the file would do now, if the actor did it. Raises UnusableFile if it is not mapped yet."""
    table = table_of(upload)
    found = read_rows(table)
    judged = judge(found.entries, recorder=actor.pk)
    return Plan(table, judged, [*found.faults, *(fault for item in judged for fault in item.faults)])


def record_upload(upload: CompletionUpload, actor: User, *, all_or_nothing: bool = False) -> Result:
    """Records the rows that are ready, in one database transaction; the result stays with the upload.

    A file is recorded once: asked again, it answers with the result it has. Raises NotAllRecorded, UnusableFile,
    PermissionDenied.
    """
    _check_may_record(actor)
    with transaction.atomic():
        locked = _locked(upload)
        if locked.recorded_at is None:
            upload.sheet, upload.header_row, upload.mapping = locked.sheet, locked.header_row, locked.mapping
            table = table_of(upload)
            found = read_rows(table)
            file = CompletionImport(file_name=locked.filename[-200:], sha256=locked.sha256)
            done = completions.record(found.entries, source=Completion.Source.FILE, actor=actor, file=file)
            rejected = reasons_of(table, [*found.faults, *done.refused])
            if all_or_nothing and rejected:
                raise NotAllRecorded(rejected)
            locked.imported, locked.recorded_at = done.file, timezone.now()
            set_aside = {item.entry.row: item.why_set_aside for item in done.set_aside}
            locked.result = asdict(Result(len(done.done), len(done.duplicates), rejected, set_aside))
            locked.save(update_fields=["imported", "recorded_at", "result"])
    upload.refresh_from_db(fields=["result", "recorded_at", "imported"])
    return result_of(upload)


def result_of(upload: CompletionUpload) -> Result:
    """What recording did. Raises UnusableFile if the file is not recorded yet."""
    if upload.result is None:
        raise UnusableFile("This file has not been recorded yet.")
    rejected, set_aside = (
        {int(number): reason for number, reason in upload.result.get(name, {}).items()}
        for name in ("rejected", "set_aside")
    )
    return Result(upload.result["recorded"], upload.result["duplicates"], rejected, set_aside)


def rejected_rows(upload: CompletionUpload, actor: User) -> str:
    """The rows that were not recorded, or before recording those that would not be, as CSV."""
    reasons = result_of(upload).rejected if upload.recorded_at else plan_upload(upload, actor).reasons
    return rejected_csv(table_of(upload), reasons, NOT_RECORDED)


def reasons_of(table: Table[Field], faults: Iterable[Fault]) -> dict[int, str]:
    """Row number -> all that is wrong with the row, each with its column's name."""
    said: dict[int, list[str]] = {}
    for fault in faults:
        said.setdefault(fault.row, []).append(f"{table.column_name(fault.field)}: {fault.message}")
    return {row: " ".join(found) for row, found in sorted(said.items())}


def _check_may_record(user: User) -> None:
    if not completions.may_record(user):
        raise PermissionDenied(completions.ONLY_MANAGERS)


def _table(sheet: Sheet, header_row: int, mapping: Mapping[Field, int]) -> Table[Field]:
    headers, rows = rows_below(sheet, header_row, COMPLETIONS)
    return Table(headers, mapping, rows)


def _locked(upload: CompletionUpload) -> CompletionUpload:
    return CompletionUpload.objects.select_for_update(of=("self",)).defer("content").get(pk=upload.pk)


@contextmanager
def _unrecorded(upload: CompletionUpload) -> Iterator[None]:
    """Holds the upload for a change, in a transaction. Raises UnusableFile if it has been recorded."""
    with transaction.atomic():
        if _locked(upload).recorded_at:
            raise UnusableFile("This file has been recorded. Upload it again to record what is left.")
        last = jobs.last_about(job_about(upload))
        if last and last.is_unfinished:
            raise UnusableFile("This file is being recorded. Wait for the end, or cancel it.")
        yield


def job_about(upload: CompletionUpload) -> str:
    """What the job that records the upload is about."""
    return f"completions {upload.pk}"


def _settle(upload: CompletionUpload, proposal: Proposal[Field]) -> None:
    """Chooses the sheet; and the columns too, if they are remembered or need no question."""
    upload.sheet, upload.header_row = proposal.sheet, proposal.header_row
    upload.signature = signature(proposal.headers) if proposal.has_header else ""
    remembered = _remembered(upload.signature)
    if remembered:
        upload.mapping = remembered
    elif proposal.settled:
        upload.mapping = as_kept(proposal.mapping)
    if upload.is_mapped:
        table_of(upload)


def _remembered(layout: str) -> dict[str, int] | None:
    """What was said of the last file of the layout."""
    if not layout:
        return None
    last = CompletionUpload.objects.filter(signature=layout).exclude(mapping={}).values_list("mapping", flat=True)
    return last.first()
