"""Whether a user's rights cover what an export of his holds: they may have shrunk since it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from audit.exports.listing import seen_in
from audit.exports.query import exported_model
from audit.models import ExportFile
from audit.reading import roles_that_read, workflows_for
from audit.statements import sql_of

ALL = "all"


def scope_of(file: ExportFile) -> str:
    """Which rows its owner sees now of those that the file tells of: “all”, or the SHA-256 of the conditions; empty for
    none at all.

    Equal ones mean the same rows, as far as who may see them goes.
    """
    if file.owner is None or not may_read(file.owner, file.workflow, file.what):
        return ""
    seen = _rows_seen(file)
    if not any(rows.query.where for rows in seen):
        return ALL
    asked = [sql_of(rows.order_by().values("pk"), named="subject") for rows in seen]
    said = " ".join(f"{rows.text} {sorted(rows.parameters.items())}" for rows in asked)
    return hashlib.sha256(said.encode()).hexdigest()


def _rows_seen(file: ExportFile) -> Sequence[QuerySet[Any]]:
    if file.what in settings.AUDIT_LISTS:
        return seen_in(file.what, file.owner)
    model: Any = exported_model(file.workflow)
    return [] if model is None else [model._default_manager.visible_to(file.owner)]


def may_read(user: Any, workflow: str, what: str = "") -> bool:
    """Whether exports of the workflow, or the list called `what`, may be made for the user."""
    if not user.is_active:
        return False
    if what in settings.AUDIT_LISTS or exported_model(workflow) is not None:
        return bool(user.has_role(*roles_that_read(workflow)))
    return workflow in workflows_for(user)


def cover(file: ExportFile) -> bool:
    """Whether its owner may still have what the file holds: he sees all now, or just what he saw when it was made."""
    now = scope_of(file)
    return now == ALL or (now != "" and now == file.scope)
