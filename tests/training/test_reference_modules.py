"""The modules of the joint letter of 2021: on file from the beginning, unfinished as public reports have them."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from audit.models import StepEvent
from designation import references
from tests.training.factories import Managers
from training.models import Module, ModuleVersion
from training.workflow import modules
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


def test_both_modules_of_the_joint_letter_are_in_drafting() -> None:
    references.load()
    assert list(Module.objects.values_list("code", "agreement__code")) == [
        ("JT-2009", "JL-2021"),
        ("JT-2021", "JL-2021"),
    ]
    assert set(ModuleVersion.objects.values_list("ordinal", "state")) == {(1, "drafting")}
    assert all(module.is_joint and "GAO-25-107839" in module.provision for module in Module.objects.all())


def test_nobody_has_written_them() -> None:
    references.load()
    assert not ModuleVersion.objects.filter(sections__isnull=False).exists()


def test_the_system_itself_put_them_on_record() -> None:
    references.load()
    connection.check_constraints()
    steps = StepEvent.objects.filter(workflow="module version")
    assert set(steps.values_list("transition", "actor_name", "source")) == {("draft", "system", "system")}
    call_command("verify_ledger")


def test_they_are_valid_as_the_pages_would_have_them() -> None:
    references.load()
    for module in Module.objects.all():
        module.full_clean()


def test_loading_again_leaves_what_the_agencies_have_changed() -> None:
    references.load()
    module = Module.objects.get(code="JT-2009")
    module.title = "Training on the agreement of 2009"
    modules.save_module(module, actor=Managers().hsi_manager)
    references.load()
    assert Module.objects.get(code="JT-2009").title == "Training on the agreement of 2009"
    assert ModuleVersion.objects.count() == 2
    assert StepEvent.objects.count() == 2


def test_the_agencies_go_on_from_the_first_version() -> None:
    references.load()
    people = Managers()
    drafted = ModuleVersion.objects.get(number="JT-2009-v1")
    section_acts.add_section(drafted, title="Scope", body="Text.", actor=people.dea_manager)
    outcome = modules.move_versions("send_to_review", [drafted.pk], actor=people.hsi_manager)
    assert [version.state for version in outcome.done] == ["hsi_review"]
