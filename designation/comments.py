"""Comments and files on requests: the one way in which they come on record, and a file is withdrawn or given out.

Pages and the admin call these functions alone. A comment is never changed; a file is withdrawn, and its record stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from audit.machine import Refusal, Refused
from audit.models import AccessRecord
from audit.reasons import is_blank
from designation.files import NewFile, UnfitFile
from designation.models import Comment, Request, RequestFile, Role, User
from designation.models.requests import FINAL_STATES, State
from designation.notices import tell_of_comment
from designation.permissions import WHO_WORKS_ON_IT

DOWNLOAD = "download file of request"
HEADQUARTERS = {Role.HSI_HQ.value, Role.DEA_HQ.value}
A_DRAFT = (
    "It is a draft, which nobody was asked to look at yet: write in its justification what is to be said. Files can be "
    "added already."
)
ENDED = "The request has ended, so that nothing is added to it. To ask again, the office files a new one."
NOT_ITS_FILER = "A file is withdrawn by who added it, or by the headquarters of his agency."


@dataclass(frozen=True)
class Added:
    """What came on record; a comment or file that was there already, as when a form is sent twice, is not new."""

    comment: Comment | None
    files: list[RequestFile]
    known: list[NewFile]

    @property
    def place(self) -> str:
        """Where on the page of the request it stands."""
        if self.comment:
            return f"comment-{self.comment.pk}"
        return f"file-{self.files[0].pk}" if self.files else "comments"


def why_not_comment(row: Request, user: User) -> Refusal | None:
    """Why the user may not comment on the request now; None where he may."""
    if row.state == State.DRAFT and WHO_WORKS_ON_IT(row, user):
        return Refusal(row.number, "state", A_DRAFT, row.pk)
    return why_not_attach(row, user)


def why_not_attach(row: Request, user: User) -> Refusal | None:
    """Why the user may not add files to the request now; None where he may, also to a denial that may be reopened."""
    if not WHO_WORKS_ON_IT(row, user):
        return Refusal(row.number, "permission", WHO_WORKS_ON_IT.why, row.pk)
    may_be_reopened = row.state == State.DENIED and not row.reconsidered
    if row.state in FINAL_STATES and not may_be_reopened:
        return Refusal(row.number, "state", ENDED, row.pk)
    return None


def why_not_withdraw(file: RequestFile, user: User) -> Refusal | None:
    """Why the user may not withdraw the file; None where he may, also once the request has ended."""
    role = WHO_WORKS_ON_IT.role_of(file.request, user)
    is_theirs = role in HEADQUARTERS and user.agency_code == file.added_by_agency
    if not role or not (is_theirs or file.added_by_id == user.pk):
        return Refusal(file.name, "permission", NOT_ITS_FILER, file.pk)
    if file.withdrawn_at is not None:
        return Refusal(file.name, "state", f"{file.withdrawn_by_name} has withdrawn it already.", file.pk)
    return None


def add(pk: int, *, actor: User, text: str = "", files: Sequence[NewFile] = ()) -> Added:
    """Puts a comment, files, or a comment with files, on the request, and tells the others. Raises Refused.

    The last comment said again, and a file that is on the request already, are not added twice.
    """
    text = text.strip()
    with transaction.atomic():
        row = _locked(pk, actor)
        refused = why_not_comment(row, actor) if text else why_not_attach(row, actor)
        if refused:
            raise Refused(refused)
        if not text and not files:
            raise Refused(Refusal(row.number, "empty", "Write a comment, or choose a file.", row.pk))
        comment, is_new = _comment(row, actor, text) if text else (None, False)
        known = set(row.files.current().values_list("sha256", flat=True))
        kept = [_keep(file, row, comment, actor) for file in _unknown(files, known)]
        added = Added(comment, kept, [file for file in files if file.sha256 in known])
        if is_new or kept:
            what = f"commented on {row.number}" if is_new else f"added {_names(kept)} to {row.number}"
            tell_of_comment(row, what, text, actor=actor, place=added.place)
    return added


def _locked(pk: int, actor: User) -> Request:
    visible = Request.objects.visible_to(actor).select_related("office", "division", "agent")
    row = visible.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
    return row


def _comment(row: Request, actor: User, text: str) -> tuple[Comment, bool]:
    """The comment, and whether it is new."""
    last = row.comments.last()
    if last is not None and (last.author_id, last.text) == (actor.pk, text):
        return last, False
    made = Comment.objects.create(
        request=row,
        text=text,
        author=actor,
        author_name=actor.recorded_name,
        author_agency=actor.agency_code,
        author_role=WHO_WORKS_ON_IT.role_of(row, actor),
    )
    return made, True


def _unknown(files: Sequence[NewFile], known: set[str]) -> list[NewFile]:
    """Those that are not on the request, each content once."""
    return [file for sha256, file in {file.sha256: file for file in files}.items() if sha256 not in known]


def _keep(file: NewFile, row: Request, comment: Comment | None, actor: User) -> RequestFile:
    try:
        kept = file.kept()
    except UnfitFile as unfit:
        raise Refused(Refusal(row.number, "size", str(unfit), row.pk)) from unfit
    return RequestFile.objects.create(
        request=row,
        comment=comment,
        added_by=actor,
        added_by_name=actor.recorded_name,
        added_by_agency=actor.agency_code,
        added_by_role=WHO_WORKS_ON_IT.role_of(row, actor),
        **kept,
    )


def _names(files: Sequence[RequestFile]) -> str:
    return files[0].name if len(files) == 1 else f"{len(files)} files"


def withdraw_file(pk: int, *, actor: User, reason: str) -> RequestFile:
    """Takes a file back: its content is given out no more, its record stays. Tells the others. Raises Refused."""
    with transaction.atomic():
        visible = RequestFile.objects.visible_to(actor).select_related("request").defer("content")
        file = visible.select_for_update(of=("self",)).filter(pk=pk).first()
        if file is None:
            raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
        if refused := why_not_withdraw(file, actor):
            raise Refused(refused)
        if is_blank(reason):
            raise Refused(Refusal(file.name, "reason", "Give a reason: it goes on record.", file.pk))
        RequestFile.objects.filter(pk=pk).update(
            withdrawn_at=Now(),
            withdrawn_by=actor,
            withdrawn_by_name=actor.recorded_name,
            withdrawn_why=reason.strip(),
        )
        what = f"withdrew {file.name} from {file.request.number}"
        tell_of_comment(file.request, what, f"Why: {reason.strip()}", actor=actor, place=f"file-{pk}")
    return RequestFile.objects.defer("content").get(pk=pk)


def put_download_on_record(file: RequestFile, *, by: User) -> None:
    """Says in the record of look-ups and exports who took the file."""
    AccessRecord.objects.create(
        actor=by,
        actor_name=by.recorded_name,
        act=DOWNLOAD,
        parameters={"request": file.request.number, "file": file.pk, "sha256": file.sha256},
        row_count=1,
    )


@dataclass(frozen=True)
class FileShown:
    """A file as a page lists it: `may_withdraw` says whether the user may withdraw it now."""

    file: RequestFile
    may_withdraw: bool


@dataclass(frozen=True)
class Entry:
    """A comment with its files, or a file that was added without one. `place` names it on the page."""

    place: str
    who: str
    at: datetime
    text: str
    files: list[FileShown]


def entries_on(row: Request, user: User) -> list[Entry]:
    """The comments and files of a request that the user may see, the newest last. Two queries."""
    comments = list(Comment.objects.visible_to(user).filter(request=row))
    files: list[RequestFile] = list(RequestFile.objects.visible_to(user).filter(request=row).defer("content"))
    of_comment: dict[int | None, list[FileShown]] = defaultdict(list)
    for file in files:
        file.request = row
        of_comment[file.comment_id].append(FileShown(file, why_not_withdraw(file, user) is None))
    said = [
        Entry(
            place=f"comment-{comment.pk}",
            who=_who(comment.author_name, comment.author_role, comment.author_agency),
            at=comment.made_at,
            text=comment.text,
            files=of_comment[comment.pk],
        )
        for comment in comments
    ]
    return sorted([*said, *map(_alone, of_comment[None])], key=lambda entry: entry.at)


def _alone(shown: FileShown) -> Entry:
    file = shown.file
    return Entry(
        place=f"file-{file.pk}",
        who=_who(file.added_by_name, file.added_by_role, file.added_by_agency),
        at=file.added_at,
        text="",
        files=[shown],
    )


def _who(name: str, role: str, agency: str) -> str:
    """As recorded then. The label of a role names its agency, but for one that is declared no longer."""
    return f"{name}, {Role(role).label if role in Role.values else agency}"
