"""Closures of the offices, as operators keep them: entered and withdrawn, never edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from audit import closures
from audit.calendar import default_name, why_not
from audit.confirming import ConfirmedForm, ConfirmingAdmin
from audit.goal_admin import READERS, day_widget
from audit.models import Calendar, Closure
from audit.moments import moment
from audit.reasons import VisibleTextField


class NewClosureForm(ConfirmedForm):
    authority = VisibleTextField(
        label="Authority", max_length=200, help_text="The order or notice that closed the offices."
    )

    class Meta:
        model = Closure
        fields = ["calendar", "first_day", "last_day", "open_from", "open_until", "reason", "authority"]
        field_classes = {"reason": VisibleTextField}
        widgets = {
            "first_day": day_widget(),
            "last_day": day_widget(),
            "open_from": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "open_until": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first_day, last_day = values.get("first_day"), values.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error("last_day", "The last day is before the first.")
        opens, closes = values.get("open_from"), values.get("open_until")
        if opens and closes and closes <= opens:
            self.add_error("open_until", "The offices close before they open. Leave both times empty for whole days.")
        calendar = values.get("calendar")
        for name in ("first_day", "last_day"):
            day = values.get(name)
            if calendar and day and (why := why_not(day, calendar)):
                self.add_error(name, why)
        return values

    def consequences(self) -> list[str]:
        closure: Closure = self.instance
        try:
            effect = closures.effect(closure)
        except closures.ClosureRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        hours = _hours(closure)
        days = (
            f"{_counted(effect.closed_days, 'working day')} will not be worked"
            if effect.closed_days
            else f"{_counted(effect.shortened_days, 'working day')} will be open {hours} at most"
        )
        ends = dict.fromkeys(date_format(day, "l, N j, Y") for day in (closure.first_day, closure.last_day))
        return [
            f"{days}: {' to '.join(ends)}, in the calendar “{closure.calendar}”.",
            f"{_counted(effect.open_stays, 'open stay')} will have a later due time.",
            f"{_counted(effect.ended_stays, 'ended stay')} {_of_the_ended(closure)}",
            "It can be withdrawn, which moves all back; both stay on record.",
        ]


def _of_the_ended(closure: Closure) -> str:
    """What happens to stays that have ended: days to come are in none of them, though they can be before a due time."""
    if closure.first_day > timezone.localdate():
        return "will have a later due time, and keep the measure."
    return "will be measured again, or have a later due time, in reports of the past too."


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _hours(closure: Closure) -> str:
    opens = f"from {closure.open_from:%H:%M}" if closure.open_from else ""
    closes = f"until {closure.open_until:%H:%M}" if closure.open_until else ""
    return " ".join(part for part in (opens, closes) if part) or "not at all"


class WithdrawClosureForm(ConfirmedForm):
    withdraw_why = VisibleTextField(label="Why it is withdrawn", widget=forms.Textarea(attrs={"rows": 3}))

    class Meta:
        model = Closure
        fields: list[str] = []

    def consequences(self) -> list[str]:
        return [
            f"The closure is withdrawn: {self.instance}. Those hours count as worked again.",
            "Due times and measures move back, in reports of the past too. It stays on record that it was entered.",
        ]


@admin.register(Closure)
class ClosureAdmin(ConfirmingAdmin):
    """Entered by operators, because a closure moves both parties' clocks and neither is to move its own."""

    readers = READERS
    changers = ("operator",)
    refusals = (closures.ClosureRefused,)
    list_display = [
        "number",
        "first_day",
        "last_day",
        "hours",
        "reason",
        "authority",
        "entered_by",
        "entered",
        "withdrawn",
    ]
    list_display_links = ["number", "first_day"]
    list_filter = ["calendar", ("withdrawn_at", admin.EmptyFieldListFilter)]
    on_file = [
        "number",
        "calendar",
        "first_day",
        "last_day",
        "hours",
        "reason",
        "authority",
        "entered_by",
        "entered",
        "withdrawn",
    ]
    on_withdrawal = ["withdrawn_by", "why_withdrawn"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may withdraw the closure; nothing else of it can be changed."""
        return isinstance(obj, Closure) and obj.withdrawn_at is None and super().has_change_permission(request, obj)

    def done_already(self, request: HttpRequest, obj: Closure) -> str:
        if obj.withdrawn_at is None or not super().has_change_permission(request, obj):
            return ""
        return f"Already withdrawn by {obj.withdrawn_by_name} on {moment(obj.withdrawn_at)}."

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = self.confirmed_form(request, WithdrawClosureForm if change else NewClosureForm)
        return form if change else super().get_form(request, obj, change, form=form, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        default = Calendar.objects.filter(name=default_name()).values_list("pk", flat=True).first()
        return {"calendar": default, **super().get_changeform_initial_data(request)}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return [*NewClosureForm.Meta.fields, "confirmed"]
        withdrawn = self.on_withdrawal if obj.withdrawn_at else []
        ending = ["withdraw_why", "confirmed"] if self.has_change_permission(request, obj) else []
        return [*self.on_file, *withdrawn, *ending]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.on_file, *self.on_withdrawal] if obj is not None else []

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        closure = self.get_object(request, object_id) if object_id else None
        title = {"title": "Withdraw a closure"} if closure and self.has_change_permission(request, closure) else {}
        shown = {"submit": "Withdraw the closure" if closure else "Enter the closure", **title, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, shown)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        user: Any = request.user
        name = user.recorded_name
        if change:
            moved = closures.withdraw(obj, withdrawn_by_name=name, why=form.cleaned_data["withdraw_why"])
        else:
            obj.entered_by_name = name
            moved = closures.enter(obj)
        messages.info(
            request,
            f"The calendar is at version {moved.version} now; {moved.visits:,} stays have another due time or measure.",
        )

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, f"The closure is withdrawn: {obj}.", messages.SUCCESS)
        return self.response_post_save_change(request, obj)

    @admin.display(description="Number", ordering="pk")
    def number(self, closure: Closure) -> str:
        """By which messages and calendars cite it."""
        return str(closure.pk)

    @admin.display(description="Entered by", ordering="entered_by_name")
    def entered_by(self, closure: Closure) -> str:
        return closure.entered_by_name

    @admin.display(description="Entered at", ordering="entered_at")
    def entered(self, closure: Closure) -> str:
        return moment(closure.entered_at)

    @admin.display(description="Withdrawn", ordering="withdrawn_at")
    def withdrawn(self, closure: Closure) -> str:
        return moment(closure.withdrawn_at) if closure.withdrawn_at else "No"

    @admin.display(description="Withdrawn by")
    def withdrawn_by(self, closure: Closure) -> str:
        return closure.withdrawn_by_name

    @admin.display(description="Why withdrawn")
    def why_withdrawn(self, closure: Closure) -> str:
        return closure.withdrawn_why

    @admin.display(description="Open")
    def hours(self, closure: Closure) -> str:
        return _hours(closure).capitalize()
