"""What an act takes: a reason, and which rows at which versions the reviewer was looking at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import BigAutoField

from audit.machine import Subject

REASON_LENGTH = 5_000
OUT_OF_ORDER = "The form was sent incomplete. Open the page again."


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 70, "aria-describedby": "reason-help"}),
        error_messages={"required": "Give a reason: it goes on record."},
    )

    def __init__(self, *args: Any, reason_required: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = reason_required
        if "reason" in self.errors:
            self.fields["reason"].widget.attrs.update({"aria-invalid": "true", "aria-describedby": "reason-error"})


class ActForm(ReasonForm):
    """One row. `version` is the version that the page showed."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": OUT_OF_ORDER, "invalid": OUT_OF_ORDER}
    )


class BulkActForm(ReasonForm):
    """Many rows: `selection` is what the page said would be done, `left_out` what it said would be refused.

    Thousands travel in one field each, as "12:3,13:1" (primary key and version) and "14,15"; they clean to a
    mapping and to a list.
    """

    selection = forms.CharField(required=False, widget=forms.HiddenInput)
    left_out = forms.CharField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def initial_for(done: Iterable[Subject], left_out: Iterable[int]) -> dict[str, str]:
        return {
            "selection": ",".join(f"{row.pk}:{row.version}" for row in done),
            "left_out": ",".join(str(pk) for pk in left_out),
        }

    def clean_selection(self) -> dict[int, int]:
        pairs = [pair.partition(":") for pair in self.cleaned_data["selection"].split(",") if pair]
        return {_whole(pk): _whole(version) for pk, _, version in pairs}

    def clean_left_out(self) -> list[int]:
        return [_whole(pk) for pk in self.cleaned_data["left_out"].split(",") if pk]


def _whole(text: str) -> int:
    if not is_key(text):
        raise ValidationError(OUT_OF_ORDER)
    return int(text)


def is_key(text: str) -> bool:
    """Whether the text is a number that the database can hold as a primary key."""
    return text.isascii() and text.isdigit() and int(text[:20]) <= BigAutoField.MAX_BIGINT
