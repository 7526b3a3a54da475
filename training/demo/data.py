"""Writes the invented training beside an invented year of requests, in the transaction of the caller."""

from __future__ import annotations

from datetime import datetime
from random import Random

from django.db import connection

from audit import calendar, ledger
from designation.demo.year import Year
from training.demo.completions import Training
from training.demo.disputes import Disputes, headquarters
from training.demo.goals import add_goals
from training.demo.modules import invent_modules
from training.demo.record import Record, Times
from training.demo.staff import add_managers
from training.models import Completion

FIRST_GOAL = 341  # working days before the end of the invention's time, before all else in it


def make(year: Year, *, seed: int, until: datetime) -> str:
    """Invents modules, disputes, requirements, completions and waivers up to `until`; returns what there is, as a
    sentence.

    Needs the reference data, and the year's rows in the database. Everything carries the mark of invention: the steps
    and completions their source, the rest “(demo)” in its title or in the names of people.
    """
    clock = calendar.load()

    def times(of: str) -> Times:
        return Times(clock, until, Random(f"{seed} {of}"))  # noqa: S311 - repeatable

    record, managers = Record(), add_managers()
    add_goals(times("goals").ago(FIRST_GOAL))
    modules = invent_modules(record, times("modules"), managers)
    hsi_hq, dea_hq = headquarters()
    disputes = Disputes(record, times("disputes"), managers, year, hsi_hq, dea_hq).invent(modules)
    Training(times("training"), managers, year, modules).invent()
    record.write()
    ledger.look_at_bulk()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE training_completion, training_waiver")
    return f"Invented {len(modules)} training modules, {disputes} disputes, {Completion.objects.count()} completions."
