"""The database and the people that tests share. PostgreSQL and Valkey are real."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings

from config import celery_app
from designation import references
from designation.models import Office
from tests import factories

# Reference data stays between tests that commit: loading 80 years of calendar for each would take most of the time.
KEPT_TABLES = {
    "audit_calendar",
    "audit_calendarday",
    "designation_agency",
    "designation_agreement",
    "designation_office",
}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Places, agreements and the calendar are there; goals and modules each test sets as it needs them."""
    with django_db_blocker.unblock(), override_settings(REFERENCE_LOADERS=[]):
        references.load()


@pytest.fixture(autouse=True, scope="session")
def flush_around_the_ledger() -> Iterator[None]:
    """Lets the flush after a test that commits empty the ledger, whose triggers refuse that to everybody else."""
    execute, flush = DatabaseOperations.execute_sql_flush, DatabaseOperations.sql_flush

    def execute_without_triggers(self: Any, statements: list[str]) -> None:
        return execute(self, ["SET session_replication_role = replica", *statements, "RESET session_replication_role"])

    def flush_all_but_kept(self: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
        return flush(self, style, [table for table in tables if table not in KEPT_TABLES], **options)

    DatabaseOperations.execute_sql_flush = execute_without_triggers
    DatabaseOperations.sql_flush = flush_all_but_kept
    yield
    DatabaseOperations.execute_sql_flush, DatabaseOperations.sql_flush = execute, flush


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Hashes of passwords are slow on purpose; tests sign in hundreds of people."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True, scope="session")
def own_queue() -> Iterator[None]:
    """A queue for this test run alone, beside those of `make up` and of test runs with another TEST_DB_SUFFIX."""
    number = 15 - sum(os.environ.get("TEST_DB_SUFFIX", "").encode()) % 10
    broker = f"{settings.REDIS_URL.rpartition('/')[0]}/{number}"
    celery_app.conf.broker_url = broker
    redis.from_url(broker).flushdb()
    with override_settings(CELERY_BROKER_URL=broker):
        yield


@pytest.fixture
def office(db: None) -> Office:
    """An HSI office, routed to DEA's Miami division."""
    return Office.objects.get(code="HSI-MIA")


@pytest.fixture
def other_office(db: None) -> Office:
    return Office.objects.get(code="HSI-DEN")


@pytest.fixture
def people(db: None) -> factories.People:
    """One user of each role; the coordinator and the field reviewer are on the two ends of one route."""
    return factories.People()
