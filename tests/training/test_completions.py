"""Completions come on record once, for the right person, and are never edited."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.machine import Refused
from tests.factories import AgentFactory, OfficeUserFactory
from tests.training.completion_data import DAY, PUBLISHED, completion, entry, in_force, record
from tests.training.factories import Managers, move
from training.completions.entries import Entry, Field
from training.completions.judging import used_up
from training.models import Completion, CompletionImport, ModuleVersion
from training.workflow import completions

pytestmark = pytest.mark.django_db

ROLES = ["coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor", "operator", "supervisor"]


@pytest.fixture
def people(db: None) -> Managers:
    return Managers()


@pytest.fixture
def version(people: Managers) -> ModuleVersion:
    return in_force(people)


def record_file(people: Managers, name: str, *entries: Entry) -> CompletionImport:
    file = record(*entries, actor=people.hsi_manager, file=CompletionImport(file_name=name)).file
    assert file is not None
    return file


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


class TestDuplicates:
    def test_the_same_is_recorded_once_and_counted(self, people: Managers, version):
        agent = AgentFactory()
        completion(agent, people.hsi_manager, score=Decimal(90))
        same = [entry(agent, row=row, score=Decimal("90.00")) for row in (2, 3)]
        recorded = record(*same, actor=people.dea_manager)
        assert (recorded.done, recorded.duplicates, recorded.refused) == ([], [2, 3], [])
        assert Completion.objects.count() == 1

    @pytest.mark.parametrize(
        "other", [{"score": Decimal(91)}, {"result": "failed"}, {"completed_on": DAY + timedelta(1)}]
    )
    def test_another_day_score_or_result_is_another_attempt(self, people: Managers, version, other):
        agent = AgentFactory()
        completion(agent, people.hsi_manager, score=Decimal(90))
        assert record(entry(agent, **{"score": Decimal(90), **other}), actor=people.hsi_manager).done

    def test_the_same_twice_in_one_batch_is_recorded_once(self, people: Managers, version):
        agent = AgentFactory()
        recorded = record(entry(agent), entry(row=3, email=agent.email), actor=people.hsi_manager)
        assert (len(recorded.done), recorded.duplicates) == (1, [3])

    def test_nobody_corrects_a_completion_of_his_own(self, people: Managers, version):
        (pk,) = record(entry(username=people.hsi_manager.username), actor=people.dea_manager).done
        with pytest.raises(Refused, match="of his own"):
            completions.withdraw(pk, actor=people.hsi_manager, why="Not so.")

    def test_what_was_withdrawn_does_not_come_back_with_the_next_export(self, people: Managers, version):
        agent = AgentFactory()
        wrong = completion(agent, people.hsi_manager)
        completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        recorded = record(entry(agent), actor=people.hsi_manager, file=CompletionImport(file_name="a.csv"))
        assert (recorded.done, recorded.duplicates, recorded.file) == ([], [], None)
        (item,) = recorded.set_aside
        assert item.why_set_aside.endswith(f"by {people.hsi_manager.recorded_name}: Never took place.")
        assert not Completion.objects.standing().exists()

    def test_what_was_corrected_does_not_come_back_either(self, people: Managers, version):
        agent = AgentFactory()
        wrong = completion(agent, people.hsi_manager)
        change = {"completed_on": DAY, "result": "passed", "score": Decimal(90)}
        completions.correct(wrong.pk, actor=people.hsi_manager, why="Misread.", **change)
        recorded = record(entry(agent), entry(agent, row=3, score=Decimal(90)), actor=people.hsi_manager)
        assert ([item.entry.row for item in recorded.set_aside], recorded.duplicates) == ([2], [3])
        assert recorded.set_aside[0].why_set_aside.startswith("It was corrected on ")

    def test_with_a_reason_it_is_recorded_again_and_then_a_duplicate(self, people: Managers, version):
        agent = AgentFactory()
        wrong = completion(agent, people.hsi_manager)
        completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        (pk,) = record(entry(agent), actor=people.hsi_manager, why_again="It did after all.").done
        assert Completion.objects.standing().get().pk == pk
        assert Completion.objects.get(pk=pk).why == "It did after all."
        assert record(entry(agent), actor=people.hsi_manager).duplicates == [2]

    def test_what_a_file_brought_that_was_taken_back_is_recorded_again(self, people: Managers, version):
        agent = AgentFactory()
        file = record(entry(agent), actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        completions.take_back(file.pk, actor=people.hsi_manager, why="Of another academy.")
        assert record(entry(agent), actor=people.hsi_manager).done

    def test_a_batch_asks_as_many_queries_as_one(self, people: Managers, version, django_assert_num_queries):
        for count in (1, 40):
            batch = [entry(agent, row=row) for row, agent in enumerate(AgentFactory.create_batch(count))]
            with django_assert_num_queries(13):
                assert len(record(*batch, actor=people.hsi_manager).done) == count


@pytest.mark.django_db(transaction=True)
def test_two_people_who_record_the_same_at_the_same_time_record_it_once(people: Managers):
    in_force(people)
    batch = [entry(agent, row=row) for row, agent in enumerate(AgentFactory.create_batch(30))]
    actors = [people.hsi_manager, people.dea_manager]
    barrier, results = threading.Barrier(2), []

    def act(actor) -> None:
        try:
            barrier.wait()
            results.append(record(*batch, actor=actor))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=[actor]) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(result.done) for result in results) == [0, 30]
    assert sorted(len(result.duplicates) for result in results) == [0, 30]
    assert Completion.objects.count() == 30


class TestCorrections:
    def test_a_correction_is_a_record_of_its_own_and_the_wrong_one_stays(self, people: Managers, version):
        wrong = completion(AgentFactory(), people.hsi_manager, score=Decimal(90))
        right = completions.correct(
            wrong.pk, actor=people.dea_manager, why="Misread.", completed_on=DAY, result="passed", score=Decimal(80)
        )
        assert (right.corrects, right.why, right.score, right.agent) == (wrong, "Misread.", Decimal(80), wrong.agent)
        assert list(Completion.objects.standing()) == [right]
        wrong.refresh_from_db()
        assert wrong.score == Decimal(90)

    def test_a_withdrawal_says_that_there_was_none_and_can_be_corrected_in_turn(self, people: Managers, version):
        wrong = completion(AgentFactory(), people.hsi_manager)
        withdrawn = completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Another agent’s.")
        assert not Completion.objects.standing().exists()
        back = completions.correct(
            withdrawn.pk, actor=people.hsi_manager, why="It was his after all.", completed_on=DAY, result="passed"
        )
        assert list(Completion.objects.standing()) == [back]

    def test_what_was_corrected_is_not_corrected_again(self, people: Managers, version):
        wrong = completion(AgentFactory(), people.hsi_manager)
        completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Wrong.")
        with pytest.raises(Refused, match="corrected already"):
            completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Wrong.")

    def test_a_correction_needs_a_reason_and_a_change_and_keeps_the_rules(self, people: Managers, version):
        wrong = completion(AgentFactory(), people.hsi_manager)
        right = {"actor": people.hsi_manager, "why": "Misread.", "completed_on": DAY, "result": "passed"}
        for values, said in [
            ({"why": " "}, "Give a reason"),
            ({}, "Nothing is changed"),
            ({"completed_on": PUBLISHED - timedelta(1)}, "No version of JT-2009"),
            ({"score": Decimal(101)}, "from 0 to 100"),
        ]:
            with pytest.raises(Refused, match=said):
                completions.correct(wrong.pk, **{**right, **values})
        assert Completion.objects.count() == 1

    def test_a_correction_may_use_the_last_attempt_that_it_replaces(self, people: Managers):
        in_force(people, attempts=1)
        failed = completion(AgentFactory(), people.hsi_manager, result="failed")
        passed = completions.correct(
            failed.pk, actor=people.hsi_manager, why="Graded anew.", completed_on=DAY, result="passed"
        )
        assert passed.passed

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE training_completion SET score = 100",
            "DELETE FROM training_completion",
            "TRUNCATE training_completion CASCADE",
            "UPDATE training_statement SET content = '{}'",
            "DELETE FROM training_statement",
            "UPDATE training_completionreport SET evidence = ''",
        ],
    )
    def test_the_database_refuses_to_edit_for_everybody(self, people: Managers, version, statement):
        completion(AgentFactory(), people.hsi_manager)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="it keeps the record"), transaction.atomic():
            connection.cursor().execute(statement)


class TestFilesTakenBack:
    def test_its_completions_stay_on_record_and_no_longer_count(self, people: Managers, version):
        agents = AgentFactory.create_batch(3)
        batch = [entry(agent, row=row) for row, agent in enumerate(agents)]
        file = record(*batch, actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        kept = completion(agents[0], people.hsi_manager, completed_on=DAY + timedelta(1))
        assert file.rows == 3
        taken = completions.take_back(file.pk, actor=people.dea_manager, why="Of another academy.")
        assert (taken.taken_back_by_name, taken.taken_back_why) == (
            people.dea_manager.recorded_name,
            "Of another academy.",
        )
        assert list(Completion.objects.standing()) == [kept]
        assert Completion.objects.count() == 4

    def test_once_and_with_a_reason(self, people: Managers, version):
        file = record(entry(AgentFactory()), actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        with pytest.raises(Refused, match="Give a reason"):
            completions.take_back(file.pk, actor=people.hsi_manager, why="")
        completions.take_back(file.pk, actor=people.hsi_manager, why="Wrong file.")
        with pytest.raises(Refused, match="already"):
            completions.take_back(file.pk, actor=people.hsi_manager, why="Wrong file.")

    def test_what_another_file_reported_too_is_recorded_anew_as_of_that(self, people: Managers, version):
        alone, shared = AgentFactory.create_batch(2)
        first, second, third = (
            record_file(people, name, entry(shared, row=3, evidence=name), *also)
            for name, also in [("a.csv", [entry(alone)]), ("b.csv", []), ("c.csv", [])]
        )
        assert (first.rows, second.rows, third.rows) == (2, 0, 0)
        effect = completions.taking_back(first)
        assert (effect.go, effect.stay, effect.files) == (1, 1, [second, third])
        completions.take_back(first.pk, actor=people.dea_manager, why="Of another academy.")
        anew = Completion.objects.standing().get()
        assert (anew.agent, anew.imported, anew.evidence) == (shared, second, "b.csv")
        assert (anew.why, anew.recorded_by) == (
            "Recorded anew: a.csv brought it first and was taken back.",
            people.hsi_manager,
        )
        completions.take_back(second.pk, actor=people.dea_manager, why="Of another academy.")
        assert Completion.objects.standing().get().imported == third
        completions.take_back(third.pk, actor=people.dea_manager, why="Of another academy.")
        assert not Completion.objects.standing().exists()

    def test_a_file_taken_back_before_keeps_nothing(self, people: Managers, version):
        agent = AgentFactory()
        first, second = (record_file(people, name, entry(agent)) for name in ("a.csv", "b.csv"))
        completions.take_back(second.pk, actor=people.hsi_manager, why="Wrong file.")
        assert completions.taking_back(first).stay == 0
        completions.take_back(first.pk, actor=people.hsi_manager, why="Wrong file.")
        assert not Completion.objects.standing().exists()

    def test_what_was_withdrawn_by_hand_stays_so_whoever_else_reported_it(self, people: Managers, version):
        agent = AgentFactory()
        first = record_file(people, "a.csv", entry(agent))
        record_file(people, "b.csv", entry(agent))
        completions.withdraw(Completion.objects.get().pk, actor=people.hsi_manager, why="Another agent’s.")
        completions.take_back(first.pk, actor=people.hsi_manager, why="Wrong file.")
        assert not Completion.objects.standing().exists()

    def test_taking_back_asks_as_many_queries_for_many_as_for_one(
        self, people: Managers, version, django_assert_num_queries
    ):
        for count in (1, 40):
            batch = [entry(agent, row=row) for row, agent in enumerate(AgentFactory.create_batch(count))]
            first, _ = (record_file(people, name, *batch) for name in ("a.csv", "b.csv"))
            with django_assert_num_queries(6):
                completions.take_back(first.pk, actor=people.hsi_manager, why="Wrong file.")

    def test_a_file_that_brings_nothing_leaves_no_import(self, people: Managers, version):
        recorded = record(
            entry(badge_number="99999"), actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")
        )
        assert recorded.file is None
        assert not CompletionImport.objects.exists()
