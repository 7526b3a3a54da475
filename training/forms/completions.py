"""What the pages of completions take in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from designation.act_forms import LONGEST_REASON, ReasonForm
from designation.fields import Form, LineField, LinesField
from designation.file_forms import MappingForm, PeopleFileField
from designation.forms import FilterField, FilterForm
from designation.models import Office, User
from designation.sheets.columns import Proposal
from training.completions.columns import COMPLETIONS
from training.completions.entries import Entry, Fault, Field
from training.completions.files import IS_SHARE, LONGEST_EVIDENCE, NO_SCORE, WRITE_PERCENT, is_share, score_of
from training.models import Completion, Module
from training.permissions import TRAINING_READERS
from training.selectors.completions import RESULTS

REASON_HINT = "It goes on record with your name, for everybody who sees the history."


class AttemptForm(Form):
    """When, how and on what evidence an attempt was made."""

    completed_on = forms.DateField(label="Date completed", widget=forms.DateInput(attrs={"type": "date"}))
    result = forms.ChoiceField(
        choices=[("passed", "Passed, or completed"), ("failed", "Failed")],
        widget=forms.RadioSelect,
        initial="passed",
    )
    score = LineField(
        label="Score",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="Percent, as 85, or points, as 17/20. A module with a pass mark needs it; below the mark, the attempt"
        " counts as failed.",
    )
    evidence = LinesField(
        rows=2,
        max_length=LONGEST_EVIDENCE,
        help_text="Where it can be looked up, as the number of a certificate or a class roster.",
        error_messages={"required": "Say on what evidence it is recorded."},
    )

    def clean_completed_on(self) -> Any:
        day = self.cleaned_data["completed_on"]
        if day > timezone.localdate():
            raise ValidationError("This day is yet to come.")
        return day

    def clean_score(self) -> Decimal | None:
        text = self.cleaned_data["score"]
        if not text:
            return None
        if is_share(text):
            raise ValidationError(f"{IS_SHARE} {WRITE_PERCENT}")
        score = score_of(text)
        if score is None:
            raise ValidationError(NO_SCORE)
        if not 0 <= score <= 100:
            raise ValidationError("A score is a percentage from 0 to 100.")
        return score

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Puts each fault at its field."""
        for fault in faults:
            field = {Field.BADGE_NUMBER: "person", Field.EMAIL: "person", Field.USERNAME: "person"}.get(
                fault.field, fault.field.value
            )
            self.add_error(field if field in self.fields else None, fault.message)


class CompletionForm(AttemptForm):
    """One completion by hand, of an agent or of a user."""

    person = forms.CharField(
        label="Agent or user",
        max_length=254,
        help_text="Badge number, e-mail address or username. If you do not know it, write the name to search.",
        error_messages={"required": "Say who completed the module."},
    )
    module = forms.ModelChoiceField(
        Module.objects.none(), to_field_name="code", empty_label="Choose a module", label="Module"
    )
    field_order = ["person", "module", "completed_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "why_again" in self.data:
            self.ask_why_again()
        modules: Any = self.fields["module"]
        modules.queryset = Module.objects.filter(versions__published_on__isnull=False).distinct()

    def ask_why_again(self) -> None:
        """Asks for the reason to record again what was withdrawn or corrected."""
        self.fields["why_again"] = LinesField(
            label="Why it is recorded again",
            rows=3,
            max_length=LONGEST_REASON,
            help_text=REASON_HINT,
            error_messages={"required": "Give a reason: it goes on record."},
        )

    def entries(self) -> list[Entry]:
        """What the form may mean, the first kind of name that fits first: badge number, address, username."""
        given = self.cleaned_data
        person = given["person"].strip()
        names: list[dict[str, str]] = [{"email": person}] if "@" in person else [{"badge_number": person}]
        return [
            Entry(
                row=row,
                module=given["module"].code,
                completed_on=given["completed_on"],
                result=given["result"],
                score=given["score"],
                evidence=given["evidence"],
                **name,
            )
            for row, name in enumerate([*names, {"username": person}])
        ]


class CorrectionForm(AttemptForm):
    """What stands in the place of a wrong record, and why."""

    reason = LinesField(
        rows=3,
        max_length=LONGEST_REASON,
        help_text=REASON_HINT,
        error_messages={"required": "Give a reason: it goes on record."},
    )

    def __init__(self, data: Any = None, *, completion: Completion) -> None:
        result = "passed" if completion.passed else "failed"
        score = None if completion.score is None else f"{completion.score.normalize():f}"
        names = ("completed_on", "evidence")
        kept = {name: getattr(completion, name) for name in names}
        super().__init__(data, initial={"result": result, "score": score, **kept})


class WhyForm(ReasonForm):
    """The reason of a withdrawal, or for taking a file back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, reason_required=True, **kwargs)


class CompletionFilterForm(FilterForm):
    """The filters of the list of completions."""

    text = forms.CharField(label="Badge, username or name", required=False, max_length=100)
    module = FilterField(label="Module", required=False)
    result = FilterField(label="Result", required=False, choices=[("", "Any result"), *RESULTS.items()])
    office = FilterField(label="HSI office", required=False)
    since = forms.DateField(
        label="Completed from", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    through = forms.DateField(
        label="Completed through", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, user=user)
        codes = Module.objects.values_list("code", flat=True)
        self._offer("module", [("", "All modules"), *((code, code) for code in codes)])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, through = given.get("since"), given.get("through")
        if since and through and through < since:
            self.add_error("through", "The days end before they begin. It filters nothing.")
        return given

    def offices(self, user: User) -> Iterable[Office]:
        return Office.objects.hsi() if user.has_role(*TRAINING_READERS) else super().offices(user)

    def filters(self) -> dict[str, str]:
        """What was given; days as 2026-03-01."""
        return {name: str(value).strip() for name, value in super().filters().items() if str(value).strip()}


class UploadForm(Form):
    file = PeopleFileField(
        kind=COMPLETIONS,
        label="File of completions",
        help_text="CSV or Excel, as the learning-management system exports it, up to 25 MB. Other columns may stay.",
    )


class ColumnsForm(MappingForm[Field]):
    """Which columns of a file say what of completions."""

    def __init__(self, data: Any = None, *, proposal: Proposal[Field], width: int) -> None:
        required = {Field.MODULE, Field.COMPLETED_ON}
        super().__init__(data, proposal=proposal, width=width, asked=Field, required=required)
