"""What training needs on file from the beginning, as far as it is not there."""

from __future__ import annotations

import csv
from pathlib import Path

from django.db import transaction

from audit import ledger, machine
from audit.goals import set_goal
from audit.models import Goal
from designation.models import Agreement
from training.models import Dispute, Module, ModuleVersion
from training.models.disputes import Level

DAY = 8 * 3600
# Business days within which each level settles a dispute. Without a goal none would ever escalate by itself.
LEVEL_DAYS = {Level.WORKING: 10, Level.HEADQUARTERS: 10, Level.LEADERSHIP: 20}
DEFAULT = "The default of this system, in force until the headquarters of the agencies set another."


MODULES = Path(__file__).parent / "reference" / "modules.csv"
"""The modules that the agreements provide for, as public reports describe them."""


def load() -> dict[str, int]:
    """Adds what is missing; returns how many goals of disputes it set, and how many modules the file names."""
    return {"default goals of disputes": _default_goals(), "modules": _modules()}


def _default_goals() -> int:
    """Sets the levels' goals where none was ever set, so that one that was ended is not set again."""
    if Goal.objects.filter(workflow=Dispute.workflow).exists():
        return 0
    for level, days in LEVEL_DAYS.items():
        goal = Goal(
            workflow=Dispute.workflow,
            stage=level.value,
            business_seconds=days * DAY,
            set_by_name="system",
            why=DEFAULT,
        )
        set_goal(goal, at_once=True)
    return len(LEVEL_DAYS)


def _modules() -> int:
    """Adds the modules that are missing, each with a first version in drafting; those on file the agencies keep."""
    with MODULES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        _add_missing(row)
    return len(rows)


@transaction.atomic
def _add_missing(row: dict[str, str]) -> None:
    module, added = Module.objects.get_or_create(
        code=row["code"],
        defaults={
            "title": row["title"],
            "purpose": row["purpose"],
            "agreement": Agreement.objects.get(code=row["agreement"]),
            "provision": row["provision"],
            "owners": row["owners"].split(";"),
        },
    )
    if not added:
        return
    version = ModuleVersion.objects.create(module=module, ordinal=1, number=f"{module.code}-v1")
    ledger.append(ModuleVersion.workflow, [machine.step_of(version, "draft", role="system")], actor=None)
