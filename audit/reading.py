"""Which workflows a user reads reports and exports of, and what the rows of each are called."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from audit.machine import Subject
from audit.models import StepEvent
from audit.reports.sources import workflow_sources
from audit.verify import subject_models


def models_read_by(user: Any) -> list[type[Subject]]:
    """The models that declare what is exported, as far as the user's roles read them; which rows, the models say."""
    return [
        model
        for model in subject_models()
        if model.exported is not None and user.has_role(*roles_that_read(model.workflow))
    ]


def workflows_for(user: Any) -> dict[str, str]:
    """The workflows that the user may ask about: those whose model says what he sees, and for some roles any.

    Each with what people call it, which says of a history that it is imported.
    """
    declared = {model.workflow: name_of(model.workflow) for model in models_read_by(user)}
    if not user.has_role(*settings.AUDIT_ANY_WORKFLOW_ROLES):
        return declared
    every = {model.workflow for model in subject_models()}
    others = {name: sources for name, sources in workflow_sources().items() if name not in every}
    return declared | {
        name: f"{name_of(name)} (imported)" if StepEvent.Source.IMPORTED in sources else name_of(name)
        for name, sources in others.items()
    }


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
