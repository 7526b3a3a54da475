"""The lists there are: each is one `ListKind` that `settings.DESIGNATION_LISTS` names. Other apps add theirs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.module_loading import import_string

from designation.lists.columns import Catalogue


@dataclass(frozen=True)
class ListKind:
    """A list that people filter, choose columns of, keep views of and export.

    `name` stands in addresses and is kept with views. `row` is what one of its rows is called, `roles` are those that
    open it. `form` takes the address and `user`; what its `filters()` gives, `find` takes beside the user, and gives
    the rows that he may see.
    """

    name: str
    label: str
    row: str
    url_name: str
    roles: Sequence[str]
    form: Callable[..., Any]
    find: Callable[..., QuerySet[Any]]
    catalogue: Catalogue
    default_columns: Callable[[Any], Sequence[str]]
    default_sort: str = ""

    @property
    def url(self) -> str:
        return reverse(self.url_name)

    @property
    def export(self) -> str:
        """What `settings.AUDIT_LISTS` and the records call its export."""
        return f"list of {self.name}"

    @property
    def is_exported(self) -> bool:
        return self.export in settings.AUDIT_LISTS


@cache
def kinds() -> Mapping[str, ListKind]:
    """All lists, by name, in the order of the settings."""
    found: list[ListKind] = [import_string(path) for path in settings.DESIGNATION_LISTS]
    return {kind.name: kind for kind in found}
