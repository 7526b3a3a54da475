"""Disputes: both sides state, propose and answer; time moves what they leave, and only an outcome ends one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.machine import Refused
from audit.models import Goal, StageVisit
from designation.models import Notice
from tests.factories import request
from tests.training.factories import Managers, dispute, section, version
from training.models import Dispute
from training.workflow import disputes
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(people: Managers) -> Dispute:
    return dispute(section(version(people)), people.dea_manager)


def move(name: str, moved: Dispute, actor: object, reason: str = "") -> str:
    """The state afterwards, or why it was refused."""
    outcome = disputes.move_disputes(name, [moved.pk], actor=actor, reason=reason)  # type: ignore[arg-type]
    return outcome.refused[0].message if outcome.refused else outcome.done[0].state


def test_a_dispute_begins_at_the_working_level_and_the_other_side_is_told(people: Managers, opened: Dispute) -> None:
    people.hsi_manager  # noqa: B018 - made before the dispute is opened again
    other = dispute(section(version(people)), people.dea_manager, title="Length of the course")
    assert other.state == "working_level"
    assert Notice.objects.filter(recipient=people.hsi_manager, title__contains="Length of the course").exists()


def test_a_section_that_was_removed_since_it_was_read_is_not_disputed(people: Managers) -> None:
    read = section(version(people))
    section_acts.remove_section(read.pk, actor=people.hsi_manager, version=read.version, reason="Merged.")
    with pytest.raises(Refused, match="was removed"):
        dispute(read, people.dea_manager)


def test_disputes_are_numbered_without_gaps(people: Managers) -> None:
    of = version(people)
    first, second = (dispute(of, people.dea_manager, title=title) for title in ("Who trains", "Length of the course"))
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1


def test_the_other_side_accepts_the_outcome_that_one_proposes(people: Managers, opened: Dispute) -> None:
    disputes.propose(opened.pk, text="Both agencies train.", actor=people.dea_manager)
    assert move("accept", opened, people.hsi_manager) == "settled"
    settled = Dispute.objects.get(pk=opened.pk)
    assert (settled.outcome, settled.settled) == ("Both agencies train.", "agreed")


def test_no_side_accepts_its_own_outcome(people: Managers, opened: Dispute) -> None:
    disputes.propose(opened.pk, text="Both agencies train.", actor=people.dea_manager)
    assert "Only the other side" in move("accept", opened, people.dea_manager)


def test_a_rejected_outcome_settles_nothing(people: Managers, opened: Dispute) -> None:
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    disputes.reject(opened.pk, answer="HSI trains too.", actor=people.hsi_manager)
    assert "Only the other side" in move("accept", opened, people.hsi_manager)


def test_a_counterproposal_answers_the_proposal(people: Managers, opened: Dispute) -> None:
    first = disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    disputes.propose(opened.pk, text="HSI trains.", actor=people.hsi_manager)
    first.refresh_from_db()
    assert first.accepted is False


def test_who_proposes_anew_withdraws_his_own_outcome(people: Managers, opened: Dispute) -> None:
    first = disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    second = disputes.propose(opened.pk, text="DEA trains first.", actor=people.dea_manager)
    disputes.propose(opened.pk, text="HSI trains.", actor=people.hsi_manager)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.fate, second.fate) == ("Withdrawn", "Not accepted")


def test_who_acts_on_an_old_page_is_told_what_changed(people: Managers, opened: Dispute) -> None:
    seen = opened.version
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    outcome = disputes.move_disputes(
        "escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.", versions={opened.pk: seen}
    )
    assert "DEA proposed an outcome on" in outcome.refused[0].message


def test_only_leadership_decides_and_only_at_its_level(people: Managers, opened: Dispute) -> None:
    assert "Not possible now" in move("decide", opened, people.dea_hq, "DEA trains.")
    move("escalate", opened, people.hsi_manager, "No progress.")
    move("escalate", opened, people.hsi_manager, "No progress.")
    disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
    assert "Only the headquarters" in move("decide", opened, people.hsi_manager, "HSI trains.")
    assert move("decide", opened, people.hsi_hq, "Both train.") == "settled"


@pytest.fixture
def before_leadership(people: Managers, opened: Dispute) -> Dispute:
    """Both agencies have stated their positions; no headquarters had a part in it."""
    disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
    for _ in range(2):
        move("escalate", opened, people.hsi_manager, "No progress.")
    return opened


def test_whoever_opened_a_dispute_does_not_decide_it(people: Managers) -> None:
    opened = dispute(request(people, "dea_decision"), people.dea_hq)
    disputes.state_position(opened.pk, text="HSI holds this.", actor=people.coordinator)
    for _ in range(2):
        move("escalate", opened, people.hsi_hq, "No progress.")
    assert "nobody who opened" in move("decide", opened, people.dea_hq, "As I said.")


def test_whoever_escalated_a_dispute_does_not_decide_it(people: Managers, opened: Dispute) -> None:
    disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
    for actor in (people.hsi_hq, people.hsi_manager):
        move("escalate", opened, actor, "No progress.")
    assert "escalated in it" in move("decide", opened, people.hsi_hq, "Both train.")
    assert move("decide", opened, people.dea_hq, "Both train.") == "settled"


def test_whoever_stated_a_position_does_not_decide(people: Managers, before_leadership: Dispute) -> None:
    disputes.state_position(before_leadership.pk, text="HSI alone.", actor=people.hsi_hq)
    assert "nobody who" in move("decide", before_leadership, people.hsi_hq, "HSI trains.")


def test_whoever_proposed_an_outcome_does_not_decide(people: Managers, before_leadership: Dispute) -> None:
    disputes.propose(before_leadership.pk, text="HSI alone.", actor=people.hsi_hq)
    assert "nobody who" in move("decide", before_leadership, people.hsi_hq, "HSI alone.")


def test_one_agency_is_not_decided_over_unheard_before_the_due_time(people: Managers, opened: Dispute) -> None:
    for _ in range(2):
        move("escalate", opened, people.dea_manager, "No progress.")
    assert "HSI has not stated its position" in move("decide", opened, people.dea_hq, "DEA trains.")
    overdue(opened)
    assert move("decide", opened, people.dea_hq, "DEA trains.") == "settled"


def test_a_dispute_that_its_level_did_not_settle_in_time_escalates_by_itself(people: Managers) -> None:
    goal(business_seconds=1)
    opened = dispute(section(version(people)), people.dea_manager)
    overdue(opened)
    disputes.escalate_overdue()
    assert Dispute.objects.get(pk=opened.pk).state == "headquarters_review"


def test_an_escalation_by_itself_happens_once(people: Managers) -> None:
    goal(business_seconds=1)
    opened = dispute(section(version(people)), people.dea_manager)
    overdue(opened)
    disputes.escalate_overdue()
    assert not disputes.escalate_overdue().done


def test_a_dispute_without_a_goal_stays_at_its_level(people: Managers, opened: Dispute) -> None:
    assert not disputes.escalate_overdue().done


def test_a_new_position_supersedes_the_one_before(people: Managers, opened: Dispute) -> None:
    disputes.state_position(opened.pk, text="DEA instructors, HSI rooms.", actor=people.dea_manager)
    texts = opened.positions.filter(agency="DEA", superseded_at__isnull=True).values_list("text", flat=True)
    assert list(texts) == ["DEA instructors, HSI rooms."]


def test_nobody_opens_a_dispute_on_a_request_that_is_not_in_his_reach(people: Managers) -> None:
    with pytest.raises(Refused):
        dispute(request(people, "field_review"), people.other_dea_field)


def test_the_division_opens_a_dispute_on_a_request_that_is_routed_to_it(people: Managers) -> None:
    assert dispute(request(people, "field_review"), people.dea_field).about == "request"


def goal(business_seconds: int) -> None:
    """In force from now on for each stay at the working level."""
    Goal.objects.create(
        workflow="dispute",
        stage="working_level",
        business_seconds=business_seconds,
        effective_from=timezone.now() - timedelta(seconds=1),
        set_by_name="test",
        why="test",
    )


def overdue(opened: Dispute) -> None:
    StageVisit.objects.open().filter(workflow="dispute", subject=opened.number).update(
        due_at=timezone.now() - timedelta(minutes=1)
    )
