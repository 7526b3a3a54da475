"""What other apps show on the pages of a request or an agent, as the settings list it.

A panel function takes the row and the user and returns a Panel, or None where it has nothing to say. Listed by dotted
path in settings.DESIGNATION_PANELS under "request" and "agent"; the pages and the admin show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from designation.models import User


@dataclass(frozen=True)
class Panel:
    """A part of a page: under `heading`, the template with `context` as `panel`."""

    heading: str
    template: str
    context: Mapping[str, Any]


def panels_of(what: str, row: Any, user: User) -> list[Panel]:
    """The panels of a page, in the order of the settings. `what` is "request" or "agent"."""
    return [panel for function in _functions(what) if (panel := function(row, user)) is not None]


@cache
def _functions(what: str) -> tuple[Callable[[Any, User], Panel | None], ...]:
    return tuple(import_string(path) for path in settings.DESIGNATION_PANELS[what])
