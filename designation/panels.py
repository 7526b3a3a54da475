"""What other apps show on the home page and those of a request, an agent, or an act on requests, as the settings list.

A panel function takes the row and the user and returns a Panel, or None where it has nothing to say. Listed by dotted
path in settings.DESIGNATION_PANELS under "request", "agent", "act" and "home"; the pages and the admin show the same.
An act's row is an Act, the home page's is the user. Of an agent the function also takes the fields of the page's
address, so that it can be asked something there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from designation.models import Request, User


@dataclass(frozen=True)
class Panel:
    """A part of a page: under `heading`, the template with `context` as `panel`."""

    heading: str
    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """An act that is about to be made on requests, by the name of its transition."""

    name: str
    requests: Sequence[Request]


def panels_of(what: str, row: Any, user: User, *more: Mapping[str, str]) -> list[Panel]:
    """The panels of a page, in the order of the settings. `what` is "request", "agent", "act" or "home"."""
    return [panel for function in _functions(what) if (panel := function(row, user, *more)) is not None]


@cache
def _functions(what: str) -> tuple[Callable[..., Panel | None], ...]:
    return tuple(import_string(path) for path in settings.DESIGNATION_PANELS[what])
