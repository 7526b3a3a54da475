"""Completions are never edited: they are corrected, withdrawn, or taken back with the file that brought them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from audit.machine import Refused
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, PUBLISHED, completion, entry, in_force, record
from tests.training.factories import Managers
from training.completions.entries import Entry
from training.models import Completion, CompletionImport
from training.workflow import completions

pytestmark = pytest.mark.django_db


def record_file(people: Managers, name: str, *entries: Entry) -> CompletionImport:
    file = record(*entries, actor=people.hsi_manager, file=CompletionImport(file_name=name)).file
    assert file is not None
    return file


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

    def test_nobody_corrects_a_completion_of_his_own(self, people: Managers, version):
        (pk,) = record(entry(username=people.hsi_manager.username), actor=people.dea_manager).done
        with pytest.raises(Refused, match="of his own"):
            completions.withdraw(pk, actor=people.hsi_manager, why="Not so.")

    def test_a_correction_needs_a_reason_and_a_change_and_keeps_the_rules(self, people: Managers, version):
        wrong = completion(AgentFactory(), people.hsi_manager)
        right = {"actor": people.hsi_manager, "why": "Misread.", "completed_on": DAY, "result": "passed"}
        for values, said in [
            ({"why": " "}, "Give a reason"),
            ({"why": "\u200b"}, "Give a reason"),
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
        for blank in ("", "\u200b"):
            with pytest.raises(Refused, match="Give a reason"):
                completions.take_back(file.pk, actor=people.hsi_manager, why=blank)
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
