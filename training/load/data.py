"""Fills training beside an invented load of requests, in its transaction, by the database itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

from training.demo.goals import add_goals
from training.demo.staff import add_managers
from training.load import histories
from training.models import Completion, Dispute
from training.workflow.disputes import OVERDUE

LOADED_TABLES = ("training_completion", "training_completionimport", "training_dispute", "training_waiver")


def make(cursor: CursorWrapper, parameters: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Invents modules, what is required, who completed what, waivers, and disputes with their steps.

    `parameters` are those of `designation.load.data.generate`, which puts the steps on record with its own.
    """
    managers = add_managers()
    add_goals(parameters["since"])
    given = {
        **parameters,
        "modules": histories.MODULES,
        "overdue": OVERDUE,
        "hsi_manager": managers.hsi.pk,
        "hsi_manager_name": managers.hsi.recorded_name,
        "dea_manager": managers.dea.pk,
        "dea_manager_name": managers.dea.recorded_name,
    }
    for sql in histories.STATEMENTS:
        cursor.execute(sql, given)
    cursor.execute(f"ANALYZE {', '.join(LOADED_TABLES)}")
    for model in (Completion, Dispute):
        tell(f"{model.objects.count()} {model._meta.verbose_name_plural}")
