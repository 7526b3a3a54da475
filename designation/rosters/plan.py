"""What filing a roster would do, row by row: nothing is written, and a few queries answer for the whole file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Func, Value
from django.db.models.functions import Lower, Upper

from designation.checks import all_checks
from designation.models import Agent, Designation, Office, Request, User
from designation.rosters.columns import Roster
from designation.rosters.fields import Draft, Problem, read_row
from designation.rosters.headers import Field
from designation.rosters.names import same_last_name, same_person_name


class RowStatus(StrEnum):
    READY = "ready"
    ALREADY_FILED = "already_filed"
    ERROR = "error"


@dataclass(frozen=True)
class PlannedRow:
    """One row of the roster and what filing would do with it.

    `agent` is None for a new agent, whom filing adds to the office; `open_request` is the number of the request
    that is open already. `warnings` do not hinder filing.
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
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.errors for problem in row.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(warning for row in self.ready for warning in row.warnings)


def plan(roster: Roster, *, office: Office, actor: User, default_justification: str = "") -> RosterPlan:
    """What filing the roster for the office would do now. Writes nothing."""
    drafts = [read_row(roster, row, default_justification) for row in roster.rows]
    known = _Known(drafts)
    agents = {draft.row.number: known.agent_of(draft) for draft in drafts}
    _refuse_repeats(drafts, agents)
    for draft in drafts:
        _compare_with_record(draft, agents[draft.row.number], known)
    _decide_kinds(drafts, agents, office)
    _ask_the_checks(drafts, agents, office, actor)
    open_requests = _open_requests(agent for agent in agents.values() if agent)
    rows = tuple(_planned(draft, agents[draft.row.number], open_requests, office) for draft in drafts)
    return RosterPlan(office, roster.headers, rows)


class _Known:
    """The agents on record whom the rows can mean, fetched at once."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        badges = {_bare(draft.badge_number) for draft in drafts if draft.badge_number}
        emails = {draft.email.lower() for draft in drafts if draft.email}
        without_zeros = Func(Upper("badge_number"), Value("0"), function="LTRIM")
        self._by_bare_badge: dict[str, list[Agent]] = {}
        for agent in Agent.objects.annotate(bare=without_zeros).filter(bare__in=badges).select_related("office"):
            self._by_bare_badge.setdefault(_bare(agent.badge_number), []).append(agent)
        owners = Agent.objects.annotate(lower_email=Lower("email")).filter(lower_email__in=emails)
        self._email_owner = dict(owners.values_list("lower_email", "pk"))

    def owner_of(self, email: str) -> int | None:
        return self._email_owner.get(email.lower())

    def agent_of(self, draft: Draft) -> Agent | None:
        """The agent of the row's badge number; a badge that lost its leading zeros is found by the last name."""
        alike = self._by_bare_badge.get(_bare(draft.badge_number), []) if draft.badge_number else []
        for agent in alike:
            if agent.badge_number.upper() == draft.badge_number.upper():
                return agent
        named = [agent for agent in alike if same_last_name(agent.last_name, draft.last_name)]
        if len(named) == 1:
            draft.warn(
                Field.BADGE_NUMBER, f"Taken for badge {named[0].badge_number}: the spreadsheet dropped leading zeros."
            )
            return named[0]
        if alike:
            draft.wrong(
                Field.BADGE_NUMBER,
                f"No agent has this badge number, but badge {alike[0].badge_number} exists under another name.",
                "Format the column as text and type the number with its leading zeros, or correct the name.",
            )
        return None


def _bare(badge_number: str) -> str:
    return badge_number.upper().lstrip("0")


def _refuse_repeats(drafts: Sequence[Draft], agents: dict[int, Agent | None]) -> None:
    first_by_badge: dict[str, int] = {}
    first_by_email: dict[str, int] = {}
    for draft in drafts:
        agent = agents[draft.row.number]
        badge = (agent.badge_number if agent else draft.badge_number).upper()
        first = first_by_badge.setdefault(badge, draft.row.number) if badge else draft.row.number
        if first != draft.row.number:
            draft.wrong(
                Field.BADGE_NUMBER, f"The same badge number stands in row {first}, which is kept.", "Remove one of them."
            )
            continue
        email = draft.email.lower()
        first = first_by_email.setdefault(email, draft.row.number) if email else draft.row.number
        if first != draft.row.number:
            draft.wrong(
                Field.EMAIL, f"The same e-mail address stands in row {first}, for another agent.", "Correct one of them."
            )


def _compare_with_record(draft: Draft, agent: Agent | None, known: _Known) -> None:
    owner = known.owner_of(draft.email) if draft.email else None
    if owner is not None and (agent is None or owner != agent.pk):
        draft.wrong(
            Field.EMAIL,
            "This e-mail address belongs to an agent with another badge number.",
            "Correct the address or the badge number, or leave the address blank.",
        )
    if agent is None:
        return
    names = (draft.last_name, draft.first_name)
    if all(names) and not same_person_name(*names, agent.last_name, agent.first_name):
        column = Field.LAST_NAME if Field.LAST_NAME in draft.roster.mapping else Field.NAME
        draft.warn(
            column,
            f"On record, badge {agent.badge_number} is {agent.full_name}.",
            "Check that it is the same agent; the name on record is kept.",
        )
    if draft.email and agent.email and draft.email.lower() != agent.email.lower():
        draft.warn(Field.EMAIL, f"On record, the agent's address is {agent.email}, which is kept.")


def _decide_kinds(drafts: Sequence[Draft], agents: dict[int, Agent | None], office: Office) -> None:
    """Give a kind to the rows that leave it open: a transfer of a live designation of another office to the agent's
    present one, a renewal for whoever was designated before, else an initial request."""
    unsettled = [draft for draft in drafts if not draft.kind]
    pks = {agent.pk for draft in unsettled if (agent := agents[draft.row.number])}
    live: dict[int, int] = {}
    ever: set[int] = set()
    for designation in Designation.objects.filter(agent__in=pks).only("agent_id", "office_id", "state"):
        ever.add(designation.agent_id)
        if not designation.is_final:
            live[designation.agent_id] = designation.office_id
    for draft in unsettled:
        agent = agents[draft.row.number]
        moved = agent is not None and agent.office_id == office.pk and live.get(agent.pk, office.pk) != office.pk
        renewed = agent is not None and agent.pk in ever
        draft.kind = Request.Kind.TRANSFER if moved else Request.Kind.RENEWAL if renewed else Request.Kind.INITIAL


def _ask_the_checks(
    drafts: Sequence[Draft], agents: dict[int, Agent | None], office: Office, actor: User
) -> None:
    """The rules that submitting asks, asked now. They know rows by primary key, for which the row number stands here."""
    requests = []
    by_number = {draft.row.number: draft for draft in drafts}
    for draft in drafts:
        agent = agents[draft.row.number]
        if agent is not None:
            requests.append(Request(pk=draft.row.number, agent=agent, office=office, kind=draft.kind))
        elif draft.badge_number and not draft.problems and draft.kind != Request.Kind.INITIAL:
            draft.wrong(
                Field.KIND if Field.KIND in draft.roster.mapping else Field.BADGE_NUMBER,
                "No agent with this badge number is on record, so there is no designation to renew or transfer.",
                "Check the badge number, or write initial.",
            )
    for check in all_checks():
        for number, reason in check("submit", requests, actor).items():
            by_number[number].wrong(Field.BADGE_NUMBER, reason)


def _open_requests(agents: Iterable[Agent]) -> dict[int, Request]:
    found = Request.objects.open().filter(agent__in=list(agents)).only("agent_id", "office_id", "number")
    return {request.agent_id: request for request in found}
