from __future__ import annotations

from typing import Any

from django import forms

from audit.exports.columns import label_of
from audit.filters import ALL, COHORTS, OPEN, Filters
from audit.machine import Subject


class ExportForm(forms.Form):
    """What an export of the model's processing times is to hold; empty fields hold everything."""

    workflow = forms.CharField(required=False, widget=forms.HiddenInput)
    cohort = forms.ChoiceField(label="Which", choices=list(COHORTS.items()), required=False)
    first_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(
        label="Through, the whole day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, model: type[Subject], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert model.exported is not None
        self.dimensions = list(model.exported.dimensions)
        self.fields |= dimension_fields(model)
        states = [(state, label_of(model, state)) for state in sorted(model.final_states)]
        self.fields["outcome"] = _choice("Outcome", [(OPEN, "Open"), *states])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first_day, last_day = values.get("first_day"), values.get("last_day")
        if (first_day or last_day) and (values.get("cohort") or ALL) == ALL:
            self.add_error("cohort", "Say what the days are of: the first submission, or the end.")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The period ends before it begins.")
        return values

    def filters(self) -> Filters:
        """The filters that the valid form asks for."""
        values = self.cleaned_data
        return Filters(
            cohort=values["cohort"] or ALL,
            first_day=values["first_day"],
            last_day=values["last_day"],
            dimensions={name: (values[name],) for name in self.dimensions if values[name]},
            outcomes=(values["outcome"],) if values["outcome"] else (),
        )


def dimension_fields(model: type[Subject]) -> dict[str, forms.ChoiceField]:
    """One field for each dimension that the model's exports can be filtered by, under its name."""
    assert model.exported is not None
    return {
        name: _choice(dimension.label, dimension.choices()) for name, dimension in model.exported.dimensions.items()
    }


def _choice(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", "Any"), *choices], required=False)
