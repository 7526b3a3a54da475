"""Verification of the ledger: every hash computed again, every chain followed, every row's state compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, Subquery

from audit.canonical import HASHED, step_hash
from audit.ledger import STEP_COLUMNS
from audit.machine import Subject
from audit.models import StepEvent


@dataclass(frozen=True)
class Finding:
    """Something that does not verify. `step` is the event's position in the ledger, None where one is missing."""

    workflow: str
    subject: str
    step: int | None
    sequence: int
    problem: str

    def __str__(self) -> str:
        event = f"event {self.step}" if self.step is not None else "event (none on record)"
        return f"{event} ({self.workflow} {self.subject}, step {self.sequence}): {self.problem}"


def findings() -> Iterator[Finding]:
    """Everything in the ledger that does not verify. Streams: memory does not grow with the ledger."""
    steps = StepEvent.objects.order_by("workflow", "subject", "sequence").values(*STEP_COLUMNS)
    previous: Mapping[str, Any] | None = None
    for step in steps.iterator(chunk_size=5000):
        if previous and (previous["workflow"], previous["subject"]) != (step["workflow"], step["subject"]):
            previous = None
        problem = _problem(step, previous)
        if problem:
            yield Finding(step["workflow"], step["subject"], step["id"], step["sequence"], problem)
        previous = step
    for model in subject_models():
        yield from _rows_that_disagree(model)


def _problem(step: Mapping[str, Any], previous: Mapping[str, Any] | None) -> str:
    expected = previous["sequence"] + 1 if previous else 1
    if step["sequence"] != expected:
        return f"step {expected} is missing before it"
    if bytes(step["previous_hash"]) != (bytes(previous["hash"]) if previous else b""):
        return "does not continue the step before it"
    if not all(isinstance(value, str) for value in step["dimensions"].values()):
        return "its dimensions are not text"
    if bytes(step["hash"]) != step_hash([step[name] for name in HASHED]):
        return "its content is not what its hash covers"
    if step["from_state"] != (previous["to_state"] if previous else ""):
        return "does not begin where the step before it ended"
    if previous and step["at"] < previous["at"]:
        return "is earlier than the step before it"
    return ""


@cache
def subject_models() -> tuple[type[Subject], ...]:
    """The models whose rows the ledger follows."""
    return tuple(model for model in apps.get_models() if issubclass(model, Subject))


def _rows_that_disagree(model: type[Subject]) -> Iterator[Finding]:
    steps = StepEvent.objects.filter(workflow=model.workflow)
    last = steps.filter(subject=OuterRef("number")).order_by("-sequence")
    every: Any = model._base_manager
    rows = every.annotate(
        last_id=Subquery(last.values("id")[:1]),
        last_sequence=Subquery(last.values("sequence")[:1]),
        last_state=Subquery(last.values("to_state")[:1]),
    ).exclude(last_state__isnull=False, state=Subquery(last.values("to_state")[:1]))
    for row in rows.values("number", "state", "last_id", "last_sequence", "last_state").iterator():
        problem = f"the row is in “{row['state']}”, its last step led to “{row['last_state'] or 'nothing'}”"
        yield Finding(model.workflow, row["number"], row["last_id"], row["last_sequence"] or 0, problem)
    rowless = steps.filter(Q(sequence=1), ~Exists(every.filter(number=OuterRef("subject"))))
    for step in rowless.iterator():
        yield Finding(model.workflow, step.subject, step.pk, 1, "its row is missing")
