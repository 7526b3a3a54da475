"""The invented history of one request, step by step, through the state machine itself.

Every step is judged by the rules that the transitions declare, with the actor of the step, so that no history can
take a way that the system would refuse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from audit import machine
from audit.calendar import BusinessClock
from audit.ledger import PastStep, Step
from designation.demo.staff import Staff
from designation.models import FieldOpinion, Request, Role, User
from designation.models.requests import State

HOUR = 3600

# Business hours that half of all stays take, and how widely stays differ (sigma of the logarithm).
MEDIAN_HOURS = {
    State.DRAFT: 14.0,
    State.HSI_REVIEW: 13.0,
    State.DEA_INTAKE: 9.0,
    State.FIELD_REVIEW: 34.0,
    State.DEA_DECISION: 17.0,
    State.RETURNED: 26.0,
    State.DENIED: 60.0,
}
SPREAD = 0.75
EXPEDITED_FACTOR = 0.35
SLOW_DIVISIONS = {"DEA-LAX": 2.1, "DEA-HOU": 1.7, "DEA-ELP": 1.5, "DEA-NYC": 1.4}

# What happens next, in percent.
NEXT: Mapping[str, Mapping[str, float]] = {
    State.DRAFT: {"submit": 99, "withdraw": 1},
    State.HSI_REVIEW: {"endorse": 94.8, "return_to_office": 4.5, "withdraw": 0.7},
    State.DEA_INTAKE: {"accept": 93, "return_to_office": 6.5, "withdraw": 0.5},
    State.FIELD_REVIEW: {"concur": 93, "nonconcur": 6.3, "withdraw": 0.7},
    State.DEA_DECISION: {"approve": 95.5, "deny": 1.6, "return_to_office": 2.2, "refer_back": 0.6, "withdraw": 0.4},
    State.RETURNED: {"resubmit": 95, "withdraw": 5},
    State.DENIED: {"reconsider": 18, "": 82},
}
AFTER_NONCONCURRENCE = {"approve": 24, "deny": 42, "refer_back": 28, "return_to_office": 4, "withdraw": 2}
AFTER_RECONSIDERATION = {"approve": 65, "deny": 35}
MOST_RETURNS = 2
SUBMITTED_AT_ONCE = 0.65  # share of the requests that never wait as drafts
AFTER_HOURS = 0.04  # share of the steps that somebody makes in the evening

LEFT = "The agent has left HSI."
ANSWERS = {
    "The supervisor’s memorandum is missing.": "Memorandum added to the case file; its reference is in the request.",
    "The justification does not name the agent’s present assignment.": "The justification now names the assignment.",
    "The completion date of the joint training module is missing.": "Training date added.",
    "The badge number does not agree with the roster.": "Badge number checked against the roster; it is right.",
}
"""What a request is returned for, and how the office answers."""
REASONS: Mapping[str, Sequence[str]] = {
    "submit": ("",),
    "endorse": ("", "", "Complete.", "Endorsed with the office’s roster."),
    "accept": ("", "", "Complete on intake."),
    "concur": ("", "No conflict found in local deconfliction.", "The division concurs."),
    "nonconcur": (
        "The office’s local deconfliction protocol has lapsed and is being renewed.",
        "Two open cases of the group overlap with division cases; to be settled first.",
        "No smuggling nexus stated for the assignment.",
    ),
    "approve": ("", "", "Approved under the agreement of 2009."),
    "approve against": (
        "The objection was settled with the division by telephone.",
        "The overlap is handled by the deconfliction protocol of 2009; authority is needed now.",
    ),
    "deny": (
        "The assignment has no nexus to smuggling across the border or through a port of entry.",
        "Overlapping cases of the office and the division are not settled.",
        "The need can be met by agents of the office who are designated already.",
    ),
    "return_to_office": tuple(ANSWERS),
    "refer_back": (
        "Does the objection stand now that the protocol has been renewed?",
        "Please say which cases overlap.",
    ),
    "reconsider": ("The office showed a nexus that was not in the file.", "The overlapping cases have been settled."),
    "withdraw": (LEFT, "The agent was reassigned.", "Filed twice by mistake.", "No longer needed for the case."),
}


class UnlawfulHistory(Exception):
    """The invention tried a step that the system would refuse."""


def act(row: Any, name: str, *, at: datetime, actor: User | None, reason: str = "") -> PastStep:
    """Moves the row in memory as the workflow would, and returns the step. `actor` is None for the system itself.

    Raises UnlawfulHistory for what the declared rules do not allow.
    """
    found = getattr(row, name)._django_fsm.get_transition(row.state)
    if found is None:
        raise UnlawfulHistory(f"{row.number}: “{name}” does not leave {row.state}")
    refused = machine.judge(name, [row], actor=actor, reason=reason).refused
    if refused:
        raise UnlawfulHistory(str(refused[0]))
    role = found.permission.role_of(row, actor)
    getattr(row, name)(by=actor, reason=reason)
    row.version += 1
    return past(machine.step_of(row, name, reason=reason, role=role), at=at, actor=actor)


def past(step: Step, *, at: datetime, actor: User | None) -> PastStep:
    if actor is None:
        return PastStep(**asdict(step), at=at, actor_name="system")
    return PastStep(
        **asdict(step), at=at, actor_id=actor.pk, actor_name=actor.recorded_name, actor_agency=actor.agency_code
    )


@dataclass(frozen=True)
class Chance:
    """Draws what happens and how long it takes, in the calendar's business time."""

    rng: Random
    clock: BusinessClock

    def later(self, at: datetime, hours: float) -> datetime:
        """An instant after so many business hours, to the microsecond; now and then in the evening of the day."""
        then = self.clock.add(at, int(hours * HOUR)) + timedelta(microseconds=self.rng.randrange(1_000_000))
        if self.rng.random() < AFTER_HOURS:
            then += timedelta(hours=self.rng.uniform(1, 5))
        return then

    def stay(self, median_hours: float) -> float:
        """Business hours of a stay that takes the median in half of the cases, and now and then far longer."""
        return self.rng.lognormvariate(math.log(median_hours), SPREAD)

    def draw(self, chances: Mapping[str, float]) -> str:
        return self.rng.choices(list(chances), weights=list(chances.values()))[0]


@dataclass
class RequestHistory:
    """A request on its way, with the steps and opinions so far. `live` takes it as far as `until` allows."""

    request: Request
    at: datetime
    until: datetime
    chance: Chance
    staff: Staff
    steps: list[PastStep] = field(default_factory=list)
    opinions: list[FieldOpinion] = field(default_factory=list)
    returns: int = 0
    settled: bool = False
    """Whether nothing more would happen, however long one waited."""

    @property
    def agent_left(self) -> bool:
        return self.request.state == State.WITHDRAWN and self.steps[-1].reason == LEFT

    def live(self) -> None:
        """From the filing at `at` to the end of the process, or to the end of the invention's time."""
        filer = self.request.filed_by
        self.steps.append(
            past(machine.step_of(self.request, "create", role=Role.COORDINATOR.value), at=self.at, actor=filer)
        )
        if self.chance.rng.random() < SUBMITTED_AT_ONCE:
            self._step("submit", self.at)
        while (name := self._next()) and (at := self._when()) <= self.until:
            self._step(name, at)
        self.settled = not name

    def _next(self) -> str:
        state = self.request.state
        if state in (State.APPROVED, State.WITHDRAWN) or (state == State.DENIED and self.request.reconsidered):
            return ""
        chances = dict(NEXT[state])
        if state == State.DEA_DECISION and self.request.reconsidered:
            chances = dict(AFTER_RECONSIDERATION)
        elif state == State.DEA_DECISION and not self.opinions[-1].concurs:
            chances = dict(AFTER_NONCONCURRENCE)
        if self.returns == MOST_RETURNS:
            chances.pop("return_to_office", None)
        if len(self.opinions) > 1:
            chances.pop("refer_back", None)
        return self.chance.draw(chances)

    def _when(self) -> datetime:
        request = self.request
        hours = self.chance.stay(MEDIAN_HOURS[State(request.state)])
        if request.priority == Request.Priority.EXPEDITED:
            hours *= EXPEDITED_FACTOR
        if request.state == State.FIELD_REVIEW:
            hours *= SLOW_DIVISIONS.get(request.division.code, 1)
        return self.chance.later(self.at, hours)

    def _step(self, name: str, at: datetime) -> None:
        actor = self._actor(name)
        reason = self._reason(name)
        self.steps.append(act(self.request, name, at=at, actor=actor, reason=reason))
        self.at = at
        if name in ("concur", "nonconcur"):
            self._opine(actor, reason, concurs=name == "concur")
        if name == "return_to_office":
            self.returns += 1

    def _reason(self, name: str) -> str:
        if name == "resubmit":
            return ANSWERS[self.steps[-1].reason]
        against = name == "approve" and self.request.nonconcurred
        return self.chance.rng.choice(REASONS["approve against" if against else name])

    def _actor(self, name: str) -> User:
        rng, staff, request = self.chance.rng, self.staff, self.request
        if name == "submit":
            return request.filed_by
        if name in ("withdraw", "resubmit"):
            return rng.choice(staff.coordinators[request.office.code])
        if request.state == State.HSI_REVIEW:
            return rng.choice(staff.hsi_hq)
        if request.state == State.FIELD_REVIEW or (request.state == State.DEA_INTAKE and rng.random() < 0.3):
            return rng.choice(staff.field_reviewers[request.division.code])
        return rng.choice(staff.dea_hq)

    def _opine(self, reviewer: User, reason: str, *, concurs: bool) -> None:
        self.request.nonconcurred = not concurs
        if self.opinions:
            self.opinions[-1].superseded_at = self.at
        self.opinions.append(
            FieldOpinion(
                request=self.request,
                division=self.request.division,
                concurs=concurs,
                reason=reason,
                given_by=reviewer,
                given_by_name=reviewer.recorded_name,
                given_at=self.at,
            )
        )
