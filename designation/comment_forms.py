"""What the pages and the admin take in and show of the comments and files on a request."""

from __future__ import annotations

from typing import Any

from designation import comments
from designation.act_forms import LONGEST_REASON
from designation.comments import Added
from designation.fields import Form, LinesField
from designation.file_forms import MOST_FILES, CheckedFilesField
from designation.files import LARGEST_IN_WORDS, TAKEN
from designation.models import Request, User
from designation.models.requests import State


class CommentForm(Form):
    """A comment, files, or a comment with files; a draft takes files alone."""

    text = LinesField(
        rows=4,
        required=False,
        max_length=LONGEST_REASON,
        label="Comment",
        help_text="Everybody who may see the request reads it, DEA too once the request is with it. It stays as it is.",
    )
    attached = CheckedFilesField(
        required=False,
        label="Files",
        help_text=f"{TAKEN}. Up to {LARGEST_IN_WORDS} each, {MOST_FILES} at once.",
        error_messages={"required": "Choose a file."},
    )

    def __init__(self, data: Any = None, files: Any = None, *, row: Request) -> None:
        super().__init__(data, files, auto_id="comment_%s")
        self.row = row
        if row.state == State.DRAFT:
            del self.fields["text"]
            self.fields["attached"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("text") and not cleaned["attached"]:
            self.add_error("text", "Write a comment, or choose a file.")
        return cleaned

    def save(self, actor: User) -> Added:
        """Raises Refused."""
        given = self.cleaned_data
        return comments.add(self.row.pk, actor=actor, text=given.get("text", ""), files=given["attached"])


def told(added: Added) -> str:
    """What came on record, in a sentence or two."""
    said = []
    if added.comment:
        said.append("Your comment is on the request.")
    if added.files:
        said.append(f"Added: {', '.join(file.name for file in added.files)}.")
    if added.known:
        said.append(f"On the request already: {', '.join(file.name for file in added.known)}.")
    return " ".join(said)


def discussion(row: Request, user: User) -> dict[str, Any]:
    """What a page of the request shows: its comments and files, and the form to add, or why there is none."""
    refused = comments.why_not_attach(row, user)
    no_comment = comments.why_not_comment(row, user)
    return {
        "entries": comments.entries_on(row, user),
        "form": None if refused else CommentForm(row=row),
        "why_not": no_comment.message if no_comment else "",
    }
