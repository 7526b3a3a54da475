"""Whether an agent was designated on a day: what the ledger says of it, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import ledger
from audit.ledger import PastStep
from audit.models import AccessRecord, StepEvent
from designation import lookup, workflow
from designation.lookup import Standing, designated
from designation.models import Agent, Agreement, Designation, Request
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")
NUMBERS = count(1)
LEADS_TO = {
    "grant": "active",
    "suspend": "suspended",
    "reinstate": "active",
    "expire": "expired",
    "relinquish": "relinquished",
    "replace": "relinquished",
    "revoke": "revoked",
}
LIVE = {"active", "suspended"}


@dataclass
class Held:
    """A designation that is to be on record: its term, and its steps as (transition, instant)."""

    first_day: date
    last_day: date
    steps: list[tuple[str, datetime]]
    number: str = ""

    @property
    def state(self) -> str:
        return LEADS_TO[self.steps[-1][0]]


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    """The instant on New York's clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)


def on_record(agent: Agent, people: People, *held: Held) -> None:
    """Puts the agent's designations on record with steps of those times."""
    office = people.coordinator.office
    for designation in held:
        serial = next(NUMBERS)
        designation.number = f"XD-1999-{serial:06d}"
        request = Request.objects.create(
            number=f"T21-1999-{serial:06d}",
            agent=agent,
            office=office,
            division=office.division,
            agreement=Agreement.objects.earliest("pk"),
            kind="initial",
            filed_by=people.coordinator,
            state="withdrawn",
        )
        Designation.objects.create(
            number=designation.number,
            request=request,
            agent=agent,
            office=office,
            agreement=request.agreement,
            valid_from=designation.first_day,
            valid_until=designation.last_day,
            state=designation.state,
        )
        first = designation.steps[0][1]
        ledger.append_history(
            "request", [PastStep(request.number, "withdraw", "withdrawn", at=first)], source="imported"
        )
        steps = [PastStep(designation.number, name, LEADS_TO[name], at=when) for name, when in designation.steps]
        ledger.append_history("designation", steps, source="imported")


def answer(agent: Agent, day: date) -> lookup.Answer:
    return designated([agent.badge_number], day)[0]


MARCH_3 = date(2020, 3, 3)
TERM = {"first_day": MARCH_3, "last_day": date(2021, 3, 2)}


class TestADay:
    @pytest.mark.parametrize(
        ("day", "standing", "words"),
        [
            (date(2020, 3, 2), Standing.NEVER_DESIGNATED, "No: never designated up to March 2, 2020."),
            (MARCH_3, Standing.DESIGNATED, "Yes: designated on March 3, 2020, {number}, until March 2, 2021."),
            (date(2020, 5, 9), Standing.DESIGNATED, "Yes: designated on May 9, 2020, {number}, until March 2, 2021."),
            (date(2020, 5, 10), Standing.SUSPENDED, "No: suspended since May 10, 2020, 12:00 p.m. EDT, {number}."),
            (date(2020, 6, 1), Standing.DESIGNATED, "Yes: designated on June 1, 2020, {number}, until March 2, 2021."),
            (date(2020, 8, 1), Standing.REVOKED, "No: revoked on Aug. 1, 2020, 12:00 p.m. EDT, {number}."),
            (date(2024, 8, 1), Standing.REVOKED, "No: revoked on Aug. 1, 2020, 12:00 p.m. EDT, {number}."),
        ],
    )
    def test_long_past_is_told_from_the_steps_and_not_from_what_is_so_today(self, people, day, standing, words):
        agent = AgentFactory()
        steps = [
            ("grant", at(MARCH_3)),
            ("suspend", at(date(2020, 5, 10))),
            ("reinstate", at(date(2020, 6, 1))),
            ("revoke", at(date(2020, 8, 1))),
        ]
        held = Held(**TERM, steps=steps)
        on_record(agent, people, held)
        found = answer(agent, day)
        assert found.standing == standing
        assert found.designated == (standing == Standing.DESIGNATED)
        assert found.in_words() == words.format(number=held.number)

    def test_ends_at_midnight_of_new_york(self, people):
        agent = AgentFactory()
        late = at(date(2020, 5, 10), 23, 59)
        on_record(agent, people, Held(**TERM, steps=[("grant", at(MARCH_3, 23, 59)), ("suspend", late)]))
        assert late.astimezone(ZoneInfo("UTC")).date() == date(2020, 5, 11)
        assert answer(agent, date(2020, 5, 9)).designated
        assert answer(agent, date(2020, 5, 10)).standing == Standing.SUSPENDED
        assert answer(agent, MARCH_3).designated
        assert answer(agent, date(2020, 3, 2)).standing == Standing.NEVER_DESIGNATED

    def test_a_step_on_the_stroke_of_midnight_is_of_the_new_day(self, people):
        agent = AgentFactory()
        on_record(agent, people, Held(**TERM, steps=[("grant", at(MARCH_3)), ("revoke", at(date(2020, 5, 10), 0))]))
        assert answer(agent, date(2020, 5, 9)).designated
        assert answer(agent, date(2020, 5, 10)).standing == Standing.REVOKED

    def test_shows_what_changed_on_it(self, people):
        agent = AgentFactory()
        may_10 = date(2020, 5, 10)
        steps = [("grant", at(MARCH_3)), ("suspend", at(may_10, 9)), ("reinstate", at(may_10, 17))]
        on_record(agent, people, Held(**TERM, steps=steps))
        found = answer(agent, may_10)
        assert found.designated
        assert [(step.done, step.at) for step in found.steps] == [
            ("suspended", at(may_10, 9)),
            ("reinstated", at(may_10, 17)),
        ]
        assert answer(agent, date(2020, 5, 11)).steps == ()


def test_a_term_that_is_over_has_expired_also_where_no_task_has_recorded_it(people: People):
    agent = AgentFactory()
    held = Held(**TERM, steps=[("grant", at(MARCH_3))])
    on_record(agent, people, held)
    assert answer(agent, held.last_day).designated
    after = answer(agent, held.last_day + timedelta(days=1))
    assert (after.standing, after.since) == (Standing.EXPIRED, at(date(2021, 3, 3), 0))
    assert after.in_words() == f"No: expired; the last day of {held.number} was March 2, 2021."


def test_a_renewal_takes_the_place_of_the_designation_before_it(people: People):
    agent = AgentFactory()
    renewed = at(date(2021, 2, 1))
    first = Held(**TERM, steps=[("grant", at(MARCH_3)), ("replace", renewed)])
    second = Held(date(2021, 2, 1), date(2022, 1, 31), [("grant", renewed)])
    on_record(agent, people, first, second)
    assert answer(agent, date(2021, 1, 31)).term.number == first.number
    found = answer(agent, date(2021, 2, 1))
    assert (found.designated, found.term.number) == (True, second.number)
    assert [step.done for step in found.steps] == ["replaced", "granted"]


def test_today_is_now_and_a_day_to_come_is_what_is_on_file_now(people: People):
    request = factories.request(people, "approved")
    designation, today = request.designation, timezone.localdate()
    assert answer(request.agent, today).in_words().startswith("Yes: designated today, XD-")
    coming = answer(request.agent, designation.valid_until)
    assert coming.in_words().startswith("Yes, as on file now: designated on ")
    assert coming.as_of <= timezone.now()
    later = answer(request.agent, designation.valid_until + timedelta(days=1))
    assert later.in_words().startswith("No, as on file now: expired; the last day of XD-")
    workflow.change_designations("suspend", [designation.pk], actor=people.dea_hq, reason="Under inquiry.")
    assert answer(request.agent, today).standing == Standing.SUSPENDED
    workflow.change_designations("relinquish", [designation.pk], actor=people.coordinator, reason="Left.")
    found = answer(request.agent, today)
    assert found.in_words().startswith("No: relinquished on ")
    assert [step.done for step in found.steps] == ["granted", "suspended", "relinquished"]


class TestBadgeNumbers:
    def test_one_that_nobody_has_is_said_to_be_unknown(self, db):
        (found,) = designated(["00991"], MARCH_3)
        assert (found.standing, found.known, found.designated) == (Standing.UNKNOWN_BADGE, False, False)
        assert found.in_words() == "Unknown badge: no agent on record has the number 00991."

    def test_answers_stand_in_the_order_of_the_question(self, people: People):
        agents = AgentFactory.create_batch(3)
        asked = [agents[2].badge_number, "nobody", agents[0].badge_number, agents[2].badge_number]
        assert [found.badge_number for found in designated(asked, MARCH_3)] == asked

    def test_letter_case_does_not_count(self, db):
        AgentFactory(badge_number="K00123", last_name="Stone", first_name="Lee")
        assert designated(["k00123"], MARCH_3)[0].name == "Lee Stone"

    def test_letter_case_counts_between_agents_who_differ_in_nothing_else(self, db):
        for badge in ("Ka1", "KA1"):
            AgentFactory(badge_number=badge, email="", last_name=badge)
        assert [found.name.split()[-1] for found in designated(["Ka1", "KA1"], MARCH_3)] == ["Ka1", "KA1"]
        assert not designated(["ka1"], MARCH_3)[0].known

    def test_leading_zeros_count(self, db):
        AgentFactory(badge_number="00123")
        assert not designated(["123"], MARCH_3)[0].known

    @pytest.mark.parametrize("odd", ["", "0" * 21, "ß", "12\x00", "a b", "%"])
    def test_what_is_no_badge_number_is_unknown(self, db, odd):
        AgentFactory(badge_number="SS")
        assert not designated([odd], MARCH_3)[0].known

    def test_are_read_from_a_list_each_once(self):
        assert lookup.badge_numbers_in(["1", "2", "1"], at_most=2) == ["1", "2"]

    @pytest.mark.parametrize(
        ("words", "code"),
        [([], "required"), (["1", "2", "3"], "too_many"), (["x/y"], "invalid"), (["1" * 21], "invalid")],
    )
    def test_are_refused_when_they_are_none_or_too_many(self, words, code):
        with pytest.raises(ValidationError) as refused:
            lookup.badge_numbers_in(words, at_most=2)
        assert refused.value.code == code


@pytest.mark.parametrize("size", [1, 500])
def test_one_query_answers_however_many(people: People, django_assert_num_queries, size):
    factories.requests(people, "approved", 3)
    badges = list(Agent.objects.values_list("badge_number", flat=True)) + [f"X{n}" for n in range(size - 3)]
    with django_assert_num_queries(1):
        found = designated(badges[:size], timezone.localdate())
    assert (len(found), found[0].designated) == (size, True)


def test_a_look_up_is_on_record(people: People):
    agent = AgentFactory()
    lookup.look_up([agent.badge_number, "nobody"], MARCH_3, by=people.supervisor, act="look up designation")
    record = AccessRecord.objects.get()
    assert (record.actor, record.actor_name) == (people.supervisor, people.supervisor.recorded_name)
    assert record.parameters == {"badge_numbers": [agent.badge_number, "nobody"], "on": "2020-03-03"}
    assert record.row_count == 2


def test_agents_are_found_by_the_beginning_of_their_names(db):
    for badge, first, last in [("1", "Lee", "Stone"), ("2", "Ann", "Stoner"), ("3", "Stone", "Moss")]:
        AgentFactory(badge_number=badge, first_name=first, last_name=last)
    assert lookup.badges_of_agents_named("stone", 9) == ["3", "1", "2"]
    assert lookup.badges_of_agents_named("Stone, Lee", 9) == ["1"]
    assert lookup.badges_of_agents_named("stone", 2) == ["3", "1"]
    assert lookup.badges_of_agents_named("agent1@", 9) == []


@pytest.mark.parametrize(
    ("on_record", "typed"),
    [
        ("O'Neal", "O’Neal"),
        ("O’Neal", "o'neal"),
        ("Peña", "Pena"),
        ("Pena", "peña"),
        ("PEÑA", "peña"),
        ("Pen\u0303a", "pe\u00f1a"),  # composed and decomposed look the same
        ("Núñez-Ibáñez", "nunez-ib"),
    ],
)
def test_a_name_is_found_however_it_is_written(people: People, client, on_record, typed):
    agent = AgentFactory(last_name=on_record)
    assert lookup.badges_of_agents_named(typed, 9) == [agent.badge_number]
    assert list(Agent.objects.search(typed)) == [agent]
    client.force_login(people.dea_hq)
    found = client.get(reverse("admin:designation_agent_changelist"), {"q": typed})
    assert reverse("admin:designation_agent_change", args=[agent.pk]) in found.text


@pytest.mark.parametrize("name", ["agent", "designation", "user"])
def test_the_admin_finds_a_name_with_the_comma_behind_the_last(people: People, client, name):
    row = factories.request(people, "approved").designation
    found = {"agent": row.agent, "designation": row, "user": people.coordinator}[name]
    person = people.coordinator if name == "user" else row.agent
    client.force_login(people.auditor if name != "user" else people.operator)
    page = client.get(
        reverse(f"admin:designation_{name}_changelist"), {"q": f"{person.last_name}, {person.first_name}"}
    )
    assert reverse(f"admin:designation_{name}_change", args=[found.pk]) in page.text


def test_what_is_typed_has_no_wildcards(db):
    AgentFactory(last_name="Stone")
    percent = AgentFactory(last_name="50% Stone")
    assert list(Agent.objects.search("%")) == list(Agent.objects.search("S_one")) == []
    assert list(Agent.objects.search("50%")) == [percent]


DAY_0 = date(2019, 10, 20)  # the clocks change within the days that follow, in autumn and in spring


@st.composite
def histories(draw: Any) -> list[Held]:
    """Designations of one agent one after the other, each ended or replaced before the next is granted."""
    held: list[Held] = []
    clock = at(DAY_0)
    for _ in range(draw(st.integers(0, 3))):
        clock += timedelta(minutes=draw(st.integers(0, 60 * 24 * 40)))
        if held and held[-1].state in LIVE:
            held[-1].steps.append(("replace", clock))
        first_day = clock.astimezone(NEW_YORK).date()
        designation = Held(first_day, first_day + timedelta(days=draw(st.integers(0, 60))), [("grant", clock)])
        for _ in range(draw(st.integers(0, 4))):
            if designation.state not in LIVE:
                break
            clock += timedelta(minutes=draw(st.sampled_from([0, 1, 90, 60 * 24]) | st.integers(0, 60 * 24 * 30)))
            moves = ["relinquish", "revoke", "suspend" if designation.state == "active" else "reinstate"]
            if clock.astimezone(NEW_YORK).date() > designation.last_day:
                moves = ["expire"]
            designation.steps.append((draw(st.sampled_from(moves)), clock))
        held.append(designation)
    return held


def oracle(held: list[Held], day: date) -> tuple[str, str]:
    """How the agent stood and by which designation: a walk along all steps, in plain Python."""
    end = at(day + timedelta(days=1), 0).timestamp()
    states: dict[str, str] = {}
    for designation in held:
        for name, when in designation.steps:
            if when.timestamp() < end:
                states[designation.number] = LEADS_TO[name]
    last_days = {designation.number: designation.last_day for designation in held}
    for number, state in states.items():
        if state == "active" and day <= last_days[number]:
            return "designated", number
    if not states:
        return "never_designated", ""
    newest = list(states)[-1]
    state = states[newest]
    return ("expired" if state in LIVE and day > last_days[newest] else state), newest


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=histories(), days=st.lists(st.integers(-2, 200), min_size=1, max_size=8))
def test_any_history_is_told_as_a_walk_along_its_steps_tells_it(people: People, held, days):
    agent = AgentFactory(email="")
    on_record(agent, people, *held)
    near = {when.astimezone(NEW_YORK).date() for designation in held for _, when in designation.steps}
    ends = {designation.last_day for designation in held}
    for day in near | ends | {end + timedelta(days=1) for end in ends} | {DAY_0 + timedelta(days=n) for n in days}:
        found = answer(agent, day)
        assert (found.standing, found.term.number if found.term else "") == oracle(held, day), day
        on_the_day = [name for held_ in held for name, when in held_.steps if when.astimezone(NEW_YORK).date() == day]
        assert sorted(step.transition for step in found.steps) == sorted(on_the_day)


def test_nothing_is_read_from_the_rows_state(people: People):
    agent = AgentFactory()
    on_record(agent, people, Held(**TERM, steps=[("grant", at(MARCH_3)), ("revoke", at(date(2020, 8, 1)))]))
    before = [answer(agent, day) for day in (MARCH_3, date(2020, 8, 1))]
    Designation.objects.filter(agent=agent).update(state="active")
    assert [answer(agent, day) for day in (MARCH_3, date(2020, 8, 1))] == before
    Designation.objects.filter(agent=agent).update(state=StepEvent.objects.latest("pk").to_state)
