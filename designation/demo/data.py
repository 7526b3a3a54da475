"""Writes an invented year into an empty system, in one database transaction, with its ledger."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from random import Random

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import calendar, ledger
from audit.models import Goal, StepEvent
from designation.demo.comments import comments_on
from designation.demo.goals import invented_goals
from designation.demo.staff import invent_staff
from designation.demo.year import DAYS, Inventor, Setting, Year
from designation.models import Agent, Agreement, Comment, Designation, FieldOpinion, Office, Request, User

BATCH = 2000


class NotEmpty(Exception):
    """The system holds agents or requests already."""


def make_all(*, seed: int, count: int, until: datetime) -> tuple[Year, list[str]]:
    """Invents the year, and with it, in one database transaction, what settings.DEMO_MAKERS lists of other apps.

    Each maker is called with the year, `seed` and `until`, and returns a sentence on what it made. Raises NotEmpty.
    """
    with transaction.atomic():
        year = make_demo_data(seed=seed, count=count, until=until)
        return year, [import_string(path)(year, seed=seed, until=until) for path in settings.DEMO_MAKERS]


def make_demo_data(*, seed: int, count: int, until: datetime) -> Year:
    """Invents `count` requests of the year before the day of `until`, as far as they have come by `until`.

    Everything carries the mark of invention: the steps their source, users and goals “(demo)” in the names of people.
    The goals are in force from the beginning, unless goals are on file. Needs the reference data. Raises NotEmpty.
    """
    with transaction.atomic():
        if Request.objects.exists() or Agent.objects.exists():
            raise NotEmpty
        offices = list(Office.objects.select_related("agency", "division"))
        staff = invent_staff(Random(f"{seed} staff"), offices)  # noqa: S311 - repeatable
        User.objects.bulk_create(staff.everybody(), batch_size=BATCH)
        setting = Setting(
            seed=seed,
            until=until,
            clock=calendar.load(),
            staff=staff,
            offices=offices,
            agreement=Agreement.objects.get(code=settings.DESIGNATION_AGREEMENT),
            keys=_new_keys(count),
        )
        year = Inventor(setting).invent()
        if not Goal.objects.filter(workflow=Request.workflow).exists():
            Goal.objects.bulk_create(invented_goals(_midnight(until - timedelta(days=DAYS + 1))))
        _write(year)
        Comment.objects.bulk_create(comments_on(year, staff, seed=seed, until=until), batch_size=BATCH)
    return year


def _midnight(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def _new_keys(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('designation_request_id_seq') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def _write(year: Year) -> None:
    Agent.objects.bulk_create(year.agents, batch_size=BATCH)
    Request.objects.bulk_create(year.requests, batch_size=BATCH)
    FieldOpinion.objects.bulk_create(year.opinions, batch_size=BATCH)
    Designation.objects.bulk_create(year.designations, batch_size=BATCH)
    invented = StepEvent.Source.INVENTED
    ledger.append_history(Request.workflow, year.request_steps, source=invented)
    ledger.append_history(Designation.workflow, chain.from_iterable(year.designation_steps.values()), source=invented)
    ledger.look_at_bulk()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE designation_agent, designation_request, designation_designation")
