"""Invented requests by the million, here by the hundred: lawful, consistent with their ledger, the same each time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F, Min
from django.test import override_settings

from audit import ledger, verify
from audit.models import StageVisit, StepEvent
from designation.load.data import generate as made
from designation.models import Agent, Designation, FieldOpinion, Request
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = 400


def generate(**options) -> None:
    with override_settings(DEMO=True):
        call_command("generate_load", **{"requests": REQUESTS, "years": 4, **options})


def test_a_load_is_lawful_and_its_ledger_verifies():
    generate()
    assert Request.objects.count() == REQUESTS
    assert list(verify.findings()) == []
    assert ledger.visits_that_differ() == []
    assert set(StepEvent.objects.values_list("source", flat=True)) == {StepEvent.Source.INVENTED}
    steps = StepEvent.objects.count()
    assert 7 * REQUESTS < steps < 9 * REQUESTS
    assert StageVisit.objects.open().filter(workflow="request").count() == Request.objects.open().count() > 0


@pytest.mark.parametrize("hour", [9, 13, 17, 21])
def test_at_whatever_hour_it_is_made_all_its_requests_are_filed(hour):
    wednesday = datetime(2026, 3, 4, hour, tzinfo=ZoneInfo("America/New_York"))
    made(requests=REQUESTS, seed=1, years=1, until=wednesday, tell=lambda said: None)
    assert Request.objects.count() == REQUESTS


FOREIGN_KEYS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text ~ '^(designation|audit)_'
"""


def test_every_foreign_key_holds_although_triggers_were_off():
    generate()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        for table, definition in cursor.fetchall():
            # PostgreSQL looks at every row when a key is added.
            cursor.execute(f"ALTER TABLE {table} ADD {definition}")
        transaction.set_rollback(True)


def test_steps_take_only_ways_that_the_state_machines_declare():
    generate()
    for model in (Request, Designation):
        steps = StepEvent.objects.filter(workflow=model.workflow, sequence__gt=1)
        for name, state in steps.values_list("transition", "from_state").distinct():
            assert name in [found.name for found in model.transitions_from(state)], (name, state)


def test_what_follows_from_an_approval_is_there():
    generate()
    approved = Request.objects.filter(state="approved")
    assert Designation.objects.count() == approved.count() > 0
    assert FieldOpinion.objects.values("request").distinct().count() >= approved.count()
    assert {"active", "expired", "relinquished"} == set(Designation.objects.values_list("state", flat=True))
    assert not approved.filter(decided_by=F("filed_by")).exists()
    assert not Designation.objects.filter(state="active").values("agent").annotate(n=Count("id")).filter(n__gt=1)


def test_steps_are_numbered_in_the_order_of_time():
    generate(requests=50)
    times = list(StepEvent.objects.order_by("id").values_list("at", flat=True))
    assert times == sorted(times)


def test_a_load_goes_on_like_any_other_system(people):
    generate(requests=50)
    first = StepEvent.objects.aggregate(Min("id"))["id__min"]
    request = factories.request(people, "dea_intake")
    assert StepEvent.objects.filter(subject=request.number).exclude(pk__lte=first).count() > 1
    assert list(verify.findings()) == []


def test_a_load_needs_an_empty_system_and_the_setting(people):
    with override_settings(DEMO=False), pytest.raises(CommandError, match="DEMO"):
        call_command("generate_load", requests=10)
    factories.request(people)
    with pytest.raises(CommandError, match="needs an empty one"):
        generate()
    assert Agent.objects.count() == 1
