"""What a transition declares of itself, whatever the state of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.machine import Subject


@dataclass(frozen=True)
class Declared:
    """`roles` may make it somewhere; whether on a given row, its permission tells. `to_state` is a state's value."""

    name: str
    label: str
    done: str
    says: str
    reason_required: bool
    harmful: bool
    roles: frozenset[str]
    to_state: str


def declared(model: type[Subject], name: str) -> Declared:
    """The declaration of the transition. Raises AttributeError for a name that is none."""
    transitions = list(getattr(model, name)._django_fsm.transitions.values())
    custom = transitions[0].custom
    return Declared(
        name=name,
        label=custom["label"],
        done=custom["done"],
        says=custom["says"],
        reason_required=custom.get("reason_required", False),
        harmful=custom.get("harmful", False),
        roles=frozenset(role for found in transitions for role in found.permission.scopes),
        to_state=transitions[0].target,
    )


def state_labels(model: type[Subject]) -> dict[str, str]:
    """State -> what it is called."""
    options: Any = model._meta
    return {value: str(label) for value, label in options.get_field("state").flatchoices}
