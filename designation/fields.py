"""The base of this app's forms, and fields that more than one form has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.template.defaultfilters import pluralize

from audit.machine import Subject
from audit.reasons import VisibleTextField

OUT_OF_ORDER = "The form was sent incomplete. Open the page again."
LONGEST_KEY = 18  # digits


class SaysWhatToEnter(forms.BaseForm):
    """Says of a field left blank what to enter there, unless the field has words of its own for it."""

    def full_clean(self) -> None:
        for name, field in self.fields.items():
            if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _what_to_enter(field, str(self[name].label))
        super().full_clean()

    def get_context(self) -> dict[str, Any]:
        """Tells what is wrong with a hidden field without the field's name, which the page does not show."""
        context = super().get_context()
        hidden = [error for field in self.hidden_fields() for error in field.errors]
        errors = self.non_field_errors().copy()
        errors.extend(dict.fromkeys(hidden))
        return context | {"errors": errors}


def _what_to_enter(field: forms.Field, label: str) -> str:
    """As "Enter the last name." or "Choose the HSI office."."""
    verb = "Choose" if isinstance(field, forms.ChoiceField | forms.FileField) else "Enter"
    is_acronym = label.split()[0].isupper()
    return f"{verb} the {label if is_acronym else label[:1].lower() + label[1:]}."


class Form(SaysWhatToEnter, forms.Form):
    """A form of this app."""


class NoLongerThan(MaxLengthValidator):
    """Says by how many characters a text is too long."""

    def __call__(self, value: str) -> None:
        excess = len(value) - int(self.limit_value)
        if excess > 0:
            raise ValidationError(
                f"Shorten it by {excess:,} character{pluralize(excess)}: it may have {self.limit_value:,}, and has "
                f"{len(value):,}.",
                code="max_length",
            )


class LineField(VisibleTextField):
    """Text of at most `max_length` characters. Browsers are not told, since they cut what is pasted without a word."""

    def __init__(self, *, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(validators=[NoLongerThan(max_length)] if max_length else [], **kwargs)


class LinesField(LineField):
    """Text of several lines, whose line ends are kept as "\n" whichever the browser sends."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n")


def is_key(text: str) -> bool:
    """Whether the text can be a primary key, which the database holds in eight bytes."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY


class KeysField(forms.Field):
    """Primary keys in one field, as "12,13"; cleans to a list. Thousands are one form field."""

    widget = forms.HiddenInput

    def to_python(self, value: str | None) -> list[int]:
        keys = [key for key in (value or "").split(",") if key]
        if not all(map(is_key, keys)):
            raise ValidationError(OUT_OF_ORDER)
        return [int(key) for key in keys]

    @staticmethod
    def joined(keys: Iterable[int]) -> str:
        return ",".join(map(str, keys))


class VersionsField(forms.Field):
    """Primary keys with the rows' versions, as "12:3,13:1"; cleans to a mapping."""

    widget = forms.HiddenInput

    def to_python(self, value: str | None) -> dict[int, int]:
        pairs = [pair.partition(":") for pair in (value or "").split(",") if pair]
        if not all(is_key(pk) and is_key(version) for pk, _colon, version in pairs):
            raise ValidationError(OUT_OF_ORDER)
        return {int(pk): int(version) for pk, _colon, version in pairs}

    @staticmethod
    def text(rows: Iterable[Subject]) -> str:
        return VersionsField.joined({row.pk: row.version for row in rows})

    @staticmethod
    def joined(versions: Mapping[int, int]) -> str:
        return ",".join(f"{pk}:{version}" for pk, version in versions.items())
