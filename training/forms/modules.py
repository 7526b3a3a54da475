"""What the pages of modules, versions and sections take in."""

from __future__ import annotations

from typing import Any

from django import forms

from designation.act_forms import VersionForm
from designation.fields import OUT_OF_ORDER, Form, LineField, LinesField, SaysWhatToEnter, VersionsField
from designation.file_forms import KeptFileField
from designation.files import LARGEST_IN_WORDS
from designation.markdown import is_nested_too_deep
from designation.models import User
from training.models import Module, ModuleVersion
from training.permissions import AGENCIES, BOTH
from training.workflow.sections import NESTED_TOO_DEEP

LONGEST_TEXT = 50_000  # characters
SEPARATOR = ","


class ModuleForm(SaysWhatToEnter, forms.ModelForm):
    """A module, by a training manager of an agency that owns it. Once it has versions, its code and owners stay."""

    purpose = LinesField(rows=4, max_length=5_000, help_text="What the training is for, and for whom.")
    provision = LinesField(
        rows=3, max_length=5_000, required=False, help_text="What the agreement says of the module, and where."
    )
    owners = forms.ChoiceField(
        widget=forms.RadioSelect,
        help_text="Who reviews and signs off its versions. Both: a joint module.",
        error_messages={"required": "Choose who owns the module."},
    )
    change_count = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": OUT_OF_ORDER, "invalid": OUT_OF_ORDER}
    )
    field_order = ["code", "title", "purpose", "owners"]

    class Meta:
        model = Module
        fields = ["code", "title", "purpose", "owners", "agreement", "provision", "pass_mark", "attempts"]
        error_messages = {"attempts": {"max_value": "Enter at most %(limit_value)s attempts, or leave it empty."}}
        help_texts = {"code": "Capital letters and digits, with one hyphen at most, as JT-2009."}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        own = user.agency_code
        fields["owners"].choices = [(own, f"{own} alone"), (SEPARATOR.join(AGENCIES), f"{BOTH} jointly")]
        fields["agreement"].empty_label = "None"
        self.initial["owners"] = SEPARATOR.join(self.instance.owners or [])
        if self.instance.pk is None:
            del fields["change_count"]
            return
        fields["change_count"].initial = self.instance.change_count
        if self.instance.versions.exists():
            fields["code"].disabled = fields["owners"].disabled = True
            fields["code"].help_text = "Its versions are numbered by it, so it stays."
            fields["owners"].help_text = "Its versions were written under these owners, who stay."

    def clean_owners(self) -> list[str]:
        return str(self.cleaned_data["owners"]).split(SEPARATOR)


class TextForm(Form):
    """A section's title and text."""

    title = LineField(max_length=200)
    body = LinesField(
        label="Text",
        rows=18,
        max_length=LONGEST_TEXT,
        help_text=(
            "Markdown: an empty line between paragraphs, # before a heading, - before an item of a list, "
            "**bold**, [words](https://address) for a link."
        ),
    )

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        if is_nested_too_deep(body):
            raise forms.ValidationError(NESTED_TOO_DEEP)
        return body


class SectionForm(TextForm, VersionForm):
    """A change of a section that is on record."""


class AttachmentForm(VersionForm):
    file = KeptFileField(help_text=f"Any kind of file up to {LARGEST_IN_WORDS}. Browsers save it and do not show it.")


class SignOffForm(Form):
    """The sections to sign off, each at the version that the page showed."""

    selection = VersionsField(error_messages={"required": OUT_OF_ORDER})


class CompareForm(Form):
    """The other version that a version is compared with."""

    against = forms.ChoiceField(
        label="Compare with",
        error_messages={
            "required": "Choose another version to compare with.",
            "invalid_choice": "“%(value)s” is no other version that you may see. Choose one of the list.",
        },
    )

    def __init__(self, data: Any, *, others: list[ModuleVersion], **kwargs: Any) -> None:
        super().__init__(data, auto_id="compare_%s", **kwargs)
        against: Any = self.fields["against"]
        against.choices = [(other.number, f"{other.number} ({other.get_state_display()})") for other in others]
