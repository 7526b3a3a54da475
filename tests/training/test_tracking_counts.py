"""The counts of offices by modules: equal to the rule, kept while they hold, and never shown once they do not."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from designation import workflow
from designation.models import Agent, Designation, Office
from tests.factories import AgentFactory, request, requests
from tests.training.factories import Managers, ModuleFactory
from tests.training.records import a_file, completed, days_ago, published, required, waived
from training.models import CompletionImport, Module, OfficeChange, OfficeStanding
from training.tracking import matrix
from training.tracking.standing import required_agents, standing_of
from training.workflow.requirements import end_requirement, end_waiver

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def module(people: Managers) -> Module:
    return published(people)


@pytest.fixture
def agents(people: Managers, module: Module) -> list[Agent]:
    """Five agents of Miami with an open request, of whom the module is required for a year."""
    required(module, valid_months=12)
    return [row.agent for row in requests(people, "dea_intake", 5)]


def miami(counts: dict[int, matrix.Counts]) -> dict[str, int]:
    (found,) = counts[Office.objects.get(code="HSI-MIA").pk].values()
    return dict(found)


def now() -> dict[str, int]:
    return miami(matrix.counts_of(Office.objects.filter(code="HSI-MIA"), TODAY()))


def test_counts_say_how_many_stand_how_and_for_how_long(agents, module, people):
    completed(agents[0], module)
    completed(agents[1], module, days_ago(365 - 20))
    completed(agents[2], module, days_ago(365 - 80))
    waived(agents[3], module, people.hsi_manager)
    found = {"met": 2, "expiring": 1, "waived": 1, "missing": 1, "within_30": 1, "within_60": 1, "within_90": 2}
    assert now() == found
    cell = matrix.Cell(found)
    assert (cell.required, cell.complete, cell.asked, cell.share, cell.within(90)) == (5, 3, 4, 0.75, 2)


def test_nobody_asked_has_no_share(agents, module, people):
    for agent in agents:
        waived(agent, module, people.hsi_manager)
    assert matrix.Cell(now()).share is None


def test_counted_are_active_agents_with_an_open_request_or_a_live_designation_of_a_required_kind(people, module):
    required(module, "initial", blocks="nothing")
    asked = request(people, "dea_intake").agent
    designated = request(people, "approved").agent
    AgentFactory()  # nobody asked anything for him
    withdrawn = request(people, "withdrawn").agent
    left = request(people, "dea_intake").agent
    Agent.objects.filter(pk=left.pk).update(is_active=False)
    relinquished = request(people, "approved").agent
    pks = Designation.objects.filter(agent=relinquished).values_list("pk", flat=True)
    workflow.change_designations("relinquish", pks, actor=people.hsi_hq, reason="Left.")
    found = {row.agent for row in standing_of(required_agents(Agent.objects.all()), TODAY())}
    assert found == {asked.pk, designated.pk}
    assert withdrawn.pk not in found


def test_an_open_renewal_is_asked_as_a_renewal(people, module):
    required(module, "renewal")
    first = request(people, "approved")
    assert not standing_of(required_agents(Agent.objects.all()), TODAY())
    entry = workflow.NewRequest(first.agent.badge_number, "", "", justification="Goes on.", kind="renewal")
    assert workflow.file_requests([entry], actor=people.coordinator, office=first.office).done
    (found,) = standing_of(required_agents(Agent.objects.all()), TODAY())
    assert found.agent == first.agent_id


def test_the_counts_add_up_to_the_rule_applied_to_each_agent(agents, module, people):
    second = ModuleFactory()
    required(second)
    for place, agent in enumerate(agents):
        completed(agent, module, days_ago(100 * place))
    each = Counter((row.module, row.status) for row in standing_of(required_agents(Agent.objects.all()), TODAY()))
    counts = matrix.counts_of(Office.objects.filter(code="HSI-MIA"), TODAY())[agents[0].office_id]
    found = {
        (int(pk), status): number
        for pk, cell in counts.items()
        for status, number in cell.items()
        if not status.startswith("within")
    }
    assert found == each


def test_kept_counts_are_shown_without_counting_again(agents, django_assert_num_queries):
    assert matrix.keep(TODAY()) > 1
    offices = list(Office.objects.filter(code="HSI-MIA"))
    with django_assert_num_queries(1):
        found = matrix.counts_of(offices, TODAY())
    assert miami(found) == {"missing": 5}
    assert matrix.keep(TODAY()) == 0
    assert not OfficeChange.objects.exists()
    assert matrix.offices_that_differ(TODAY()) == []


def _move(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(office=Office.objects.get(code="HSI-DEN"))


CHANGES = {
    "a completion": lambda agents, module, people: completed(agents[0], module),
    "a waiver": lambda agents, module, people: waived(agents[0], module, people.hsi_manager),
    "a waiver’s end": lambda agents, module, people: end_waiver(
        agents[4].training_waivers.get().pk, actor=people.hsi_hq, why="Back."
    ),
    "a move": lambda agents, module, people: _move(agents[0]),
    "a request’s end": lambda agents, module, people: workflow.transition(
        "withdraw", agents[0].requests.values_list("pk", flat=True), actor=people.coordinator, reason="Left."
    ),
    "a new request": lambda agents, module, people: request(people, "hsi_review"),
    "a requirement": lambda agents, module, people: required(ModuleFactory()),
    "a requirement’s end": lambda agents, module, people: end_requirement(
        module.requirements.get().pk, actor=people.hsi_hq, why="No more."
    ),
    "a file taken back": lambda agents, module, people: CompletionImport.objects.update(
        taken_back_at=timezone.now(), taken_back_why="Wrong."
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_counts_is_in_the_next_answer(agents, module, people, change):
    waived(agents[4], module, people.hsi_manager)
    completed(agents[3], module, imported=a_file())
    matrix.keep(TODAY())
    before = matrix.counts_of(Office.objects.hsi(), TODAY())
    CHANGES[change](agents, module, people)
    after = matrix.counts_of(Office.objects.hsi(), TODAY())
    assert after != before
    assert after == matrix.count(Office.objects.hsi().values_list("pk", flat=True), TODAY())
    assert matrix.keep(TODAY()) > 0
    assert matrix.counts_of(Office.objects.hsi(), TODAY()) == after


def test_what_one_office_does_leaves_the_counts_of_others(agents, module):
    matrix.keep(TODAY())
    completed(agents[0], module)
    holding = OfficeStanding.objects.that_hold(TODAY())
    assert set(Office.objects.hsi().exclude(pk__in=holding.values("office"))) == {agents[0].office}


def test_yesterdays_counts_are_not_shown_today(agents):
    matrix.keep(TODAY() - timedelta(days=1))
    assert not OfficeStanding.objects.that_hold(TODAY()).exists()


def test_a_kept_count_that_is_wrong_is_found(agents):
    matrix.keep(TODAY())
    OfficeStanding.objects.filter(office=agents[0].office).update(counts={})
    assert matrix.offices_that_differ(TODAY()) == ["HSI-MIA"]


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_counts_are_made_is_in_the_next_answer(agents, module):
    written, counted = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            completed(agents[0], module)
            written.set()
            counted.wait(30)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(30)
    matrix.keep(TODAY())
    counted.set()
    writer.join()
    assert now() == {"missing": 4, "met": 1}


def test_the_command_keeps_counts_and_proves_them(agents, capsys):
    call_command("keep_training_counts")
    call_command("keep_training_counts", check=True)
    assert capsys.readouterr().out.endswith("The kept counts equal those counted again.\n")
    OfficeStanding.objects.filter(office=agents[0].office).update(counts={})
    with pytest.raises(CommandError, match="HSI-MIA"):
        call_command("keep_training_counts", check=True)
