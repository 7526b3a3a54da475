"""What the filters of an export may name: a mistyped one would give an empty file that looks like an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from audit.exports.query import exported_model, recorded_dimensions
from audit.filters import OPEN, Filters
from audit.machine import Subject
from audit.models import StepEvent

LOOKED_AT = 1_000  # steps, for the values that a refusal names
NAMED = 20  # values


def refuse_unknown(workflow: str, filters: Filters) -> None:
    """Raises ValueError for a dimension, a value or an outcome that the workflow has not; it names those it has.

    What only the ledger knows is looked for among its steps. That reads all of them for what is not there alone, which
    is less than the export would read.
    """
    model = exported_model(workflow)
    if model is not None:
        _refuse_undeclared(workflow, model, filters)
    else:
        _refuse_unrecorded(workflow, filters)


def _refuse_undeclared(workflow: str, model: type[Subject], filters: Filters) -> None:
    assert model.exported is not None
    declared = model.exported.dimensions
    for name, values in filters.dimensions.items():
        if name not in declared:
            raise _no_dimension(workflow, name, declared)
        _refuse_others(name, values, [value for value, _ in declared[name].choices()])
    _refuse_others("outcome", filters.outcomes, [OPEN, *sorted(model.final_states)])


def _refuse_others(name: str, values: Iterable[str], known: list[str]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"{name} “{value}” is not known. It is one of {', '.join(known)}.")


def _refuse_unrecorded(workflow: str, filters: Filters) -> None:
    steps = StepEvent.objects.filter(workflow=workflow).order_by()
    for name, values in filters.dimensions.items():
        having = steps.filter(dimensions__has_key=name)
        if not having.exists():
            raise _no_dimension(workflow, name, recorded_dimensions(workflow))
        for value in values:
            if not having.filter(dimensions__contains={name: value}).exists():
                some = having.values_list("dimensions", flat=True)[:LOOKED_AT]
                raise _no_value(name, value, {dimensions[name] for dimensions in some})
    ended = steps.filter(final=True)
    for outcome in filters.outcomes:
        if outcome != OPEN and not ended.filter(to_state=outcome).exists():
            raise _no_value("outcome", outcome, {OPEN, *ended.values_list("to_state", flat=True)[:LOOKED_AT]})


def _no_dimension(workflow: str, name: str, known: Iterable[str]) -> ValueError:
    has = ", ".join(known) or "none"
    return ValueError(f"The workflow “{workflow}” has no dimension “{name}”. The dimensions that it has: {has}.")


def _no_value(name: str, value: str, some: Collection[str]) -> ValueError:
    named = sorted(some)[:NAMED]
    return ValueError(f"No step has the {name} “{value}”. Among those that there are: {', '.join(named)}.")
