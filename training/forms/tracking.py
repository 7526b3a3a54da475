"""What the pages of requirements, waivers and tracking take in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from designation.act_forms import LONGEST_REASON
from designation.fields import Form, LinesField, SaysWhatToEnter
from designation.forms import FilterField
from designation.models import Office, User
from training.completions.entries import Entry, Fault
from training.completions.people import People, Person
from training.models import Audience, Blocks, Module, Requirement, Waiver
from training.tracking.matrix import WITHIN, offices_of
from training.tracking.standing import Status

LACKING = "lacking"
DATE = forms.DateInput(attrs={"type": "date"})
# What each audience cannot be kept from: nobody submits as a reviewer, nor approves as a coordinator.
CANNOT_BLOCK = {
    Audience.COORDINATORS: (Blocks.APPROVAL, "Coordinators do not approve. Set a requirement of its own for them."),
    Audience.DEA_REVIEWERS: (Blocks.SUBMISSION, "DEA reviewers do not submit. Set a requirement of its own for them."),
}


def _reason(help_text: str = "It goes on record with your name.") -> LinesField:
    return LinesField(
        label="Reason",
        rows=3,
        max_length=LONGEST_REASON,
        help_text=help_text,
        error_messages={"required": "Give a reason: it goes on record."},
    )


class RequirementForm(SaysWhatToEnter, forms.ModelForm):
    audience = forms.MultipleChoiceField(
        label="Of whom",
        choices=Audience.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose of whom it is required."},
    )
    blocks = forms.ChoiceField(
        label="What it blocks while it is missing",
        choices=Blocks.choices,
        widget=forms.RadioSelect,
        initial=Blocks.NOTHING,
        error_messages={"required": "Choose what it blocks."},
        help_text="A module without a published version blocks nothing: it reads “not yet available”.",
    )
    why = _reason()

    class Meta:
        model = Requirement
        fields = ["module", "audience", "blocks", "valid_months", "effective_from", "why"]
        labels = {"valid_months": "Months for which a completion counts", "effective_from": "From"}
        help_texts = {
            "valid_months": "Empty: for ever.",
            "effective_from": "Today or later: nobody’s past is judged by it.",
        }
        error_messages = {
            "valid_months": {
                "max_value": "Enter at most %(limit_value)s months, or leave it empty.",
                "min_value": "Enter at least 1 month, or leave it empty.",
            }
        }
        widgets = {"effective_from": DATE}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["module"].queryset = Module.objects.visible_to(user)
        fields["module"].empty_label = "Choose a module"
        fields["effective_from"].initial = timezone.localdate()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        blocks = values.get("blocks")  # which the first error takes out of the values
        for audience, (cannot, told) in CANNOT_BLOCK.items():
            if audience in values.get("audience", []) and blocks == cannot:
                self.add_error("blocks", told)
        return values


class EndRequirementForm(Form):
    until = forms.DateField(
        label="First day on which it no longer holds", widget=DATE, required=False, help_text="Empty for today."
    )
    why = _reason()


class WaiverForm(SaysWhatToEnter, forms.ModelForm):
    person = forms.CharField(
        label="Badge number or e-mail address",
        max_length=254,
        help_text="Of an agent; or the e-mail address of a reviewer or coordinator.",
    )
    why = _reason()
    field_order = ["module", "person", "until", "why"]

    class Meta:
        model = Waiver
        fields = ["module", "until", "why"]
        labels = {"until": "Last day of the waiver"}
        widgets = {"until": DATE}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["module"].queryset = Module.objects.visible_to(user)
        fields["module"].empty_label = "Choose a module"

    def clean_person(self) -> Person:
        text = str(self.cleaned_data["person"]).strip()
        badge_number, email = ("", text) if "@" in text else (text, "")
        entry = Entry(1, module="", completed_on=timezone.localdate(), badge_number=badge_number, email=email)
        found = People([entry]).meant_by(entry)
        if isinstance(found, Fault):
            raise forms.ValidationError(found.reason)
        self.instance.agent_id, self.instance.user_id = found.agent, found.user
        return found


class EndWaiverForm(Form):
    why = _reason()


class PeopleFilterForm(Form):
    """Which people a list is about. What cannot be read filters nothing, and says so."""

    office = FilterField(label="HSI office", required=False)
    module = FilterField(label="Module", required=False)
    status = FilterField(
        label="Standing", required=False, choices=[("", "Any"), (LACKING, "Missing or expired"), *Status.choices]
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, auto_id="filter_%s")
        self.offices = {office.code: office for office in offices_of(user)}
        self.modules = {module.code: module for module in Module.objects.visible_to(user)}
        fields: dict[str, Any] = self.fields
        fields["module"].choices = [("", "All modules"), *((code, str(row)) for code, row in self.modules.items())]
        if len(self.offices) > 1:
            fields["office"].choices = [("", "All offices"), *((code, str(row)) for code, row in self.offices.items())]
        else:
            del fields["office"]
        self.is_valid()

    @property
    def chosen_office(self) -> Office | None:
        return self.offices.get(self.cleaned_data.get("office", ""))

    @property
    def chosen_module(self) -> Module | None:
        return self.modules.get(self.cleaned_data.get("module", ""))

    @property
    def is_narrow(self) -> bool:
        """Whether an office or a module is chosen, or there is one office only: a list of all would take long."""
        return len(self.offices) <= 1 or self.chosen_office is not None or self.chosen_module is not None

    def given(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class ExpiringFilterForm(PeopleFilterForm):
    status = None  # type: ignore[assignment]
    days = FilterField(label="Within", required=False, choices=[(str(days), f"{days} days") for days in WITHIN])

    def within(self) -> int:
        """Days, the fewest unless others are chosen."""
        return int(self.cleaned_data.get("days") or WITHIN[0])


class TrendFilterForm(Form):
    module = FilterField(label="Module", required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, auto_id="filter_%s")
        self.modules = {module.code: module for module in Module.objects.visible_to(user)}
        fields: dict[str, Any] = self.fields
        fields["module"].choices = [("", "All modules"), *((code, str(row)) for code, row in self.modules.items())]
        self.is_valid()

    @property
    def chosen_module(self) -> Module | None:
        return self.modules.get(self.cleaned_data.get("module", ""))
