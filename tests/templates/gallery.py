"""A page with every component and every kind of field: a URLconf for tests only."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from config.urls import urlpatterns as project_urls

GALLERY = Path(__file__).with_name("gallery.html")
NOW = datetime(2026, 3, 6, 20, 15, tzinfo=UTC)
STATES = [
    ("draft", "Draft"),
    ("hsi_review", "HSI review"),
    ("dea_intake", "DEA intake"),
    ("field_review", "Field review"),
    ("dea_decision", "DEA decision"),
    ("returned", "Returned"),
    ("approved", "Approved"),
    ("denied", "Denied"),
    ("withdrawn", "Withdrawn"),
    ("suspended", "Suspended"),
    ("revoked", "Revoked"),
]


class EveryField(forms.Form):
    badge = forms.CharField(label="Badge number", max_length=20, help_text="With its leading zeros.")
    email = forms.EmailField(label="E-mail", required=False)
    count = forms.IntegerField(label="Years of service", min_value=0)
    kind = forms.ChoiceField(choices=[("initial", "Initial"), ("renewal", "Renewal")])
    offices = forms.MultipleChoiceField(choices=[("NYC", "New York"), ("MIA", "Miami")])
    priority = forms.ChoiceField(
        choices=[("routine", "Routine"), ("expedited", "Expedited")],
        widget=forms.RadioSelect,
        help_text="Expedited needs a reason.",
    )
    modules = forms.MultipleChoiceField(
        choices=[("1", "Module 1"), ("2", "Module 2")], widget=forms.CheckboxSelectMultiple
    )
    justification = forms.CharField(widget=forms.Textarea)
    start = forms.DateField(label="Start date")
    meeting = forms.SplitDateTimeField(widget=forms.SplitDateTimeWidget)
    roster = forms.FileField(widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}))
    password = forms.CharField(widget=forms.PasswordInput)
    certified = forms.BooleanField(label="I certify that the supervisor of the agent agrees")
    token = forms.CharField(widget=forms.HiddenInput, required=False)


class Filter(forms.Form):
    q = forms.CharField(label="Name or badge number", required=False)
    state = forms.ChoiceField(label="State", choices=[("", "Any"), *STATES], required=False)


def gallery_context(data: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the gallery shows; with data, its form is bound to them."""
    return {
        "form": EveryField(data),
        "filter_form": Filter(auto_id="filter_%s"),
        "states": STATES,
        "now": NOW,
        "sort": "-age",
        "columns": [
            {"label": "Select", "hidden_label": True},
            {"label": "Number", "key": "number"},
            {"label": "State"},
            {"label": "Clock", "key": "clock"},
            {"label": "Age", "key": "age", "numeric": True},
        ],
        "page": Paginator(range(1000, 1200), 5).get_page(6),
        "rows": [
            {"label": "Agent", "value": "Rivera, Ana (0012345)", "change_url": "/change/"},
            {"label": "Justification", "value": "Two lines\nof text"},
        ],
        "entries": [
            {"label": "Submitted", "at": NOW, "who": "Ana Rivera, HSI coordinator"},
            {
                "label": "Returned",
                "at": NOW,
                "who": "Lee Chen, DEA",
                "reason": "The badge number is not that of the agent.",
                "stage": "DEA intake",
                "seconds": 93600,
                "party": "DEA",
                "late": True,
            },
        ],
    }


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    """The gallery; a POST shows the form's errors."""
    messages.success(request, "Three requests filed.")
    messages.error(request, "One request was refused.")
    context = gallery_context(request.POST.dict() if request.method == "POST" else None)
    return HttpResponse(engines["django"].from_string(GALLERY.read_text()).render(context, request))


urlpatterns = [path("", gallery, name="home"), *project_urls]
