"""What a report is asked, as fields of an address: the same address asks the same again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from django import forms
from django.utils.http import urlencode

from audit.models import StageVisit
from audit.reading import workflows_for
from audit.reports.behind import FIELDS
from audit.reports.figures import Moment
from audit.reports.periods import EVERY, FISCAL_YEAR, MONTH, Period, containing, last_twelve_months, split
from audit.reports.question import COHORTS, ENDED, PARTY, STAGE, Measure, Question, dimension_names, known_measures
from audit.reports.tables import NOT_STATED, dimension_label, measure_label, plain_date, value_labels

MOST_PERIODS = 400
EMPTY = "(not stated)"  # the value of a filter in an address that takes what has none
TIMED = ("measure", "every", "by")
USUALLY_BY = ("module", "office")  # what a report opens by, the first of these that its workflow records
"""The fields that matter only where times are reported."""


@dataclass(frozen=True)
class Asked:
    """A question with how its answer is laid out: the trend's periods, and the dimension to compare.

    Of the process map, ways that were taken fewer than `least` times are not drawn.
    """

    question: Question
    every: str
    by: str
    least: int = 0

    def address(self, **changes: Any) -> str:
        """The query of the address that asks this, changed in some respects of the question.

        With values of `audit.reports.behind.FIELDS` it asks for the list that they choose.
        """
        chosen = {name: changes.pop(name) for name in FIELDS if name in changes}
        question = self.question.but(**changes) if changes else self.question
        fields = {
            "workflow": question.workflow,
            "cohort": question.cohort,
            "first_day": question.period.since.isoformat(),
            "last_day": question.period.last_day.isoformat(),
            "measure": measure_code(question.measure),
            "every": self.every,
            "by": self.by,
        }
        fields |= {name: values[0] or EMPTY for name, values in question.wanted_dimensions().items()}
        if self.least:
            fields["least"] = str(self.least)
        return "&".join([_pair(name, value) for name, value in (fields | chosen).items()])


# A page has hundreds of addresses, which differ in a word or two.
@lru_cache(maxsize=4096)
def _pair(name: str, value: str) -> str:
    return urlencode({name: value})


def measure_code(measure: Measure) -> str:
    """As “process”, “party:DEA”, “stage:dea_intake”."""
    return f"{measure.what}:{measure.name}" if measure.name else measure.what


class ReportForm(forms.Form):
    """What is asked; empty fields ask for all that ended in the last twelve whole months, by month.

    `workflows` are those to choose from: name, query of the address without the filters of this one, and whether it
    is this one.
    `shows` are those of its fields that matter on its page only; the others are kept, but not shown.
    """

    workflow = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    cohort = forms.ChoiceField(choices=list(COHORTS.items()), required=False)
    first_day = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(
        label="Through, the whole day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    measure = forms.ChoiceField(label="Time", required=False)
    every = forms.ChoiceField(label="Trend by", choices=list(EVERY.items()), required=False)
    by = forms.ChoiceField(label="Compare", required=False)
    least = forms.IntegerField(label="Draw ways taken at least … times", required=False, min_value=1)

    def __init__(self, data: Mapping[str, Any], *, user: Any, moment: Moment, shows: Collection[str] = TIMED) -> None:
        choices = workflows_for(user)
        workflow = data.get("workflow") or ""
        if workflow not in choices:
            workflow = next(iter(choices))
        default = Question(workflow, last_twelve_months(moment.today), user=user)
        self.default, self.moment = default, moment
        self.dimensions = dimension_names(workflow)
        super().__init__(self._whole(data))
        self._choose("workflow", list(choices.items()))
        self.workflows = [(name, urlencode({"workflow": code}), code == workflow) for code, name in choices.items()]
        self.fields["cohort"].label = f"{default.rows.capitalize()} that"
        labels = [(name, dimension_label(default, name)) for name in self.dimensions]
        self._choose("by", labels or [("", "Nothing")])
        self.measures = {measure_code(measure): measure for measure in self._measures()}
        named = [(code, measure_label(default.model, measure)) for code, measure in self.measures.items()]
        self._choose("measure", named)
        self.shows = shows
        for name in (*TIMED, "least"):
            if name not in shows:
                self.fields[name].widget = forms.HiddenInput()
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
        if preferred := [name for name in USUALLY_BY if name in self.dimensions]:
            usual["by"] = preferred[0]
        return usual | {name: value for name, value in data.items() if value}

    def _measures(self) -> list[Measure]:
        """Those to choose from; where none is declared, also the one that is asked, if any stay has it."""
        known = known_measures(self.default.workflow)
        what, _, name = self.data["measure"].partition(":")
        asked = Measure(what, name)
        may_be_rare = self.default.model is None and what in (PARTY, STAGE) and name and asked not in known
        if may_be_rare and StageVisit.objects.filter(workflow=self.default.workflow, **{what: name}).exists():
            known.append(asked)
        return known

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def _filter(self, name: str, label: str) -> forms.Field:
        values = value_labels(self.default, name)
        if values:
            choices = [("", "Any"), *values.items(), (EMPTY, NOT_STATED)]
            return forms.ChoiceField(label=label, choices=choices, required=False)
        return forms.CharField(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first_day, last_day = values.get("first_day"), values.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The period ends before it begins.")
        calendar = self.moment.calendar
        for name, day in (("first_day", first_day), ("last_day", last_day)):
            if day and not calendar.first_day <= day <= calendar.last_day:
                days = f"{plain_date(calendar.first_day)} through {plain_date(calendar.last_day)}"
                self.add_error(name, f"The calendar answers for {days}.")
        if "every" in self.shows and values.get("every") and not self.errors:
            self._limit_periods(Period(values["first_day"], values["last_day"] + timedelta(days=1)), values["every"])
        return values

    def _limit_periods(self, period: Period, every: str) -> None:
        """A page of more periods is read by nobody, and is slow."""
        kinds = list(EVERY)
        fitting = [kind for kind in kinds[kinds.index(every) :] if _count(period, kind) <= MOST_PERIODS]
        if every not in fitting:
            coarser = f"by {EVERY[fitting[0]].lower()}" if fitting else "a shorter period"
            self.add_error("every", f"These are more than {MOST_PERIODS} periods. Ask {coarser}.")

    def asked(self) -> Asked:
        """What the valid form asks."""
        values = self.cleaned_data
        period = Period(values["first_day"], values["last_day"] + timedelta(days=1))
        question = self.default.but(
            period=period,
            cohort=values["cohort"],
            measure=self.measures[values["measure"]],
            dimensions={
                name: ("" if values[name] == EMPTY else values[name],) for name in self.dimensions if values[name]
            },
        )
        return Asked(question, values["every"], values["by"], values["least"] or 0)

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


def _count(period: Period, every: str) -> int:
    """The number of periods, counted no further than one more than `MOST_PERIODS`."""
    return sum(1 for _ in islice(split(period, every), MOST_PERIODS + 1))
