"""Data for tests. Requests are brought to a state through the workflow itself, so that their ledger is real."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import factory
from factory.django import DjangoModelFactory

from designation import workflow
from designation.models import Agent, Office, Request, Role, User

DIGITS_AS_LETTERS = str.maketrans("0123456789", "abcdefghij")


class OfficeUserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    first_name = factory.Faker("first_name")
    last_name = factory.Faker("last_name")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.gov")
    password = factory.django.Password("correct horse battery staple")


class AgentFactory(DjangoModelFactory[Agent]):
    class Meta:
        model = Agent

    badge_number = factory.Sequence(lambda n: f"{n:05d}")
    first_name = factory.Faker("first_name")
    # No user and no word of a page has such a name: tests look for it where it must not stand.
    last_name = factory.Sequence(lambda n: "Vandersloot" + f"{n:04d}".translate(DIGITS_AS_LETTERS))
    email = factory.LazyAttribute(lambda agent: f"agent{agent.badge_number}@example.gov")
    office = factory.LazyFunction(lambda: Office.objects.get(code="HSI-MIA"))


def user(role: str, office: str, **values: Any) -> User:
    """A user of one role at the office with the code."""
    return OfficeUserFactory(roles=[role], office=Office.objects.get(code=office), **values)


class People:
    """One user of each role, made when first asked for."""

    @cached_property
    def coordinator(self) -> User:
        return user(Role.COORDINATOR, "HSI-MIA")

    @cached_property
    def other_coordinator(self) -> User:
        return user(Role.COORDINATOR, "HSI-DEN")

    @cached_property
    def hsi_hq(self) -> User:
        return user(Role.HSI_HQ, "HSI-HQ")

    @cached_property
    def dea_field(self) -> User:
        return user(Role.DEA_FIELD, "DEA-MIA")

    @cached_property
    def other_dea_field(self) -> User:
        return user(Role.DEA_FIELD, "DEA-DEN")

    @cached_property
    def dea_hq(self) -> User:
        return user(Role.DEA_HQ, "DEA-HQ")

    @cached_property
    def auditor(self) -> User:
        return user(Role.AUDITOR, "HSI-HQ")

    @cached_property
    def operator(self) -> User:
        return user(Role.OPERATOR, "HSI-HQ")

    @cached_property
    def supervisor(self) -> User:
        return user(Role.SUPERVISOR, "HSI-MIA")

    @cached_property
    def training_manager(self) -> User:
        return user(Role.TRAINING_MANAGER, "DEA-HQ")


# The shortest way to each state: transition, who makes it, and its reason.
PATHS: dict[str, list[tuple[str, str, str]]] = {
    "draft": [],
    "hsi_review": [("submit", "coordinator", "")],
    "dea_intake": [("submit", "coordinator", ""), ("endorse", "hsi_hq", "")],
}
PATHS["field_review"] = [*PATHS["dea_intake"], ("accept", "dea_hq", "")]
PATHS["dea_decision"] = [*PATHS["field_review"], ("concur", "dea_field", "")]
PATHS["approved"] = [*PATHS["dea_decision"], ("approve", "dea_hq", "")]
PATHS["denied"] = [*PATHS["dea_decision"], ("deny", "dea_hq", "Authority not needed.")]
PATHS["returned"] = [*PATHS["dea_intake"], ("return_to_office", "dea_hq", "Supervisor's memo is missing.")]
PATHS["withdrawn"] = [*PATHS["hsi_review"], ("withdraw", "coordinator", "Agent reassigned.")]


def requests(
    people: People, state: str = "draft", count: int = 1, *, by: User | None = None, **entry: Any
) -> list[Request]:
    """Requests of the coordinator's office, each for a new agent, brought to the state through the workflow.

    The coordinator files and submits them, or else `by`.
    """
    filer = by or people.coordinator
    agents = AgentFactory.create_batch(count, office=people.coordinator.office)
    entries = [new_request(agent, **entry) for agent in agents]
    filed = workflow.file_requests(entries, actor=filer, office=people.coordinator.office, submit=False).done
    pks = [request.pk for request in filed]
    for name, who, reason in PATHS[state]:
        actor = filer if who == "coordinator" else getattr(people, who)
        outcome = workflow.transition(name, pks, actor=actor, reason=reason)
        assert not outcome.refused, outcome.refused
    return list(Request.objects.with_people().filter(pk__in=pks).order_by("pk"))


def request(people: People, state: str = "draft", **entry: Any) -> Request:
    return requests(people, state, **entry)[0]


def new_request(agent: Agent, **entry: Any) -> workflow.NewRequest:
    """An entry to file for the agent."""
    values = {"justification": "Works cases at the port of entry.", **entry}
    return workflow.NewRequest(agent.badge_number, agent.first_name, agent.last_name, agent.email, **values)
