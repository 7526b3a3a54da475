"""What every state machine of the project shares: rules declared on transitions, and one batch way to perform them.

States and transitions are declared with django-fsm on a model that derives from `Subject`; an app's `workflow`
calls `perform`, and nothing else changes a state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db import models, transaction
from django_fsm import Transition

from audit import ledger
from audit.moments import moment
from audit.reasons import is_blank


class Permission(Protocol):
    """Who may perform a transition. Declared on it, so that pages, admin and workflow read one rule."""

    why: str

    def __call__(self, instance: Any, user: Any) -> bool: ...
    def role_of(self, instance: Any, user: Any) -> str: ...


@dataclass(frozen=True)
class Condition:
    """What must hold of the row itself before a transition; `why` is the sentence shown when it does not."""

    holds: Callable[[Any], bool]
    why: str

    def __call__(self, instance: Any) -> bool:
        return self.holds(instance)


@dataclass(frozen=True)
class ReasonRequired:
    """Declares a transition that needs a reason from some rows only; `when` says from which, in a few words."""

    of: Callable[[Any], bool]
    when: str

    def __call__(self, instance: Any) -> bool:
        return self.of(instance)


def requires_reason(declared: bool | ReasonRequired, row: Any) -> bool:
    """Whether a transition with this `reason_required` needs a reason from the row."""
    return declared(row) if callable(declared) else declared


@dataclass(frozen=True)
class Dimension:
    """What reports group and filter by. `choices` are the values it can have, with their labels."""

    label: str
    holds: str
    choices: Callable[[], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class Exported:
    """What an export of processing times says of each row, beside its times.

    `identifiers`: column -> the field lookup that gives it, and what it holds. `dimensions`: by the names that
    `Subject.dimensions` gives them. `counts`: column -> the stage whose visits it counts, and what it holds.
    `parts`: name -> the rows that some users see all of, and no others; reports keep figures of them too. Once a row
    has ended, it stays in its parts.
    """

    identifiers: Mapping[str, tuple[str, str]]
    dimensions: Mapping[str, Dimension]
    counts: Mapping[str, tuple[str, str]]
    parts: Mapping[str, models.Q] = field(default_factory=dict)


class Subject(models.Model):
    """A row that a workflow moves and the ledger follows."""

    version = models.PositiveIntegerField(default=1, editable=False)

    workflow: ClassVar[str]
    """The name under which the ledger keeps the rows' steps."""
    parties: ClassVar[Mapping[str, str]]
    """State -> whose clock runs in it; a state that is not named has no clock."""
    final_states: ClassVar[frozenset[str]]
    moved_fields: ClassVar[tuple[str, ...]] = ()
    """Columns beside the state that transition methods set."""
    exported: ClassVar[Exported | None] = None
    """Set where processing times are exported with columns of their own."""

    state: Any
    number: Any

    class Meta:
        abstract = True

    def dimensions(self) -> dict[str, str]:
        """What reports group by, as recorded at each step."""
        raise NotImplementedError

    def party(self) -> str:
        """Whose clock runs now; empty for nobody's."""
        return self.parties.get(self.state, "")

    def get_state_display(self) -> str:
        return self.state_label(self.state)

    @classmethod
    def state_label(cls, state: str) -> str:
        """What people call the state; a state that is declared no longer keeps its bare value."""
        field: Any = cls._meta.get_field("state")
        return str(dict(field.flatchoices).get(state, state))

    @classmethod
    def transitions_from(cls, state: str) -> Iterator[Transition]:
        """The transitions that leave the state, in the order of their declaration."""
        for name, method in vars(cls).items():
            if name in cls.transition_names() and (found := method._django_fsm.get_transition(state)):
                yield found

    @classmethod
    def transition_names(cls) -> list[str]:
        return [name for name, method in vars(cls).items() if hasattr(method, "_django_fsm")]


S = TypeVar("S", bound=Subject)
Check = Callable[[str, Sequence[Any], Any], Mapping[int, str]]
"""(transition, rows, actor) -> primary key -> why that row may not make the transition now."""


@dataclass(frozen=True)
class Refusal:
    number: str
    code: str
    message: str
    pk: int | None = None

    def __str__(self) -> str:
        return f"{self.number}: {self.message}"


@dataclass
class Outcome(Generic[S]):
    """What a batch did: the rows that moved, and those refused with the reason of each."""

    done: list[S] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class Refused(Exception):
    """A transition of a single row was refused; the message says why and what to do."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def perform(
    name: str,
    queryset: models.QuerySet[S],
    pks: Iterable[int],
    *,
    actor: Any,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
    checks: Sequence[Check] = (),
) -> Outcome[S]:
    """Makes one transition of many rows: lock, check, change, record, all in one database transaction.

    `queryset` holds what the actor may see; a primary key outside of it is refused as not found. `versions` maps
    primary keys to the version that the actor was looking at; a row that has moved on since is refused as stale.
    """
    with transaction.atomic():
        wanted = list(dict.fromkeys(pks))
        rows = list(queryset.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk"))
        outcome = judge(name, rows, actor=actor, reason=reason, versions=versions, checks=checks)
        outcome.refused += not_found(wanted, rows)
        move(name, outcome.done, actor=actor, reason=reason)
    return outcome


def preview(
    name: str,
    queryset: models.QuerySet[S],
    pks: Iterable[int],
    *,
    actor: Any,
    versions: Mapping[int, int] | None = None,
    checks: Sequence[Check] = (),
) -> Outcome[S]:
    """What `perform` would do and refuse at this moment, given a reason; changes nothing."""
    wanted = list(dict.fromkeys(pks))
    rows = list(queryset.filter(pk__in=wanted).order_by("pk"))
    outcome = judge(name, rows, actor=actor, reason="given later", versions=versions, checks=checks)
    outcome.refused += not_found(wanted, rows)
    return outcome


def judge(
    name: str,
    rows: Sequence[S],
    *,
    actor: Any,
    reason: str,
    versions: Mapping[int, int] | None = None,
    checks: Sequence[Check] = (),
) -> Outcome[S]:
    """Sorts the rows into those that may make the transition and those that may not, with the reason of each."""
    outcome: Outcome[S] = Outcome()
    passed: list[S] = []
    moved_on: dict[S, str] = {}
    for row in rows:
        found = getattr(row, name)._django_fsm.get_transition(row.state)
        if found is None:
            moved_on[row] = "state"
        elif versions is not None and versions.get(row.pk, row.version) != row.version:
            moved_on[row] = "stale"
        elif refusal := _declared_refusal(found, row, actor, reason):
            outcome.refused.append(refusal)
        else:
            passed.append(row)
    outcome.refused += _moved_on_refusals(name, moved_on)
    for check in checks:
        refused = check(name, passed, actor) if passed else {}
        outcome.refused += [
            Refusal(row.number, "check", refused[row.pk], row.pk) for row in passed if row.pk in refused
        ]
        passed = [row for row in passed if row.pk not in refused]
    outcome.done = passed
    return outcome


def _declared_refusal(found: Transition, row: Subject, actor: Any, reason: str) -> Refusal | None:
    permission: Any = found.permission
    if not permission(row, actor):
        return Refusal(row.number, "permission", permission.why, row.pk)
    conditions: Any = found.conditions
    for condition in conditions:
        if not condition(row):
            return Refusal(row.number, "condition", condition.why, row.pk)
    if is_blank(reason) and requires_reason(found.custom.get("reason_required", False), row):
        return Refusal(row.number, "reason", "Give a reason: it goes on record.", row.pk)
    return None


def _moved_on_refusals(name: str, rows: Mapping[S, str]) -> Iterator[Refusal]:
    if not rows:
        return
    workflow = next(iter(rows)).workflow
    last_steps = ledger.last_steps(workflow, [row.number for row in rows])
    for row, code in rows.items():
        step = last_steps.get(row.number)
        by = f"by {step.actor_name} on {moment(step.at)}" if step else "since"
        if code == "stale":
            # Its content may have changed without a step, as a draft's, or who it is about.
            message = f"Changed since you opened it; its last step was {by}. Decide on what it says now."
        elif row.state in row.final_states:
            message = f"Already decided: {row.get_state_display().lower()} {by}."
        else:
            message = f"Not possible now: it is in “{row.get_state_display()}”, moved there {by}."
        yield Refusal(row.number, code, message, row.pk)


def not_found(wanted: Sequence[int], rows: Sequence[Subject]) -> list[Refusal]:
    """A refusal for each primary key that is not among the rows."""
    seen = {row.pk for row in rows}
    return [Refusal(f"#{pk}", "not_found", "Not found, or not yours to see.", pk) for pk in wanted if pk not in seen]


def move(name: str, rows: Sequence[S], *, actor: Any, reason: str = "") -> None:
    """Makes a transition of rows that the caller has locked and judged, inside a transaction."""
    if not rows:
        return
    steps = []
    changed: dict[tuple[Any, ...], list[S]] = defaultdict(list)
    for row in rows:
        role = getattr(row, name)._django_fsm.get_transition(row.state).permission.role_of(row, actor)
        getattr(row, name)(by=actor, reason=reason)
        row.version += 1
        changed[tuple(getattr(row, column) for column in ("state", *row.moved_fields))].append(row)
        steps.append(step_of(row, name, reason=reason, role=role))
    model = type(rows[0])
    for values, moved in changed.items():
        columns = dict(zip(("state", *model.moved_fields), values, strict=True))
        model._base_manager.filter(pk__in=[row.pk for row in moved]).update(version=models.F("version") + 1, **columns)
    ledger.append(model.workflow, steps, actor=actor)


def step_of(row: Subject, name: str, *, reason: str = "", role: str = "") -> ledger.Step:
    """The step that brings the ledger to the row's present state."""
    return ledger.Step(
        subject=row.number,
        transition=name,
        to_state=row.state,
        party=row.party(),
        final=row.state in row.final_states,
        reason=reason.strip(),
        role=role,
        dimensions=row.dimensions(),
    )
