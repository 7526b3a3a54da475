"""Requirements, completions and waivers on record, as tests need them: also of days that are over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from designation.models import Agent, User
from tests.training.factories import Managers, ModuleFactory, version
from training.models import Blocks, Completion, CompletionImport, Module, ModuleVersion, Requirement, Waiver
from training.models.requirements import AGENTS

LONG_AGO = date(2020, 1, 1)


def published(people: Managers, since: date = LONG_AGO, **values: Any) -> Module:
    """A module of which a version is published since the day."""
    module = ModuleFactory(**values)
    ModuleVersion.objects.filter(pk=version(people, "published", module=module).pk).update(published_on=since)
    return module


def required(module: Module, *audience: str, **values: Any) -> Requirement:
    given = {
        "audience": list(audience) or list(AGENTS),
        "blocks": Blocks.APPROVAL,
        "effective_from": LONG_AGO,
        "set_by_name": "Lee Stone",
        "why": "The agreement asks for it.",
    }
    return Requirement.objects.create(module=module, **{**given, **values})


def completed(person: Agent | User, module: Module, on: date | None = None, **values: Any) -> Completion:
    """A pass of the person, on record since now unless `recorded_at` is given."""
    who = {"agent": person} if isinstance(person, Agent) else {"user": person}
    given = {"completed_on": on or timezone.localdate(), "passed": True, "source": "hand", "recorded_by_name": "x"}
    return Completion.objects.create(module=module, **who, **{**given, **values})


def corrected(completion: Completion, **values: Any) -> Completion:
    """A record that takes the completion's place, or with `withdrawn` says that there was none."""
    who: Any = completion.agent or completion.user
    given = {"passed": completion.passed, "corrects": completion, "why": "Mistyped."}
    return completed(who, completion.module, completion.completed_on, **{**given, **values})


def a_file(**values: Any) -> CompletionImport:
    given = {"file_name": "june.csv", "sha256": "0" * 64, "rows": 1, "imported_by_name": "Lee Stone"}
    return CompletionImport.objects.create(**{**given, **values})


def waived(person: Agent | User, module: Module, by: User, until: date | None = None, **values: Any) -> Waiver:
    today = timezone.localdate()
    who = {"agent": person} if isinstance(person, Agent) else {"user": person}
    given = {"granted_on": today, "until": until or today, "why": "On leave.", "granted_by": by, "granted_by_name": "x"}
    return Waiver.objects.create(module=module, **who, **{**given, **values})


def days_ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)
