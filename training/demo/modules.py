"""Invented modules: one published twice, one in joint sign-off, one in review by DEA, and those of one agency."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from designation.models import User
from designation.models.people import DEA, HSI
from training.demo.record import Record, Times
from training.demo.staff import Managers
from training.models import Attachment, Module, ModuleVersion, Section, SectionText, SignOff
from training.workflow.sections import SIGN_AS, text_hash

TEXTS = Path(__file__).parent / "texts"
INVENTED = "Invented for demonstration."
PURPOSES = {
    "DEMO-1": ("Deconfliction before an operation (demo)", "What both agencies do before they act on a target."),
    "DEMO-2": ("Sharing of information (demo)", "What is shared between the agencies, when, and how it is entered."),
    "DEMO-3": ("Local deconfliction protocols (demo)", "What offices and divisions agree on, and how it is kept."),
    "DEMO-4": ("Settling disputes (demo)", "The levels, the times, and how a position is written."),
    "DEMO-5": ("Filing a complete request (demo)", "What coordinators check before they file."),
}
EXERCISE = """Exercise sheet (demo). Every name and number in it is invented.

Case A: a van, seen twice at a warehouse that another group has watched since March.
Case B: a telephone number that stands in two case files, a month apart.
Case C: a passenger whom two groups mean to meet at the same gate.
"""


@dataclass
class Development:
    """A module on its way. Days are working days before the end of the invention's time."""

    record: Record
    times: Times
    managers: Managers
    module: Module

    def draft(self, ago: int, by: str, texts: Iterable[tuple[str, str]], reason: str = "") -> ModuleVersion:
        """Begins the next version with these titles and texts."""
        at, author = self.times.ago(ago), self.managers.of(by)
        ordinal = self.module.versions.count() + 1
        version = ModuleVersion(
            module=self.module,
            ordinal=ordinal,
            number=f"{self.module.code}-v{ordinal}",
            drafted_by=author,
            created_at=at,
        )
        self.record.begin(version, "draft", at=at, by=author)
        for title, body in texts:
            self._write(version, title, body, at, author, reason)
        return version

    def add(self, version: ModuleVersion, ago: int, by: str, title: str, body: str) -> Section:
        return self._write(version, title, body, self.times.ago(ago), self.managers.of(by))

    def _write(
        self, version: ModuleVersion, title: str, body: str, at: datetime, author: User, reason: str = ""
    ) -> Section:
        place = version.sections.count() + 1
        section = Section(
            number=f"{version.number}-s{place}",
            module_version=version,
            key=slugify(title)[:50],
            position=place,
            title=title,
            body=body,
        )
        self.record.begin(section, "write", at=at, by=author, reason=reason)
        _keep_text(section, at, author)
        return section

    def rewrite(self, section: Section, ago: int, by: str, body: str) -> None:
        """Puts another text in place, which clears the sign-offs of the one before."""
        at, author = self.times.ago(ago), self.managers.of(by)
        what = f"Text changed to revision {section.revision + 1}, SHA-256 {text_hash(section.title, body)}."
        self.record.move(section, "change", at=at, by=author, reason=what)
        section.revision, section.body = section.revision + 1, body
        section.save(update_fields=["revision", "body"])
        _keep_text(section, at, author)
        section.sign_offs.current().update(cleared_at=at, cleared_why="The text was changed.")

    def attach(self, section: Section, ago: int, by: str, name: str, text: str) -> None:
        at, author, content = self.times.ago(ago), self.managers.of(by), text.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        what = f"Attachment “{name}” added, SHA-256 {sha256}."
        self.record.move(section, "change", at=at, by=author, reason=what)
        Attachment.objects.create(
            section=section,
            name=name,
            content_type="text/plain",
            content=content,
            size=len(content),
            sha256=sha256,
            added_by=author,
            added_by_name=author.recorded_name,
            added_at=at,
        )

    def move(self, version: ModuleVersion, ago: int, by: str, name: str, reason: str = "", **changed: Any) -> None:
        self.record.move(version, name, at=self.times.ago(ago), by=self.managers.of(by), reason=reason, **changed)

    def pass_both(self, version: ModuleVersion, sent: int, by_hsi: int, by_dea: int) -> None:
        """From drafting through the reviews of both agencies to joint sign-off."""
        self.move(version, sent, HSI, "send_to_review")
        self.move(version, by_hsi, HSI, "pass_review")
        self.move(version, by_dea, DEA, "pass_review")

    def sign(self, sections: Iterable[Section], ago: int, by: str) -> None:
        at, manager = self.times.ago(ago), self.managers.of(by)
        for section in sections:
            self.record.move(section, SIGN_AS[by], at=at, by=manager)
            SignOff.objects.create(
                section=section,
                revision=section.revision,
                agency=by,
                given_by=manager,
                given_by_name=manager.recorded_name,
                given_at=at,
            )

    def publish(self, version: ModuleVersion, ago: int, by: str, before: ModuleVersion | None = None) -> None:
        """Publishes the version; `before` is superseded by it."""
        at, manager = self.times.ago(ago), self.managers.of(by)
        day = _day(at)
        if before is not None:
            newer = "A newer version was published."
            self.record.move(before, "supersede", at=at, by=manager, reason=newer, ended_on=day)
        self.record.move(version, "publish", at=at, by=manager, published_on=day)


def _day(at: datetime) -> date:
    return timezone.localtime(at).date()


def _keep_text(section: Section, at: datetime, author: User) -> None:
    SectionText.objects.create(
        section=section,
        revision=section.revision,
        title=section.title,
        body=section.body,
        written_by=author,
        written_by_name=author.recorded_name,
        written_at=at,
    )


def _texts(code: str) -> Iterator[tuple[str, str]]:
    """Title and text of each section in the module's file."""
    for part in (TEXTS / f"{code}.md").read_text(encoding="utf-8").split("## ")[1:]:
        title, _, body = part.partition("\n")
        yield title.strip(), body.strip()


def invent_modules(record: Record, times: Times, managers: Managers) -> dict[str, Module]:
    """Adds the invented modules with their versions; by their codes."""
    modules = {code: _module(code, times) for code in PURPOSES}
    inventions = (_published_twice, _published_once, _in_sign_off, _in_review, _of_hsi)
    for module, invent in zip(modules.values(), inventions, strict=True):
        invent(Development(record, times, managers, module))
    return modules


def _module(code: str, times: Times) -> Module:
    title, purpose = PURPOSES[code]
    tested = code == "DEMO-1"
    return Module.objects.create(
        code=code,
        title=title,
        purpose=f"{purpose} {INVENTED}",
        provision=f"{INVENTED} No agreement asks for it.",
        owners=[HSI] if code == "DEMO-5" else [HSI, DEA],
        pass_mark=80 if tested else None,
        attempts=3 if tested else None,
        created_at=times.ago(340),
    )


def _published_twice(development: Development) -> None:
    """Once returned by DEA, published, written again and published again."""
    texts = list(_texts("DEMO-1"))
    first = development.draft(330, DEA, texts[:2])
    third = development.add(first, 326, HSI, *texts[2])
    development.move(first, 320, DEA, "send_to_review")
    development.move(first, 314, HSI, "pass_review")
    development.move(first, 308, DEA, "return_to_drafting", "The third section does not say who is called first.")
    development.rewrite(third, 304, HSI, f"{texts[2][1]}\n\nThe one who entered the target first is called first.")
    development.pass_both(first, 302, 298, 293)
    sections = _sections(first)
    development.sign(sections, 290, HSI)
    development.sign(sections, 286, DEA)
    development.publish(first, 284, HSI)

    copied = [(section.title, section.body) for section in sections]
    second = development.draft(140, HSI, copied, f"Copied from {first}.")
    exercise = development.add(second, 134, DEA, *texts[3])
    development.attach(exercise, 133, DEA, "exercise-demo.txt", EXERCISE)
    development.pass_both(second, 130, 124, 116)
    sections = _sections(second)
    development.sign(sections, 104, HSI)
    development.rewrite(sections[1], 102, DEA, f"{texts[1][1]}\n4. Note the number of the answer in the case file.")
    development.sign(sections, 100, DEA)
    development.sign(sections[1:2], 98, HSI)
    development.publish(second, 96, DEA, before=first)


def _published_once(development: Development) -> None:
    version = development.draft(320, HSI, _texts("DEMO-2"))
    development.pass_both(version, 310, 303, 296)
    sections = _sections(version)
    development.sign(sections, 282, DEA)
    development.sign(sections, 280, HSI)
    development.publish(version, 278, DEA)


def _in_sign_off(development: Development) -> None:
    """Both have signed the first section, one the third; the second is in dispute, and the fourth signed by nobody."""
    version = development.draft(90, HSI, _texts("DEMO-3"))
    development.pass_both(version, 80, 70, 60)
    sections = _sections(version)
    development.sign([sections[0], sections[2]], 58, HSI)
    development.sign([sections[0]], 55, DEA)


def _in_review(development: Development) -> None:
    version = development.draft(40, DEA, _texts("DEMO-4"))
    development.move(version, 33, DEA, "send_to_review")
    development.move(version, 21, HSI, "pass_review")


def _of_hsi(development: Development) -> None:
    version = development.draft(275, HSI, _texts("DEMO-5"))
    development.move(version, 272, HSI, "send_to_review")
    development.move(version, 270, HSI, "pass_review")
    development.sign(_sections(version), 268, HSI)
    development.publish(version, 266, HSI)


def _sections(version: ModuleVersion) -> list[Section]:
    """Its sections, each with this very version, whose state their transitions ask for."""
    sections = list(version.sections.all())
    for section in sections:
        section.module_version = version
    return sections
