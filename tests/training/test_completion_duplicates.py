"""What is on record already is recorded once, and what was withdrawn or corrected does not come back by itself."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, entry, in_force, record
from tests.training.factories import Managers
from training.models import Completion, CompletionImport
from training.workflow import completions

pytestmark = pytest.mark.django_db


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
