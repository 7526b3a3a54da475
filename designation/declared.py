"""What a transition declares of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from audit.machine import ReasonRequired, Subject, requires_reason


@dataclass(frozen=True)
class Declared:
    """`roles` may make it somewhere; whether on a given row, its permission tells.

    `to_state` is a state's value, empty where the row decides it.
    """

    name: str
    label: str
    done: str
    says: str
    reason_required: bool | ReasonRequired
    harmful: bool
    roles: frozenset[str]
    to_state: str

    def needs_reason(self, rows: Iterable[Any]) -> bool:
        """Whether one of the rows at least may make it with a reason only."""
        return any(requires_reason(self.reason_required, row) for row in rows)


def declared(model: type[Subject], name: str, source: str = "") -> Declared:
    """What the transition declares, from all its states or from the one. Raises AttributeError for a name of none."""
    declarations = getattr(model, name)._django_fsm
    transitions = [declarations.get_transition(source)] if source else list(declarations.transitions.values())
    custom, target = transitions[0].custom, transitions[0].target
    return Declared(
        name=name,
        label=custom["label"],
        done=custom["done"],
        says=custom["says"],
        reason_required=custom.get("reason_required", False),
        harmful=custom.get("harmful", False),
        roles=frozenset(role for found in transitions for role in getattr(found.permission, "scopes", ())),
        to_state=target if isinstance(target, str) else "",
    )
