"""Admin pages whose permissions are the user's roles; Django's permissions, groups and superusers count for nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class RoleAdmin(admin.ModelAdmin):
    """Read by `readers`, changed and added to by `changers`. Nobody deletes."""

    readers: ClassVar[tuple[str, ...]] = ()
    changers: ClassVar[tuple[str, ...]] = ()

    show_full_result_count = False

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
