"""What is asked of those who order exports."""

from __future__ import annotations

from typing import Any

from django import forms

from audit.exports import schedules
from audit.exports.formats import FORMATS
from audit.filters import COHORTS, DECIDED, FILED, Filters
from audit.forms import dimension_fields
from audit.machine import Subject
from audit.models import ScheduledExport

FORMAT_CHOICES = [(found.name, found.label) for found in FORMATS.values()]


class OrderForm(forms.Form):
    format = forms.ChoiceField(label="Format", choices=FORMAT_CHOICES)


class ScheduleForm(forms.Form):
    """An export that is made for each period, once it is over."""

    format = forms.ChoiceField(label="Format", choices=FORMAT_CHOICES)
    period = forms.ChoiceField(label="How often", choices=ScheduledExport.Period.choices)
    cohort = forms.ChoiceField(
        label="Which", choices=[(cohort, COHORTS[cohort]) for cohort in (DECIDED, FILED)], initial=DECIDED
    )
    recipient = forms.EmailField(
        label="Send to",
        required=False,
        help_text="The e-mail address of a user of this system who may see all that you see, or one that its operator "
        "allows.",
    )
    folder = forms.CharField(
        label="Or put into the folder",
        required=False,
        max_length=100,
        help_text="Under the folder for deliveries, as “monthly”.",
    )

    def __init__(self, *args: Any, model: type[Subject], owner: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert model.exported is not None
        self.workflow, self.owner = model.workflow, owner
        self.dimensions = list(model.exported.dimensions)
        self.fields |= dimension_fields(model)
        self.order_fields(["format", "period", "cohort", *self.dimensions, "recipient", "folder"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        recipient, folder = values.get("recipient"), values.get("folder")
        if bool(recipient) == bool(folder) and not self.errors:
            self.add_error("recipient", "Give an e-mail address or a folder: one of them.")
        if recipient and not schedules.may_receive(recipient, owner=self.owner, workflow=self.workflow):
            self.add_error("recipient", schedules.WHO_RECEIVES)
        if folder:
            try:
                schedules.delivery_folder(folder)
            except ValueError as error:
                self.add_error("folder", str(error))
        return values

    def values(self) -> dict[str, Any]:
        """What `schedules.schedule_export` takes."""
        cleaned = self.cleaned_data
        filters = Filters(
            cohort=cleaned["cohort"],
            dimensions={name: (cleaned[name],) for name in self.dimensions if cleaned[name]},
        )
        named = {name: cleaned[name] for name in ("format", "period", "recipient", "folder")}
        return named | {"filters": filters.as_parameters()}
