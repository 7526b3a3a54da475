"""Completions, as lists of them read them. Each shows a user what is visible to him, and no more."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Concat

from audit.keyset import Part
from designation.models import Agent, User
from designation.models.names import named
from training.models import Completion
from training.models.completions import CompletionQuerySet

PASSED, FAILED, WITHDRAWN, NO_MORE = "passed", "failed", "withdrawn", "no-more"
RESULTS = {
    PASSED: "Passed, and counts",
    FAILED: "Failed, and counts",
    WITHDRAWN: "Withdrawn",
    NO_MORE: "Corrected since, or its file taken back",
}
LATEST = "-recorded"
SORTS = ("recorded", LATEST)


def find_completions(
    user: User,
    *,
    text: str = "",
    module: str = "",
    result: str = "",
    office: str = "",
    since: str = "",
    through: str = "",
) -> CompletionQuerySet:
    """The completions that the user may see and that fit all that is given.

    `text` is the beginning of a badge number, a username or a name, `module` and `office` are codes, `result` is one of
    `RESULTS`. `since` and `through` are the first and the last day of completion, as 2026-03-01.
    """
    found = Completion.objects.visible_to(user)
    if text:
        # Asked apart, since an index finds each: one condition with OR reads every row.
        every = Completion.objects.order_by().values("pk")
        of_agents = every.filter(agent__in=Agent.objects.search(text))
        found = found.filter(pk__in=of_agents.union(every.filter(user__in=users_named(text))))
    if module:
        found = found.filter(module__code=module)
    if office:
        of_office = Q(agent__in=Agent.objects.filter(office__code=office))
        found = found.filter(of_office | Q(user__in=User.objects.filter(office__code=office)))
    if since:
        found = found.filter(completed_on__gte=date.fromisoformat(since))
    if through:
        found = found.filter(completed_on__lte=date.fromisoformat(through))
    return _with_result(found, result) if result else found


def _with_result(found: CompletionQuerySet, result: str) -> CompletionQuerySet:
    if result == WITHDRAWN:
        return found.filter(withdrawn=True)
    if result == NO_MORE:
        return found.filter(withdrawn=False).exclude(pk__in=Completion.objects.standing().values("pk"))
    return found.standing().filter(passed=result == PASSED)


def users_named(text: str) -> QuerySet[User]:
    """Users whose username or name begins with each word of the text."""
    return User.objects.filter(named(text, "username", "first_name", "last_name"))


def completion_parts(found: QuerySet[Completion], sort: str) -> list[Part]:
    """What the list of the completions found consists of when it is sorted by one of `SORTS`."""
    return [Part(found, ("-pk",) if sort == LATEST else ("pk",))]


def with_completion_columns(found: CompletionQuerySet) -> QuerySet[Any]:
    """The completions with all that the list shows of them, in one query.

    `person_name` is as “Stone, Lee”, `person_key` the badge number or the username, `office_code` the person's office
    now; `counts` says whether it counts still.
    """
    named = {who: Concat(F(f"{who}__last_name"), Value(", "), F(f"{who}__first_name")) for who in ("agent", "user")}
    return found.select_related("module", "module_version", "imported").annotate(
        person_name=Case(
            When(agent__isnull=False, then=named["agent"]),
            When(user__last_name="", then=F("user__username")),
            default=named["user"],
        ),
        person_key=Coalesce(F("agent__badge_number"), F("user__username")),
        office_code=Coalesce(F("agent__office__code"), F("user__office__code"), Value("")),
        counts=Exists(Completion.objects.standing().filter(pk=OuterRef("pk"))),
    )
