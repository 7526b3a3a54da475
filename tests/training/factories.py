"""Data for tests of training, brought to its state through the workflow itself, so that its ledger is real."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import factory
from factory.django import DjangoModelFactory

from designation.models import Request, Role, User
from tests.factories import People, user
from training.models import Attachment, Dispute, Module, ModuleVersion, Section
from training.workflow import disputes, modules
from training.workflow import sections as section_acts


class Managers(People):
    """The people of designation, and a training manager of each agency."""

    @cached_property
    def hsi_manager(self) -> User:
        return user(Role.TRAINING_MANAGER, "HSI-HQ")

    @cached_property
    def dea_manager(self) -> User:
        return user(Role.TRAINING_MANAGER, "DEA-HQ")


class ModuleFactory(DjangoModelFactory[Module]):
    """A joint module."""

    class Meta:
        model = Module

    code = factory.Sequence(lambda n: f"JT-{n}")
    title = "Joint training"
    purpose = "What the agencies agreed on."
    owners = ["HSI", "DEA"]


# The transitions that lead to each state of a joint version, and who makes them.
PATHS: dict[str, list[tuple[str, str]]] = {
    "drafting": [],
    "hsi_review": [("send_to_review", "hsi_manager")],
    "dea_review": [("send_to_review", "hsi_manager"), ("pass_review", "hsi_manager")],
}
PATHS["sign_off"] = [*PATHS["dea_review"], ("pass_review", "dea_manager")]


def version(
    people: Managers, state: str = "drafting", *, module: Module | None = None, texts: int = 2
) -> ModuleVersion:
    """A joint version with so many sections in a state up to sign-off, or published."""
    drafted = modules.draft_version(module or ModuleFactory(), actor=people.hsi_manager)
    if not drafted.sections.exists():
        for number in range(texts):
            section_acts.add_section(drafted, title=f"Section {number + 1}", body="Text.", actor=people.hsi_manager)
    for name, who in PATHS["sign_off" if state == "published" else state]:
        move(drafted, name, getattr(people, who))
    if state == "published":
        sign(drafted, people.hsi_manager, people.dea_manager)
        move(drafted, "publish", people.hsi_manager)
    return ModuleVersion.objects.select_related("module").get(pk=drafted.pk)


def move(moved: ModuleVersion, name: str, actor: User, reason: str = "") -> None:
    outcome = modules.move_versions(name, [moved.pk], actor=actor, reason=reason)
    assert not outcome.refused, outcome.refused


def sign(signed: ModuleVersion, *managers: User) -> None:
    for manager in managers:
        outcome = section_acts.sign_off(signed.sections.in_text().values_list("pk", flat=True), actor=manager)
        assert not outcome.refused, outcome.refused


def section(of: ModuleVersion, place: int = 0) -> Section:
    return of.sections.in_text()[place]


def dispute(matter: Section | ModuleVersion | Request, actor: User, **values: Any) -> Dispute:
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "DEA instructors only.", **values}
    return disputes.open_dispute(matter, actor=actor, **given)


def attach(to: Section, people: Managers, content: bytes = b"%PDF-1.7", name: str = "plan.pdf") -> Attachment:
    section_acts.add_attachment(
        to.pk,
        actor=people.hsi_manager,
        version=Section.objects.get(pk=to.pk).version,
        name=name,
        content_type="application/pdf",
        content=content,
    )
    return Attachment.objects.get(section=to, name=name)


def settle(of: Dispute, people: Managers) -> None:
    disputes.propose(of.pk, text="Both agencies train.", actor=people.dea_manager)
    assert disputes.move_disputes("accept", [of.pk], actor=people.hsi_manager).done
