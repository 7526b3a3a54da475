"""What people say of a list: its columns, and the name of a view."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from audit.exports import FORMATS, listing
from designation.fields import Form
from designation.lists import saved_views
from designation.lists.columns import Catalogue, Chosen
from designation.models import SavedView, User

NOT_SHOWN = 0


class ListColumnsForm(Form):
    """The place of each column, or that it is not shown. Of several at one place, those come first that were moved."""

    def __init__(self, data: Any = None, *, catalogue: Catalogue, shown: Chosen) -> None:
        super().__init__(data)
        self.before = {name: place for place, name in enumerate(shown.names, 1)}
        places = [(place, str(place)) for place in range(1, len(catalogue.columns) + 1)]
        for column in catalogue.columns:
            always = column.name == catalogue.always
            self.fields[column.name] = forms.TypedChoiceField(
                label=column.label,
                coerce=int,
                choices=places if always else [(NOT_SHOWN, "Not shown"), *places],
                initial=self.before.get(column.name, NOT_SHOWN),
            )

    def chosen(self) -> list[str]:
        """The names of the columns to show, in order."""
        places = {name: place for name, place in self.cleaned_data.items() if place != NOT_SHOWN}
        return sorted(places, key=lambda name: (places[name], self.before.get(name) == places[name]))


class ExportListForm(Form):
    format = forms.ChoiceField(label="Format", choices=[(name, FORMATS[name].label) for name in listing.FORMATS])


class ViewForm(Form):
    """The name of a view, and what is done with it."""

    name = forms.CharField(
        label="Name of the view", max_length=saved_views.LONGEST_NAME, help_text="As “Late, by office”."
    )
    opens_first = forms.BooleanField(label="The list opens with it", required=False)
    shared = forms.BooleanField(
        label="Share it with my office",
        required=False,
        help_text="Colleagues find it above the list. It shows each of them what he may see.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not saved_views.may_share(user):
            del self.fields["shared"]

    def settings(self) -> dict[str, Any]:
        """As `saved_views.change` takes them."""
        return {"shared": False, **{name: self.cleaned_data[name] for name in ("name", "opens_first")}} | {
            name: self.cleaned_data[name] for name in ("shared",) if name in self.fields
        }


class KeepViewForm(ViewForm):
    """Keeps what a list shows: as a new view, or in place of one."""

    replaces = forms.ModelChoiceField(
        label="In place of",
        queryset=SavedView.objects.none(),
        required=False,
        empty_label="None: it is a new view",
        help_text="That view keeps its name, and is opened and shared as before. What it asked for is replaced.",
        error_messages={"invalid_choice": "That view is gone. Choose another, or keep this as a new view."},
    )
    field_order = ["replaces", "name", "opens_first", "shared"]

    def __init__(self, *args: Any, user: User, views: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        fields: dict[str, Any] = self.fields
        if views:
            fields["replaces"].queryset = views
            fields["name"].required = False
        else:
            del fields["replaces"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not values.get("replaces") and not values.get("name"):
            raise ValidationError({"name": "Enter the name of the view, or choose the one that it replaces."})
        return values
