"""The people of training, and what is on file before many of its tests begin."""

from __future__ import annotations

import pytest
from django.test import Client

from designation.models import Agent
from tests.factories import AgentFactory
from tests.training.completion_data import in_force
from tests.training.factories import Managers, dispute, section
from tests.training.factories import version as drafted
from tests.training.learning_systems import System
from training.models import Dispute, ModuleVersion


@pytest.fixture
def people(db: None) -> Managers:
    return Managers()


@pytest.fixture
def manager(people: Managers, client: Client) -> Client:
    """The browser of HSI's training manager, who is signed in."""
    client.force_login(people.hsi_manager)
    return client


@pytest.fixture
def opened(people: Managers) -> Dispute:
    """On a section, by DEA's training manager."""
    return dispute(section(drafted(people)), people.dea_manager)


@pytest.fixture
def version(people: Managers) -> ModuleVersion:
    """Of JT-2009, in force and without a pass mark."""
    return in_force(people)


@pytest.fixture
def graded_module(people: Managers) -> None:
    """JT-2009 in force, with a pass mark and two attempts."""
    in_force(people, pass_mark=80, attempts=2)


@pytest.fixture
def agent(people: Managers) -> Agent:
    """Whom statements of learning systems name, with JT-2009 in force."""
    in_force(people)
    return AgentFactory(badge_number="K00123", email="lee.stone@example.gov")


@pytest.fixture
def system(people: Managers) -> System:
    return System(people)
