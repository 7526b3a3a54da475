"""Invented training beside the invented year: lawful, marked, and a system that one can go on working with."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F
from django.utils import timezone
from django_fsm import RETURN_VALUE

from audit.goals import set_goal
from audit.models import Goal, StageVisit, StepEvent
from designation import references, workflow
from designation.demo.data import make_all
from designation.models import Agent, Request, User
from training.demo.goals import add_goals
from training.models import (
    Attachment,
    Completion,
    CompletionImport,
    Dispute,
    Module,
    ModuleVersion,
    Requirement,
    Section,
    SignOff,
    Waiver,
)
from training.models.disputes import Level
from training.workflow import disputes
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db

UNTIL = datetime(2026, 9, 16, 11, 30, tzinfo=ZoneInfo("America/New_York"))
SUBJECTS = (ModuleVersion, Section, Dispute)


@pytest.fixture
def made(db: None) -> list[str]:
    return make_all(seed=7, count=250, until=UNTIL)[1]


def test_ledger_and_constraints_hold(made: list[str]) -> None:
    connection.check_constraints()
    call_command("verify_ledger")
    call_command("rebuild_stage_visits", "--check")


def test_it_says_what_it_made(made: list[str]) -> None:
    number = Completion.objects.count()
    assert made == [f"Invented 5 training modules, {Dispute.objects.count()} disputes, {number} completions."]


def test_everything_is_marked_as_invented(made: list[str]) -> None:
    assert set(StepEvent.objects.values_list("source", flat=True)) == {"invented"}
    assert set(Completion.objects.values_list("source", flat=True)) == {"invented"}
    assert all(module.title.endswith("(demo)") for module in Module.objects.all())
    assert all(user.last_name.endswith("(demo)") for user in User.objects.all())
    assert all("demo" in name for name in CompletionImport.objects.values_list("file_name", flat=True))


def test_modules_and_sections_are_valid_as_the_pages_would_have_them(made: list[str]) -> None:
    for row in (*Module.objects.all(), *Section.objects.all()):
        row.full_clean(exclude=["state"])


@pytest.mark.parametrize("model", SUBJECTS)
def test_every_step_is_one_that_the_state_machine_declares(made: list[str], model: type) -> None:
    for step in StepEvent.objects.filter(workflow=model.workflow, sequence__gt=1):  # type: ignore[attr-defined]
        found = getattr(model, step.transition)._django_fsm.get_transition(step.from_state)
        assert found is not None, step
        targets = found.target.allowed_states if isinstance(found.target, RETURN_VALUE) else [found.target]
        assert step.to_state in targets


def test_nothing_lies_in_the_future(made: list[str]) -> None:
    assert StepEvent.objects.latest("at").at <= UNTIL
    assert Completion.objects.latest("recorded_at").recorded_at <= UNTIL
    assert not Completion.objects.filter(completed_on__gt=UNTIL.date()).exists()
    assert not Dispute.objects.filter(opened_at__gt=UNTIL).exists()


def test_modules_stand_at_every_turn_of_their_way(made: list[str]) -> None:
    states = Counter(ModuleVersion.objects.values_list("module__code", "state"))
    assert states["DEMO-1", "superseded"] == states["DEMO-1", "published"] == 1
    assert states["DEMO-3", "sign_off"] == states["DEMO-4", "dea_review"] == states["DEMO-2", "published"] == 1
    in_sign_off = Section.objects.filter(module_version__state="sign_off").values_list("state", flat=True)
    assert set(in_sign_off) == {"signed", "signed_by_hsi", "unsigned"}


def test_a_change_after_sign_off_cleared_it_and_the_text_was_signed_again(made: list[str]) -> None:
    (cleared,) = SignOff.objects.exclude(cleared_at=None)
    again = SignOff.objects.current().filter(section=cleared.section, agency=cleared.agency).get()
    assert again.revision > cleared.revision
    assert cleared.section.texts.count() == cleared.section.revision
    assert Attachment.objects.count() == 1


def test_disputes_are_at_every_level_and_settled_in_both_ways(made: list[str]) -> None:
    assert set(Dispute.objects.values_list("state", flat=True)) == set(Level.values)
    assert {dispute.about.value for dispute in Dispute.objects.all()} == {"section", "version", "request"}
    assert set(Dispute.objects.values_list("settled", flat=True)) == {"", "agreed", "decided"}
    for dispute in Dispute.objects.all():
        assert dispute.positions.filter(superseded_at=None, agency=dispute.opened_by_agency).count() == 1


def test_disputes_escalated_by_themselves_when_they_were_due_and_not_before(made: list[str]) -> None:
    visits = {(visit.subject, visit.sequence): visit for visit in StageVisit.objects.filter(workflow="dispute")}
    escalated = StepEvent.objects.filter(transition="escalate_overdue")
    assert escalated
    for step in escalated:
        left = visits[step.subject, step.sequence - 1]
        assert left.due_at is not None
        assert 0 < (step.at - left.due_at).total_seconds() <= 15 * 60
        assert step.actor_role == "system"


def test_requirements_warn_block_and_wait_for_a_module(made: list[str]) -> None:
    in_force = Requirement.objects.in_force(UNTIL.date())
    told = {(found.module.code, tuple(found.audience), found.blocks) for found in in_force}
    assert ("DEMO-1", ("initial", "transfer"), "nothing") in told
    assert ("DEMO-2", ("renewal",), "approval") in told
    assert ("DEMO-3", ("initial",), "approval") in told
    assert not ModuleVersion.objects.published().filter(module__code="DEMO-3").exists()
    assert Requirement.objects.exclude(effective_until=None).get().ended_why


def test_nearly_every_agent_has_what_an_approval_would_ask_of_him(made: list[str]) -> None:
    agents = Agent.objects.count()
    passed = Completion.objects.standing().passed().filter(module__code="DEMO-2")
    assert 0.85 * agents < passed.values("agent").distinct().count() < agents


def test_no_completion_is_one_that_would_have_been_refused(made: list[str]) -> None:
    assert not Agent.objects.filter(hired_on=None).exists()
    assert not Completion.objects.filter(completed_on__lt=F("agent__hired_on")).exists()
    assert not Completion.objects.filter(completed_on__lt=F("module_version__published_on")).exists()
    assert not Completion.objects.filter(completed_on__gte=F("module_version__ended_on")).exists()
    assert not Completion.objects.filter(recorded_at__date__lt=F("completed_on")).exists()
    for completion in Completion.objects.filter(module__code="DEMO-1"):
        assert completion.passed == (completion.score >= 80)
    person = ["agent", "user", "module"]
    twice = Completion.objects.standing().values(*person, "completed_on").annotate(n=Count("pk"))
    assert not twice.filter(n__gt=1).exists()
    attempts = Completion.objects.standing().values(*person).filter(module__code="DEMO-1").annotate(n=Count("pk"))
    assert not attempts.filter(n__gt=3).exists()


def test_a_file_was_taken_back_and_some_records_were_corrected(made: list[str]) -> None:
    files = CompletionImport.objects.annotate(brought=Count("completions"))
    assert not files.exclude(brought=F("rows")).exists()
    assert files.exclude(taken_back_at=None).count() == 1
    assert set(Completion.objects.exclude(corrects=None).values_list("withdrawn", flat=True)) == {True, False}
    assert Waiver.objects.in_force(UNTIL.date()).exists()


def test_records_are_numbered_in_the_order_of_time(made: list[str]) -> None:
    for model, at in ((Completion, "recorded_at"), (CompletionImport, "imported_at")):
        times = list(model.objects.order_by("pk").values_list(at, flat=True))
        assert times == sorted(times)


def test_the_requests_that_wait_for_a_decision_can_be_decided(db: None) -> None:
    make_all(seed=7, count=250, until=timezone.now())
    by = User.objects.select_related("office").filter(roles=["dea_hq"]).first()
    waiting = list(Request.objects.filter(state="dea_decision").values_list("pk", flat=True))
    outcome = workflow.transition("approve", waiting, actor=by, reason="Decided.")
    assert waiting
    assert len(outcome.done) >= 0.8 * len(waiting), outcome.refused


def test_one_can_go_on_working(made: list[str]) -> None:
    by = User.objects.filter(roles=["training_manager"], office__agency="DEA").get()
    opened = disputes.open_dispute(
        ModuleVersion.objects.get(number="DEMO-1-v2"), title="T", issue="I", position="P", actor=by
    )
    assert Dispute.objects.filter(number=opened.number).count() == 1
    first = Section.objects.get(module_version__number="DEMO-3-v1", position=3)
    assert not section_acts.sign_off([first.pk], actor=by).refused
    call_command("verify_ledger")


def test_the_same_seed_gives_the_same_training(db: None) -> None:
    assert _invented_and_undone(seed=3) == _invented_and_undone(seed=3)


def _invented_and_undone(seed: int) -> list[tuple[object, ...]]:
    columns = ("agent__badge_number", "user__username", "module__code", "completed_on", "score", "recorded_at")
    with transaction.atomic():
        make_all(seed=seed, count=40, until=UNTIL)
        found = list(Completion.objects.order_by("pk").values_list(*columns))
        transaction.set_rollback(True)
    return found


def test_goals_of_the_past_end_where_those_of_the_system_begin(db: None) -> None:
    references.load()
    standing = Goal.objects.filter(workflow="dispute", stage="working_level").get()
    add_goals(UNTIL)
    invented = Goal.objects.filter(workflow="dispute", stage="working_level").exclude(pk=standing.pk).get()
    assert (invented.effective_from, invented.effective_until) == (UNTIL, standing.effective_from)
    assert timezone.now() > standing.effective_from


def test_goals_that_reach_back_far_enough_are_enough(db: None) -> None:
    set_goal(Goal(workflow="dispute", stage="leadership", business_seconds=1, set_by_name="x", why="x"), at_once=True)
    add_goals(timezone.now())
    assert Goal.objects.filter(workflow="dispute").count() == 1
