"""Writes invented requests by the million into an empty system, in one database transaction, with their ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.module_loading import import_string

from audit import calendar, ledger
from audit.machine import Subject
from designation.demo.data import NotEmpty
from designation.demo.names import FIRST, LAST
from designation.demo.staff import Staff, invent_staff
from designation.load import histories
from designation.models import Agent, Agreement, Office, Request, User
from designation.models.people import HSI

# For this transaction: no triggers, which ask for every row what is proven afterwards for all, and memory for sorting.
SETTINGS = """
SET LOCAL session_replication_role = replica;
SET LOCAL work_mem = '256MB';
SET LOCAL maintenance_work_mem = '512MB';
CREATE SCHEMA load;
"""
LOADED_TABLES = (
    "designation_agent",
    "designation_request",
    "designation_fieldopinion",
    "designation_designation",
    "audit_stepevent",
    "audit_stagevisit",
)


class NoWorkingDays(Exception):
    """The calendar holds no full working day in the years asked for."""


def generate(*, requests: int, seed: int, years: int, until: datetime, tell: Callable[[str], None]) -> None:
    """Invents requests, evenly filed over the years before `until`, as far as they have come by then.

    An agent's requests lie about a year apart. Needs the reference data and a database user who may switch triggers
    off. The makers that settings.LOAD_MAKERS lists add what is other apps'; see `_make_further`. Raises NotEmpty,
    NoWorkingDays.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if Request.objects.exists() or Agent.objects.exists():
            raise NotEmpty
        offices = list(Office.objects.select_related("agency", "division"))
        staff = invent_staff(Random(f"{seed} staff"), offices)  # noqa: S311 - repeatable
        User.objects.bulk_create(staff.everybody())
        cursor.execute(SETTINGS)
        parameters = _parameters(cursor, requests, seed, years, until, offices, staff)
        _invent(cursor, parameters, tell)
        cursor.execute("DROP SCHEMA load CASCADE")
        tell(f"{ledger.rebuild_visits()} stage visits")
        for table in LOADED_TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(LOADED_TABLES)}")


def _parameters(
    cursor: CursorWrapper, requests: int, seed: int, years: int, until: datetime, offices: list[Office], staff: Staff
) -> dict[str, Any]:
    first_agent, first_key, last_step = (
        _next(cursor, f"{table}_id_seq") for table in ("designation_agent", "designation_request", "audit_stepevent")
    )
    opens = _working_days(until, years)
    return {
        "requests": requests,
        "agents": max(1, requests // years),
        "seed": seed,
        "until": until,
        "since": opens[0],
        "opens": opens,
        "zone": settings.TIME_ZONE,
        "term_years": settings.DESIGNATION_TERM_YEARS,
        "agreement": Agreement.objects.get(code=settings.DESIGNATION_AGREEMENT).pk,
        "first_agent": first_agent,
        "first_key": first_key,
        "last_step": last_step,
        "offices": [office.pk for office in offices if office.agency_id == HSI],
        "people": [user.pk for user in staff.everybody()],
        "hsi_people": [user.pk for user in staff.hsi_hq],
        "dea_people": [user.pk for user in staff.dea_hq],
        "first_names": list(FIRST),
        "last_names": list(LAST),
        "parties": json.dumps({model.workflow: dict(model.parties) for model in Subject.__subclasses__()}),
        "final": json.dumps({model.workflow: sorted(model.final_states) for model in Subject.__subclasses__()}),
    }


def _next(cursor: CursorWrapper, sequence: str) -> int:
    cursor.execute("SELECT nextval(%s)", [sequence])
    return int(cursor.fetchone()[0])


def _working_days(until: datetime, years: int) -> list[datetime]:
    """The opening instants of the full working days of the years before that are over."""
    clock = calendar.load()
    first = (until - timedelta(days=365.25 * years)).timestamp()
    days = [
        datetime.fromtimestamp(opens, UTC)
        for opens, length in zip(clock.opens, clock.lengths, strict=True)
        if first <= opens <= until.timestamp() - length and length == histories.DAY_SECONDS
    ]
    if not days:
        raise NoWorkingDays
    return days


def _invent(cursor: CursorWrapper, parameters: dict[str, Any], tell: Callable[[str], None]) -> None:
    cursor.execute(histories.AGENTS, parameters)
    for sql in (
        histories.OFFICES,
        histories.REQUESTS,
        histories.REQUEST_STEPS,
        histories.DESIGNATIONS,
        histories.FURTHER,
    ):
        cursor.execute(sql, parameters)
    cursor.execute("ANALYZE load.request, load.request_step, load.designation")
    _make_further(cursor, parameters, tell)
    for sql in (histories.STEPS_IN_ORDER, histories.SUBJECTS):
        cursor.execute(sql, parameters)
    cursor.execute("ANALYZE load.step, load.subject")
    for name, sql in histories.ROWS.items():
        cursor.execute(sql, parameters)
        tell(f"{cursor.rowcount} {name}")
    cursor.execute("SELECT max(sequence), count(*) FROM load.step")
    longest, steps = cursor.fetchone()
    for sequence in range(1, longest + 1):
        _append_round(cursor, parameters, sequence)
    tell(f"{steps} steps")


def _make_further(cursor: CursorWrapper, parameters: dict[str, Any], tell: Callable[[str], None]) -> None:
    """Lets other apps fill their own tables, and `load.further_step` and `load.further_subject` for the ledger.

    They read the `load` schema and the parameters of the designation's own statements, which they leave as they are.
    """
    for path in settings.LOAD_MAKERS:
        import_string(path)(cursor, parameters, tell)


def _append_round(cursor: CursorWrapper, parameters: dict[str, Any], sequence: int) -> None:
    hashed = histories.HASHED.format(
        sequence=sequence,
        previous_hash="before_hash" if sequence > 1 else "''::bytea",
        before=histories.BEFORE.format(sequence - 1) if sequence > 1 else "",
    )
    cursor.execute(hashed, parameters)
    cursor.execute(histories.APPENDED.format(sequence=sequence))
