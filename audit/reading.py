"""Which workflows a user reads reports and exports of, and what the rows of each are called."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from audit.machine import Subject
from audit.verify import subject_models


def models_read_by(user: Any) -> list[type[Subject]]:
    """The models that declare what is exported, as far as the user's roles read them; which rows, the models say."""
    return [
        model
        for model in subject_models()
        if model.exported is not None and user.has_role(*roles_that_read(model.workflow))
    ]


def roles_that_read(workflow: str) -> list[str]:
    return settings.AUDIT_WORKFLOW_ROLES.get(workflow, settings.AUDIT_REPORT_ROLES)


def rows_of(workflow: str) -> str:
    """What many rows of the workflow are called, as “requests”; “cases” where only the ledger knows it."""
    model = _model_of(workflow)
    return str(model._meta.verbose_name_plural) if model else "cases"


def row_of(workflow: str) -> str:
    """What one row of the workflow is called, as “request”."""
    model = _model_of(workflow)
    return str(model._meta.verbose_name) if model else "case"


def name_of(workflow: str) -> str:
    """What the workflow is called where one is chosen: by its rows, or by its own name where it has no model."""
    name = rows_of(workflow) if _model_of(workflow) else workflow.replace("_", " ")
    return name[:1].upper() + name[1:]


def _model_of(workflow: str) -> type[Subject] | None:
    return next((model for model in subject_models() if model.workflow == workflow), None)
