"""What the pages take in. Forms check the shape of what is typed; the workflow decides whether it may be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from audit.clocks import Status
from designation.act_forms import LONGEST_REASON, VersionForm
from designation.agent_selectors import LIVE_ONES, NO, RENEWED_WITHIN, YES
from designation.agents import BADGE_STAYS, is_on_record, may_keep_agents_of
from designation.checks import why_kind_does_not_fit
from designation.fields import OUT_OF_ORDER, Form, LinesField, SaysWhatToEnter
from designation.file_forms import MappingForm, PeopleFileField
from designation.models import Agent, Office, Request, Role, User
from designation.models.designations import Status as Standing
from designation.models.people import BADGE_NUMBER, BADGE_NUMBER_HINT
from designation.permissions import DEA_ROLES, HSI_ROLES
from designation.rosters.fields import LONGEST_JUSTIFICATION
from designation.rosters.headers import ROSTER, Field
from designation.rosters.names import same_person_name
from designation.selectors import MINE, OPEN, offices_seen_by, states_seen_by
from designation.sheets.columns import Proposal
from designation.workflow import NewRequest


class OfficeField(forms.ModelChoiceField):
    """One of HSI's offices, by code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Office.objects.hsi().active(),
            to_field_name="code",
            label="HSI office",
            empty_label="Choose an office",
            **kwargs,
        )


class OfficeForm(Form):
    """Files for an office: a coordinator for his own, HSI headquarters for the one that it chooses."""

    office = OfficeField(help_text="The office that files.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_role(Role.HSI_HQ):
            del self.fields["office"]

    def filing_office(self) -> Office:
        office: Any = self.cleaned_data.get("office") or self.user.office
        return office


class FilterField(forms.ChoiceField):
    """A choice in a filter, which may be mistyped in the address; then it filters nothing, and says so."""

    default_error_messages = {"invalid_choice": "“%(value)s” is none of these. It filters nothing."}


class FilterForm(Form):
    """The filters of a list. What cannot be read filters nothing. By office filters who sees several."""

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, auto_id="filter_%s")
        offices = [(office.code, str(office)) for office in self.offices(user)]
        if offices:
            self._offer("office", [("", "All offices"), *offices])
        else:
            del self.fields["office"]

    def offices(self, user: User) -> Iterable[Office]:
        """Those that are offered; none where the user sees one only."""
        return offices_seen_by(user) if sees_many_offices(user) else []

    def filters(self) -> dict[str, Any]:
        """What was given, as what finds the rows takes it."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices


def sees_many_offices(user: User) -> bool:
    return user.has_role(Role.HSI_HQ, *DEA_ROLES, Role.AUDITOR)


class RequestFilterForm(FilterForm):
    """The filters of the list of requests."""

    text = forms.CharField(label="Number, badge or name", required=False, max_length=100)
    state = FilterField(label="State", required=False)
    turn = FilterField(label="Whose turn", required=False)
    kind = FilterField(label="Kind", required=False, choices=[("", "Any kind"), *Request.Kind.choices])
    priority = FilterField(label="Priority", required=False, choices=[("", "Any priority"), *Request.Priority.choices])
    office = FilterField(label="HSI office", required=False)
    clock = FilterField(label="Due time", required=False, choices=[("", "Any"), *Status.choices])

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, user=user)
        mine = [(MINE, "Mine")] if user.has_role(*HSI_ROLES, *DEA_ROLES) else []
        self._offer("state", [("", "Any state"), (OPEN, "All open"), *states_seen_by(user)])
        self._offer("turn", [("", "Anyone’s"), *mine, ("HSI", "HSI’s"), ("DEA", "DEA’s")])


class DesignationFilterForm(FilterForm):
    """The filters of the list of designations."""

    text = forms.CharField(label="Number, badge or name", required=False, max_length=100)
    state = FilterField(
        label="State",
        required=False,
        choices=[("", "Any state"), (LIVE_ONES, "Live: active or suspended"), *Standing.choices],
    )
    office = FilterField(label="HSI office", required=False)
    ends = FilterField(
        label="Ends within",
        required=False,
        choices=[("", "Any time"), *((str(days), f"{days} days") for days in (30, 60, RENEWED_WITHIN))],
    )


class AgentFilterForm(FilterForm):
    """The filters of the list of agents."""

    text = forms.CharField(label="Badge number or name", required=False, max_length=100)
    office = FilterField(label="HSI office", required=False)
    active = FilterField(
        label="Status", required=False, choices=[("", "Any status"), (YES, "Active"), (NO, "Not active")]
    )
    designated = FilterField(
        label="Designated now",
        required=False,
        choices=[("", "Any"), (YES, "Yes"), (Standing.SUSPENDED.value, "No: suspended"), (NO, "No: none is live")],
    )


class AgentSearchForm(Form):
    text = forms.CharField(label="Badge number or name", required=False, max_length=100)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter_%s")

    def text_given(self) -> str:
        return str(self.cleaned_data.get("text", "")).strip() if self.is_valid() else ""


class NeedForm(Form):
    """How urgent a request is, and why it is made."""

    priority = forms.ChoiceField(
        choices=Request.Priority.choices, initial=Request.Priority.ROUTINE, widget=forms.RadioSelect
    )
    justification = LinesField(
        rows=6,
        max_length=LONGEST_JUSTIFICATION,
        help_text="Why the agent needs Title 21 authority: the cases, the place, the partners.",
    )


class KindForm(Form):
    kind = forms.ChoiceField(
        label="Kind of request",
        required=False,
        choices=[("", "Whichever fits the agent’s designation"), *Request.Kind.choices],
        help_text="Initial: never designated. Renewal: designated before. Transfer: designated at another office.",
    )


class FilingForm(OfficeForm, NeedForm, KindForm):
    """A new request; without an agent on record it asks for the new agent too."""

    badge_number = forms.CharField(max_length=20, validators=[BADGE_NUMBER], help_text=BADGE_NUMBER_HINT)
    first_name = forms.CharField(max_length=80)
    last_name = forms.CharField(max_length=80)
    email = forms.EmailField(label="E-mail", required=False)
    field_order = ["office", "badge_number", "first_name", "last_name", "email", "kind"]

    def __init__(
        self, data: Any = None, *, user: User, agent: Agent | None, begun: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, user=user, initial={"office": agent.office if agent else None, **(begun or {})})
        self.agent = agent
        if agent:
            for name in ("badge_number", "first_name", "last_name", "email"):
                del self.fields[name]

    def typed(self) -> dict[str, str]:
        """What was given, right or wrong; nothing where no text was typed, since choices stand there from the first."""
        given = {name: str(self.data.get(name, "")) for name in self.fields}
        texts = (text for name, text in given.items() if name not in ("office", "kind", "priority"))
        return given if any(text.strip() for text in texts) else {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        agent = self.agent
        if {"badge_number", "first_name", "last_name"} <= cleaned.keys():
            agent = self._known_agent(cleaned)
        if cleaned.get("kind") and "office" not in self.errors:
            why = why_kind_does_not_fit(cleaned["kind"], agent or Agent(), self.filing_office())
            if why:
                self.add_error("kind", why)
        return cleaned

    def _known_agent(self, cleaned: dict[str, Any]) -> Agent | None:
        """The badge number may be on record, as when an agent moves here; then the names must agree."""
        known = Agent.objects.filter(badge_number__iexact=cleaned["badge_number"]).first()
        if known is None:
            return None
        if same_person_name(cleaned["last_name"], cleaned["first_name"], known.last_name, known.first_name):
            cleaned["badge_number"] = known.badge_number
        else:
            self.add_error("badge_number", "This badge number is on record under another name. Check both.")
        return known

    def entry(self) -> NewRequest:
        given = self.cleaned_data
        who = self.agent or Agent(
            **{name: given[name] for name in ("badge_number", "first_name", "last_name", "email")}
        )
        return NewRequest(
            badge_number=who.badge_number,
            first_name=who.first_name,
            last_name=who.last_name,
            email=who.email,
            kind=given["kind"],
            priority=given["priority"],
            justification=given["justification"],
        )


class ContentForm(NeedForm, KindForm, VersionForm):
    """What a request that is on record asks, to be changed."""

    field_order = ["kind"]

    def __init__(self, data: Any = None, *, row: Request) -> None:
        content = {"kind": row.kind, "priority": row.priority, "justification": row.justification}
        super().__init__(data, initial={**content, "version": row.version})
        self.row = row
        kind: Any = self.fields["kind"]
        kind.required, kind.choices = True, Request.Kind.choices

    def clean_kind(self) -> str:
        kind = str(self.cleaned_data["kind"])
        if why := why_kind_does_not_fit(kind, self.row.agent, self.row.office):
            raise ValidationError(why)
        return kind


class DraftForm(ContentForm):
    """A draft that is changed before it is submitted."""


class AnswerForm(ContentForm):
    """The answer to a return. What it changes in the request goes on record with it."""

    answer = LinesField(
        rows=4,
        max_length=LONGEST_REASON,
        label="Your answer",
        error_messages={"required": "Write an answer: it goes on record."},
        help_text="What was missing, or why nothing is. It goes on record.",
    )

    field_order = ["answer", "justification", "kind", "priority"]


class AgentForm(SaysWhatToEnter, forms.ModelForm):
    """An agent on the list. Once a request was filed for him, only headquarters corrects the badge number."""

    reason = LinesField(
        rows=2,
        required=False,
        max_length=LONGEST_REASON,
        label="Why the badge number is corrected",
        help_text="Needed when the badge number changes after a request was filed. It goes on record.",
    )
    version = forms.IntegerField(
        widget=forms.HiddenInput, error_messages={"required": OUT_OF_ORDER, "invalid": OUT_OF_ORDER}
    )
    field_order = ["badge_number", "reason"]

    class Meta:
        model = Agent
        fields = ["badge_number", "first_name", "last_name", "email", "hired_on", "office"]
        labels = {"email": "E-mail"}
        widgets = {"hired_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        known = self.instance.pk is not None
        if user.has_role(Role.HSI_HQ):
            fields["office"].queryset = Office.objects.hsi().filter(Q(is_active=True) | Q(pk=self.instance.office_id))
        else:
            del fields["office"]
            if self.instance.office_id is None:
                self.instance.office = user.office
        if not (known and user.has_role(Role.HSI_HQ)):
            del fields["reason"]
        if not known:
            del fields["version"]
            return
        fields["version"].initial = self.instance.version
        if not user.has_role(Role.HSI_HQ) and is_on_record(self.instance):
            fields["badge_number"].widget.attrs["readonly"] = True
            fields["badge_number"].help_text = BADGE_STAYS

    def clean_badge_number(self) -> str:
        badge_number = str(self.cleaned_data["badge_number"])
        known = Agent.objects.filter(badge_number__iexact=badge_number).exclude(pk=self.instance.pk).first()
        if known is None:
            return badge_number
        if may_keep_agents_of(self.user, known.office):
            raise ValidationError(f"{known.full_name} has this badge number, at {known.office.code}. Check it.")
        raise ValidationError(
            "An agent of another office has this badge number. If he comes to your office, file a transfer for him, "
            "or ask HSI headquarters to move him."
        )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        others = Agent.objects.filter(email__iexact=email).exclude(pk=self.instance.pk)
        if email and others.exists():
            raise ValidationError("This is the e-mail address of another agent.")
        return email


class RosterUploadForm(OfficeForm):
    file = PeopleFileField(
        kind=ROSTER,
        label="Roster file",
        help_text="CSV or Excel, as the office keeps it, up to 10 MB. Title lines and other columns may stay.",
    )
    default_justification = LinesField(
        rows=4,
        label="Justification for rows that give none",
        required=False,
        max_length=LONGEST_JUSTIFICATION,
    )


class ColumnsForm(MappingForm[Field]):
    """Which columns of a roster say what, and what holds for rows without a justification."""

    default_justification = LinesField(
        rows=4,
        label="Justification for rows that give none",
        required=False,
        max_length=LONGEST_JUSTIFICATION,
    )

    def __init__(self, data: Any = None, *, proposal: Proposal[Field], width: int, default_justification: str) -> None:
        super().__init__(
            data,
            proposal=proposal,
            width=width,
            asked=Field,
            required={Field.BADGE_NUMBER},
            initial={"default_justification": default_justification},
        )
        self.order_fields([*(field.value for field in self.asked), "default_justification"])
