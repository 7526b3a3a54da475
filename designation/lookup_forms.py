"""What the pages of looking up take in: whom, and which day."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from designation.fields import Form, LinesField
from designation.lookup import FIRST_DAY, LAST_DAY, badge_numbers_in

MOST_BADGES = 500


class DayField(forms.DateField):
    """A day that can be asked about; today where it is left blank."""

    def __init__(self, **kwargs: Any) -> None:
        validators = [
            MinValueValidator(FIRST_DAY, "Enter August 1, 1994 or a later day: there was no agreement before."),
            MaxValueValidator(LAST_DAY, "Enter a day before 2100."),
        ]
        super().__init__(required=False, initial=timezone.localdate, validators=validators, **kwargs)

    def clean(self, value: Any) -> date:
        day: date | None = super().clean(value)
        return day or timezone.localdate()


class LookUpForm(Form):
    """One agent."""

    who = forms.CharField(
        label="Badge number or name",
        max_length=100,
        help_text="The badge number with its leading zeros, or the beginning of the name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "spellcheck": "false"}),
        error_messages={"required": "Enter a badge number or a name."},
    )
    on = DayField(label="Day", help_text="Today if left blank. A day gone by is judged at its end.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:  # then the answer takes the focus, or the error summary
            del self.fields["who"].widget.attrs["autofocus"]


class LookUpSeveralForm(Form):
    """Several agents, by badge number."""

    badges = LinesField(
        label="Badge numbers",
        rows=8,
        help_text=f"One on a line, or with spaces or commas between; at most {MOST_BADGES}.",
        error_messages={"required": "Enter a badge number at least."},
    )
    on = DayField(label="Day", help_text="Today if left blank. A day gone by is judged at its end.")

    def clean_badges(self) -> list[str]:
        words = re.split(r"[\s,;]+", self.cleaned_data["badges"])
        return badge_numbers_in(filter(None, words), at_most=MOST_BADGES)
