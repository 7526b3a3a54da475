"""Offices by modules: how many of the agents of whom a module is required stand how.

Counting 500,000 standings takes seconds, so the counts of each office are kept for the day. A count is only shown while
nothing that it is made from has changed since; what has changed is counted anew as it is asked for. So a page is exact
whether or not the scheduled task has run. docs/decisions/0016 has the reasons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from audit.statements import SQL, rows_of
from designation.models import Agent, Office, User
from training.models import Module, OfficeChange, OfficeStanding
from training.tracking.standing import (
    COMPLETE,
    UNAVAILABLE,
    Status,
    people_of,
    required_agents,
    standing_sql,
)

WITHIN = (30, 60, 90)  # days
ONE_COUNT_AT_A_TIME = 2_110_302  # an advisory lock of this number
COUNTS = """
SELECT agent.office_id, standing.module_id, standing.status,
       CASE WHEN standing.valid_until BETWEEN %(on)s AND %(on)s + {most}
            THEN width_bucket(standing.valid_until - %(on)s, ARRAY[0, {bounds}]) END AS soon,
       count(*)
FROM ({standing}) AS standing JOIN designation_agent AS agent ON agent.id = standing.agent_id
GROUP BY 1, 2, 3, 4
"""
Counts = Mapping[str, Mapping[str, int]]
"""Module's key, as text -> status, or "within_30" and so on -> how many agents; what is not named is none."""


@dataclass(frozen=True)
class Cell:
    """An office, or all of them, in one module. Waived are neither complete nor lacking."""

    counts: Mapping[str, int]

    @property
    def required(self) -> int:
        return sum(self.counts.get(status, 0) for status in Status.values)

    @property
    def complete(self) -> int:
        return sum(self.counts.get(status, 0) for status in COMPLETE)

    @property
    def asked(self) -> int:
        """Those who are to have completed it: not waived, and of a module that there is."""
        return self.required - self.waived - self.not_available

    @property
    def waived(self) -> int:
        return self.counts.get(Status.WAIVED, 0)

    @property
    def not_available(self) -> int:
        """Those who cannot complete it: none of its versions was published, or what was is retired."""
        return sum(self.counts.get(status, 0) for status in UNAVAILABLE)

    @property
    def share(self) -> float | None:
        """Complete of those asked; None where nobody is, or the module is not available."""
        return self.complete / self.asked if self.asked and self.available else None

    @property
    def available(self) -> bool:
        return not self.not_available

    @property
    def retired(self) -> bool:
        """Whether the module was available once, and is no longer."""
        return bool(self.counts.get(Status.RETIRED))

    def within(self, days: int) -> int:
        """Whose completion counts for no more than so many days."""
        return self.counts.get(f"within_{days}", 0)


@dataclass(frozen=True)
class Row:
    """An office with its cells, in the order of the modules; `office` is None for the sum of all."""

    office: Office | None
    cells: list[Cell]


@dataclass(frozen=True)
class Matrix:
    """The offices whose agents a user may see, by the modules that are required of one of them."""

    on: date
    modules: list[Module]
    rows: list[Row]
    total: Row


def matrix(user: User, on: date) -> Matrix:
    """As it is today; `on` is today's date."""
    offices = list(offices_of(user))
    counts = counts_of(offices, on)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for of_office in counts.values():
        for module, found in of_office.items():
            totals[module].update(found)
    modules = list(Module.objects.visible_to(user).filter(pk__in=totals))
    rows = [Row(office, _cells(counts[office.pk], modules)) for office in offices]
    return Matrix(on, modules, rows, Row(None, _cells(totals, modules)))


def _cells(counts: Counts, modules: Iterable[Module]) -> list[Cell]:
    return [Cell(counts.get(str(module.pk), {})) for module in modules]


def offices_of(user: User) -> Iterable[Office]:
    """The offices that have agents whom the user may see."""
    agents = Agent.objects.visible_to(user).filter(office=OuterRef("pk"))
    return Office.objects.hsi().filter(Exists(agents))


def counts_of(offices: Iterable[Office], on: date) -> dict[int, Counts]:
    """Office's key -> counts: those kept that hold, the others counted now."""
    wanted = [office.pk for office in offices]
    kept: dict[int, Counts] = dict(
        OfficeStanding.objects.that_hold(on).filter(office__in=wanted).values_list("office", "counts")
    )
    return kept | count([pk for pk in wanted if pk not in kept], on)


def count(offices: Iterable[int], on: date) -> dict[int, Counts]:
    """Counts the offices anew, in one statement."""
    wanted = list(offices)
    if not wanted:
        return {}
    agents = required_agents(Agent.objects.filter(office__in=wanted))
    rule = standing_sql(people_of(agents), on)
    bounds = ", ".join(str(days + 1) for days in WITHIN[:-1])
    statement = COUNTS.format(standing=rule.text, most=WITHIN[-1], bounds=bounds)
    found: dict[int, dict[str, Counter[str]]] = {pk: defaultdict(Counter) for pk in wanted}
    for office, module, status, soon, number in rows_of(SQL(statement, rule.parameters)):
        counter = found[office][str(module)]
        counter[status] += number
        if soon is not None:
            for days in WITHIN[soon - 1 :]:
                counter[f"within_{days}"] += number
    return {pk: {module: dict(counter) for module, counter in of.items()} for pk, of in found.items()}


def keep(on: date) -> int:
    """Counts the offices whose counts are not kept for the day or hold no longer, and keeps them; returns how many.

    The marks are read before anything is counted: whatever is written later has a mark that stays.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_COUNT_AT_A_TIME])
        seen = list(OfficeChange.objects.values_list("pk", flat=True))
        holding = OfficeStanding.objects.that_hold(on).values("office")
        stale = list(Office.objects.hsi().exclude(pk__in=holding).values_list("pk", flat=True))
        counted = count(stale, on)
        OfficeStanding.objects.bulk_create(
            [OfficeStanding(office_id=pk, day=on, counts=counts, counted_at=Now()) for pk, counts in counted.items()],
            update_conflicts=True,
            unique_fields=["office"],
            update_fields=["day", "counts", "counted_at"],
        )
        OfficeChange.objects.filter(pk__in=seen).delete()
    return len(stale)


def offices_that_differ(on: date) -> list[str]:
    """The codes of offices whose kept counts are held to be right, and are not what counting them anew gives."""
    kept = dict(OfficeStanding.objects.that_hold(on).values_list("office", "counts"))
    anew = count(kept, on)
    wrong = [pk for pk, counts in kept.items() if counts != anew[pk]]
    return list(Office.objects.filter(pk__in=wrong).values_list("code", flat=True))
