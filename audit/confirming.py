"""Admin forms that say what will happen, and are taken once their user has seen it; what is refused keeps the input."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.functional import cached_property

from audit.role_admin import RoleAdmin

LOOK = "Look at what will happen."


class ConfirmedForm(forms.ModelForm):
    """Asks again, with `asks` to show, unless what was posted is what its user has seen the consequences of."""

    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)
    refused: ClassVar[str] = ""
    """Why an attempt to save what was posted was refused, if it was."""
    asks: list[str]

    def consequences(self) -> list[str]:
        """What saving the cleaned data will do, in sentences; none where nothing needs to be asked.

        Raises ValidationError where it is sure to be refused.
        """
        raise NotImplementedError

    @cached_property
    def changed_data(self) -> list[str]:
        """Without the hidden field, which the history of changes would name."""
        return [name for name in super().changed_data if name != "confirmed"]

    def full_clean(self) -> None:
        self.asks = []
        super().full_clean()
        if self.refused and not self.errors:
            self.add_error(None, self.refused)
        if not self.is_bound or self.errors or self.cleaned_data["confirmed"] == self._posted():
            return
        try:
            self.asks = self.consequences()
        except forms.ValidationError as refused:
            self.add_error(None, refused)
        if self.asks:
            self.data = self._posted_data().copy()
            self.data[self.add_prefix("confirmed")] = self._posted()
            self.add_error(None, LOOK)

    def _posted(self) -> str:
        posted = self._posted_data()
        values = [posted.getlist(self.add_prefix(name)) for name in self.fields if name != "confirmed"]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()

    def _posted_data(self) -> QueryDict:
        return cast(QueryDict, self.data)


class ConfirmingAdmin(RoleAdmin):
    """Adds and changes by `ConfirmedForm`. An exception of `refusals` from `save_model` is shown above the form.

    Who posts what another has done meanwhile is led back to the object's page and told so.
    """

    change_form_template = "admin/audit/confirmed_form.html"
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    def confirmed_form(self, request: HttpRequest, form: type[ConfirmedForm]) -> type[ConfirmedForm]:
        """The form as this request is to have it."""
        return type(form.__name__, (form,), {"refused": getattr(request, "refused", "")})

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return self._form_or_done(request, object_id, form_url, extra_context)
        except self.refusals as refused:
            request.refused = str(refused)  # type: ignore[attr-defined]
            return self._form_or_done(request, object_id, form_url, extra_context)

    def _form_or_done(self, request: HttpRequest, object_id: Any, form_url: str, extra_context: Any) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id)) if request.method == "POST" and object_id else None
        if obj is not None and (said := self.done_already(request, obj)):
            self.message_user(request, f"{said} Nothing was changed.", messages.WARNING)
            return redirect(request.path)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def done_already(self, request: HttpRequest, obj: Any) -> str:
        """Who did what the user may do to the object, and when, in a sentence; empty where nobody did."""
        raise NotImplementedError

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        asks = getattr(context["adminform"].form, "asks", [])
        if asks:
            context |= {"asks": asks, "errors": None}
        return super().render_change_form(request, context, *args, **kwargs)
