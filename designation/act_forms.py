"""What an act takes, on the pages and in the admin: a reason, and which rows at which versions the page showed."""

from __future__ import annotations

from typing import Any

from django import forms

from audit.machine import Outcome
from designation.fields import OUT_OF_ORDER, Form, KeysField, LinesField, VersionsField

LONGEST_REASON = 5_000  # characters


class ReasonForm(Form):
    reason = LinesField(
        rows=4,
        max_length=LONGEST_REASON,
        help_text="It goes on record with your name, for everybody who sees the history.",
        error_messages={"required": "Give a reason: it goes on record."},
    )

    def __init__(self, *args: Any, reason_required: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = reason_required


class VersionForm(Form):
    """Carries the version that the page showed, so that a page that has gone stale is told so."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": OUT_OF_ORDER, "invalid": OUT_OF_ORDER}
    )


class ActForm(ReasonForm, VersionForm):
    """One act on one row."""


class BulkActForm(ReasonForm):
    """One act on many rows: `selection` is what the page said would be done, `left_out` what would be refused."""

    selection = VersionsField(required=False)
    left_out = KeysField(required=False)

    @staticmethod
    def initial_for(previewed: Outcome[Any]) -> dict[str, str]:
        refused = [refusal.pk for refusal in previewed.refused if refusal.pk]
        return {"selection": VersionsField.text(previewed.done), "left_out": KeysField.joined(refused)}
