"""Goals, as each headquarters keeps them: set and ended, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join

from audit import goals
from audit.calendar import default_calendar_id, why_not
from audit.confirming import ConfirmedForm, ConfirmingAdmin
from audit.goal_words import dimensions, in_words, limited_to, measured, timed_models
from audit.models import Calendar, Goal
from audit.models.goals import DAY, HOUR, business_time
from audit.moments import moment
from audit.reasons import VisibleTextField

UNITS = {"days": DAY, "hours": HOUR}
SEPARATOR = "|"
RULE = (
    "Where several goals apply to a request, one is asked: the one that names more (a kind and a priority before "
    "either alone, either before none); of two that name as much, the shorter; of two as long, the one in force last."
)
READERS = ("auditor", "operator", *settings.AUDIT_GOAL_SETTERS)


def parties_of(user: Any) -> set[str]:
    """The parties for whose clocks the user sets goals."""
    return {party for role, parties in settings.AUDIT_GOAL_SETTERS.items() if user.has_role(role) for party in parties}


def targets(parties: set[str]) -> Iterator[tuple[str, str]]:
    """What goals can be set for by those who set them for the parties: a value that holds it, and its name."""
    if not parties:
        return
    for model in timed_models():
        keys = [("stage", stage) for stage, party in model.parties.items() if party in parties]
        keys += [("party", party) for party in sorted(parties & set(model.parties.values()))]
        for measure, named in [*keys, ("process", "")]:
            yield SEPARATOR.join([model.workflow, measure, named]), measured(model.workflow, measure, named)


def may_set(user: Any, goal: Goal) -> bool:
    """Whether the user sets goals of this kind, and so may end this one."""
    named = goal.stage or goal.party
    value = SEPARATOR.join([goal.workflow, goal.measure, named])
    return value in dict(targets(parties_of(user)))


def _dimensions() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """By name, what a goal can be limited to: its label and its choices."""
    found = {}
    for model in timed_models():
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


def _check_in_calendar(day: date | None) -> None:
    """Goals are measured by the default calendar, and a day that it does not have is a slip."""
    if day and (why := why_not(day, Calendar.objects.get(pk=default_calendar_id()))):
        raise forms.ValidationError(why)


class NewGoalForm(ConfirmedForm):
    """A goal to set. `goal_form` adds what the user may choose. Asks where other goals apply to some of the same."""

    amount = forms.IntegerField(label="Within", min_value=1, max_value=10_000)
    unit = forms.ChoiceField(label="Unit", choices=[("days", "Business days of 8 hours"), ("hours", "Business hours")])
    share_percent = forms.IntegerField(
        label="For at least, in percent",
        min_value=1,
        max_value=100,
        initial=90,
        error_messages=dict.fromkeys(["min_value", "max_value"], "Give a whole percentage from 1 to 100."),
    )
    first_day = _day_field("First day in force", "Empty: from this moment on.")

    class Meta:
        model = Goal
        fields = ["share_percent", "why"]
        field_classes = {"why": VisibleTextField}
        widgets = {"why": forms.Textarea(attrs={"rows": 3})}

    def clean_first_day(self) -> Any:
        day = self.cleaned_data["first_day"]
        if day and day <= timezone.localdate():
            raise forms.ValidationError("Choose a day to come, or none: a goal never alters what was measured before.")
        _check_in_calendar(day)
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
        if unknown := goal.applies_to.keys() - dimensions(workflow).keys():
            for name in unknown:
                self.add_error(name, "What is measured has no such value on record: leave this at “Any”.")
            return values
        goal.business_seconds = values["amount"] * UNITS[values["unit"]]
        goal.effective_from = _midnight(values["first_day"]) if values["first_day"] else timezone.now()
        if other := goals.overlapping(goal):
            raise forms.ValidationError(goals.overlaps(other))
        return values

    def consequences(self) -> list[str]:
        goal = self.instance
        meeting = [_precedence(goal, other) for other in goals.meeting(goal)]
        since = first_in_force(goal) if self.cleaned_data["first_day"] else "this moment on"
        return [f"This goal will be set: {_in_full(goal, since)}.", *meeting] if meeting else []


def _in_full(goal: Goal, since: str) -> str:
    """The goal in words, with its share and since when it is in force."""
    return f"{in_words(goal)}, for at least {_share(goal)}, in force from {since}"


def _share(goal: Goal) -> str:
    return f"{goal.share_percent} %"


def _precedence(new: Goal, other: Goal) -> str:
    """Which of two goals is asked of what both are for, and why."""
    asked = "this one" if goals.asked_of_both(new, other) is new else "that one"
    if len(new.applies_to) != len(other.applies_to):
        why = "it names more"
    elif new.business_seconds != other.business_seconds:
        why = "it is shorter"
    else:
        why = "it is in force last"
    return f"Number {other.pk} is for some of the same ({in_words(other)}): of those, {asked} is asked, because {why}."


def goal_form(user: Any) -> type[NewGoalForm]:
    """The form for a new goal, with the choices of the user."""
    choices: dict[str, forms.Field] = {
        "target": forms.ChoiceField(label="What is measured", choices=list(targets(parties_of(user))))
    }
    for name, (label, values) in _dimensions().items():
        choices[name] = forms.ChoiceField(
            label=f"Only this {label.lower()}", choices=[("", "Any"), *values], required=False
        )
    return type("GoalForm", (NewGoalForm,), choices)


class EndGoalForm(ConfirmedForm):
    """The end of a goal, or an earlier one than it has."""

    last_day = _day_field("Last day in force", "Empty: it ends at this moment.")
    reason = VisibleTextField(label="Why it ends", widget=forms.Textarea(attrs={"rows": 3}))

    class Meta:
        model = Goal
        fields: list[str] = []

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        if day and day < timezone.localdate():
            raise forms.ValidationError("Choose today or a day to come: a goal never alters what was measured before.")
        _check_in_calendar(day)
        ends = self.instance.effective_until
        if day and ends and _midnight(day + timedelta(days=1)) >= ends:
            raise forms.ValidationError(f"Choose a day before {last_in_force(self.instance)}, on which it ends anyway.")
        return day

    def until(self) -> datetime | None:
        """The first instant at which it is in force no longer; None for this moment."""
        day = self.cleaned_data["last_day"]
        return _midnight(day + timedelta(days=1)) if day else None

    def consequences(self) -> list[str]:
        goal = self.instance
        earlier = [f"Until now its end was {last_in_force(goal)}, which stays on file."] if goal.effective_until else []
        if goal.effective_from >= (self.until() or timezone.now()):
            return [
                f"The goal ends: {in_words(goal)}. It never comes into force.",
                *earlier,
                "Nothing is measured against it.",
                "This is never taken back. Another goal can follow.",
            ]
        return [
            f"The goal ends: {in_words(goal)}. {self._when()}",
            *earlier,
            "What began before is measured against it, now and later; what begins afterwards is not.",
            "An end can be brought forward, never put off or taken back. Another goal can follow.",
        ]

    def _when(self) -> str:
        day = self.cleaned_data["last_day"]
        if day is None:
            return "It ends at this moment."
        away = (day - timezone.localdate()).days
        when = f"{away:,} day{'' if away == 1 else 's'} from today" if away else "today"
        return f"Its last day in force is {date_format(day, 'l, N j, Y')}: {when}."


def has_ended(goal: Goal) -> bool:
    """Whether the goal is in force no longer, or will never be."""
    return goal.effective_until is not None and goal.effective_until <= max(timezone.now(), goal.effective_from)


def first_in_force(goal: Goal) -> str:
    """The first day on which a goal is in force, or its first moment where that is within a day."""
    local = timezone.localtime(goal.effective_from)
    return _day(local) if local.time() == time() else moment(local)


def last_in_force(goal: Goal) -> str:
    """The last day on which a goal is in force, or its last moment where that is within a day."""
    if goal.effective_until is None:
        return "No end is set"
    if goal.effective_until <= goal.effective_from:
        return "Never came into force"
    local = timezone.localtime(goal.effective_until)
    return _day(local - timedelta(days=1)) if local.time() == time() else moment(local)


def _day(at: datetime) -> str:
    return date_format(at, "N j, Y")


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
class GoalAdmin(ConfirmingAdmin):
    """Set by each headquarters for its own party's clock, by either for the whole process; see AUDIT_GOAL_SETTERS."""

    readers = READERS
    refusals = (goals.GoalRefused,)
    list_display = [
        "number",
        "measured",
        "for_whom",
        "within",
        "share",
        "begins",
        "ends",
        "set_by",
        "why",
    ]
    list_display_links = ["number", "measured"]
    list_filter = [StandingFilter, "measure"]
    ordering = ["-effective_from", "-id"]
    on_file = [
        "number",
        "measured",
        "for_whom",
        "within",
        "share",
        "begins",
        "ends",
        "set_by",
        "why",
        "created",
    ]
    on_end = ["ended_by", "why_ended", "ended", "earlier"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(parties_of(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may end the goal, or earlier than it would; nothing else of it can be changed."""
        return isinstance(obj, Goal) and not has_ended(obj) and may_set(request.user, obj)

    def done_already(self, request: HttpRequest, obj: Goal) -> str:
        if obj.ended_at is None or not has_ended(obj) or not may_set(request.user, obj):
            return ""
        return f"Already ended by {obj.ended_by_name} on {moment(obj.ended_at)}."

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        return self.confirmed_form(request, EndGoalForm if change else goal_form(request.user))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["target", *_dimensions(), ("amount", "unit"), "share_percent", "first_day", "why", "confirmed"]
        ended = self.on_end if obj.ended_at else []  # an end that it was set with was decided by nobody later
        ending = ["last_day", "reason", "confirmed"] if self.has_change_permission(request, obj) else []
        return [*self.on_file, *ended, *ending]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        description = {} if obj else {"description": RULE}
        return [(None, {"fields": self.get_fields(request, obj), **description})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.on_file, *self.on_end] if obj is not None else []

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        ends = {"title": "End a goal"} if object_id and self._may_end(request, object_id) else {}
        shown = {"submit": "End the goal" if object_id else "Set the goal", **ends, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, shown)

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

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, f"The goal is set: {_in_full(obj, first_in_force(obj))}.", messages.SUCCESS)
        return self.response_post_save_add(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, f"The end of the goal is on file: {in_words(obj)}.", messages.SUCCESS)
        return self.response_post_save_change(request, obj)

    @admin.display(description="Number", ordering="pk")
    def number(self, goal: Goal) -> str:
        """By which messages cite it."""
        return str(goal.pk)

    @admin.display(description="What is measured", ordering="stage")
    def measured(self, goal: Goal) -> str:
        return measured(goal.workflow, goal.measure, goal.stage or goal.party)

    @admin.display(description="Limited to")
    def for_whom(self, goal: Goal) -> str:
        return limited_to(goal)

    @admin.display(description="Within", ordering="business_seconds")
    def within(self, goal: Goal) -> str:
        return business_time(goal.business_seconds)

    @admin.display(description="In force from", ordering="effective_from")
    def begins(self, goal: Goal) -> str:
        return first_in_force(goal)

    @admin.display(description="Last in force", ordering="effective_until")
    def ends(self, goal: Goal) -> str:
        return last_in_force(goal)

    @admin.display(description="Created at")
    def created(self, goal: Goal) -> str:
        return moment(goal.created_at)

    @admin.display(description="Ended by")
    def ended_by(self, goal: Goal) -> str:
        return goal.ended_by_name

    @admin.display(description="Why ended")
    def why_ended(self, goal: Goal) -> str:
        return goal.ended_why

    @admin.display(description="End decided at")
    def ended(self, goal: Goal) -> str:
        assert goal.ended_at is not None
        return moment(goal.ended_at)

    @admin.display(description="Ends decided before")
    def earlier(self, goal: Goal) -> str:
        """The ends that were brought forward, with who decided each and why."""
        ends = [
            (last_in_force(Goal(effective_from=goal.effective_from, effective_until=end.effective_until)), end)
            for end in goal.earlier_ends.all()
        ]
        rows = [(last, end.ended_by_name, moment(end.ended_at), end.ended_why) for last, end in ends]
        return format_html_join("\n", "{}: decided by {}, {}: {}", rows) if rows else "None"

    @admin.display(description="Set by", ordering="set_by_name")
    def set_by(self, goal: Goal) -> str:
        return goal.set_by_name

    @admin.display(description="At least", ordering="share_percent")
    def share(self, goal: Goal) -> str:
        return _share(goal)
