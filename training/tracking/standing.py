"""How people stand in the modules that are required of them, on any day: the one rule, as one SQL statement.

A person is required to have the modules of the requirements that are in force on the day for his audience. Of his
passes that stand, the latest counts; it is valid for as many calendar months as the requirement says, as PostgreSQL
adds them, its last day included. As of a past day, only records made by then count. docs/decisions/0016 says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.statements import SQL, rows_of, sql_of
from designation.models import Agent, Designation, Request, Role, User
from training.models import Audience

EXPIRING_DAYS = 60  # before its last day, a completion is called expiring


class Status(models.TextChoices):
    MET = "met", "Met"
    EXPIRING = "expiring", "Expiring"
    WAIVED = "waived", "Waived"
    NOT_AVAILABLE = "not_available", "Not yet available"
    RETIRED = "retired", "No longer available"
    EXPIRED = "expired", "Expired"
    MISSING = "missing", "Missing"


COMPLETE = (Status.MET.value, Status.EXPIRING.value)
UNAVAILABLE = (Status.NOT_AVAILABLE.value, Status.RETIRED.value)
LACKING = (Status.MISSING.value, Status.EXPIRED.value)


@dataclass(frozen=True)
class Person:
    """An agent or a user, by primary key, and as which audience he is asked."""

    audience: str
    agent: int | None = None
    user: int | None = None


@dataclass(frozen=True)
class Standing:
    """How one person stands to one requirement. `valid_until` and `waived_until` are last days; None is no end."""

    agent: int | None
    user: int | None
    requirement: int
    module: int
    status: str
    completed_on: date | None
    valid_until: date | None
    waived_until: date | None

    @property
    def label(self) -> str:
        return str(Status(self.status).label)


# A completion that stands: not corrected, withdrawn or taken back by records made before `known_before`.
STANDS = """
completion.passed AND NOT completion.withdrawn
AND completion.completed_on <= %(on)s AND completion.recorded_at < %(known_before)s
AND NOT EXISTS (
    SELECT FROM training_completion AS correction
    WHERE correction.corrects_id = completion.id AND correction.recorded_at < %(known_before)s
)
AND NOT EXISTS (
    SELECT FROM training_completionimport AS file
    WHERE file.id = completion.imported_id AND file.taken_back_at < %(known_before)s
)
"""
# For each person and module one index look-up that ends at the first that stands: no plan here hangs on statistics.
# OFFSET 0 keeps PostgreSQL from looking again wherever the day is named.
LATEST = f"""
(
    SELECT completion.completed_on FROM training_completion AS completion
    WHERE completion.{{key}} = person.{{key}} AND completion.module_id = rule.module_id AND {STANDS}
    ORDER BY completion.completed_on DESC LIMIT 1
)
"""
WAIVED = """
(
    SELECT max(waiver.until) FROM training_waiver AS waiver
    WHERE waiver.{key} = person.{key} AND waiver.module_id = rule.module_id
      AND waiver.granted_on <= %(on)s AND waiver.until >= %(on)s
      AND (waiver.ended_on IS NULL OR waiver.ended_on > %(on)s)
)
"""
STANDING = f"""
WITH person AS MATERIALIZED ({{people}}),
rule AS MATERIALIZED (
    SELECT requirement.id, requirement.module_id, requirement.valid_months, asked.audience,
           EXISTS (
               SELECT FROM training_moduleversion AS version
               WHERE version.module_id = requirement.module_id AND version.published_on <= %(on)s
                 AND (version.ended_on IS NULL OR version.ended_on > %(on)s)
           ) AS available,
           EXISTS (
               SELECT FROM training_moduleversion AS version
               WHERE version.module_id = requirement.module_id AND version.published_on <= %(on)s
           ) AS once_published
    FROM training_requirement AS requirement CROSS JOIN unnest(requirement.audience) AS asked (audience)
    WHERE requirement.effective_from <= %(on)s
      AND (requirement.effective_until IS NULL OR requirement.effective_until > %(on)s)
),
found AS (
    SELECT person.agent_id, person.user_id, rule.id AS requirement_id, rule.module_id, rule.available,
           rule.once_published,
           pass.completed_on,
           (pass.completed_on + make_interval(months => rule.valid_months))::date AS valid_until,
           waiver.until AS waived_until
    FROM person
    JOIN rule ON rule.audience = person.audience
    CROSS JOIN LATERAL (
        SELECT CASE WHEN person.agent_id IS NOT NULL THEN {LATEST.format(key="agent_id")}
                    ELSE {LATEST.format(key="user_id")} END AS completed_on
        OFFSET 0
    ) AS pass
    CROSS JOIN LATERAL (
        SELECT CASE WHEN person.agent_id IS NOT NULL THEN {WAIVED.format(key="agent_id")}
                    ELSE {WAIVED.format(key="user_id")} END AS until
        OFFSET 0
    ) AS waiver
)
SELECT agent_id, user_id, requirement_id, module_id,
       CASE WHEN completed_on IS NOT NULL AND (valid_until IS NULL OR valid_until > %(on)s + {EXPIRING_DAYS}) THEN 'met'
            WHEN valid_until >= %(on)s THEN 'expiring'
            WHEN waived_until IS NOT NULL THEN 'waived'
            WHEN NOT available AND once_published THEN 'retired'
            WHEN NOT available THEN 'not_available'
            WHEN completed_on IS NOT NULL THEN 'expired'
            ELSE 'missing' END AS status,
       completed_on, valid_until, waived_until
FROM found
"""
GIVEN = "SELECT * FROM unnest(%(agents)s::bigint[], %(users)s::bigint[], %(audiences)s::text[]) AS given"


def standing(people: Sequence[Person], on: date) -> list[Standing]:
    """How each person stands to each requirement for his audience on the day; one statement for any number."""
    if not people:
        return []
    given = SQL(
        f"{GIVEN} (agent_id, user_id, audience)",
        {
            "agents": [person.agent for person in people],
            "users": [person.user for person in people],
            "audiences": [person.audience for person in people],
        },
    )
    return [Standing(*row) for row in rows_of(standing_sql(given, on))]


def standing_of(agents: QuerySet[Agent], on: date) -> list[Standing]:
    """The same of the agents of `required_agents`, without bringing them here first."""
    return [Standing(*row) for row in rows_of(standing_sql(people_of(agents), on))]


def standing_sql(people: SQL, on: date) -> SQL:
    """The rule for people that a statement gives as `agent_id`, `user_id` (one of them NULL) and `audience`."""
    day = {"on": on, "known_before": end_of(on)}
    return SQL(STANDING.format(people=people.text), people.parameters | day)


def end_of(day: date) -> datetime:
    """The first instant after the local day."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min), timezone.get_default_timezone())


def required_agents(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """The active agents who are asked for training now, with `audience`: the kind of the open request, or else of
    the request that led to the live designation."""
    open_kind = Request.objects.open().filter(agent=OuterRef("pk")).values("kind")[:1]
    held_kind = Designation.objects.live().filter(agent=OuterRef("pk")).values("request__kind")[:1]
    audience = Coalesce(Subquery(open_kind), Subquery(held_kind))
    return agents.filter(is_active=True).annotate(audience=audience).filter(audience__isnull=False)


def people_of(agents: QuerySet[Agent]) -> SQL:
    """Agents of `required_agents` as the people of `standing_sql`."""
    ordered: Any = agents.order_by()
    asked = sql_of(ordered.values_list("pk", "audience"), named="person")
    people = f"SELECT agent_id, NULL::bigint AS user_id, audience FROM ({asked.text}) AS asked (agent_id, audience)"
    return SQL(people, asked.parameters)


def acting_as(user: User) -> str:
    """The audience to which the user belongs by his roles; empty where he acts on no requests."""
    if user.has_role(Role.DEA_HQ, Role.DEA_FIELD):
        return Audience.DEA_REVIEWERS.value
    return Audience.COORDINATORS.value if user.has_role(Role.COORDINATOR) else ""
