"""What the admin pages of this app share."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.role_admin import RoleAdmin
from designation.models import User


class ScopedAdmin(RoleAdmin):
    """Shows each user the rows that are visible to him, and no others."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Unordered: the list orders it, also by what a subclass adds."""
        rows: Any = self.model._default_manager
        return rows.visible_to(user_of(request))


class FoundByName(admin.ModelAdmin):
    """Finds people also as they are written on paper, with a comma behind the last name."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.replace(",", " "))


def user_of(request: HttpRequest) -> User:
    """The signed-in user; the admin lets nobody else in."""
    return cast(User, request.user)
