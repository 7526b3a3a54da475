"""Invented requirements, completions of agents and staff, files that brought them, corrections and waivers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone

from designation.demo.year import Year
from designation.models import Agent, Request, Role, User
from training.demo.modules import INVENTED
from training.demo.record import Times
from training.demo.staff import Managers
from training.models import Audience, Blocks, Completion, CompletionImport, Module, ModuleVersion, Requirement, Waiver

BATCH = 2000
NEW_KEYS = "SELECT nextval(pg_get_serial_sequence('training_completion', 'id')) FROM generate_series(1, %s)"
MISSING = 0.03  # share of what is required that nobody completed
FAILED_FIRST, FAILED_FOR_GOOD = 0.08, 0.015
FROM_FILES = 0.6  # share of the completions
CORRECTED = 0.004
REPEATED = 0.7  # share of the agents who take the module again before it expires
TAKEN_BACK = 40  # completions of the file that was taken back
WRONG_FILE_AGO = 60  # working days before the end of the invention's time
AGENTS_PER_WAIVER = 120
WAIVED_FOR = (
    "On leave for the rest of the term; takes it on his return.",
    "Detailed abroad, where the module is not given.",
    "Instructor of the module.",
)
WRONG_SCORE, WRONG_PERSON = "The score was of another agent.", "The certificate is of an agent of the same name."


@dataclass
class Training:
    """Invents who completed what, person by person, so that the same seed gives the same."""

    times: Times
    managers: Managers
    year: Year
    modules: dict[str, Module]
    versions: dict[int, list[tuple[date, ModuleVersion]]] = field(init=False)
    """By module: the days of publication, and what was published, rising."""
    completions: list[Completion] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.versions = defaultdict(list)
        for version in ModuleVersion.objects.exclude(published_on=None).order_by("published_on"):
            assert version.published_on is not None
            self.versions[version.module_id].append((version.published_on, version))

    @property
    def rng(self) -> Random:
        return self.times.rng

    def invent(self) -> None:
        """Adds requirements, completions and waivers."""
        Requirement.objects.bulk_create(self._requirements())
        self._of_agents()
        self._of_staff()
        wrong = list(self._of_a_wrong_file())
        files = [*self._files_by_month(), self._taken_back(wrong)]
        CompletionImport.objects.bulk_create(sorted(files, key=lambda file: file.imported_at))
        _add([*self.completions, *wrong, *self._corrections()])
        Waiver.objects.bulk_create(self._waivers())

    # What is required.

    def _requirements(self) -> Iterator[Requirement]:
        """One that warns, one that blocks, one of a module that is not published, and one that another replaced."""
        audience = Audience
        yield self._requirement("DEMO-1", [audience.INITIAL, audience.TRANSFER], 270, valid_months=12)
        yield self._requirement("DEMO-1", [audience.DEA_REVIEWERS], 260, valid_months=24)
        yield self._requirement("DEMO-2", [audience.RENEWAL], 255, valid_months=12, ended=200)
        yield self._requirement("DEMO-2", [audience.RENEWAL], 200, valid_months=12, blocks=Blocks.APPROVAL)
        yield self._requirement("DEMO-3", [audience.INITIAL], 85, valid_months=24, blocks=Blocks.APPROVAL)
        yield self._requirement("DEMO-5", [audience.COORDINATORS], 250)

    def _requirement(
        self,
        code: str,
        audience: Sequence[Audience],
        since: int,
        *,
        valid_months: int | None = None,
        blocks: Blocks = Blocks.NOTHING,
        ended: int | None = None,
    ) -> Requirement:
        """In force since so many working days ago, and until so many; set and ended in the days before."""
        by = self.managers.dea.recorded_name
        requirement = Requirement(
            module=self.modules[code],
            audience=[found.value for found in audience],
            blocks=blocks,
            valid_months=valid_months,
            effective_from=_day(self.times.ago(since)),
            set_by_name=by,
            why=INVENTED,
            set_at=self.times.ago(since + 5),
        )
        if ended is not None:
            requirement.effective_until = _day(self.times.ago(ended))
            requirement.ended_by_name, requirement.ended_why = by, "From now on it blocks the approval."
            requirement.ended_at = self.times.ago(ended + 5)
        return requirement

    # Who completed what.

    def _of_agents(self) -> None:
        """Each takes the modules before his first filing, or once they are published, and the second one each year."""
        requests: dict[Agent, list[Request]] = defaultdict(list)
        for request in self.year.requests:
            requests[request.agent].append(request)
        for agent, filed in requests.items():
            person = {"agent": agent}
            first = _day(filed[0].created_at)
            if passed_on := self._complete(person, "DEMO-1", first, agent.hired_on):
                self._repeat(person, "DEMO-1", passed_on)
            self._complete(person, "DEMO-2", first, agent.hired_on)
            for request in filed[1:]:
                if request.kind == Request.Kind.RENEWAL:
                    self._complete(person, "DEMO-2", _day(request.created_at), agent.hired_on)

    def _of_staff(self) -> None:
        """DEA's reviewers and HSI's coordinators, at one time or another since the publication."""
        for roles, code in (([Role.DEA_FIELD, Role.DEA_HQ], "DEMO-1"), ([Role.COORDINATOR], "DEMO-5")):
            for user in User.objects.filter(roles__overlap=roles).order_by("pk"):
                before = _day(self.times.ago(self.rng.randint(1, 240)))
                self._complete({"user": user}, code, before, None, missing=0.12)

    def _complete(
        self, person: dict[str, Any], code: str, needed: date, hired_on: date | None, *, missing: float = MISSING
    ) -> date | None:
        """One person's attempts at a module some weeks before he needs it, but not before there was one.

        Returns the day on which he passed it, None if he has not.
        """
        module, rng = self.modules[code], self.rng
        if rng.random() < missing:
            return None
        published, _ = self.versions[module.pk][0]
        earliest = max(published + timedelta(days=1), hired_on or published)
        day = needed - timedelta(days=rng.randint(4, 60))
        if day < earliest:
            day = earliest + timedelta(days=rng.randint(0, 40))
        taken = {found.completed_on for found in self.completions[-4:] if _same(found, person, module)}
        if day > self.times.today or day in taken:
            return None
        failed = rng.random() if module.pass_mark else 1.0
        before = day - timedelta(days=rng.randint(3, 10))
        if failed < FAILED_FIRST and before >= earliest and before not in taken:
            self.completions.append(self._attempt(person, module, before, passed=False))
        if failed < FAILED_FOR_GOOD:
            return None
        self.completions.append(self._attempt(person, module, day, passed=True))
        return day

    def _repeat(self, person: dict[str, Any], code: str, passed_on: date) -> None:
        """Before the year in which it counts is over."""
        day = passed_on + timedelta(days=self.rng.randint(300, 360))
        if self.rng.random() < REPEATED and day <= self.times.today:
            self.completions.append(self._attempt(person, self.modules[code], day, passed=True))

    def _attempt(self, person: dict[str, Any], module: Module, day: date, *, passed: bool) -> Completion:
        mark = module.pass_mark
        number = len(self.completions) + 1
        return Completion(
            **person,
            module=module,
            module_version=next(version for since, version in reversed(self.versions[module.pk]) if since <= day),
            completed_on=day,
            passed=passed,
            score=(self.rng.randint(mark, 100) if passed else self.rng.randint(mark // 2, mark - 1)) if mark else None,
            source=Completion.Source.INVENTED,
            evidence=f"Certificate {module.code}-{number:06d}" if passed else "",
            recorded_by=self.managers.hsi,
            recorded_by_name=self.managers.hsi.recorded_name,
            recorded_at=min(self._evening(day), self.times.until),
        )

    def _evening(self, day: date) -> datetime:
        at = datetime.combine(day, time(17, self.rng.randrange(60)), tzinfo=timezone.get_current_timezone())
        return at + timedelta(days=self.rng.randrange(3))

    # How they came in.

    def _files_by_month(self) -> Iterator[CompletionImport]:
        """Files that brought most agents' completions, each those of a month, on a day after it."""
        months: dict[date, list[Completion]] = defaultdict(list)
        for completion in self.completions:
            if completion.agent_id and self.rng.random() < FROM_FILES:
                months[completion.completed_on.replace(day=1)].append(completion)
        for month, rows in months.items():
            after = (month + timedelta(days=32)).replace(day=2)
            at = datetime.combine(after, time(9, 30), tzinfo=timezone.get_current_timezone())
            if at < self.times.until:
                yield self._as_file(f"completions-{month:%Y-%m}-demo.csv", rows, at)

    def _as_file(self, name: str, rows: Sequence[Completion], at: datetime) -> CompletionImport:
        imported = CompletionImport(
            file_name=name,
            sha256=hashlib.sha256(f"{name} {len(rows)}".encode()).hexdigest(),
            rows=len(rows),
            imported_by=self.managers.hsi,
            imported_by_name=self.managers.hsi.recorded_name,
            imported_at=at,
        )
        for row in rows:
            row.imported, row.recorded_at, row.evidence = imported, at, ""
        return imported

    def _of_a_wrong_file(self) -> Iterator[Completion]:
        day = _day(self.times.ago(WRONG_FILE_AGO))
        agents = [found for found in self.year.agents if found.hired_on and found.hired_on < day]
        for agent in self.rng.sample(agents, min(TAKEN_BACK, len(agents))):
            yield self._attempt({"agent": agent}, self.modules["DEMO-1"], day, passed=True)

    def _taken_back(self, rows: Sequence[Completion]) -> CompletionImport:
        """A file with the agents of another course came in soon after it, and was taken back on the next day."""
        at = max(row.recorded_at for row in rows)
        imported = self._as_file("course-of-another-agency-demo.csv", rows, at)
        imported.taken_back_at = self.times.after(at, 1)
        imported.taken_back_by_name = self.managers.hsi.recorded_name
        imported.taken_back_why = "The file is of another agency’s course."
        return imported

    def _corrections(self) -> Iterator[Completion]:
        """By turns another score, and that there was no such completion."""
        passed = [found for found in self.completions if found.passed and found.score and found.agent_id]
        chosen = self.rng.sample(passed, min(len(passed), max(2, int(len(self.completions) * CORRECTED))))
        for number, wrong in enumerate(chosen):
            withdrawn = number % 2 == 1
            yield Completion(
                agent=wrong.agent,
                module=wrong.module,
                module_version=wrong.module_version,
                completed_on=wrong.completed_on,
                passed=True,
                score=wrong.score if withdrawn else self.rng.randint(wrong.module.pass_mark or 0, 100),
                source=Completion.Source.INVENTED,
                corrects=wrong,
                withdrawn=withdrawn,
                why=WRONG_PERSON if withdrawn else WRONG_SCORE,
                recorded_by=self.managers.hsi,
                recorded_by_name=self.managers.hsi.recorded_name,
                recorded_at=min(wrong.recorded_at + timedelta(days=self.rng.uniform(1, 20)), self.times.until),
            )

    # Who need not.

    def _waivers(self) -> Iterator[Waiver]:
        agents = self.rng.sample(
            self.year.agents, max(min(3, len(self.year.agents)), len(self.year.agents) // AGENTS_PER_WAIVER)
        )
        for number, agent in enumerate(agents):
            yield self._waiver({"agent": agent}, "DEMO-2" if number % 3 else "DEMO-1", ended=number % 5 == 2)
        reviewer = User.objects.filter(roles=[Role.DEA_FIELD.value]).order_by("pk").last()
        assert reviewer is not None
        yield self._waiver({"user": reviewer}, "DEMO-1", ended=False)

    def _waiver(self, person: dict[str, Any], code: str, *, ended: bool) -> Waiver:
        at = self.times.ago(self.rng.randint(20, 230))
        granted_on, by = _day(at), self.managers.dea
        waiver = Waiver(
            **person,
            module=self.modules[code],
            granted_on=granted_on,
            until=granted_on + timedelta(days=self.rng.randint(30, 365)),
            why=self.rng.choice(WAIVED_FOR),
            granted_by=by,
            granted_by_name=by.recorded_name,
            granted_at=at,
        )
        if ended:
            waiver.ended_on = granted_on + timedelta(days=20)
            waiver.ended_by_name, waiver.ended_why = by.recorded_name, "Has taken the module after all."
        return waiver


def _add(completions: Sequence[Completion]) -> None:
    """Saves them numbered in the order in which they were recorded, as a system that ran all the while would have."""
    with connection.cursor() as cursor:
        cursor.execute(NEW_KEYS, [len(completions)])
        keys = cursor.fetchall()
    recorded = sorted(completions, key=lambda completion: completion.recorded_at)
    for completion, (key,) in zip(recorded, keys, strict=True):
        completion.pk = key
    Completion.objects.bulk_create(recorded, batch_size=BATCH)


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()


def _same(completion: Completion, person: dict[str, Any], module: Module) -> bool:
    return (completion.agent or completion.user) in person.values() and completion.module_id == module.pk
