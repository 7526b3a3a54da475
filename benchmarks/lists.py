"""SQL time of the first page of each list against a page deep in it, for every order and the common filters.

Both are whole responses: the keys of the page, its rows, its counts, and whatever else the page asks the database. The
deep page begins at nine tenths of the list's longest part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from audit.keyset import AFTER, Part, Position
from benchmarks.harness import ROUNDS, Check, main
from benchmarks.users import signed_in, user_with
from designation import agent_selectors, selectors
from designation.forms import RequestFilterForm
from designation.models import Agent, Designation, Request, User
from designation.views.agents import BY_NAME
from training.selectors import completions as completion_selectors

DEEP = 0.9
MOST = 2
TURNS = 3  # in each round: responses are so quick that one on a busy machine says little
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"office": "HSI-MIA"},
    {"state": "denied"},
    {"kind": "renewal", "priority": "expedited"},
)
DESIGNATION_FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"office": "HSI-MIA"},
    {"state": "live"},
    {"state": "expired"},
    {"ends": "90"},
    {"office": "HSI-MIA", "state": "live"},
)
COMPLETION_FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"office": "HSI-MIA"},
    {"result": "passed"},
    {"result": "failed"},
    {"since": "2026-01-01", "through": "2026-03-31"},
)
AGENT_FILTERS: tuple[dict[str, str], ...] = ({}, {"office": "HSI-MIA"}, {"designated": "yes"}, {"designated": "no"})
ADMIN_LISTS: tuple[tuple[type[Any], Mapping[str, str]], ...] = (
    (Request, {"queue": "all"}),
    (Request, {"queue": "all", "o": "7"}),
    (Request, {"queue": "all", "o": "8"}),
    (Designation, {}),
    (Agent, {}),
)


@dataclass(frozen=True)
class Listed:
    """A list as its address asks for it, and the parts that it consists of."""

    name: str
    url: str
    address: Mapping[str, str]
    parts: Sequence[Part]

    def at(self, position: Position | None) -> str:
        asked = {**self.address, **({AFTER: str(position)} if position else {})}
        return f"{self.url}?{urlencode(asked)}"

    def deep(self) -> Position:
        """The position of the row at nine tenths of the longest part."""
        sizes = [part.rows.order_by().count() for part in self.parts]
        index = sizes.index(max(sizes))
        place = int(sizes[index] * DEEP)
        *_before, row = self.parts[index].keys(place + 1, None, backwards=False)[place:]
        return Position(index, row[1:])


def measure() -> tuple[list[Check], Mapping[str, float]]:
    settings.ALLOWED_HOSTS = ["testserver"]
    staff, auditor = user_with("hsi_hq", "HSI-HQ"), user_with("auditor")
    seconds: dict[str, float] = {}
    checks = []
    of_staff = [
        *_request_lists(staff),
        *_designation_lists(staff),
        *_agent_lists(staff),
        *_completion_lists(staff),
    ]
    for asking, lists in ((staff, of_staff), (auditor, _admin_lists(auditor))):
        client = signed_in(asking)
        for listed in lists:
            first, deep = _sql_seconds(client, [listed.at(None), listed.at(listed.deep())])
            seconds |= {f"{listed.name}, first page": first, f"{listed.name}, deep": deep}
            checks.append(Check(f"{listed.name}: a deep page against the first", deep / first, MOST, "times"))
    return checks, seconds


def _request_lists(user: User) -> Iterator[Listed]:
    for asked in FILTERS:
        filters = RequestFilterForm(asked, user=user).filters()
        for sort in selectors.SORTS:
            found = selectors.find_requests(user, **filters)
            parts = selectors.request_parts(found, sort, selectors.states_asked_for(**filters))
            name = ", ".join(["requests", *asked.values(), f"by {sort}"])
            yield Listed(name, reverse("designation:request_list"), {**asked, "sort": sort}, parts)


def _designation_lists(user: User) -> Iterator[Listed]:
    for asked in DESIGNATION_FILTERS:
        for sort in agent_selectors.DESIGNATION_SORTS:
            parts = agent_selectors.designation_parts(agent_selectors.find_designations(user, **asked), sort)
            name = ", ".join(["designations", *asked.values(), f"by {sort}"])
            yield Listed(name, reverse("designation:designation_list"), {**asked, "sort": sort}, parts)


def _agent_lists(user: User) -> Iterator[Listed]:
    for asked in AGENT_FILTERS:
        parts = [Part(agent_selectors.find_agents(user, **asked), BY_NAME)]
        name = ", ".join(["agents", *(f"{name} {value}" for name, value in asked.items())])
        yield Listed(name, reverse("designation:agent_list"), asked, parts)


def _completion_lists(user: User) -> Iterator[Listed]:
    for asked in COMPLETION_FILTERS:
        for sort in completion_selectors.SORTS:
            parts = completion_selectors.completion_parts(
                completion_selectors.find_completions(user, **asked).order_by(), sort
            )
            name = ", ".join(["completions", *asked.values(), f"by {sort}"])
            yield Listed(name, reverse("training:completion_list"), {**asked, "sort": sort}, parts)


def _admin_lists(user: User) -> Iterator[Listed]:
    for model, address in ADMIN_LISTS:
        model_admin: Any = admin.site.get_model_admin(model)
        url = reverse(f"admin:designation_{model._meta.model_name}_changelist")
        request = RequestFactory().get(url, address)
        request.user = user
        shown = model_admin.get_changelist_instance(request)
        parts = model_admin.parts(request, shown.queryset, shown.order)
        yield Listed(f"admin: {model._meta.verbose_name_plural} by {shown.order}", url, address, parts)


def _sql_seconds(client: Client, urls: Sequence[str]) -> list[float]:
    """The least SQL seconds of a response from each address, asked in turn: what a busy machine adds is left out."""
    rounds = [[_one(client, url) for url in urls] for _ in range(ROUNDS * TURNS)]
    return [min(each) for each in zip(*rounds, strict=True)]


def _one(client: Client, url: str) -> float:
    spent: list[float] = []
    with _timed(spent):
        response = client.get(url)
        assert response.status_code == 200, response
    return sum(spent)


@contextmanager
def _timed(spent: list[float]) -> Iterator[None]:
    """Adds the seconds of each query to the list."""

    def wrapper(execute: Callable[..., Any], *query: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*query)
        finally:
            spent.append(time.perf_counter() - begun)

    with connection.execute_wrapper(wrapper):
        yield


if __name__ == "__main__":
    main("Lists", measure)
