"""Other systems and their keys, which operators keep as they keep accounts. A new key is shown once."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from audit.role_admin import RoleAdmin
from designation.admin.base import user_of
from designation.keys import save_with_new_key
from designation.models import ApiClient, Role


class KeyHolderForm(forms.ModelForm):
    new_key = forms.BooleanField(
        label="Make a new key",
        required=False,
        help_text="The old one ends at once. Who runs the other system enters the new one there.",
    )


class KeyHolderAdmin(RoleAdmin):
    """The systems of one kind; `address_name` is the URL at which they sign in."""

    changers: ClassVar[tuple[str, ...]] = (Role.OPERATOR,)
    address_name: ClassVar[str]

    form = KeyHolderForm
    list_display = ["name", "is_active", "added_by_name", "added_at"]
    readonly_fields = ["added_by_name", "added_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A system that is added gets its first key by itself."""
        if obj is None:
            return ["name", "is_active"]
        asked = ["new_key"] if self.has_change_permission(request, obj) else []
        return ["name", "is_active", *asked, "added_by_name", "added_at"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not form.cleaned_data.get("new_key"):
            super().save_model(request, obj, form, change)
        else:
            obj.made_key = save_with_new_key(obj, actor=user_of(request))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._shown(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._shown(request, obj) or super().response_change(request, obj)

    def _shown(self, request: HttpRequest, system: Any) -> HttpResponse | None:
        """The page with the key that was just made, which no browser or proxy keeps; None if none was."""
        key = getattr(system, "made_key", None)
        if key is None:
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key of {system}",
            "opts": self.opts,
            "system": system,
            "key": key,
            "address": request.build_absolute_uri(reverse(self.address_name)),
        }
        response = TemplateResponse(request, "admin/designation/key.html", context)
        add_never_cache_headers(response)
        return response


@admin.register(ApiClient)
class ApiClientAdmin(KeyHolderAdmin):
    readers: ClassVar[tuple[str, ...]] = (Role.AUDITOR,)
    address_name = "api:designations"
