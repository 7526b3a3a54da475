"""Which roles may open a page at all, and the one way to look a row up for a user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from designation.models import Role, User

View = Callable[..., HttpResponseBase]
NOT_SENT = "Nothing was done. Your form did not arrive, as when you had to sign in first. Send it again."


class SignedIn(HttpRequest):
    """A request as views get it: the middleware lets nobody through who is not signed in."""

    user: User


def role_required(*roles: Role) -> Callable[[View], View]:
    """Refuses the page, with status 403, to users who hold none of the roles."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require_role(request, roles)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def require_role(request: SignedIn, roles: Sequence[str]) -> None:
    """Raises PermissionDenied for a user who holds none of the roles."""
    if not request.user.has_role(*roles):
        raise PermissionDenied(f"This page is for: {', '.join(Role(role).label for role in roles)}.")


def post_only(back: Callable[..., str]) -> Callable[[View], View]:
    """Takes a form alone. Who comes by address is led to the page that `back` gives, called with the same arguments.

    So comes the browser after signing in, when the session had ended before a form was sent.
    """

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            messages.warning(request, NOT_SENT)
            return redirect(back(request, *args, **kwargs))

        return guarded

    return decorate


def visible_or_404(queryset: Any, request: SignedIn, **lookup: Any) -> Any:
    """The row of the queryset that fits, if the user may see it. Raises Http404."""
    row = queryset.visible_to(request.user).filter(**lookup).first()
    if row is None:
        raise Http404("Not found, or not yours to see.")
    return row
