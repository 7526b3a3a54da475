"""The state machines as a picture and as tables, drawn from the declarations themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django_fsm import RETURN_VALUE

from audit.machine import ReasonRequired, Subject
from designation.models import Designation, Request

PAGE = """\
# Workflow of requests and designations

Drawn from the transitions that the models declare, by `manage.py draw_workflow`; a test keeps it current.

## Requests

{request}

## Designations

{designation}
"""
SECTION = """\
```mermaid
stateDiagram-v2
{picture}
```

| state | clock | |
| --- | --- | --- |
{states}

| transition | from | to | by whom | reason | or it is refused, saying |
| --- | --- | --- | --- | --- | --- |
{transitions}"""


def page() -> str:
    """The page docs/reference/request-workflow.md, as Markdown with Mermaid diagrams."""
    return PAGE.format(request=_section(Request, "create"), designation=_section(Designation, "grant"))


def _section(model: type[Subject], first_step: str) -> str:
    return SECTION.format(
        picture="\n".join(f"    {line}" for line in _picture(model, first_step)),
        states="\n".join(_states(model)),
        transitions="\n".join(_transitions(model)),
    )


def _labels(model: type[Subject]) -> dict[str, str]:
    return {str(value): str(label) for value, label in _state_field(model).flatchoices}


def _state_field(model: type[Subject]) -> Any:
    meta: Any = model._meta
    return meta.get_field("state")


def _picture(model: type[Subject], first_step: str) -> Iterator[str]:
    labels = _labels(model)
    for state, label in labels.items():
        yield f'state "{label}" as {state}'
    yield f"[*] --> {_state_field(model).get_default()}: {first_step}"
    for name, found in declared(model):
        for source, targets in _moves(found):
            for target in targets:
                yield f"{source} --> {target}: {name}"
    for state in labels:
        if state in model.final_states:
            yield f"{state} --> [*]"


def _states(model: type[Subject]) -> Iterator[str]:
    for state, label in _labels(model).items():
        end = "ends the process" if state in model.final_states else ""
        yield f"| {label} | {model.parties.get(state, 'none')} | {end} |"


def _transitions(model: type[Subject]) -> Iterator[str]:
    labels = _labels(model)
    for name, found in declared(model):
        targets = dict.fromkeys(target for _, reached in _moves(found) for target in reached)
        cells = [
            f"{found[0].custom['label']} (`{name}`)",
            ", ".join(labels[source] for source, _ in _moves(found)),
            " or ".join(labels[target] for target in targets),
            found[0].permission.why,
            _reason(found[0].custom.get("reason_required", False)),
            " ".join(condition.why for condition in found[0].conditions),
        ]
        yield f"| {' | '.join(cells)} |"


def _reason(required: bool | ReasonRequired) -> str:
    if isinstance(required, ReasonRequired):
        return f"required {required.when}"
    return "required" if required else ""


def declared(model: type[Subject]) -> Iterator[tuple[str, list[Any]]]:
    """The transitions of each method, those together that the same people may make."""
    for name in model.transition_names():
        by_permission: dict[str, list[Any]] = defaultdict(list)
        for found in getattr(model, name)._django_fsm.transitions.values():
            by_permission[found.permission.why].append(found)
        for together in by_permission.values():
            yield name, together


def _moves(together: list[Any]) -> Iterator[tuple[str, list[str]]]:
    for found in together:
        if isinstance(found.target, RETURN_VALUE):
            yield str(found.source), [str(state) for state in found.target.allowed_states]
        else:
            yield str(found.source), [str(found.target)]
