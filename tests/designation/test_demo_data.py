"""The invented year: lawful, repeatable, marked, and a system that one can go on working with."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_fsm import RETURN_VALUE

from audit import calendar
from audit.models import Goal, StageVisit, StepEvent
from designation import workflow
from designation.demo.data import NotEmpty, make_demo_data
from designation.demo.staff import invent_staff
from designation.demo.year import Inventor, Setting, Year
from designation.models import Agent, Agreement, Comment, Designation, FieldOpinion, Office, Request, Role, User
from designation.models.people import ROLE_AGENCY
from tests import factories

pytestmark = pytest.mark.django_db

UNTIL = datetime(2026, 9, 16, 11, 30, tzinfo=ZoneInfo("America/New_York"))
COUNT = 250


@pytest.fixture
def year(db: None) -> Year:
    return make_demo_data(seed=7, count=COUNT, until=UNTIL)


def invent(staff_and_offices, *, seed: int = 7, until: datetime = UNTIL) -> Year:
    staff, offices = staff_and_offices
    agreement = Agreement.objects.get(code="ICA-2009")
    return Inventor(Setting(seed, until, calendar.load(), staff, offices, agreement, range(1, COUNT + 1))).invent()


@pytest.fixture
def staff_and_offices(db: None):
    offices = list(Office.objects.select_related("agency", "division"))
    staff = invent_staff(Random(7), offices)
    User.objects.bulk_create(staff.everybody())
    return staff, offices


def told(year: Year) -> dict[str, list[tuple]]:
    """Each subject's steps, as text."""
    steps = defaultdict(list)
    for step in [*year.request_steps, *(step for chain in year.designation_steps.values() for step in chain)]:
        steps[step.subject].append((step.transition, step.at, step.actor_name, step.reason, step.to_state))
    return steps


def test_ledger_and_constraints_hold(year, capsys):
    connection.check_constraints()
    call_command("verify_ledger")
    call_command("rebuild_stage_visits", "--check")
    assert Request.objects.count() == COUNT


def test_everything_is_marked_as_invented(year):
    assert set(StepEvent.objects.values_list("source", flat=True)) == {"invented"}
    assert all(user.last_name.endswith("(demo)") and not user.has_usable_password() for user in User.objects.all())
    assert not Agent.objects.exclude(email__endswith="@example.gov").exists()


@pytest.mark.parametrize("model", [Request, Designation])
def test_every_step_is_one_that_the_state_machine_declares(year, model):
    for step in StepEvent.objects.filter(workflow=model.workflow):
        if step.sequence == 1:
            assert step.transition in ("create", "grant")
            continue
        found = getattr(model, step.transition)._django_fsm.get_transition(step.from_state)
        assert found is not None, step
        targets = found.target.allowed_states if isinstance(found.target, RETURN_VALUE) else [found.target]
        assert step.to_state in targets
        assert step.reason or found.custom.get("reason_required") is not True


def test_an_approval_against_a_nonconcurrence_has_a_reason(year):
    against = Request.objects.filter(state="approved", opinions__concurs=False, opinions__superseded_at=None)
    steps = StepEvent.objects.filter(transition="approve", subject__in=against.values("number"))
    assert steps.exists()
    assert not steps.filter(reason="").exists()


def test_everybody_acts_in_a_role_of_his_own(year):
    users = {user.pk: user for user in User.objects.select_related("office")}
    for step in StepEvent.objects.filter(workflow="request"):
        actor = users[step.actor_id]
        assert actor.roles == [step.actor_role]
        assert ROLE_AGENCY[Role(step.actor_role)] == step.actor_agency == actor.agency_code
        if step.actor_role == Role.COORDINATOR:
            assert actor.office.code == step.dimensions["office"]
        if step.actor_role == Role.DEA_FIELD:
            assert actor.office.code == step.dimensions["division"]
    for request in Request.objects.exclude(decided_by=None):
        assert request.decided_by_id != request.filed_by_id


def test_kinds_fit_what_the_agent_had_when_the_office_filed(year):
    granted = defaultdict(list)
    for designation in Designation.objects.select_related("office"):
        steps = StepEvent.objects.filter(workflow="designation", subject=designation.number).order_by("sequence")
        ends = [step.at for step in steps if step.final]
        granted[designation.agent_id].append((steps[0].at, ends[0] if ends else None, designation.office))
    for request in Request.objects.select_related("office").exclude(state="draft"):
        before = [grant for grant in granted[request.agent_id] if grant[0] < request.created_at]
        live = [grant for grant in before if grant[1] is None or grant[1] > request.created_at]
        if request.kind == "initial":
            assert not before
        elif request.kind == "renewal":
            assert before
            assert all(office == request.office for _, _, office in live)
        else:
            assert [office for _, _, office in live] != [request.office]
            assert live


def test_opinions_are_those_of_the_steps(year):
    for request in Request.objects.all():
        given = StepEvent.objects.filter(subject=request.number, transition__in=["concur", "nonconcur"])
        opinions = FieldOpinion.objects.filter(request=request).order_by("given_at")
        assert [(step.at, step.transition == "concur", step.reason) for step in given.order_by("sequence")] == [
            (opinion.given_at, opinion.concurs, opinion.reason) for opinion in opinions
        ]
        assert [opinion.superseded_at is None for opinion in opinions] == [False] * (len(opinions) - 1) + [True] * bool(
            opinions
        )


def test_the_same_seed_gives_the_same_year(staff_and_offices):
    first, second = invent(staff_and_offices), invent(staff_and_offices)
    assert told(first) == told(second)
    assert [str(agent) for agent in first.agents] == [str(agent) for agent in second.agents]
    assert told(invent(staff_and_offices, seed=8)) != told(first)


def test_later_on_the_same_day_the_same_year_has_only_gone_on(staff_and_offices):
    morning, evening = (
        told(invent(staff_and_offices)),
        told(invent(staff_and_offices, until=UNTIL + timedelta(hours=9))),
    )
    assert all(evening[subject][: len(steps)] == steps for subject, steps in morning.items())
    assert sum(map(len, evening.values())) > sum(map(len, morning.values()))


def test_nothing_lies_in_the_future(year):
    assert StepEvent.objects.latest("at").at <= UNTIL
    assert StepEvent.objects.filter(workflow="request").earliest("at").at > UNTIL - timedelta(days=367)


def test_staff_of_both_agencies_talk_on_open_requests_once_dea_reviews_them(year):
    said = Comment.objects.select_related("request", "author__office")
    assert {comment.author_role for comment in said} == {Role.DEA_FIELD, Role.COORDINATOR}
    for comment in said:
        since = StageVisit.objects.open().get(workflow=Request.workflow, subject=comment.request.number).entered_at
        assert since < comment.made_at <= UNTIL
        assert comment.author.office in (comment.request.office, comment.request.division)


def test_every_stay_on_a_clock_has_a_goal_marked_as_invented(year):
    timed = StageVisit.objects.filter(workflow="request").exclude(party="")
    assert set(timed.values_list("goal__set_by_name", flat=True)) == {"Headquarters (demo)"}
    assert set(Goal.objects.values_list("why", flat=True)) == {
        "Invented for demonstration. Neither agency has set such a goal."
    }
    assert {goal.measure for goal in Goal.objects.all()} == {"stage", "party", "process"}
    assert {met for met in timed.values_list("met", flat=True) if met is not None} == {True, False}


def test_one_can_go_on_working(year, people):
    agent = factories.AgentFactory(badge_number="99999")
    (filed,) = workflow.file_requests(
        [factories.new_request(agent)], actor=people.coordinator, office=people.coordinator.office
    ).done
    assert filed.pk > max(request.pk for request in year.requests)
    waiting = Request.objects.filter(state="dea_decision")
    pks = [request.pk for request in waiting]
    outcome = workflow.transition("approve", pks, actor=people.dea_hq, reason="Decided.")
    assert waiting
    assert not outcome.refused


def test_a_system_in_use_is_left_alone(people):
    factories.request(people)
    with pytest.raises(NotEmpty):
        make_demo_data(seed=1, count=10, until=UNTIL)
    with pytest.raises(CommandError, match="needs an empty one"):
        call_command("demo_data")


def test_never_where_demonstration_is_off(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="production never has"):
        call_command("demo_data", requests=1)
    assert not Request.objects.exists()


def test_the_command_says_what_it_made(capsys):
    call_command("demo_data", requests=40, seed=2)
    assert capsys.readouterr().out.startswith("Invented 40 requests for ")
