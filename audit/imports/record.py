"""Writes a checked log into the ledger: whole cases, in batches, marked as imported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from audit import ledger
from audit.calendar import load
from audit.filters import can_be_asked_for
from audit.imports.log import BadRow, Columns, Event, Log, LogRefused, Span, collector_at_rest
from audit.ledger import PastStep
from audit.models import AccessRecord, StepEvent
from audit.summarising import workflows
from audit.verify import subject_models

TRANSITION = "imported"
LONGEST_DIMENSION = 60
BATCH = 50_000  # events, or one longer case


@dataclass(frozen=True)
class Meaning:
    """How a log is to be understood. Without `final` stages, every case has ended with its last event."""

    workflow: str
    columns: Columns
    parties: Mapping[str, str] = field(default_factory=dict)
    final: Collection[str] = ()


def span_of_calendar() -> Span:
    """The instants that rows may have: those of the default calendar, up to now."""
    clock = load()
    return Span(clock.starts_at, clock.ends_at, timezone.now())


def settled_workflow(name: str) -> str:
    """The name under which a history may be imported, without blanks around it.

    Raises LogRefused for one that is too long, of a workflow that this system moves and times itself, or that differs
    from a workflow on file in its case or its blanks alone: reports would show the two as one name.
    """
    longest: Any = StepEvent._meta.get_field("workflow").max_length
    name = name.strip()
    if not name or len(name) > longest:
        raise LogRefused(f"Name the workflow in 1 to {longest} characters.")
    if _alike(name) in {_alike(model.workflow) for model in subject_models()}:
        raise _timed_here(name)
    for held in workflows():
        if held != name and _alike(held) == _alike(name):
            raise LogRefused(f"The ledger holds the workflow “{held}”. Name it so, or give the history another name.")
    if StepEvent.objects.filter(workflow=name, source=StepEvent.Source.SYSTEM).exists():
        raise _timed_here(name)
    return name


def settled_dimensions(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of the dimensions, by the names under which reports will group and filter by them.

    Raises LogRefused for a name that is blank or too long, or that the addresses of reports use for something else.
    """
    for name, header in headers.items():
        if not name or len(name) > LONGEST_DIMENSION:
            raise LogRefused(f"Name the dimension of the column “{header}” in 1 to {LONGEST_DIMENSION} characters.")
        if not can_be_asked_for(name):
            raise LogRefused(
                f"“{name}” is what reports call something else. Give the dimension another name: "
                f'--dimension "its {name}={header}".'
            )
    return headers


def _alike(name: str) -> str:
    """What names have in common that people would take for one."""
    return " ".join(name.split()).casefold()


def _timed_here(name: str) -> LogRefused:
    return LogRefused(f"“{name}” is a workflow that this system times itself. Give the history another name.")


def known_parties() -> set[str]:
    """Those whose clocks run in the workflows of this system."""
    return {party for model in subject_models() for party in model.parties.values() if party}


def steps_of(case: str, events: Sequence[Event], meaning: Meaning) -> Iterator[PastStep]:
    """The steps of a case: each event enters a stage, and the last one ends the case (see `Meaning.final`)."""
    party_of, final, last = meaning.parties.get, meaning.final, events[-1]
    for event in events:
        stage = event.stage
        yield PastStep(
            subject=case,
            transition=TRANSITION,
            to_state=stage,
            party=party_of(stage, ""),
            final=event is last and (not final or stage in final),
            dimensions=event.dimensions,
            at=event.at,
            actor_name=event.actor,
        )


class Held(NamedTuple):
    """How many cases of a file the ledger holds already: just as the file has them, and otherwise."""

    same: int
    otherwise: int


def settle_held(log: Log, meaning: Meaning) -> Held:
    """Takes out of the log the cases that the ledger holds; returns how many they are.

    The events of a case that the ledger holds otherwise become bad rows: a chain is never continued by a file.
    """
    held = _held(meaning.workflow, log.cases)
    same = 0
    for case, content in held.items():
        events = log.cases.pop(case)
        if content == [_content(step) for step in steps_of(case, events, meaning)]:
            same += 1
            continue
        reason = f"the ledger holds the case “{case}” {_otherwise(content, events)}"
        log.bad += [BadRow(event.row, meaning.columns.case, reason, event.cells) for event in events]
    log.bad.sort(key=lambda bad: bad.row)
    return Held(same, len(held) - same)


def _otherwise(held: Sequence[tuple[Any, ...]], events: Sequence[Event]) -> str:
    """How what the ledger holds differs from the events."""
    if [step[:2] for step in held] == [(event.stage, event.at) for event in events]:
        return "with the same steps and another party map, other final stages, actors or dimensions"
    return "with other steps"


def _held(workflow: str, cases: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    of_workflow = StepEvent.objects.filter(workflow=workflow)
    held: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    if not of_workflow.exists():
        return held
    steps = of_workflow.filter(subject__in=list(cases)).order_by("subject", "sequence")
    for step in steps.iterator(chunk_size=5000):
        held[step.subject].append(_content(step))
    return held


def _content(step: StepEvent | PastStep) -> tuple[Any, ...]:
    return step.to_state, step.at, step.party, step.final, step.actor_name, step.dimensions


def write(log: Log, meaning: Meaning, *, actor_name: str, facts: Mapping[str, Any]) -> Iterator[int]:
    """Writes the log's cases and yields the number of events after each batch, which is one transaction.

    `facts` go on record beside the file's SHA-256. Raises LogRefused where somebody imports the same cases meanwhile.
    """
    begun = AccessRecord.objects.create(
        actor=None,
        actor_name=actor_name,
        act="import event log: begin",
        parameters={"workflow": meaning.workflow, "sha256": log.sha256, "bad_rows": len(log.bad), **facts},
    )
    written = 0
    try:
        for batch in _batches(log.cases):
            written += _write(batch, meaning)
            yield written
        ledger.look_at_bulk()
    finally:
        AccessRecord.objects.create(
            actor=None,
            actor_name=actor_name,
            act="import event log: end",
            parameters={"begun": begun.pk, "complete": written == log.events},
            row_count=written,
        )


def _batches(cases: Mapping[str, list[Event]]) -> Iterator[dict[str, list[Event]]]:
    batch: dict[str, list[Event]] = {}
    size = 0
    for case in sorted(cases):  # neighbours in the ledger's indexes
        events = cases[case]
        if batch and size + len(events) > BATCH:
            yield batch
            batch, size = {}, 0
        batch[case] = events
        size += len(events)
    if batch:
        yield batch


def _write(batch: Mapping[str, list[Event]], meaning: Meaning) -> int:
    steps = (step for case, events in batch.items() for step in steps_of(case, events, meaning))
    with collector_at_rest(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {meaning.workflow}"])
        try:
            return ledger.append_history(meaning.workflow, steps, source=StepEvent.Source.IMPORTED)
        except ledger.LedgerConflict as error:
            raise LogRefused(f"{error} Somebody imports the same cases; run the import again.") from None
