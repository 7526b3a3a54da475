"""Whether a user's rights cover what an export of his holds: they may have shrunk since it was made."""

from __future__ import annotations

import hashlib
from typing import Any

from audit.exports.query import exported_model
from audit.models import ExportFile
from audit.reading import roles_that_read, workflows_for
from audit.statements import sql_of

ALL = "all"


def scope_of(user: Any, workflow: str) -> str:
    """Which rows of the workflow the user sees now: “all”, or the SHA-256 of the condition; empty for none at all.

    Equal ones mean the same rows, as far as who may see them goes.
    """
    if user is None or not may_read(user, workflow):
        return ""
    model: Any = exported_model(workflow)
    if model is None:
        return ALL
    rows = model._default_manager.visible_to(user)
    if not rows.query.where:
        return ALL
    seen = sql_of(rows.order_by().values("pk"), named="subject")
    return hashlib.sha256(f"{seen.text} {sorted(seen.parameters.items())}".encode()).hexdigest()


def may_read(user: Any, workflow: str) -> bool:
    """Whether exports of the workflow may be made for the user."""
    if not user.is_active:
        return False
    if exported_model(workflow) is not None:
        return bool(user.has_role(*roles_that_read(workflow)))
    return workflow in workflows_for(user)


def cover(file: ExportFile) -> bool:
    """Whether its owner may still have what the file holds: he sees all now, or just what he saw when it was made."""
    now = scope_of(file.owner, file.workflow)
    return now == ALL or (now != "" and now == file.scope)
