"""Goals, as each headquarters keeps them: set and ended, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst

from audit import goals
from audit.machine import Subject
from audit.models import Goal
from audit.role_admin import RoleAdmin

UNITS = {"days": 8 * 3600, "hours": 3600}
SEPARATOR = "|"
READERS = ("auditor", "operator", *settings.AUDIT_GOAL_SETTERS)


def parties_of(user: Any) -> set[str]:
    """The parties for whose clocks the user sets goals."""
    return {party for role, parties in settings.AUDIT_GOAL_SETTERS.items() if user.has_role(role) for party in parties}


def targets(parties: set[str]) -> Iterator[tuple[str, str]]:
    """What goals can be set for by those who set them for the parties: a value that holds it, and its name."""
    if not parties:
        return
    for model in _timed():
        options: Any = model._meta
        name = capfirst(options.verbose_name)
        labels = dict(options.get_field("state").flatchoices)
        for stage, party in model.parties.items():
            if party in parties:
                yield SEPARATOR.join([model.workflow, "stage", stage]), f"{name}: each stay in “{labels[stage]}”"
        for party in sorted(parties & set(model.parties.values())):
            yield SEPARATOR.join([model.workflow, "party", party]), f"{name}: all the time on {party}’s clock"
        yield SEPARATOR.join([model.workflow, "process", ""]), f"{name}: the whole process, whoever’s clock runs"


def _timed() -> list[type[Subject]]:
    return [model for model in Subject.__subclasses__() if model.parties]


def may_set(user: Any, goal: Goal) -> bool:
    """Whether the user sets goals of this kind, and so may end this one."""
    named = goal.stage or goal.party
    value = SEPARATOR.join([goal.workflow, goal.measure, named])
    return value in dict(targets(parties_of(user)))


def _dimensions() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """By name, what a goal can be limited to: its label and its choices."""
    found = {}
    for model in _timed():
        known = model.exported.dimensions if model.exported else {}
        for name in settings.AUDIT_GOAL_DIMENSIONS:
            if name in known:
                found[name] = (known[name].label, list(known[name].choices()))
    return found


def day_widget() -> forms.DateInput:
    """The browser's own field for a day."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def _day_field(label: str, help_text: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, help_text=help_text, widget=day_widget())


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


class NewGoalForm(forms.ModelForm):
    """A goal to set. `goal_form` adds what the user may choose."""

    amount = forms.IntegerField(label="Within", min_value=1, max_value=10_000)
    unit = forms.ChoiceField(label="Unit", choices=[("days", "Business days of 8 hours"), ("hours", "Business hours")])
    first_day = _day_field("First day in force", "Empty: from this moment on.")

    class Meta:
        model = Goal
        fields = ["share_percent", "why"]
        labels = {"share_percent": "For at least, in percent"}
        widgets = {"why": forms.Textarea(attrs={"rows": 3})}

    def clean_first_day(self) -> Any:
        day = self.cleaned_data["first_day"]
        if day and day <= timezone.localdate():
            raise forms.ValidationError("Choose a day to come, or none: a goal never alters what was measured before.")
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "target" not in values or "amount" not in values or "first_day" not in values:
            return values
        workflow, measure, named = values["target"].split(SEPARATOR)
        goal: Goal = self.instance
        goal.workflow, goal.measure = workflow, measure
        goal.stage, goal.party = (named, "") if measure == Goal.Measure.STAGE else ("", named)
        goal.applies_to = {name: values[name] for name in _dimensions() if values.get(name)}
        goal.business_seconds = values["amount"] * UNITS[values["unit"]]
        goal.effective_from = _midnight(values["first_day"]) if values["first_day"] else timezone.now()
        if other := goals.overlapping(goal):
            raise forms.ValidationError(goals.OVERLAPS.format(which=f" (number {other.pk}: {other})"))
        return values


def goal_form(user: Any) -> type[forms.ModelForm]:
    """The form for a new goal, with the choices of the user."""
    choices: dict[str, forms.Field] = {
        "target": forms.ChoiceField(label="What is measured", choices=list(targets(parties_of(user))))
    }
    for name, (label, values) in _dimensions().items():
        choices[name] = forms.ChoiceField(
            label=f"Only this {label.lower()}", choices=[("", "Any"), *values], required=False
        )
    return type("GoalForm", (NewGoalForm,), choices)


class EndGoalForm(forms.ModelForm):
    last_day = _day_field("Last day in force", "Empty: it ends at this moment.")
    reason = forms.CharField(label="Why it ends", widget=forms.Textarea(attrs={"rows": 3}))

    class Meta:
        model = Goal
        fields: list[str] = []

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        if day and day < timezone.localdate():
            raise forms.ValidationError("Choose today or a day to come: a goal never alters what was measured before.")
        return day

    def until(self) -> datetime | None:
        day = self.cleaned_data["last_day"]
        return _midnight(day + timedelta(days=1)) if day else None


class StandingFilter(admin.SimpleListFilter):
    """Goals that are in force now, that will be, and that were."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in_force", "In force"), ("planned", "To come"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Goal]) -> QuerySet[Goal]:
        ended = Q(effective_until__lte=Now()) | Q(effective_until=F("effective_from"))
        if self.value() == "ended":
            return queryset.filter(ended)
        if self.value() == "planned":
            return queryset.exclude(ended).filter(effective_from__gt=Now())
        if self.value() == "in_force":
            return queryset.exclude(ended).filter(effective_from__lte=Now())
        return queryset


@admin.register(Goal)
class GoalAdmin(RoleAdmin):
    """Set by each headquarters for its own party's clock, by either for the whole process; see AUDIT_GOAL_SETTERS."""

    readers = READERS
    list_display = [
        "measured",
        "for_whom",
        "within",
        "share",
        "begins",
        "ends",
        "set_by",
        "why",
    ]
    list_filter = [StandingFilter, "measure"]
    ordering = ["-effective_from", "-id"]
    on_file = [
        "measured",
        "for_whom",
        "within",
        "share",
        "begins",
        "ends",
        "set_by",
        "why",
        "created_at",
    ]
    on_end = ["ended_by_name", "ended_why", "ended_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(parties_of(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may end the goal; nothing else of it can be changed."""
        return isinstance(obj, Goal) and obj.effective_until is None and may_set(request.user, obj)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        return EndGoalForm if change else goal_form(request.user)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        if obj is None:
            dimensions = list(_dimensions())
            return ["target", *dimensions, ("amount", "unit"), "share_percent", "first_day", "why"]
        ending = ["last_day", "reason"] if self.has_change_permission(request, obj) else self.on_end
        return [*self.on_file, *ending]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.on_file, *self.on_end] if obj is not None else []

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        ends = {"title": "End a goal"} if object_id and self._may_end(request, object_id) else {}
        hidden = {"show_save_and_continue": False, "show_save_and_add_another": False}
        try:
            return super().changeform_view(request, object_id, form_url, {**hidden, **ends, **(extra_context or {})})
        except goals.GoalRefused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())

    def _may_end(self, request: HttpRequest, object_id: Any) -> bool:
        return self.has_change_permission(request, self.get_object(request, object_id))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        user: Any = request.user
        name = user.recorded_name
        if change:
            goals.end_goal(obj, ended_by_name=name, why=form.cleaned_data["reason"], until=form.until())
        else:
            obj.set_by_name = name
            goals.set_goal(obj, at_once=form.cleaned_data["first_day"] is None)

    @admin.display(description="What is measured", ordering="stage")
    def measured(self, goal: Goal) -> str:
        value = SEPARATOR.join([goal.workflow, goal.measure, goal.stage or goal.party])
        every = dict(targets({party for parties in settings.AUDIT_GOAL_SETTERS.values() for party in parties}))
        return every.get(value, f"{goal.workflow}: {goal.stage or goal.party or 'the whole process'}")

    @admin.display(description="Limited to")
    def for_whom(self, goal: Goal) -> str:
        known = _dimensions()
        labels = [
            dict(known[name][1]).get(value, value) if name in known else value
            for name, value in goal.applies_to.items()
        ]
        return ", ".join(labels) or "All"

    @admin.display(description="Within", ordering="business_seconds")
    def within(self, goal: Goal) -> str:
        days, rest = divmod(goal.business_seconds, UNITS["days"])
        return f"{goal.business_seconds / UNITS['hours']:g} business hours" if rest else f"{days} business days"

    @admin.display(description="In force from", ordering="effective_from")
    def begins(self, goal: Goal) -> datetime:
        return goal.effective_from

    @admin.display(description="In force until", ordering="effective_until", empty_value="Open")
    def ends(self, goal: Goal) -> datetime | None:
        return goal.effective_until

    @admin.display(description="Set by", ordering="set_by_name")
    def set_by(self, goal: Goal) -> str:
        return goal.set_by_name

    @admin.display(description="At least", ordering="share_percent")
    def share(self, goal: Goal) -> str:
        return f"{goal.share_percent} %"
