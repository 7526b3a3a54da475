"""What all lists have: views that people keep under a name, chosen columns, and an export of what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset
from audit.exports import Export, orders
from audit.exports.listing import Listing, listed
from designation.fields import is_key
from designation.lists import saved_views
from designation.lists.asked import EVERYTHING, SORT, VIEW, ListOf
from designation.lists.columns import PARAMETER
from designation.lists.forms import ExportListForm, KeepViewForm, ListColumnsForm, ViewForm
from designation.lists.kinds import kinds
from designation.models import SavedView
from designation.views.access import SignedIn, View, require_role


def shown_list(request: SignedIn, of: ListOf) -> tuple[dict[str, Any], str]:
    """What the page shows of views and columns, and where it leads instead: to the view that opens first.

    One query.
    """
    views = list(SavedView.objects.visible_to(request.user).filter(list=of.kind.name).select_related("owner"))
    first = next((view for view in views if view.opens_first and view.owner_id == request.user.pk), None)
    address = of.address
    if first is not None and not address:
        return {}, first.url
    current = next((view for view in views if str(view.pk) == address.get(VIEW)), None)
    query = request.GET.urlencode()
    context = {
        "of": of,
        "views": views,
        "view": current,
        "view_changed": current is not None and of.asked != current.asked,
        "everything_url": f"{of.kind.url}?{urlencode({VIEW: EVERYTHING})}" if first else of.kind.url,
        "is_everything": current is None and not of.asked,
        "no_longer": of.no_longer(of.address),
        "kept": {name: address[name] for name in (PARAMETER, VIEW) if address.get(name)},
        "query": query,
    }
    return context, ""


def _list_or_404(request: SignedIn, name: str) -> ListOf:
    """The list with what the address asks for. Raises Http404, and PermissionDenied where it is not for the user."""
    kind = kinds().get(name)
    if kind is None:
        raise Http404("There is no such list.")
    require_role(request, kind.roles)
    return ListOf(kind, request.user, request.GET.dict())


def for_readers_of_lists(view: View) -> View:
    """Lets in who opens any of the lists."""

    @wraps(view)
    def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_role(request, list(dict.fromkeys(role for kind in kinds().values() for role in kind.roles)))
        return view(request, *args, **kwargs)

    return guarded


def _with_address(url: str, address: Mapping[str, str]) -> str:
    return f"{url}?{urlencode(address)}" if address else url


@require_http_methods(["GET", "HEAD", "POST"])
def list_columns(request: SignedIn, name: str) -> HttpResponse:
    """Asks which columns the list shows, and leads back to it with them in the address."""
    of = _list_or_404(request, name)
    data = request.POST if request.method == "POST" else None
    form = ListColumnsForm(data, catalogue=of.kind.catalogue, shown=of.shown)
    if form.is_valid():
        return redirect(_with_address(of.kind.url, {**of.address, PARAMETER: ",".join(form.chosen())}))
    usual = {key: value for key, value in of.address.items() if key != PARAMETER}
    context = {
        "of": of,
        "form": form,
        "list_url": _with_address(of.kind.url, of.address),
        "usual_url": _with_address(of.kind.url, usual or {VIEW: EVERYTHING}),
    }
    return render(request, "designation/list_columns.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def view_keep(request: SignedIn, name: str) -> HttpResponse:
    """Keeps what the list shows, as the address says, under a name or in place of another view."""
    of = _list_or_404(request, name)
    form = KeepViewForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        views=SavedView.objects.of(request.user).filter(list=of.kind.name),
        initial={"replaces": of.address.get(VIEW) if is_key(of.address.get(VIEW, "")) else None},
    )
    if form.is_valid() and (view := _kept(request, of, form)):
        messages.success(request, f"The view “{view}” is kept.")
        return redirect(view.url)
    context = {
        "of": of,
        "form": form,
        "rows": of.in_words(of.asked),
        "no_longer": of.no_longer(of.asked),
        "list_url": _with_address(of.kind.url, of.address),
    }
    return render(request, "designation/view_keep.html", context)


def _kept(request: SignedIn, of: ListOf, form: KeepViewForm) -> SavedView | None:
    """The view, or None where the form says why it cannot be."""
    replaced = form.cleaned_data.get("replaces")
    if replaced:
        return saved_views.replace(replaced, of.asked, by=request.user)
    try:
        return saved_views.keep(request.user, of.kind.name, asked=of.asked, **form.settings())
    except ValidationError as error:
        form.add_error(None, error)
        return None


@require_safe
@for_readers_of_lists
def view_list(request: SignedIn) -> HttpResponse:
    """The user's own views, of all lists."""
    lists = {name: ListOf(kind, request.user) for name, kind in kinds().items()}
    items = [
        {
            "view": view,
            "kind": lists[view.list].kind,
            "rows": lists[view.list].in_words(view.asked),
            "no_longer": lists[view.list].no_longer(view.asked),
        }
        for view in SavedView.objects.of(request.user).filter(list__in=lists)
    ]
    return render(request, "designation/view_list.html", {"items": items})


def _own_or_404(request: SignedIn, pk: int) -> SavedView:
    view = SavedView.objects.of(request.user).filter(pk=pk).first()
    if view is None:
        raise Http404("Not found, or not yours to change.")
    return view


@require_http_methods(["GET", "HEAD", "POST"])
@for_readers_of_lists
def view_change(request: SignedIn, pk: int) -> HttpResponse:
    """Renames the view, and says whether the list opens with it."""
    view = _own_or_404(request, pk)
    initial = {"name": view.name, "opens_first": view.opens_first, "shared": view.shared_with_id is not None}
    form = ViewForm(request.POST if request.method == "POST" else None, user=request.user, initial=initial)
    if form.is_valid() and _changed(request, view, form):
        messages.success(request, f"The view “{view}” is changed.")
        return redirect("designation:view_list")
    return render(request, "designation/view_change.html", {"view": view, "form": form})


def _changed(request: SignedIn, view: SavedView, form: ViewForm) -> bool:
    try:
        saved_views.change(view, by=request.user, **form.settings())
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@for_readers_of_lists
def view_delete(request: SignedIn, pk: int) -> HttpResponse:
    """Asks, and deletes the view."""
    view = _own_or_404(request, pk)
    if request.method == "POST":
        saved_views.delete(view, by=request.user)
        messages.success(request, f"The view “{view}” is deleted.")
        return redirect("designation:view_list")
    context = {
        "view": view,
        "heading": f"Delete the view “{view}”?",
        "submit": "Delete the view",
        "danger": True,
        "cancel_url": reverse("designation:view_list"),
    }
    return render(request, "designation/view_delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def list_export(request: SignedIn, name: str) -> HttpResponse:
    """What the file of the list will hold, as the address says; a post has it made in the format chosen."""
    of = _list_or_404(request, name)
    if not of.kind.is_exported:
        raise Http404("This list is not exported.")
    filters = of.form.filters()
    form = ExportListForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        in_words = {row["label"]: row["value"] for row in of.in_words(of.asked)}
        listing = Listing(filters, of.address.get(SORT, ""), tuple(of.shown.names), in_words)
        export = listed(of.kind.export, user=request.user, listing=listing)
        return _ordered(request, export, form.cleaned_data["format"])
    found = of.kind.find(request.user, **filters)
    context = {
        "of": of,
        "form": form,
        "count": keyset.count_of(found, exactly=of.address.get(keyset.COUNT) == keyset.ALL),
        "rows": of.in_words(of.asked),
        "no_longer": of.no_longer(of.address),
        "list_url": _with_address(of.kind.url, of.address),
    }
    return render(request, "designation/list_export.html", context)


def _ordered(request: SignedIn, export: Export, format: str) -> HttpResponse:
    try:
        file = orders.order_export(export, format=format, owner=request.user)
    except orders.OrderRefused as error:
        messages.error(request, str(error))
        return redirect("audit:export_list")
    return redirect("audit:export_detail", key=file.key)
