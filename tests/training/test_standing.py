"""Who has met what is required of him, on any day: the one rule, and an oracle in plain Python that says the same."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from designation.models import Agent
from tests.factories import AgentFactory
from tests.training.factories import Managers, ModuleFactory
from tests.training.records import a_file, completed, corrected, days_ago, published, required, waived
from training.models import Completion, Module, ModuleVersion, Waiver
from training.models.completions import months_later
from training.tracking.standing import Person, Standing, standing

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def module(people: Managers) -> Module:
    return published(people)


@pytest.fixture
def agent(module: Module) -> Agent:
    return AgentFactory()


def of(agent: Agent, on: date | None = None, audience: str = "initial") -> Standing:
    """The agent's standing to the one requirement that there is for him."""
    (found,) = standing([Person(audience, agent=agent.pk)], on or TODAY())
    return found


def an_instant(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def test_nothing_is_required_of_another_audience(agent, module):
    required(module, "renewal")
    assert standing([Person("initial", agent=agent.pk)], TODAY()) == []
    assert of(agent, audience="renewal").status == "missing"


@pytest.mark.parametrize(("first_day", "last_day"), [(1, None), (-9, 0)])
def test_a_requirement_holds_from_its_first_day_until_before_its_end(agent, module, first_day, last_day):
    until = TODAY() + timedelta(days=last_day) if last_day is not None else None
    required(module, effective_from=TODAY() + timedelta(days=first_day), effective_until=until)
    assert standing([Person("initial", agent=agent.pk)], TODAY()) == []


def test_a_completion_meets_it_for_ever_where_no_validity_is_set(agent, module):
    required(module)
    completed(agent, module, date(2001, 5, 5))
    assert (of(agent).status, of(agent).completed_on, of(agent).valid_until) == ("met", date(2001, 5, 5), None)


@pytest.mark.parametrize(
    ("left", "status"), [(61, "met"), (60, "expiring"), (1, "expiring"), (0, "expiring"), (-1, "expired")]
)
def test_a_completion_is_expiring_for_sixty_days_and_valid_through_its_last_day(agent, module, left, status):
    required(module, valid_months=12)
    completed(agent, module, date(2025, 3, 10), recorded_at=an_instant(date(2025, 3, 10)))
    found = of(agent, on=date(2026, 3, 10) - timedelta(days=left))
    assert (found.status, found.valid_until) == (status, date(2026, 3, 10))


def test_months_are_added_as_the_calendar_has_them(agent, module):
    required(module, valid_months=1)
    completed(agent, module, date(2025, 1, 31), recorded_at=an_instant(date(2025, 1, 31)))
    assert of(agent, on=date(2025, 2, 1)).valid_until == date(2025, 2, 28) == months_later(date(2025, 1, 31), 1)


def test_the_latest_pass_counts_and_a_later_failure_takes_nothing_away(agent, module):
    required(module)
    completed(agent, module, days_ago(30))
    completed(agent, module, days_ago(90))
    completed(agent, module, days_ago(3), passed=False)
    assert of(agent).completed_on == days_ago(30)


def test_a_failed_attempt_alone_meets_nothing(agent, module):
    required(module)
    completed(agent, module, passed=False)
    assert of(agent).status == "missing"


def test_what_was_corrected_withdrawn_or_taken_back_does_not_count(agent, module):
    required(module)
    corrected(completed(agent, module, days_ago(9)), completed_on=days_ago(8))
    assert of(agent).completed_on == days_ago(8)
    corrected(Completion.objects.get(completed_on=days_ago(8)), withdrawn=True)
    completed(agent, module, days_ago(7), imported=a_file(taken_back_at=timezone.now(), taken_back_why="Wrong file."))
    assert of(agent).status == "missing"


def test_as_of_a_past_day_only_records_made_by_then_count(agent, module):
    required(module)
    first = completed(agent, module, days_ago(50), recorded_at=an_instant(days_ago(40)))
    assert [of(agent, days_ago(days)).status for days in (50, 41, 40)] == ["missing", "missing", "met"]
    corrected(first, withdrawn=True, recorded_at=an_instant(days_ago(20)))
    assert [of(agent, days_ago(days)).status for days in (21, 20)] == ["met", "missing"]
    file = a_file(taken_back_at=an_instant(days_ago(5)), taken_back_why="Wrong file.")
    completed(agent, module, days_ago(12), recorded_at=an_instant(days_ago(12)), imported=file)
    assert [of(agent, days_ago(days)).status for days in (12, 6, 5)] == ["met", "met", "missing"]


def test_a_waiver_holds_through_its_last_day_or_until_it_is_ended(agent, module, people):
    required(module)
    waived(agent, module, people.hsi_manager, until=TODAY() + timedelta(days=2))
    assert (of(agent).status, of(agent).waived_until) == ("waived", TODAY() + timedelta(days=2))
    assert [of(agent, TODAY() + timedelta(days=days)).status for days in (-1, 2, 3)] == ["missing", "waived", "missing"]
    Waiver.objects.update(ended_on=TODAY(), ended_why="Back.", ended_by_name="x")
    assert of(agent).status == "missing"


def test_a_completion_counts_before_a_waiver_does(agent, module, people):
    required(module)
    waived(agent, module, people.hsi_manager)
    completed(agent, module)
    assert of(agent).status == "met"


def test_a_module_without_a_published_version_is_not_yet_available(agent, people):
    unfinished = ModuleFactory()
    required(unfinished)
    assert of(agent).status == "not_available"


def test_a_module_is_available_from_its_publication_until_its_end(agent, module):
    required(module)
    ModuleVersion.objects.update(published_on=days_ago(9), ended_on=days_ago(2))
    assert [of(agent, days_ago(days)).status for days in (10, 9, 3, 2)] == [
        "not_available",
        "missing",
        "missing",
        "retired",
    ]


def test_users_stand_by_completions_and_waivers_of_their_own(module, people):
    required(module, "dea_reviewers", "coordinators")
    completed(people.dea_hq, module)
    waived(people.coordinator, module, people.hsi_manager)
    persons = [
        Person("dea_reviewers", user=people.dea_hq.pk),
        Person("dea_reviewers", user=people.dea_field.pk),
        Person("coordinators", user=people.coordinator.pk),
    ]
    found = {row.user: row.status for row in standing(persons, TODAY())}
    assert found == {people.dea_hq.pk: "met", people.dea_field.pk: "missing", people.coordinator.pk: "waived"}


def test_any_number_of_people_takes_one_statement(module, django_assert_num_queries):
    required(module)
    agents = AgentFactory.create_batch(30)
    with django_assert_num_queries(1):
        assert len(standing([Person("renewal", agent=agent.pk) for agent in agents], TODAY())) == 30


def test_nobody_takes_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert standing([], TODAY()) == []


# What may have happened to two agents in two modules, in days before today.
DAYS = st.integers(0, 900)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "agent": st.integers(0, 1),
            "module": st.integers(0, 1),
            "completed": DAYS,
            "recorded": st.integers(0, 40),  # days after it was completed
            "passed": st.booleans(),
            "in_file": st.booleans(),
            "corrected": st.none() | st.integers(0, 60),  # days after it was recorded
        }
    ),
    max_size=8,
)
WAIVERS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), DAYS, st.integers(0, 400), st.none() | st.integers(0, 300)),
    max_size=3,
)
RULES = st.tuples(
    st.none() | st.integers(1, 40),  # valid months
    DAYS,  # in force since
    st.none() | st.integers(0, 600),  # for so many days
    st.none() | DAYS,  # published since
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECORDS, WAIVERS, st.tuples(RULES, RULES), st.none() | DAYS, DAYS)
def test_the_rule_equals_the_oracle(people, records, waivers, rules, taken_back, asked):
    on = days_ago(asked)
    with transaction.atomic():
        agents, modules, kept, granted = _on_record(people, records, waivers, rules, taken_back)
        found = standing([Person("initial", agent=agent.pk) for agent in agents], on)
        got = {
            (row.agent, row.module): (row.status, row.completed_on, row.valid_until, row.waived_until) for row in found
        }
        expected = {}
        for place, module in enumerate(modules):
            for agent in agents:
                answer = _oracle(agent, module, rules[place], kept, granted, taken_back, on)
                if answer:
                    expected[agent.pk, module.pk] = answer
        transaction.set_rollback(True)
    assert got == expected


def _on_record(people: Managers, records: Any, waivers: Any, rules: Any, taken_back: int | None) -> Any:
    agents = AgentFactory.create_batch(2)
    modules = []
    for months, since, lasts, published_since in rules:
        module = ModuleFactory() if published_since is None else published(people, days_ago(published_since))
        until = None if lasts is None else days_ago(since) + timedelta(days=lasts)
        required(module, valid_months=months, effective_from=days_ago(since), effective_until=until)
        modules.append(module)
    back = {} if taken_back is None else {"taken_back_at": an_instant(days_ago(taken_back)), "taken_back_why": "Wrong."}
    file = a_file(**back)
    kept = []
    for record in records:
        day = days_ago(record["completed"])
        recorded = day + timedelta(days=record["recorded"])
        made = completed(
            agents[record["agent"]],
            modules[record["module"]],
            day,
            passed=record["passed"],
            imported=file if record["in_file"] else None,
            recorded_at=an_instant(recorded),
        )
        correction = None
        if record["corrected"] is not None:
            correction = recorded + timedelta(days=record["corrected"])
            corrected(made, withdrawn=True, recorded_at=an_instant(correction))
        kept.append((made, recorded, correction))
    granted = [
        waived(
            agents[who],
            modules[which],
            people.hsi_manager,
            granted_on=days_ago(since),
            until=days_ago(since) + timedelta(days=lasts),
            ended_on=None if ended is None else days_ago(since) + timedelta(days=ended),
        )
        for who, which, since, lasts, ended in waivers
    ]
    return agents, modules, kept, granted


def _oracle(
    agent: Agent, module: Module, rule: Any, kept: Any, granted: list[Waiver], taken_back: int | None, on: date
) -> tuple[str, date | None, date | None, date | None] | None:
    """The rule once more, person by person, as one would say it."""
    months, since, lasts, published_since = rule
    if on < days_ago(since) or (lasts is not None and on >= days_ago(since) + timedelta(days=lasts)):
        return None
    passes = []
    for made, recorded, correction in kept:
        undone = correction is not None and correction <= on
        back = made.imported_id is not None and taken_back is not None and days_ago(taken_back) <= on
        known = recorded <= on and made.completed_on <= on
        if (
            (made.agent_id, made.module_id) == (agent.pk, module.pk)
            and made.passed
            and known
            and not undone
            and not back
        ):
            passes.append(made.completed_on)
    latest = max(passes, default=None)
    until = months_later(latest, months) if latest and months else None
    waivers = [
        waiver.until
        for waiver in granted
        if (waiver.agent_id, waiver.module_id) == (agent.pk, module.pk)
        and waiver.granted_on <= on <= waiver.until
        and (waiver.ended_on is None or on < waiver.ended_on)
    ]
    waived_until = max(waivers, default=None)
    if latest and (until is None or (until - on).days > 60):
        status = "met"
    elif latest and until >= on:
        status = "expiring"
    elif waived_until:
        status = "waived"
    elif published_since is None or on < days_ago(published_since):
        status = "not_available"
    else:
        status = "expired" if latest else "missing"
    return status, latest, until, waived_until
