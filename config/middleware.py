"""What holds for every page before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

OPEN = {"password_change", "logout", "admin:logout", "login"}


class NoNulMiddleware:
    """Knows that nothing is called by a NUL character, which no text of the database can hold."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404("There is no such page.")
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a character that no text here can hold.")
        return self.get_response(request)


class OwnPasswordMiddleware:
    """Leads whoever signed in with a password that somebody else set to the page where he chooses his own.

    Until then he may do nothing but that, and sign out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user: Any = request.user
        if not user.is_authenticated or not user.must_change_password:
            return None
        match = request.resolver_match
        return None if match and match.view_name in OPEN else redirect("password_change")
