"""Modules in force, completions on record, and what files and forms say of them, for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from designation.models import Agent, User
from tests.training import factories
from tests.training.factories import Managers, ModuleFactory
from training.completions.entries import Entry
from training.models import Completion, ModuleVersion
from training.workflow import completions

PUBLISHED = date(2024, 1, 8)
DAY = date(2024, 5, 3)
HEADER = ["Badge number", "Course code", "Completion date", "Score"]


def in_force(people: Managers, code: str = "JT-2009", *, on: date = PUBLISHED, **module: Any) -> ModuleVersion:
    """A version of a new module, published on the day."""
    version = factories.version(people, "published", module=ModuleFactory(code=code, **module))
    ModuleVersion.objects.filter(pk=version.pk).update(published_on=on)
    version.refresh_from_db(fields=["published_on"])
    return version


def entry(agent: Agent | None = None, row: int = 2, **values: Any) -> Entry:
    """What a source says; of the agent by badge number."""
    named = {"badge_number": agent.badge_number} if agent else {}
    return Entry(**{"row": row, "module": "JT-2009", "completed_on": DAY, **named, **values})


def record(*entries: Entry, actor: User, **options: Any) -> completions.Recorded:
    source = Completion.Source.FILE if options.get("file") else Completion.Source.HAND
    return completions.record(entries, actor=actor, source=source, **options)


def completion(agent: Agent, actor: User, **values: Any) -> Completion:
    """One completion of the agent on record."""
    recorded = record(entry(agent, **values), actor=actor)
    assert not recorded.refused, recorded.refused
    return Completion.objects.with_people().get(pk=recorded.done[0])


def form(**values: str) -> dict[str, str]:
    """What is typed to record a completion by hand."""
    return {
        "person": "K00123",
        "module": "JT-2009",
        "completed_on": str(DAY),
        "result": "passed",
        "score": "91",
        "evidence": "Certificate 77",
        **values,
    }
