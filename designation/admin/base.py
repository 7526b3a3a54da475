"""What the admin pages of this app share."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from audit.role_admin import RoleAdmin


class ScopedAdmin(RoleAdmin):
    """Shows each user the rows that are visible to him, and no others."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Unordered: the list orders it, also by what a subclass adds."""
        return self.model._default_manager.visible_to(request.user)
