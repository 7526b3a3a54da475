"""Files in forms: those that are kept as they are, and those of people, with their sheet and what its columns mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Generic

from django import forms
from django.core.exceptions import ValidationError

from designation.fields import Form
from designation.files import ENDINGS, LARGEST_IN_WORDS, NewFile, UnfitFile, told_apart
from designation.models.files import LARGEST_FILE
from designation.sheets.columns import Proposal, column_title
from designation.sheets.files import plain_filename
from designation.sheets.headers import F
from designation.sheets.kinds import FileKind

LONGEST_NAME = 200  # characters
MOST_FILES = 10  # at once


class KeptFileField(forms.FileField):
    """A file to be kept as it is, of a name and a size that are kept."""

    widget = forms.FileInput
    default_error_messages = {
        "empty": "The file is empty. Choose it again, or another one.",
        "max_length": "The file’s name is longer than %(max)d characters. Give it a shorter one.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_NAME, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size > LARGEST_FILE:
            raise ValidationError(
                f"The file is larger than {LARGEST_IN_WORDS}. Attach a smaller one, or several parts."
            )
        return file


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class CheckedFilesField(KeptFileField):
    """Files whose content says that they are of the types that are taken; cleans to a list of `NewFile`."""

    widget = FilesInput

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "accept": ",".join(ENDINGS)}

    def clean(self, data: Any, initial: Any = None) -> list[NewFile]:
        given = list(data or [])
        if len(given) > MOST_FILES:
            raise ValidationError(f"These are {len(given)} files. Attach at most {MOST_FILES} at once.")
        if not given:
            super().clean(None, initial)
        checked, wrong = [], []
        for file in given:
            try:
                taken = super().clean(file, initial)
                checked.append(told_apart(plain_filename(taken.name), taken.read()))
            except ValidationError as error:
                wrong += [f"“{file.name[:LONGEST_NAME]}”: {message}" for message in error.messages]
            except UnfitFile as unfit:
                wrong.append(str(unfit))
        if wrong:
            raise ValidationError(wrong)
        return checked


class PeopleFileField(forms.FileField):
    """A file of the kind, not larger than it may be."""

    def __init__(self, *, kind: FileKind[Any], **kwargs: Any) -> None:
        super().__init__(widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods"}), **kwargs)
        self.kind = kind

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file.size > self.kind.max_bytes:
            raise ValidationError(self.kind.too_large)
        return file


class SheetForm(Form):
    """Which of the sheets holds what the file is for, as “the roster”."""

    sheet = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, *args: Any, sheets: Iterable[str], holds: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sheet: Any = self.fields["sheet"]
        sheet.choices = [(name, name) for name in sheets]
        sheet.label = f"Which sheet holds {holds}?"
        sheet.error_messages["required"] = f"Choose the sheet that holds {holds}."


class MappingForm(Form, Generic[F]):
    """For each of the fields, which column of the file says it; those that are `required` some column must say."""

    def __init__(
        self,
        data: Any = None,
        *,
        proposal: Proposal[F],
        width: int,
        asked: Iterable[F],
        required: Collection[F],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.asked = list(asked)
        columns = [(str(column), column_title(proposal.headers, column)) for column in range(width)]
        for field in self.asked:
            self.fields[field.value] = forms.TypedChoiceField(
                label=field.label,
                required=field in required,
                choices=[("", "Choose a column" if field in required else "Not in this file"), *columns],
                coerce=int,
                empty_value=None,
                error_messages={"required": f"Choose the column that holds the {field.label.lower()}."},
                initial=proposal.mapping.get(field),
            )

    def mapping(self) -> dict[F, int]:
        chosen = {field: self.cleaned_data[field.value] for field in self.asked}
        return {field: column for field, column in chosen.items() if column is not None}
