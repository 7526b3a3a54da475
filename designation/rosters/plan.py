"""What filing a roster would do, row by row. Nothing is written; a few queries answer for the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from audit import machine
from designation.checks import all_checks, kinds_for
from designation.models import Agent, Office, Request, User
from designation.rosters.columns import Roster
from designation.rosters.fields import Draft, Problem, read_row
from designation.rosters.headers import Field
from designation.rosters.record import (
    compare_with_record,
    find_agents,
    refuse_other_people,
    refuse_repeats,
    warn_of_odd_lengths,
)


class RowStatus(StrEnum):
    READY = "ready"
    ALREADY_FILED = "already_filed"
    ERROR = "error"


@dataclass(frozen=True)
class PlannedRow:
    """One row of the roster and what filing would do with it.

    `agent` is None for a new agent, whom filing adds to the office; `open_request` is the number of the open
    request of a row that is filed already. `warnings` do not hinder filing; `name_differs` says that one is about the
    agent's name.
    """

    number: int
    cells: tuple[str, ...]
    status: RowStatus
    badge_number: str
    last_name: str
    first_name: str
    email: str
    kind: str
    priority: str
    justification: str
    agent: Agent | None
    open_request: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    name_differs: bool

    @property
    def is_new_agent(self) -> bool:
        return self.status is RowStatus.READY and self.agent is None


@dataclass(frozen=True)
class RosterPlan:
    office: Office
    headers: tuple[str, ...]
    rows: tuple[PlannedRow, ...]

    def with_status(self, status: RowStatus) -> tuple[PlannedRow, ...]:
        return tuple(row for row in self.rows if row.status is status)

    @property
    def ready(self) -> tuple[PlannedRow, ...]:
        return self.with_status(RowStatus.READY)

    @property
    def already_filed(self) -> tuple[PlannedRow, ...]:
        return self.with_status(RowStatus.ALREADY_FILED)

    @property
    def errors(self) -> tuple[PlannedRow, ...]:
        return self.with_status(RowStatus.ERROR)

    @property
    def new_agents(self) -> int:
        return sum(row.is_new_agent for row in self.rows)

    @property
    def names_differing(self) -> tuple[PlannedRow, ...]:
        """The rows that will be filed under the name on record, which is not quite that of the file."""
        return tuple(row for row in self.ready if row.name_differs)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.errors for problem in row.problems)

    @property
    def reasons(self) -> dict[int, str]:
        """Row number -> why the row cannot be filed and what to do, with the columns' names."""
        return {
            row.number: " ".join(f"{problem.column}: {problem.message}" for problem in row.problems)
            for row in self.errors
        }

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(warning for row in self.ready for warning in row.warnings)


def plan(roster: Roster, *, office: Office, actor: User, default_justification: str = "") -> RosterPlan:
    """What filing the roster for the office would do now. Writes nothing."""
    drafts = [read_row(roster, row, default_justification) for row in roster.rows]
    find_agents(drafts)
    refuse_other_people(drafts, office)
    refuse_repeats(drafts)
    pending = [draft for draft in drafts if not _is_filed(draft, office)]
    warn_of_odd_lengths(drafts, office)
    compare_with_record(pending, office)
    _decide_kinds(pending, office)
    _ask_the_rules(pending, office, actor)
    return RosterPlan(office, roster.headers, tuple(_planned(draft, office) for draft in drafts))


def _is_filed(draft: Draft, office: Office) -> bool:
    """Whether the office has an open request for the agent.

    A row that repeats another is an error, and so is one whose badge number is another person's.
    """
    is_open = draft.open_request is not None and draft.open_request.office_id == office.pk
    return is_open and draft.repeats is None and not draft.is_other_person


def _decide_kinds(drafts: Sequence[Draft], office: Office) -> None:
    """Give a kind to the rows that leave it open, as filing would."""
    unsettled = [draft for draft in drafts if not draft.kind]
    kinds = kinds_for([draft.agent for draft in unsettled if draft.agent], office)
    for draft in unsettled:
        draft.kind = kinds[draft.agent.pk] if draft.agent else Request.Kind.INITIAL


def _ask_the_rules(drafts: Sequence[Draft], office: Office, actor: User) -> None:
    """Ask now what submitting will ask of agents on record.

    The rules know a request by its primary key and number; while it has none, the row's number stands in.
    """
    asked = {draft.row.number: draft for draft in drafts if draft.agent and not draft.problems}
    requests = [
        Request(pk=number, number=str(number), agent=draft.agent, office=office, kind=draft.kind)
        for number, draft in asked.items()
    ]
    outcome = machine.judge("submit", requests, actor=actor, reason="", checks=all_checks())
    for refusal in outcome.refused:
        asked[int(refusal.number)].wrong(Field.BADGE_NUMBER, refusal.message)


def _planned(draft: Draft, office: Office) -> PlannedRow:
    filed = _is_filed(draft, office)
    status = RowStatus.ALREADY_FILED if filed else RowStatus.ERROR if draft.problems else RowStatus.READY
    return PlannedRow(
        number=draft.row.number,
        cells=draft.row.cells,
        status=status,
        badge_number=draft.agent.badge_number if draft.agent else draft.badge_number,
        last_name=draft.last_name,
        first_name=draft.first_name,
        email=draft.email,
        kind=draft.kind,
        priority=draft.priority,
        justification=draft.justification,
        agent=draft.agent,
        open_request=draft.open_request.number if filed and draft.open_request else "",
        problems=tuple(draft.problems),
        warnings=tuple(draft.warnings),
        name_differs=draft.name_differs,
    )
