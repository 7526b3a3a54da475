"""Views of lists that people keep under a name. Nothing else writes them."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from designation.models import Office, Role, SavedView, User

MOST = 20
LONGEST_NAME = 60


def may_share(user: User) -> bool:
    """Coordinators share views with their office."""
    return user.has_role(Role.COORDINATOR)


@transaction.atomic
def keep(
    owner: User, of: str, name: str, asked: Mapping[str, str], *, opens_first: bool = False, shared: bool = False
) -> SavedView:
    """A new view of the list. Raises ValidationError for a name that he has, and for one view too many."""
    _one_at_a_time(owner)
    if SavedView.objects.of(owner).filter(list=of).count() >= MOST:
        raise ValidationError(f"You have {MOST} views of this list. Delete one, or put this in place of one.")
    view = SavedView(owner=owner, list=of, asked=dict(asked))
    return _saved(view, name=name, opens_first=opens_first, shared=shared)


@transaction.atomic
def replace(view: SavedView, asked: Mapping[str, str], *, by: User) -> SavedView:
    """Puts what is asked now in place of what the view asked; its name stays."""
    _of_himself(view, by)
    view.asked = dict(asked)
    view.save(update_fields=["asked"])
    return view


@transaction.atomic
def change(view: SavedView, *, name: str, opens_first: bool, shared: bool, by: User) -> SavedView:
    """Renames the view, and says whether the list opens with it and the office sees it. Raises ValidationError."""
    _of_himself(view, by)
    _one_at_a_time(by)
    return _saved(view, name=name, opens_first=opens_first, shared=shared)


def delete(view: SavedView, *, by: User) -> None:
    """Removes the view; what it showed is untouched."""
    _of_himself(view, by)
    view.delete()


def _saved(view: SavedView, *, name: str, opens_first: bool, shared: bool) -> SavedView:
    others = SavedView.objects.of(view.owner).filter(list=view.list).exclude(pk=view.pk)
    if taken := others.filter(name__iexact=name).first():
        raise ValidationError({"name": f"You have a view “{taken}” of this list. Choose another name."})
    if opens_first:
        others.filter(opens_first=True).update(opens_first=False)
    view.name, view.opens_first = name, opens_first
    view.shared_with = _office_of(view.owner) if shared else None
    view.save()
    return view


def _office_of(user: User) -> Office | None:
    if not may_share(user):
        raise PermissionDenied("Only a coordinator shares views with his office.")
    return user.office


def _one_at_a_time(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _of_himself(view: SavedView, user: User) -> None:
    if view.owner_id != user.pk:
        raise PermissionDenied("Only its owner changes a view.")
