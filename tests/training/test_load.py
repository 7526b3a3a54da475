"""Invented training beside an invented load of requests: lawful although triggers were off while it was made."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F
from django.test import override_settings
from django.utils import timezone

from audit import ledger, verify
from audit.models import StageVisit, StepEvent
from designation.models import Agent, Request
from tests.training.factories import Managers, dispute, section
from training.models import (
    Completion,
    CompletionImport,
    Dispute,
    Module,
    ModuleVersion,
    OfficeChange,
    Requirement,
    Section,
    SignOff,
    Waiver,
)
from training.models.disputes import Level

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS, YEARS = 400, 2
AGENTS = REQUESTS // YEARS
FOREIGN_KEYS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text ~ '^training_'
"""


@pytest.fixture
def loaded(db: None) -> None:
    with override_settings(DEMO=True):
        call_command("generate_load", requests=REQUESTS, years=YEARS)


def test_the_ledger_verifies_and_every_state_has_its_step(loaded: None) -> None:
    assert list(verify.findings()) == []
    assert ledger.visits_that_differ() == []
    for model in (ModuleVersion, Section, Dispute):
        steps = StepEvent.objects.filter(workflow=model.workflow)
        assert set(steps.values_list("source", flat=True)) == {"invented"}
        assert steps.values("subject").distinct().count() == model.objects.count()
        for name, state in steps.filter(sequence__gt=1).values_list("transition", "from_state").distinct():
            assert name in [found.name for found in model.transitions_from(state)], (name, state)


def test_every_foreign_key_holds(loaded: None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        keys = cursor.fetchall()
        for table, definition in keys:
            # PostgreSQL looks at every row when a key is added.
            cursor.execute(f"ALTER TABLE {table} ADD {definition}")
        transaction.set_rollback(True)
    assert len(keys) > 20


def test_ten_modules_are_published_with_every_section_signed_by_both(loaded: None) -> None:
    assert Module.objects.count() == ModuleVersion.objects.published().count() == 10
    assert Requirement.objects.in_force(timezone.localdate()).count() == 10
    assert set(Section.objects.values_list("state", flat=True)) == {"signed"}
    assert SignOff.objects.current().count() == 2 * Section.objects.count()


def test_nearly_every_agent_has_completed_every_module(loaded: None) -> None:
    passed = Completion.objects.standing().passed().exclude(agent=None)
    assert 0.94 < passed.values("agent", "module").distinct().count() / (10 * AGENTS) < 0.99
    assert Completion.objects.filter(passed=False).exists()
    assert Completion.objects.exclude(corrects=None).exists()
    assert Waiver.objects.exists()


def test_no_completion_is_one_that_would_have_been_refused(loaded: None) -> None:
    assert not Agent.objects.filter(hired_on=None).exists()
    assert not Completion.objects.filter(completed_on__gt=timezone.localdate()).exists()
    assert not Completion.objects.filter(completed_on__lt=F("agent__hired_on")).exists()
    assert not Completion.objects.filter(completed_on__lt=F("module_version__published_on")).exists()
    assert not Completion.objects.filter(recorded_at__date__lt=F("completed_on")).exists()
    scored = Completion.objects.exclude(score=None).exclude(module__pass_mark=None)
    assert all(
        passed == (score >= Decimal(mark))
        for passed, score, mark in scored.values_list("passed", "score", "module__pass_mark")
    )
    twice = Completion.objects.standing().values("agent", "module", "completed_on").annotate(n=Count("pk"))
    assert not twice.filter(n__gt=1).exists()


def test_files_brought_as_many_as_they_say_and_one_was_taken_back(loaded: None) -> None:
    files = CompletionImport.objects.annotate(brought=Count("completions"))
    assert files
    assert not files.exclude(brought=F("rows")).exists()
    assert files.exclude(taken_back_at=None).count() == 1


def test_disputes_are_at_every_level_and_settled_at_each(loaded: None) -> None:
    assert set(Dispute.objects.values_list("state", flat=True)) == set(Level.values)
    assert set(Dispute.objects.values_list("settled", flat=True)) == {"", "agreed", "decided"}
    assert Dispute.objects.exclude(request=None).count() >= REQUESTS // 20 - 2
    assert StageVisit.objects.open().filter(workflow="dispute").count() == Dispute.objects.open().count()
    assert not StageVisit.objects.filter(workflow="dispute", due_at=None).exists()
    early = StepEvent.objects.filter(transition="escalate_overdue").values("subject", "sequence")
    left = {(visit.subject, visit.sequence + 1): visit.met for visit in StageVisit.objects.filter(workflow="dispute")}
    assert not any(left[found["subject"], found["sequence"]] for found in early)


def test_kept_counts_are_counted_anew(loaded: None) -> None:
    assert OfficeChange.objects.filter(office=None).exists()


def test_work_goes_on_in_it(loaded: None) -> None:
    people = Managers()
    published = ModuleVersion.objects.published().latest("pk")
    opened = dispute(section(published, 1), people.dea_manager)
    assert Dispute.objects.filter(number=opened.number).count() == 1
    assert list(verify.findings()) == []
    assert Request.objects.exists()
