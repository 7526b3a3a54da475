"""The admin, which is where DEA reviews: who may enter, and where he lands."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from designation.models import Role
from designation.permissions import DEA_ROLES, STAFF_ROLES

APPS = ("designation", "training", "audit")


class TitleAdminSite(AdminSite):
    site_title = "Title 21 cross-designation"
    site_header = "Title 21 cross-designation"
    index_title = "Records"
    enable_nav_sidebar = False  # the header names the records; the lists need the width

    def has_permission(self, request: HttpRequest) -> bool:
        return _holds(request, *STAFF_ROLES)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in page. Raises PermissionDenied for who has signed in and may not enter."""
        index = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect(index)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME, index))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one page where people choose their own passwords."""
        return redirect("password_change")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The apps in the order in which people work with them; in each, requests first."""
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: (model["object_name"] != "Request", model["name"]))
        return sorted(found, key=lambda app: APPS.index(app["app_label"]) if app["app_label"] in APPS else len(APPS))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Reviewers land on their queue, everybody else on the list of records."""
        if _holds(request, *DEA_ROLES):
            return redirect("admin:designation_request_changelist")
        return super().index(request, extra_context)


def _holds(request: HttpRequest, *roles: Role) -> bool:
    user = request.user
    return user.is_authenticated and user.has_role(*roles)
