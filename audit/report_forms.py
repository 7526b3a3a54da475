"""What a report is asked, as fields of an address: the same address asks the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict

from audit.reports.figures import Moment
from audit.reports.periods import EVERY, FISCAL_YEAR, MONTH, Period, containing, last_twelve_months
from audit.reports.question import COHORTS, ENDED, Measure, Question, dimension_names, known_measures
from audit.reports.tables import dimension_label, measure_label, value_labels
from audit.summarising import workflows
from audit.verify import subject_models


@dataclass(frozen=True)
class Asked:
    """A question with how its answer is laid out: the trend's periods, and the dimension to compare."""

    question: Question
    every: str
    by: str

    def address(self, **changes: Any) -> str:
        """The query of the address that asks this, changed in some respects of the question."""
        question = self.question.but(**{key: value for key, value in changes.items() if key != "open_in"})
        fields = QueryDict(mutable=True)
        fields["workflow"] = question.workflow
        fields["cohort"] = question.cohort
        fields["first_day"] = question.period.since.isoformat()
        fields["last_day"] = question.period.last_day.isoformat()
        fields["measure"] = measure_code(question.measure)
        fields["every"] = self.every
        fields["by"] = self.by
        for name, values in question.wanted_dimensions().items():
            fields[name] = values[0]
        if "open_in" in changes:
            fields["open_in"] = changes["open_in"]
        return fields.urlencode()


def measure_code(measure: Measure) -> str:
    """As “process”, “party:DEA”, “stage:dea_intake”."""
    return f"{measure.what}:{measure.name}" if measure.name else measure.what


def workflows_for(user: Any) -> list[str]:
    """The workflows that the user may ask about: those whose model says what he sees, and for some roles any."""
    declared = [model.workflow for model in subject_models() if model.exported is not None]
    if not user.has_role(*settings.AUDIT_ANY_WORKFLOW_ROLES):
        return declared
    every = {model.workflow for model in subject_models()}
    return declared + [name for name in workflows() if name not in every]


class ReportForm(forms.Form):
    """What is asked; empty fields ask for all requests that ended in the last twelve whole months, by month."""

    workflow = forms.ChoiceField(required=False)
    cohort = forms.ChoiceField(label="Requests that", choices=list(COHORTS.items()), required=False)
    first_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(
        label="Through, the whole day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    measure = forms.ChoiceField(label="Time", required=False)
    every = forms.ChoiceField(label="Trend by", choices=list(EVERY.items()), required=False)
    by = forms.ChoiceField(label="Compare", required=False)

    def __init__(self, data: Mapping[str, Any], *, user: Any, moment: Moment) -> None:
        choices = workflows_for(user)
        workflow = data.get("workflow") or choices[0]
        if workflow not in choices:
            workflow = choices[0]
        default = Question(workflow, last_twelve_months(moment.today), user=user)
        self.default, self.moment = default, moment
        self.dimensions = dimension_names(workflow)
        super().__init__(self._whole(data))
        if len(choices) == 1:
            self.fields["workflow"].widget = forms.HiddenInput()
        self._choose("workflow", [(name, name.replace("_", " ").capitalize()) for name in choices])
        labels = [(name, dimension_label(default, name)) for name in self.dimensions]
        self._choose("by", labels or [("", "Nothing")])
        measures = [
            (measure_code(measure), measure_label(default.model, measure)) for measure in known_measures(workflow)
        ]
        self.measures = {measure_code(measure): measure for measure in known_measures(workflow)}
        self._choose("measure", measures)
        for name, label in labels:
            self.fields[name] = self._filter(name, label)

    def _whole(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data with what it leaves out, so that the form shows what was asked."""
        period = self.default.period
        usual = {
            "workflow": self.default.workflow,
            "cohort": ENDED,
            "first_day": period.since.isoformat(),
            "last_day": period.last_day.isoformat(),
            "measure": measure_code(Measure()),
            "every": MONTH,
            "by": self.dimensions[0] if self.dimensions else "",
        }
        preferred = "office"
        if preferred in self.dimensions:
            usual["by"] = preferred
        return usual | {name: value for name, value in data.items() if value}

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def _filter(self, name: str, label: str) -> forms.Field:
        values = value_labels(self.default, name)
        if values:
            return forms.ChoiceField(label=label, choices=[("", "Any"), *values.items()], required=False)
        return forms.CharField(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first_day, last_day = values.get("first_day"), values.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The period ends before it begins.")
        return values

    def asked(self) -> Asked:
        """What the valid form asks."""
        values = self.cleaned_data
        period = Period(values["first_day"], values["last_day"] + timedelta(days=1))
        question = self.default.but(
            period=period,
            cohort=values["cohort"],
            measure=self.measures[values["measure"]],
            dimensions={name: (values[name],) for name in self.dimensions if values[name]},
        )
        return Asked(question, values["every"], values["by"])

    def usual_periods(self) -> list[tuple[str, Period]]:
        """Periods that people ask for most, with what they are called."""
        today = self.moment.today
        this_year = containing(FISCAL_YEAR, today)
        last_year = containing(FISCAL_YEAR, this_year.since - timedelta(days=1))
        return [
            ("Last 12 months", last_twelve_months(today)),
            (f"FY {this_year.last_day.year} so far", Period(this_year.since, today + timedelta(days=1))),
            (f"FY {last_year.last_day.year}", last_year),
        ]
