"""What is on record of training cannot be changed behind the workflow's back, for raw SQL neither."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from tests.training.factories import Managers, ModuleFactory, dispute, section, version
from tests.training.records import days_ago, required
from training.workflow import disputes

pytestmark = pytest.mark.django_db

FACTS = {
    "training_signoff": "revision = revision + 1",
    "training_attachment": "content = ''",
    "training_position": "text = 'Other words.'",
    "training_proposal": "text = 'Other words.'",
    "training_requirement": "why = 'Other words.'",
    "training_waiver": "until = until + 1",
    "training_completionimport": "file_name = 'other.csv'",
}


def refused(statement: str) -> None:
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="it keeps the record"):
        cursor.execute(statement)


@pytest.mark.parametrize(("table", "change"), FACTS.items())
def test_its_facts_stay(table, change):
    refused(f"UPDATE {table} SET {change}")


@pytest.mark.parametrize("table", FACTS)
def test_none_is_deleted(table):
    refused(f"DELETE FROM {table}")


def test_what_has_ended_stays_ended():
    people = Managers()
    argued = dispute(section(version(people)), people.dea_manager)
    disputes.propose(argued.pk, text="Both agencies train.", actor=people.dea_manager)
    disputes.reject(argued.pk, answer="HSI alone.", actor=people.hsi_manager)
    refused("UPDATE training_proposal SET answered_at = NULL, accepted = NULL")


@pytest.mark.parametrize("end", ["NULL", "effective_until", "effective_until + 1"])
def test_the_end_of_a_requirement_is_neither_taken_away_nor_put_off(end):
    required(ModuleFactory(), effective_from=days_ago(9), effective_until=days_ago(2))
    refused(f"UPDATE training_requirement SET effective_until = {end}")
