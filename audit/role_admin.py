"""Admin pages whose permissions are the user's roles; Django's permissions, groups and superusers count for nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst


class RoleAdmin(admin.ModelAdmin):
    """Read by `readers`, changed and added to by `changers`. Nobody deletes."""

    readers: ClassVar[tuple[str, ...]] = ()
    changers: ClassVar[tuple[str, ...]] = ()

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Plain fields: no pop-ups beside a choice to add or change what it offers."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request, *self.readers, *self.changers)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request, *self.changers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _holds(request, *self.changers)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


def _holds(request: HttpRequest, *roles: str) -> bool:
    user: Any = request.user
    return bool(user.has_role(*roles))
