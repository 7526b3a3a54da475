"""What the pages of disputes take in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from audit.clocks import Status
from designation.act_forms import LONGEST_REASON, VersionForm
from designation.fields import Form, KeysField, LineField, LinesField
from designation.forms import FilterField
from designation.models import User
from designation.models.people import DEA, HSI
from training.models import About, Level, Module
from training.permissions import AGENCIES, TRAINING_READERS
from training.selectors.disputes import OPEN, OPENED_BY_ME

LONGEST_TEXT = LONGEST_REASON  # characters


class DisputeFilterForm(Form):
    """The filters of the list of disputes. What cannot be read filters nothing."""

    text = forms.CharField(label="Number or words", required=False, max_length=100)
    level = FilterField(label="Level", required=False, choices=[("", "Any level"), (OPEN, "All open"), *Level.choices])
    about = FilterField(label="About", required=False, choices=[("", "Anything"), *About.choices])
    module = FilterField(label="Module", required=False)
    turn = FilterField(label="Whose turn", required=False)
    clock = FilterField(label="Due time", required=False, choices=[("", "Any"), *Status.choices])

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, auto_id="filter_%s")
        fields: dict[str, Any] = self.fields
        mine = [(OPENED_BY_ME, "Opened by me")] if user.agency_code in AGENCIES else []
        fields["turn"].choices = [("", "Anyone’s"), *mine, *((agency, _waiting(agency, user)) for agency in (HSI, DEA))]
        if user.has_role(*TRAINING_READERS):
            modules = [(code, f"{code} {title}") for code, title in Module.objects.values_list("code", "title")]
            fields["module"].choices = [("", "Any module"), *modules]
        else:
            del fields["module"], fields["about"]

    def filters(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def _waiting(agency: str, user: User) -> str:
    return f"Waits for {agency}" + (" (yours)" if agency == user.agency_code else "")


class OpenForm(Form):
    title = LineField(label="Title", max_length=120, help_text="The point at issue, in a few words.")
    issue = LinesField(
        rows=4,
        max_length=LONGEST_TEXT,
        label="Point at issue",
        help_text="What the agencies do not agree on, put so that the other agency would put it the same way.",
    )
    position = LinesField(
        rows=6,
        max_length=LONGEST_TEXT,
        label="Position of your agency",
        help_text="What your agency holds, and why. The other agency is asked for its own.",
    )
    known = KeysField(required=False)


@dataclass(frozen=True)
class Wording:
    """What an act asks for; `confirm` is what one must tick before an act that ends the dispute."""

    label: str
    help_text: str
    required: str = ""
    confirm: str = ""


ON_RECORD = "It goes on record with your name, for everybody who sees the dispute."
WORDINGS = {
    "state_position": Wording("Position of your agency", f"What it holds, and why. {ON_RECORD}", "State the position."),
    "propose": Wording("Outcome", f"What both agencies are to agree on. {ON_RECORD}", "Say what the outcome is to be."),
    "reject": Wording("Why", f"What would have to change. {ON_RECORD}", "Say why: it goes on record."),
    "accept": Wording(
        "Remark",
        ON_RECORD,
        confirm="My agency accepts this outcome. The dispute ends with it and is not opened again.",
    ),
    "escalate": Wording("Why", f"Why this level cannot settle it. {ON_RECORD}", "Say why: it goes on record."),
    "decide": Wording(
        "What leadership decided",
        f"It becomes the outcome, word for word. {ON_RECORD}",
        "Write down what leadership decided.",
        confirm="Leadership has decided so. The dispute ends with it and is not opened again.",
    ),
}


class DisputeActForm(VersionForm):
    """One act on a dispute: what it says, and for one that ends the dispute, that this is meant."""

    def __init__(self, data: Any = None, *, name: str, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        wording = WORDINGS[name]
        self.fields["text"] = LinesField(
            rows=6,
            max_length=LONGEST_TEXT,
            label=wording.label,
            help_text=wording.help_text,
            required=bool(wording.required),
            error_messages={"required": wording.required},
        )
        if wording.confirm:
            self.fields["confirmed"] = forms.BooleanField(
                label=wording.confirm, error_messages={"required": "Tick this first: the dispute ends."}
            )
