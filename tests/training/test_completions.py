"""Completions come on record for the right person, of a day and with a score that can be, and within the attempts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import AgentFactory, OfficeUserFactory
from tests.training.completion_data import DAY, PUBLISHED, completion, entry, in_force, record
from tests.training.factories import Managers, move
from training.completions.entries import Field
from training.completions.judging import used_up
from training.models import Completion, ModuleVersion
from training.workflow import completions

pytestmark = pytest.mark.django_db

ROLES = ["coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor", "operator", "supervisor"]


def why_refused(people: Managers, **values) -> tuple[Field, str]:
    """The one fault of an entry; nothing is recorded."""
    before = Completion.objects.count()
    recorded = record(entry(**values), actor=people.hsi_manager)
    assert Completion.objects.count() == before
    (fault,) = recorded.refused
    assert fault.row == 2
    return fault.field, fault.reason


def test_a_completion_keeps_who_what_when_and_who_recorded_it(people: Managers, version):
    agent = AgentFactory()
    found = completion(agent, people.hsi_manager, score=Decimal("91.50"), evidence="Certificate 77")
    assert (found.agent, found.user, found.module, found.module_version) == (agent, None, version.module, version)
    assert (found.completed_on, found.passed, found.score, found.evidence) == (
        DAY,
        True,
        Decimal("91.50"),
        "Certificate 77",
    )
    assert (found.recorded_by, found.recorded_by_name) == (people.hsi_manager, people.hsi_manager.recorded_name)
    assert (found.source, found.withdrawn, found.corrects) == ("hand", False, None)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_a_training_manager_records_corrects_or_takes_back(people: Managers, version, role):
    actor = getattr(people, role)
    found = completion(AgentFactory(), people.dea_manager)
    for act in (
        lambda: record(entry(AgentFactory()), actor=actor),
        lambda: completions.withdraw(found.pk, actor=actor, why="Wrong."),
        lambda: completions.correct(found.pk, actor=actor, why="Wrong.", completed_on=DAY, result="failed"),
        lambda: completions.take_back(1, actor=actor, why="Wrong."),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert Completion.objects.count() == 1


class TestWhoIsMeant:
    def test_an_agent_by_badge_number_whatever_its_letter_case(self, people: Managers, version):
        agent = AgentFactory(badge_number="A0123")
        assert completion(agent, people.hsi_manager).agent == agent
        recorded = record(entry(badge_number="a0123", completed_on=DAY + timedelta(1)), actor=people.hsi_manager)
        assert Completion.objects.get(pk=recorded.done[0]).agent == agent

    def test_an_agent_by_e_mail_before_a_user_with_the_same(self, people: Managers, version):
        agent = AgentFactory(email="Lee.Stone@example.gov")
        OfficeUserFactory(email="lee.stone@example.gov")
        recorded = record(entry(email="lee.stone@EXAMPLE.gov"), actor=people.hsi_manager)
        assert Completion.objects.get(pk=recorded.done[0]).agent == agent

    def test_a_user_by_e_mail_or_username(self, people: Managers, version):
        reviewer = people.dea_field
        recorded = record(
            entry(email=reviewer.email),
            entry(username=reviewer.username.upper(), row=3, completed_on=DAY + timedelta(1)),
            actor=people.hsi_manager,
        )
        assert {found.user for found in Completion.objects.filter(pk__in=recorded.done)} == {reviewer}

    @pytest.mark.parametrize(
        ("named", "field", "reason"),
        [
            ({"badge_number": "99999"}, Field.BADGE_NUMBER, "No agent has this badge number."),
            ({"email": "nobody@example.gov"}, Field.EMAIL, "No agent or user has this e-mail address."),
            ({"username": "nobody"}, Field.USERNAME, "Nobody signs in under this username."),
            ({}, Field.BADGE_NUMBER, "Nobody is named."),
        ],
    )
    def test_who_is_not_on_record_is_refused(self, people: Managers, version, named, field, reason):
        assert why_refused(people, **named) == (field, reason)

    def test_an_address_of_several_users_is_refused_with_their_names(self, people: Managers, version):
        OfficeUserFactory(username="first", email="desk@example.gov")
        OfficeUserFactory(username="second", email="DESK@example.gov")
        field, reason = why_refused(people, email="desk@example.gov")
        assert field is Field.EMAIL
        assert "(first)" in reason
        assert "(second)" in reason

    def test_a_badge_number_and_an_address_of_two_people_are_refused(self, people: Managers, version):
        agent, other = AgentFactory(), AgentFactory()
        field, reason = why_refused(people, agent=agent, email=other.email)
        assert (field, reason) == (
            Field.EMAIL,
            f"The badge number is {agent}’s, the e-mail address {other}’s.",
        )
        field, _ = why_refused(people, agent=agent, email=people.dea_field.email)
        assert field is Field.EMAIL

    def test_a_badge_number_without_its_zeros_is_taken_with_the_agents_own_address_alone(
        self, people: Managers, version
    ):
        agent = AgentFactory(badge_number="0000456")
        field, reason = why_refused(people, badge_number="456")
        assert field is Field.BADGE_NUMBER
        assert "0000456" in reason
        recorded = record(entry(badge_number="456", email=agent.email), actor=people.hsi_manager)
        assert Completion.objects.get(pk=recorded.done[0]).agent == agent


class TestWhatIsRefused:
    def test_ones_own_completion(self, people: Managers, version):
        fault = why_refused(people, username=people.hsi_manager.username)
        assert fault == (Field.USERNAME, "Nobody records a completion of his own.")

    def test_a_day_to_come(self, people: Managers, version):
        tomorrow = timezone.localdate() + timedelta(1)
        assert why_refused(people, agent=AgentFactory(), completed_on=tomorrow) == (
            Field.COMPLETED_ON,
            "This day is yet to come.",
        )
        today = entry(AgentFactory(), completed_on=timezone.localdate())
        assert record(today, actor=people.hsi_manager).done

    def test_a_day_before_the_agent_was_hired(self, people: Managers, version):
        agent = AgentFactory(hired_on=DAY + timedelta(1))
        field, reason = why_refused(people, agent=agent)
        assert field is Field.COMPLETED_ON
        assert "was hired on May 4, 2024" in reason
        assert completion(AgentFactory(hired_on=DAY), people.hsi_manager)

    def test_a_day_before_the_agent_was_hired_has_this_one_cause(self, people: Managers, version):
        day = PUBLISHED - timedelta(1)
        _, reason = why_refused(people, agent=AgentFactory(hired_on=PUBLISHED), completed_on=day)
        assert "was hired on" in reason

    def test_an_unknown_module_with_the_codes_there_are(self, people: Managers, version):
        recorded = record(entry(AgentFactory(), module="JT-1999"), actor=people.hsi_manager)
        assert recorded.refused[0].field is Field.MODULE
        assert "JT-2009" in recorded.refused[0].remedy

    def test_a_day_before_the_first_version_was_published(self, people: Managers, version):
        day = PUBLISHED - timedelta(1)
        assert why_refused(people, agent=AgentFactory(), completed_on=day) == (
            Field.COMPLETED_ON,
            "No version of JT-2009 was published on this day.",
        )

    def test_a_version_that_was_retired_by_then(self, people: Managers, version):
        move(version, "ask_retirement", people.hsi_manager, "Replaced by the letter's module.")
        move(version, "retire", people.dea_manager, "Agreed.")
        retired = date(2024, 5, 1)
        ModuleVersion.objects.filter(pk=version.pk).update(ended_on=retired)
        field, reason = why_refused(people, agent=AgentFactory())
        assert field is Field.COMPLETED_ON
        assert reason == "JT-2009-v1 was retired on May 1, 2024; nobody completes it since."
        assert completion(AgentFactory(), people.hsi_manager, completed_on=retired - timedelta(1))

    @pytest.mark.parametrize("score", ["-0.01", "100.01"])
    def test_a_score_out_of_range(self, people: Managers, version, score):
        assert why_refused(people, agent=AgentFactory(), score=Decimal(score)) == (
            Field.SCORE,
            "A score is a percentage from 0 to 100.",
        )

    def test_good_entries_are_recorded_beside_bad_ones_unless_it_is_all_or_nothing(self, people: Managers, version):
        good, bad = entry(AgentFactory()), entry(badge_number="99999", row=3)
        with pytest.raises(completions.NotAllRecorded):
            record(good, bad, actor=people.hsi_manager, all_or_nothing=True)
        assert not Completion.objects.exists()
        recorded = record(good, bad, actor=people.hsi_manager)
        assert (len(recorded.done), [fault.row for fault in recorded.refused]) == (1, [3])


class TestPassMarkAndAttempts:
    @pytest.mark.parametrize(
        ("result", "score", "passed"),
        [
            ("completed", "80", True),
            ("passed", "79.99", False),
            ("passed", "79.999999", False),
            ("failed", "95", False),
            ("failed", None, False),
        ],
    )
    def test_a_pass_needs_the_pass_mark(self, people: Managers, result, score, passed):
        in_force(people, pass_mark=80)
        given = Decimal(score) if score else None
        assert completion(AgentFactory(), people.hsi_manager, result=result, score=given).passed is passed

    def test_a_score_is_stored_with_four_decimals_cut_off(self, people: Managers):
        in_force(people, pass_mark=80)
        agent = AgentFactory()
        found = completion(agent, people.hsi_manager, score=Decimal("79.999999"))
        assert (found.score, found.percent) == (Decimal("79.9999"), "79.9999 %")
        assert record(entry(agent, score=Decimal("79.999999")), actor=people.hsi_manager).duplicates == [2]

    def test_without_a_score_nobody_passes_a_module_with_a_pass_mark(self, people: Managers):
        in_force(people, pass_mark=80)
        assert why_refused(people, agent=AgentFactory(), result="passed") == (
            Field.SCORE,
            "The module has a pass mark of 80 %.",
        )

    def test_attempts_run_out_until_a_new_version_is_published(self, people: Managers):
        in_force(people, attempts=2)
        agent = AgentFactory()
        for days in (0, 1):
            completion(agent, people.hsi_manager, result="failed", completed_on=DAY + timedelta(days))
        field, reason = why_refused(people, agent=agent, completed_on=DAY + timedelta(2))
        assert field is Field.COMPLETED_ON
        assert reason == f"{agent} has used up 2 attempts at JT-2009-v1."
        assert completion(AgentFactory(), people.hsi_manager)

    def test_attempts_of_one_batch_count_too(self, people: Managers):
        in_force(people, attempts=1)
        agent = AgentFactory()
        entries = [entry(agent, row=row, result="failed", completed_on=DAY + timedelta(row)) for row in (1, 2)]
        recorded = record(*entries, actor=people.hsi_manager)
        assert (len(recorded.done), [fault.row for fault in recorded.refused]) == (1, [2])

    def test_a_withdrawn_attempt_does_not_count(self, people: Managers):
        in_force(people, attempts=1)
        agent = AgentFactory()
        failed = completion(agent, people.hsi_manager, result="failed")
        completions.withdraw(failed.pk, actor=people.hsi_manager, why="Another agent’s.")
        assert completion(agent, people.hsi_manager, completed_on=DAY + timedelta(1))

    @given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=12), st.integers(1, 4))
    def test_no_order_of_recording_puts_more_attempts_on_record_than_allowed(self, wanted, allowed):
        """Whatever is taken, no run of attempts up to a pass fails more often than is allowed."""
        taken: list[tuple[date, bool]] = []
        for days, passed in wanted:
            day = DAY + timedelta(days)
            if not used_up(taken, day, passed, allowed):
                taken.append((day, passed))
                taken.sort(key=lambda attempt: attempt[0])
        failed = 0
        for _, passed in taken:
            failed = 0 if passed else failed + 1
            assert failed <= allowed
