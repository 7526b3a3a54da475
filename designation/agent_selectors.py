"""Agents and their designations, as lists of them read them. Each shows a user what is visible to him, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from audit.keyset import Part
from designation.models import Agent, Designation, Request, User
from designation.models.designations import LIVE, DesignationQuerySet
from designation.models.designations import Status as Standing
from designation.models.people import AgentQuerySet
from designation.selectors import matching

DESIGNATION_SORTS = ("from", "-from", "until", "-until")
NEWEST = "-from"
LIVE_ONES = "live"
YES, NO = "yes", "no"
STANDINGS = {YES: Standing.ACTIVE, "suspended": Standing.SUSPENDED}  # of a live designation
RENEWED_WITHIN = 90  # days before the end, since a renewal ends the term that runs


def find_designations(
    user: User, *, text: str = "", state: str = "", office: str = "", ends: str = ""
) -> DesignationQuerySet:
    """The designations that the user may see and that fit all that is given.

    `text` is a number or the beginning of a badge number or name, `state` how they stand today or LIVE_ONES, `office` a
    code, `ends` within how many days from today the live ones end.
    """
    found = Designation.objects.visible_to(user)
    if office:
        found = found.filter(office__code=office)
    if state:
        found = found.standing(LIVE if state == LIVE_ONES else [state])
    if ends:
        found = found.standing(LIVE).filter(valid_until__lte=timezone.localdate() + timedelta(days=int(ends)))
    return found.filter(matching(Designation, text.strip(), pk="request")) if text.strip() else found


def designation_parts(found: QuerySet[Designation], sort: str) -> list[Part]:
    """What the list of the designations found consists of when it is sorted by one of `DESIGNATION_SORTS`."""
    sign, column = sort.rpartition("-")[1:]
    return [Part(found, (f"{sign}valid_{column}", f"{sign}pk"))]


def with_designation_columns(found: DesignationQuerySet, user: User) -> QuerySet[Any]:
    """The designations with all that the list shows of them, in one query.

    `agent_is_visible` and `request_is_visible` say whether the user may see the agent, who may be at another office by
    now, and the request that it came from.
    """
    rows = found.select_related("agent__office", "office", "agreement").with_standing()
    rows = rows.annotate(
        request_number=F("request__number"),
        request_is_visible=Exists(Request.objects.visible_to(user).filter(pk=OuterRef("request"))),
        agent_is_visible=Exists(Agent.objects.visible_to(user).filter(pk=OuterRef("agent"))),
    )
    return with_open_request(rows, user, agent="agent")


def find_agents(
    user: User, *, text: str = "", office: str = "", active: str = "", designated: str = ""
) -> AgentQuerySet:
    """The agents that the user may see and that fit all that is given.

    `text` is the beginning of a badge number or name, `office` a code, `active` YES or NO, `designated` one of
    STANDINGS, or NO for whoever has no live designation, of whichever office.
    """
    found = Agent.objects.visible_to(user).search(text)
    if office:
        found = found.filter(office__code=office)
    if active:
        found = found.filter(is_active=active == YES)
    if not designated:
        return found
    held = Designation.objects.held(LIVE if designated == NO else [STANDINGS[designated]])
    holds = Exists(held.filter(agent=OuterRef("pk")))
    return found.filter(~holds if designated == NO else holds)


def with_agent_columns(found: AgentQuerySet, user: User) -> QuerySet[Any]:
    """The agents with all that the list shows of them, in one query.

    `designated` is how the live designation stands, of whichever office it is, and empty without one;
    `designated_until` its last day, if the user may see it.
    """
    live = Designation.objects.held().filter(agent=OuterRef("pk"))
    seen = live.visible_to(user)
    rows = found.select_related("office").annotate(
        designated=Subquery(live.values("state")[:1]), designated_until=Subquery(seen.values("valid_until")[:1])
    )
    return with_open_request(rows, user)


def with_open_request(rows: QuerySet[Any], user: User, agent: str = "pk") -> QuerySet[Any]:
    """Adds whether the agent `has_open_request`, and in `open_request` its number if the user may see it.

    The rows are agents, or have them as `agent`.
    """
    under_way = Request.objects.open().filter(agent=OuterRef(agent))
    seen = under_way.visible_to(user).values("number")
    return rows.annotate(has_open_request=Exists(under_way), open_request=Subquery(seen[:1]))
