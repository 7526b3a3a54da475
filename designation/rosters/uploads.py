"""One roster file on its way: taken in, mapped, previewed, filed. Pages and the command both go this way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from audit import jobs
from designation.models import Office, Request, RosterMapping, RosterUpload, User
from designation.permissions import FILING_OFFICE
from designation.rosters.columns import Roster, roster_below
from designation.rosters.headers import ROSTER, Field
from designation.rosters.plan import PlannedRow, RosterPlan, plan
from designation.sheets.added import REASON
from designation.sheets.columns import NO_HEADER, Proposal, check_mapping, propose, signature
from designation.sheets.files import UnusableFile, plain_filename
from designation.sheets.rejected import rejected_csv
from designation.sheets.uploaded import as_kept, likely_sheets, mapping_of, workbook_of
from designation.workflow import NewRequest, file_requests


@dataclass(frozen=True)
class FiledRoster:
    """What filing an upload did.

    `filed` holds the numbers of the new requests, `already_filed` counts the rows whose agent had an open
    request, and `rejected` says of each other row, by its number, why it was not filed.
    """

    filed: tuple[str, ...]
    already_filed: int
    rejected: Mapping[int, str]


class NotAllFiled(Exception):
    """Nothing was filed: it was all or nothing, and some rows cannot be. `rejected` is as in FiledRoster."""

    def __init__(self, rejected: Mapping[int, str]) -> None:
        super().__init__("Nothing was filed, because some rows cannot be.")
        self.rejected = rejected


def start_upload(
    content: bytes, filename: str, office: Office, user: User, *, default_justification: str = ""
) -> RosterUpload:
    """Take a file in. If just one sheet can be meant and its header is known, the upload is mapped already.

    Raises UnusableFile if the file cannot be read, or has no agents or too many, PermissionDenied if the user may
    not file for it.
    """
    _check_may_file(user, office)
    filename = plain_filename(filename) or ROSTER.noun
    upload = RosterUpload(
        office=office,
        uploaded_by=user,
        filename=filename,
        content=content,
        sha256=sha256(content).hexdigest(),
        default_justification=default_justification,
    )
    choices = likely_sheets(workbook_of(upload, ROSTER), ROSTER)
    if len(choices) == 1:
        _settle(upload, choices[0])
    upload.save()
    return upload


def choose_sheet(upload: RosterUpload, user: User, sheet: str) -> None:
    """Say which sheet holds the roster. If its header is known, the upload is mapped then.

    Raises UnusableFile if there is no such sheet, or the upload has been filed.
    """
    _check_may_file(user, upload.office)
    proposal = propose(workbook_of(upload, ROSTER).sheet(sheet), ROSTER)
    with _unfiled(upload):
        upload.mapping = {}
        _settle(upload, proposal)
        upload.save(update_fields=["sheet", "header_row", "mapping"])


def apply_mapping(
    upload: RosterUpload,
    user: User,
    *,
    sheet: str,
    header_row: int,
    mapping: Mapping[Field, int],
    default_justification: str | None = None,
) -> None:
    """Say which sheet and row hold the header and what its columns mean (field -> column from 0).

    It is remembered for the office's next file of this layout, if there is a header to know it by. Raises
    UnusableFile if a needed column is missing, a column is used twice, or the upload has been filed.
    """
    _check_may_file(user, upload.office)
    roster = roster_below(workbook_of(upload, ROSTER).sheet(sheet), header_row, mapping)
    check_mapping(roster, ROSTER)
    with _unfiled(upload):
        upload.sheet, upload.header_row, upload.mapping = sheet, header_row, as_kept(mapping)
        if default_justification is not None:
            upload.default_justification = default_justification
        upload.save(update_fields=["sheet", "header_row", "mapping", "default_justification"])
        if header_row != NO_HEADER:
            _remember(upload, roster, user)


def _remember(upload: RosterUpload, roster: Roster, user: User) -> None:
    RosterMapping.objects.update_or_create(
        office=upload.office,
        signature=signature(roster.headers),
        defaults={"headers": list(roster.headers), "mapping": upload.mapping, "saved_by": user},
    )


def roster_of(upload: RosterUpload) -> Roster:
    """The rows below the header, with what the columns mean. Raises UnusableFile if not said yet."""
    if not upload.is_mapped or upload.header_row is None:
        raise UnusableFile("Say first which sheet holds the roster and what its columns mean.")
    sheet = workbook_of(upload, ROSTER).sheet(upload.sheet)
    return roster_below(sheet, upload.header_row, mapping_of(upload, ROSTER))


def plan_upload(upload: RosterUpload, actor: User) -> RosterPlan:
    """What filing the upload would do now. Raises UnusableFile if it is not mapped yet."""
    justification = upload.default_justification
    return plan(roster_of(upload), office=upload.office, actor=actor, default_justification=justification)


def file_upload(upload: RosterUpload, actor: User, *, all_or_nothing: bool = False) -> FiledRoster:
    """File the rows that are ready, in one database transaction; the result stays with the upload.

    An upload is filed once: asked again, it answers with the result it has. Raises NotAllFiled if it is all
    or nothing and some rows cannot be filed, PermissionDenied if the actor may not file for it.
    """
    _check_may_file(actor, upload.office)
    with transaction.atomic():
        locked = _locked(upload)
        if locked.result is None:
            _refuse_under_way(locked)
            filed, _requests = file_plan(plan_upload(locked, actor), actor)
            if all_or_nothing and filed.rejected:
                raise NotAllFiled(filed.rejected)
            keep_result(locked, filed)
    upload.refresh_from_db(fields=["result", "filed_at"])
    return result_of(upload)


def keep_result(upload: RosterUpload, filed: FiledRoster) -> None:
    """Mark the upload as filed, with what filing did."""
    upload.result, upload.filed_at = asdict(filed), timezone.now()
    upload.save(update_fields=["result", "filed_at"])


def result_of(upload: RosterUpload) -> FiledRoster:
    """What filing did. Raises UnusableFile if the upload is not filed yet."""
    if upload.result is None:
        raise UnusableFile("This roster has not been filed yet.")
    rejected = {int(number): reason for number, reason in upload.result["rejected"].items()}
    return FiledRoster(tuple(upload.result["filed"]), upload.result["already_filed"], rejected)


def rejected_rows(upload: RosterUpload, actor: User) -> str:
    """The rows that were not filed, or before filing those that would not be, as CSV."""
    reasons = result_of(upload).rejected if upload.filed_at else plan_upload(upload, actor).reasons
    return rejected_csv(roster_of(upload), reasons, REASON)


def file_plan(roster_plan: RosterPlan, actor: User, *, tell: bool = True) -> tuple[FiledRoster, list[Request]]:
    """File the rows of a plan, or of a part of one, that are ready; what that did, and the new requests.

    `tell` is as `workflow.file_requests` takes it. Raises PermissionDenied.
    """
    _check_may_file(actor, roster_plan.office)
    rows = {row.badge_number: row for row in roster_plan.ready}
    entries = [_entry(row) for row in rows.values()]
    outcome = file_requests(entries, actor=actor, office=roster_plan.office, tell=tell)
    # Filed by somebody else since the plan was made, a moment ago.
    overtaken = [refusal for refusal in outcome.refused if refusal.code == "already_filed"]
    refused = {
        rows[refusal.number].number: refusal.message for refusal in outcome.refused if refusal.code != "already_filed"
    }
    filed = FiledRoster(
        filed=tuple(request.number for request in outcome.done),
        already_filed=len(roster_plan.already_filed) + len(overtaken),
        rejected=dict(sorted((roster_plan.reasons | refused).items())),
    )
    return filed, outcome.done


def _entry(row: PlannedRow) -> NewRequest:
    return NewRequest(
        badge_number=row.badge_number,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        kind=row.kind,
        priority=row.priority,
        justification=row.justification,
        row=row.number,
    )


def _check_may_file(user: User, office: Office) -> None:
    if not FILING_OFFICE(Request(office=office), user):
        raise PermissionDenied(FILING_OFFICE.why)


def _locked(upload: RosterUpload) -> RosterUpload:
    return RosterUpload.objects.select_for_update(of=("self",)).select_related("office").get(pk=upload.pk)


@contextmanager
def _unfiled(upload: RosterUpload) -> Iterator[None]:
    """Hold the upload for a change, in a transaction. Raises UnusableFile if it has been filed."""
    with transaction.atomic():
        locked = _locked(upload)
        if locked.filed_at:
            raise UnusableFile("This roster has been filed. Upload it again to file what is left.")
        _refuse_under_way(locked)
        yield


def job_about(upload: RosterUpload) -> str:
    """What the job that files the upload is about."""
    return f"roster {upload.pk}"


def _refuse_under_way(upload: RosterUpload) -> None:
    last = jobs.last_about(job_about(upload))
    if last and last.is_unfinished:
        raise UnusableFile("This roster is being filed. Wait for the end, or cancel it.")


def _settle(upload: RosterUpload, proposal: Proposal[Field]) -> None:
    """Choose the sheet; and the columns too, if they are remembered or need no question."""
    upload.sheet, upload.header_row = proposal.sheet, proposal.header_row
    remembered = _remembered(upload, proposal)
    if remembered:
        upload.mapping = remembered.mapping
    elif proposal.settled:
        upload.mapping = as_kept(proposal.mapping)
    if upload.is_mapped:
        roster_of(upload)


def _remembered(upload: RosterUpload, proposal: Proposal[Field]) -> RosterMapping | None:
    if not proposal.has_header:
        return None
    return RosterMapping.objects.filter(office=upload.office, signature=signature(proposal.headers)).first()
