"""Invented disputes: on modules and on requests, at each level, settled by agreement, by decision, or not yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from designation.demo.year import Year
from designation.models import Office, Request, Role, User
from designation.models.requests import State
from training.demo.record import Record, Times
from training.demo.staff import Managers
from training.models import Dispute, Module, ModuleVersion, Position, Proposal, Section
from training.models.disputes import NEXT_LEVEL, Level
from training.references import DAY, LEVEL_DAYS
from training.workflow.disputes import OVERDUE, new_key

REQUESTS_PER_DISPUTE = 400
LONGEST_DISPUTE = 45  # business days within which each that is settled was
ON_REQUESTS = (
    (
        "Whether the nexus is shown",
        "The division finds no smuggling nexus in the assignment; the office says that it is plain.",
        "The assignment names the port of entry and two open seizures.",
        "The seizures are of another group. The assignment itself names no border.",
        "The office adds the two case numbers to the request; the division concurs on them.",
    ),
    (
        "Which group has the case",
        "Two cases of the office overlap with cases of the division.",
        "The office opened its case first and shared it.",
        "The division’s informant is in danger if both groups act.",
        "The office leads; the division is told before each act, under the local protocol.",
    ),
    (
        "Whether the lapsed protocol counts",
        "The local protocol lapsed while the request was in review.",
        "A protocol that is being renewed holds until it is replaced.",
        "Without a protocol in force the division cannot concur.",
        "The protocol is signed again within ten days; the request is decided then.",
    ),
)


@dataclass
class Argument:
    """One dispute on its way, through the rules that its transitions declare."""

    record: Record
    times: Times
    dispute: Dispute
    at: datetime
    entered_at: datetime = field(init=False)
    """When it came to the level at which it is."""

    def open(self, position: str) -> None:
        dispute, self.entered_at = self.dispute, self.at
        self.record.begin(dispute, "open", at=self.at, by=dispute.opened_by, reason=dispute.issue)
        self.state(dispute.opened_by, position)

    def later(self, days: float) -> Argument:
        """Lets so many business days pass."""
        self.at = self.times.after(self.at, days)
        return self

    def state(self, by: User, text: str) -> None:
        agency = by.agency_code
        self.dispute.positions.filter(agency=agency, superseded_at=None).update(superseded_at=self.at)
        Position.objects.create(
            dispute=self.dispute,
            agency=agency,
            text=text,
            stated_by=by,
            stated_by_name=by.recorded_name,
            stated_at=self.at,
        )

    def propose(self, by: User, text: str) -> None:
        Proposal.objects.create(
            dispute=self.dispute,
            agency=by.agency_code,
            text=text,
            made_by=by,
            made_by_name=by.recorded_name,
            made_at=self.at,
        )

    def reject(self, by: User, answer: str) -> None:
        self._answer(by, answer, accepted=False)

    def _answer(self, by: User, answer: str, *, accepted: bool) -> None:
        self.dispute.proposals.filter(answered_at=None).update(
            answered_at=self.at, accepted=accepted, answered_by=by, answered_by_name=by.recorded_name, answer=answer
        )

    def accept(self, by: User) -> None:
        self.record.move(self.dispute, "accept", at=self.at, by=by)
        self._answer(by, "", accepted=True)

    def decide(self, by: User, outcome: str) -> None:
        self.record.move(self.dispute, "decide", at=self.at, by=by, reason=outcome)

    def escalate(self, by: User, reason: str) -> None:
        self.record.move(self.dispute, "escalate", at=self.at, by=by, reason=reason)
        self.entered_at = self.at

    def leave(self) -> bool:
        """Lets the level's time run out, so that the dispute escalates by itself; False if that is yet to come."""
        if self.dispute.state not in NEXT_LEVEL:
            return False
        due = self.times.clock.add(self.entered_at, LEVEL_DAYS[Level(self.dispute.state)] * DAY)
        noticed = due + timedelta(seconds=self.times.rng.uniform(10, 900))
        if noticed > self.times.until:
            return False
        self.record.move(self.dispute, "escalate_overdue", at=noticed, by=None, reason=OVERDUE)
        self.at = self.entered_at = noticed
        return True

    def leave_to_time(self) -> None:
        """Nobody does anything more: it goes up as far as time takes it."""
        while self.leave():
            pass


@dataclass
class Disputes:
    """Invents the disputes, with users who have a part in what each is about."""

    record: Record
    times: Times
    managers: Managers
    year: Year
    hsi_hq: list[User]
    dea_hq: list[User]
    arguments: list[Argument] = field(default_factory=list)

    def invent(self, modules: dict[str, Module]) -> int:
        """Adds all of them; returns how many."""
        self._on_modules(modules)
        self._on_requests()
        return len(self.arguments)

    def _open(
        self, matter: Section | ModuleVersion | Request, at: datetime, by: User, title: str, issue: str, position: str
    ) -> Argument:
        key = new_key()
        dispute = Dispute(
            pk=key,
            number=f"D-{timezone.localtime(at).year}-{key:06d}",
            section=matter if isinstance(matter, Section) else None,
            module_version=matter if isinstance(matter, ModuleVersion) else None,
            request=matter if isinstance(matter, Request) else None,
            title=title,
            issue=issue,
            opened_by=by,
            opened_by_agency=by.agency_code,
            opened_at=at,
        )
        argument = Argument(self.record, self.times, dispute, at)
        argument.open(position)
        self.arguments.append(argument)
        return argument

    def _on_modules(self, modules: dict[str, Module]) -> None:
        self._settled_by_agreement(modules["DEMO-1"])
        self._decided_by_leadership(modules["DEMO-2"])
        self._at_working_level(modules["DEMO-3"])
        self._with_leadership(modules["DEMO-3"])
        self._escalated_by_itself(modules["DEMO-4"])

    def _settled_by_agreement(self, module: Module) -> None:
        """Before the second version was signed."""
        section = _section(module, 2, 4)
        hsi, dea = self.managers.hsi, self.managers.dea
        argument = self._open(
            section,
            self.times.ago(114),
            hsi,
            "How many cases the exercise has",
            "The exercise has five cases, which takes more than the hour that is set for it.",
            "Three cases, in an hour.",
        )
        argument.later(2).state(dea, "Five cases, since each shows another kind of overlap.")
        argument.later(1.5).propose(dea, "Four cases, in an hour and a half.")
        argument.later(1).reject(hsi, "The field offices have an hour.")
        argument.later(1).propose(hsi, "Three cases, in an hour; the other two are homework.")
        argument.later(1.5).accept(dea)

    def _decided_by_leadership(self, module: Module) -> None:
        """Before the version was signed; HSI took it to leadership before its time."""
        hsi, dea = self.managers.hsi, self.managers.dea
        version = module.versions.get()
        argument = self._open(
            version,
            self.times.ago(310),
            dea,
            "Who may see a case before an arrest",
            "The module lets every group of the office read a case that is shared.",
            "Only the groups that are named in it.",
        )
        argument.later(3).state(hsi, "Every group, or the overlap is not found.")
        argument.leave()
        argument.later(4).propose(dea, "The named groups, and the deconfliction center.")
        argument.later(2).reject(hsi, "The center does not work at night.")
        argument.later(1).escalate(hsi, "Neither side will move, and the sign-off waits for it.")
        argument.later(6).decide(
            self.hsi_hq[0], "Every group reads the subject and the number; the rest is for the groups that are named."
        )

    def _at_working_level(self, module: Module) -> None:
        argument = self._open(
            _section(module, 1, 2),
            self.times.ago(6),
            self.managers.dea,
            "Who teaches the module",
            "The text has an instructor of each agency; DEA has none to spare in the small divisions.",
            "One instructor, of either agency.",
        )
        argument.later(1.5).state(self.managers.hsi, "An instructor of each agency, or it is no joint training.")
        argument.later(1).propose(self.managers.hsi, "An instructor of each agency, the second one by video.")

    def _escalated_by_itself(self, module: Module) -> None:
        argument = self._open(
            module.versions.get(),
            self.times.ago(16),
            self.managers.hsi,
            "Whether disputes on requests are in it",
            "The draft speaks of disputes on training alone.",
            "Disputes on requests are the more frequent ones. They belong in it.",
        )
        argument.later(4).state(self.managers.dea, "They are settled case by case, and need no training.")
        argument.leave_to_time()

    def _with_leadership(self, module: Module) -> None:
        """Past the time of leadership too."""
        argument = self._open(
            _section(module, 1, 4),
            self.times.ago(48),
            self.managers.hsi,
            "Whether the module is tested",
            "DEA asks for a test with a pass mark; HSI does not.",
            "Attendance is enough. Agents are tested at the academy.",
        )
        argument.later(3).state(self.managers.dea, "Without a test nobody knows what was learned.")
        argument.later(3).propose(self.managers.dea, "Twenty questions, of which twelve are enough.")
        argument.later(2).reject(self.managers.hsi, "The number is not the point.")
        argument.leave_to_time()

    def _on_requests(self) -> None:
        """On those nonconcurred in that waited longest for a decision, and on some of those that still wait."""
        waits = _waits(self.year)
        old = self.times.ago(LONGEST_DISPUTE)
        decided = [wait for wait in waits if wait.until and wait.since < old and wait.request.nonconcurred]
        decided.sort(key=lambda wait: wait.seconds, reverse=True)
        wanted = max(3, len(self.year.requests) // REQUESTS_PER_DISPUTE)
        for number, wait in enumerate(decided[:wanted]):
            self._settle(wait, number)
        waiting = [wait for wait in waits if wait.until is None]
        for number, wait in enumerate(waiting[:: max(1, len(waiting) // 2)]):
            self._leave_open(wait, number)

    def _settle(self, wait: Wait, number: int) -> None:
        """By turns agreed at the working level, agreed by the Headquarters Review Team, decided by leadership."""
        title, issue, hsi_holds, dea_holds, outcome = ON_REQUESTS[number % len(ON_REQUESTS)]
        request, office = wait.request, wait.request.filed_by
        division = request.opinions.select_related("given_by__office").latest("given_at").given_by
        argument = self._open(request, self.times.after(wait.since, 0.3), office, title, issue, hsi_holds)
        argument.later(2).state(division, dea_holds)
        argument.later(2).propose(division, outcome)
        if number % 3 == 0:
            argument.later(1.5).accept(office)
            return
        argument.later(1).reject(office, "That takes longer than the case allows.")
        argument.leave()
        if number % 3 == 1:
            argument.later(3).propose(self.times.rng.choice(self.dea_hq), outcome)
            argument.later(2).accept(self.times.rng.choice(self.hsi_hq))
        else:
            argument.leave()
            argument.later(7).decide(self.times.rng.choice(self.dea_hq), outcome)

    def _leave_open(self, wait: Wait, number: int) -> None:
        title, issue, hsi_holds, dea_holds, _ = ON_REQUESTS[(number + 1) % len(ON_REQUESTS)]
        opened_at, answered_at = (self.times.after(wait.since, days) for days in (0.2, 2.5))
        if opened_at > self.times.until:
            return
        argument = self._open(wait.request, opened_at, wait.request.filed_by, title, issue, hsi_holds)
        if answered_at <= self.times.until:
            argument.later(2.3).state(self._reviewer_of(wait.request.division), dea_holds)
        argument.leave_to_time()

    def _reviewer_of(self, division: Office) -> User:
        reviewers = User.objects.select_related("office").filter(roles=[Role.DEA_FIELD.value], office=division)
        return self.times.rng.choice(list(reviewers.order_by("pk")))


def _section(module: Module, ordinal: int, place: int) -> Section:
    return Section.objects.select_related("module_version__module").get(
        module_version__module=module, module_version__ordinal=ordinal, position=place
    )


@dataclass(frozen=True)
class Wait:
    """How long a request waited for the division or for the decision, the last time. `until` is empty while it does."""

    request: Request
    since: datetime
    until: datetime | None

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds() if self.until else 0.0


def _waits(year: Year) -> list[Wait]:
    """Of the requests that came to the division or further, those that have waited longest first."""
    since: dict[str, datetime] = {}
    until: dict[str, datetime] = {}
    for step in year.request_steps:
        if step.to_state in (State.FIELD_REVIEW, State.DEA_DECISION):
            since[step.subject] = step.at
            until.pop(step.subject, None)
        elif step.subject in since:
            until.setdefault(step.subject, step.at)
    waits = [
        Wait(request, since[request.number], until.get(request.number))
        for request in year.requests
        if request.number in since
    ]
    return sorted(waits, key=lambda wait: wait.since)


def headquarters() -> Iterator[list[User]]:
    """The invented reviewers of HSI's headquarters, then those of DEA's."""
    for role in (Role.HSI_HQ, Role.DEA_HQ):
        yield list(User.objects.select_related("office").filter(roles=[role.value]).order_by("pk"))
