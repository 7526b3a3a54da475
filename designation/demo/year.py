"""An invented year: who files when and for what, and what becomes of the designations that are granted.

All chance hangs on the seed and on the number of the filing, so that the same seed and last day give the same year;
only how far the open requests have come depends on the clock.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from django.utils import timezone

from audit import machine
from audit.calendar import BusinessClock
from audit.ledger import PastStep
from designation.demo.histories import LEFT, Chance, RequestHistory, act, past
from designation.demo.names import Names
from designation.demo.staff import Staff
from designation.models import Agent, Agreement, Designation, FieldOpinion, Office, Request, User
from designation.models.people import HSI
from designation.workflow import granted

DAYS = 365
# How many agents an office has beside others; an office that is not named has one share.
OFFICE_SIZES = {
    "HSI-NYC": 4.5, "HSI-LAX": 4.5, "HSI-MIA": 4.0, "HSI-HOU": 4.0, "HSI-ELP": 3.6, "HSI-SDG": 3.6, "HSI-SNA": 3.4,
    "HSI-PHX": 3.4, "HSI-CHI": 2.8, "HSI-DAL": 2.6, "HSI-ATL": 2.4, "HSI-WDC": 2.2, "HSI-NEW": 2.2, "HSI-SFO": 2.0,
    "HSI-TPA": 1.8, "HSI-SEA": 1.8, "HSI-BOS": 1.8, "HSI-NOL": 1.6, "HSI-DET": 1.5, "HSI-SJU": 1.4, "HSI-HQ": 0.4,
}  # fmt: skip
# Filings by month beside others: rosters come in with the fiscal year in October, and after the academies.
MONTHS = {1: 1.25, 2: 1.1, 3: 1.0, 4: 0.95, 5: 0.9, 6: 0.85, 7: 0.75, 8: 0.8, 9: 1.1, 10: 1.5, 11: 1.1, 12: 0.7}
WEEKDAYS = (1.2, 1.15, 1.1, 1.0, 0.6)
EXPEDITED = 0.12
HIRED_BEFORE = (200, 7000)  # days before the first filing, at least and at most
# What becomes of a designation, in percent.
FATES = {"renew": 80, "transfer": 11, "suspend": 3, "relinquish": 2, "leave": 2, "revoke": 0.5, "lapse": 1.5}
REFILED_AFTER = {"withdrawn": 0.35, "denied": 0.2}  # share of the ended requests that the office files again
JUSTIFICATIONS = (
    "Assigned to the border enforcement security task force; works cocaine and fentanyl cases at the port of entry.",
    "Joins the airport group; passenger and parcel seizures lead to controlled-substance cases.",
    "Works maritime smuggling cases with the marine task force.",
    "Assigned to the dark web and cyber-enabled narcotics group.",
    "Works bulk cash and narcotics cases at the land port of entry.",
    "Member of an OCDETF strike force; smuggling organisation with a cross-border supply chain.",
    "Mail and express-parcel interdiction at the international facility.",
)


@dataclass
class Person:
    """An invented agent, and what the system would know of him at the present moment of the invention."""

    agent: Agent
    designation: Designation | None = None
    was_designated: bool = False


@dataclass
class Year:
    """The rows and steps of an invented year, not saved yet."""

    agents: list[Agent] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    opinions: list[FieldOpinion] = field(default_factory=list)
    designations: list[Designation] = field(default_factory=list)
    request_steps: list[PastStep] = field(default_factory=list)
    designation_steps: dict[str, list[PastStep]] = field(default_factory=dict)
    """By the designation's number: its steps go on when a later request replaces it."""


@dataclass
class Setting:
    """What an invention starts from. `keys` are primary keys for the requests, rising."""

    seed: int
    until: datetime
    clock: BusinessClock
    staff: Staff
    offices: Sequence[Office]
    agreement: Agreement
    keys: Sequence[int]


class Inventor:
    """Invents a year, one filing after the other in the order of time."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.year = Year()
        self.names = Names()
        self.hsi_offices = [office for office in setting.offices if office.agency_id == HSI]
        self.sizes = [OFFICE_SIZES.get(office.code, 1.0) for office in self.hsi_offices]
        self.waiting: list[tuple[datetime, int, Person, Office]] = []
        """Agents whose office files for them again: when, the order of ties, who, and the office."""

    def invent(self) -> Year:
        for index, (key, at) in enumerate(zip(self.setting.keys, self._filing_times(), strict=True)):
            self.chance = Chance(Random(f"{self.setting.seed} filing {index}"), self.setting.clock)  # noqa: S311 - repeatable
            person, office = self._who_files(at)
            self._file(person, office, key, at)
        return self.year

    def _filing_times(self) -> list[datetime]:
        """As many instants as there are keys, in working hours of the year before the last day, by season."""
        clock, until = self.setting.clock, self.setting.until
        midnight = timezone.localtime(until).replace(hour=0, minute=0, second=0, microsecond=0)
        first = bisect_left(clock.opens, int((midnight - timedelta(days=DAYS)).timestamp()))
        last = bisect_right(clock.opens, int(midnight.timestamp()))
        rng = Random(f"{self.setting.seed} filing times")  # noqa: S311 - repeatable
        days = [timezone.localtime(datetime.fromtimestamp(opens, UTC)) for opens in clock.opens[first:last]]
        weights = [MONTHS[day.month] * WEEKDAYS[day.weekday()] * rng.uniform(0.6, 1.4) for day in days]
        drawn = rng.choices(range(first, last), weights=weights, k=len(self.setting.keys))
        seconds = (clock.opens[day] + rng.uniform(0, clock.lengths[day]) for day in drawn)
        return sorted(datetime.fromtimestamp(second, UTC) for second in seconds)

    def _who_files(self, at: datetime) -> tuple[Person, Office]:
        if self.waiting and self.waiting[0][0] <= at:
            _, _, person, office = heapq.heappop(self.waiting)
            return person, office
        office = self.chance.rng.choices(self.hsi_offices, weights=self.sizes)[0]
        first, last, account = self.names.draw(self.chance.rng)
        hired = Random(f"{self.setting.seed} hired {len(self.year.agents)}")  # noqa: S311 - repeatable
        agent = Agent(
            badge_number=f"{len(self.year.agents) * 7919 % 90_000 + 4_001:05d}",
            first_name=first,
            last_name=last,
            email=f"{account}@example.gov",
            hired_on=timezone.localtime(at).date() - timedelta(days=hired.randint(*HIRED_BEFORE)),
            office=office,
        )
        self.year.agents.append(agent)
        return Person(agent), office

    def _file(self, person: Person, office: Office, key: int, at: datetime) -> None:
        rng, setting = self.chance.rng, self.setting
        request = Request(
            pk=key,
            number=f"T21-{timezone.localtime(at).year}-{key:06d}",
            agent=person.agent,
            office=office,
            division=office.division,
            agreement=setting.agreement,
            kind=_kind(person, office),
            priority=Request.Priority.EXPEDITED if rng.random() < EXPEDITED else Request.Priority.ROUTINE,
            justification=rng.choice(JUSTIFICATIONS),
            filed_by=rng.choice(setting.staff.coordinators[office.code]),
            created_at=at,
        )
        history = RequestHistory(request, at, setting.until, self.chance, setting.staff)
        history.live()
        self.year.requests.append(request)
        self.year.opinions += history.opinions
        self.year.request_steps += history.steps
        if request.state == "approved":
            self._designate(person, history)
        elif history.agent_left:
            self._leave(person, history.at)
        elif history.settled and rng.random() < REFILED_AFTER[request.state]:
            self._file_again(person, office, history.at + timedelta(days=rng.uniform(10, 70)))

    def _file_again(self, person: Person, office: Office, at: datetime) -> None:
        heapq.heappush(self.waiting, (at, len(self.year.requests), person, office))

    def _designate(self, person: Person, history: RequestHistory) -> None:
        request, by = history.request, history.request.decided_by
        assert by is not None
        if person.designation is not None:
            self._change(person.designation, "replace", history.at, by, "Replaced by a newer designation.")
        designation = granted(request, timezone.localtime(history.at).date())
        grant = machine.step_of(designation, "grant", reason=history.steps[-1].reason, role=history.steps[-1].role)
        self.year.designations.append(designation)
        self.year.designation_steps[designation.number] = [past(grant, at=history.at, actor=by)]
        person.agent.office = request.office
        person.designation, person.was_designated = designation, True
        self._live_on(person, designation, history.at)

    def _change(self, designation: Designation, name: str, at: datetime, by: User, reason: str) -> None:
        self.year.designation_steps[designation.number].append(act(designation, name, at=at, actor=by, reason=reason))

    def _live_on(self, person: Person, designation: Designation, granted_at: datetime) -> None:
        """Draws what becomes of a designation; what lies after the invention's time does not happen."""
        rng, office, staff = self.chance.rng, designation.office, self.setting.staff
        fate = self.chance.draw(FATES)
        at = self.chance.later(granted_at, rng.uniform(60, 900))
        renewed_at = granted_at + timedelta(days=DAYS - rng.uniform(25, 80))
        if fate == "renew":
            self._file_again(person, office, renewed_at)
        elif fate == "transfer":
            others = [other for other in self.hsi_offices if other != office]
            self._file_again(person, rng.choice(others), at)
        elif fate == "lapse" or at > self.setting.until:
            return
        elif fate == "suspend":
            self._suspend(designation, at)
            self._file_again(person, office, renewed_at)
        elif fate == "revoke":
            self._change(designation, "revoke", at, rng.choice(staff.dea_hq), "Information was not shared as agreed.")
            person.designation = None
        elif fate == "leave":
            self._leave(person, at)
        else:
            by = rng.choice(staff.coordinators[office.code])
            self._change(designation, "relinquish", at, by, "The agent was reassigned to a group without such cases.")
            person.designation = None
            self._file_again(person, office, at + timedelta(days=rng.uniform(30, 120)))

    def _leave(self, person: Person, at: datetime) -> None:
        person.agent.is_active = False
        if person.designation is not None:
            by = self.chance.rng.choice(self.setting.staff.coordinators[person.designation.office.code])
            self._change(person.designation, "relinquish", at, by, LEFT)
            person.designation = None

    def _suspend(self, designation: Designation, at: datetime) -> None:
        by = self.chance.rng.choice(self.setting.staff.dea_hq)
        self._change(designation, "suspend", at, by, "Deconfliction dispute under review.")
        settled = self.chance.later(at, self.chance.rng.uniform(20, 240))
        if settled <= self.setting.until:
            self._change(designation, "reinstate", settled, by, "The dispute is settled.")


def _kind(person: Person, office: Office) -> str:
    if person.designation is not None and person.designation.office != office:
        return Request.Kind.TRANSFER
    return Request.Kind.RENEWAL if person.was_designated else Request.Kind.INITIAL
