from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from audit.exports.columns import label_of
from audit.exports.query import exported_model, recorded_dimensions
from audit.filters import ALL, COHORTS, OPEN, Filters, can_be_asked_for
from audit.machine import Subject
from audit.reading import workflows_for


class ExportForm(forms.Form):
    """What an export of a workflow's processing times is to hold; empty fields hold everything.

    The workflow is the one that the address names, else the first of those that the user reads. An address with a field
    that is none is refused: what it asks for would be left out of account.
    """

    workflow = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    cohort = forms.ChoiceField(label="Which", choices=list(COHORTS.items()), required=False)
    first_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(
        label="Through, the whole day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Mapping[str, Any], *, user: Any) -> None:
        super().__init__(data)
        self.workflows = workflows_for(user)
        asked = data.get("workflow", "")
        self.asked_workflow = asked if asked in self.workflows else next(iter(self.workflows))
        self.model = exported_model(self.asked_workflow)
        field: Any = self.fields["workflow"]
        field.choices = self.workflows.items()
        of_dimensions = dimension_fields(self.model) if self.model else _fields_of_recorded(self.asked_workflow)
        self.dimensions = list(of_dimensions)
        self.fields |= of_dimensions
        states = sorted(self.model.final_states) if self.model else []
        named = [(state, label_of(self.model, state)) for state in states if self.model]
        self.fields["outcome"] = _choice("Outcome", [(OPEN, "Open"), *named])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if unknown := sorted(set(self.data) - set(self.fields)):
            self.add_error(None, f"This page knows nothing of the name {', '.join(unknown)} in its address.")
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


def _fields_of_recorded(workflow: str) -> dict[str, forms.CharField]:
    """The same where no model declares any: those that the workflow's steps have, with any value."""
    names = filter(can_be_asked_for, recorded_dimensions(workflow))
    return {name: forms.CharField(label=name, required=False) for name in names}


def dimension_fields(model: type[Subject]) -> dict[str, forms.ChoiceField]:
    """One field for each dimension that the model's exports can be filtered by, under its name."""
    assert model.exported is not None
    return {
        name: _choice(dimension.label, dimension.choices()) for name, dimension in model.exported.dimensions.items()
    }


def _choice(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", "Any"), *choices], required=False)
