"""Statements of learning systems: what they say, and which completions come on record from them."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, entry, in_force, record
from tests.training.factories import Managers, ModuleFactory
from tests.training.learning_systems import System, statement
from training.completions.statements import MAX_STATEMENTS
from training.models import Completion, CompletionImport, Module, Statement
from training.workflow.completions import take_back, withdraw

pytestmark = pytest.mark.django_db


def test_a_statement_is_recorded_and_answered_with_its_id(agent, system: System):
    sent = statement(result={"score": {"scaled": 0.915}, "success": True})
    response = system.post(sent)
    assert (response.status_code, response.json()) == (200, [sent["id"]])
    assert response["X-Experience-API-Version"] == "1.0.3"
    found = Completion.objects.get()
    assert (found.agent, found.completed_on, found.passed, found.score) == (agent, DAY, True, Decimal("91.50"))
    assert (found.source, found.recorded_by, found.recorded_by_name) == ("xapi", None, "ICE learning")
    assert str(found.statement_id) == sent["id"]
    assert Statement.objects.get().content == sent


@pytest.mark.parametrize(
    ("verb", "result", "passed"),
    [("completed", {}, True), ("passed", {}, True), ("failed", {}, False), ("completed", {"success": False}, False)],
)
def test_the_verb_and_the_success_say_the_result(agent, system: System, verb, result, passed):
    assert system.post(statement(verb, result=result)).status_code == 200
    assert Completion.objects.get().passed is passed


@pytest.mark.parametrize(
    ("score", "percent"),
    [({"raw": 17, "min": 0, "max": 20}, "85"), ({"raw": 85}, "85"), ({"scaled": 0.85, "raw": 17, "max": 20}, "85")],
)
def test_a_score_is_taken_as_percent(agent, system: System, score, percent):
    assert system.post(statement(result={"score": score})).status_code == 200
    assert Completion.objects.get().score == Decimal(percent)


def test_a_score_just_below_the_pass_mark_fails(people: Managers, system: System):
    in_force(people, pass_mark=80)
    AgentFactory(email="lee.stone@example.gov")
    assert system.post(statement("completed", result={"score": {"scaled": 0.79999999}})).status_code == 200
    found = Completion.objects.get()
    assert (found.passed, found.score) == (False, Decimal("79.9999"))


def test_a_pass_below_the_pass_mark_is_refused_and_the_sender_told(people: Managers, system: System):
    in_force(people, pass_mark=80)
    AgentFactory(email="lee.stone@example.gov")
    for says, success in [("passed", None), ("completed", True)]:
        result = {"score": {"scaled": 0.79}} | ({} if success is None else {"success": success})
        response = system.post(statement(says, result=result))
        assert (response.status_code, response.json()["field"]) == (400, "result.score")
        assert "below the pass mark of 80 %" in response.json()["error"]
    assert not Completion.objects.exists()


def test_a_module_that_was_never_published_is_told_at_the_object(people: Managers, agent, system: System):
    ModuleFactory(code="JT-NEW")
    response = system.post(statement(object={"id": "https://learning.example.gov/JT-NEW"}))
    assert (response.status_code, response.json()["field"]) == (400, "object.id")


def test_the_person_may_be_told_by_an_account_with_the_badge_number(agent, system: System):
    account = {"account": {"homePage": "https://ice.example.gov", "name": "K00123"}}
    assert system.post(statement(actor=account)).status_code == 200
    assert Completion.objects.get().agent == agent


@pytest.mark.parametrize(
    "activity",
    [
        {"id": "https://x.example.gov/course?code=JT-2009"},
        {"id": "urn:course:JT-2009"},
        {
            "id": "https://x.example.gov/77",
            "definition": {"extensions": {"https://x.example.gov/module-code": "jt-2009"}},
        },
    ],
)
def test_the_module_is_told_by_the_end_of_the_activity_or_by_an_extension(agent, system: System, activity):
    assert system.post(statement(object=activity)).status_code == 200
    assert Completion.objects.get().module.code == "JT-2009"


def test_the_day_is_that_of_the_systems_time_zone(agent, system: System):
    assert system.post(statement(timestamp="2024-05-04T03:30:00Z")).status_code == 200
    assert Completion.objects.get().completed_on == DAY


class TestAgain:
    def test_the_same_statement_changes_nothing(self, agent, system: System):
        sent = statement()
        again = {**sent, "stored": "2024-05-03T19:00:00Z", "verb": {"id": sent["verb"]["id"], "display": {"de": "x"}}}
        other_offset = {**sent, "timestamp": f"{DAY}T18:30:00.000Z"}
        for content in (sent, sent, [sent], again, other_offset):
            response = system.post(content)
            assert (response.status_code, response.json()) == (200, [sent["id"]])
        assert Completion.objects.count() == Statement.objects.count() == 1

    def test_the_same_id_with_other_content_is_a_conflict(self, agent, system: System):
        sent = statement()
        system.post(sent)
        response = system.post([statement(), {**sent, "timestamp": "2024-05-02T14:30:00-04:00"}])
        assert response.status_code == 409
        assert (response.json()["field"], response.json()["statement"]) == ("id", 1)
        assert Completion.objects.count() == Statement.objects.count() == 1

    def test_statements_of_distinct_instants_are_distinct_attempts(self, people: Managers, agent, system: System):
        Module.objects.update(attempts=3)
        sent = [statement("failed", timestamp=f"{DAY}T1{hour}:30:00-04:00") for hour in range(5)]
        assert [system.post(one).status_code for one in sent] == [200, 200, 200, 400, 400]
        assert system.post(sent[3]).json()["error"].startswith(f"{agent} has used up 3 attempts")
        assert Completion.objects.count() == 3
        assert str(Completion.objects.earliest("completed_at").completed_at) == f"{DAY} 14:30:00+00:00"

    def test_an_attempt_before_a_pass_of_the_same_day_counts_before_it(self, agent, system: System):
        Module.objects.update(attempts=1)
        for says, hour, answer in [("failed", 10, 200), ("passed", 12, 400), ("failed", 11, 400)]:
            assert system.post(statement(says, timestamp=f"{DAY}T{hour}:00:00-04:00")).status_code == answer

    @pytest.mark.parametrize("at_once", [True, False])
    def test_a_day_of_a_file_is_one_statement_of_that_day(self, people: Managers, agent, system: System, at_once):
        record(entry(agent, result="failed"), actor=people.hsi_manager)
        sent = [statement("failed", timestamp=f"{DAY}T1{hour}:30:00-04:00") for hour in range(3)]
        for content in [sent] if at_once else sent:
            assert system.post(content).status_code == 200
        assert (Completion.objects.count(), Statement.objects.count()) == (3, 3)
        assert record(entry(agent, result="failed"), actor=people.hsi_manager).duplicates == [2]

    def test_another_statement_of_the_same_completion_is_kept_and_records_nothing(self, agent, system: System):
        for verb in ("completed", "passed"):
            assert system.post(statement(verb)).status_code == 200
        assert (Completion.objects.count(), Statement.objects.count()) == (1, 2)

    def test_what_a_file_brought_first_is_recorded_anew_when_the_file_is_taken_back(
        self, people: Managers, agent, system: System
    ):
        file = record(entry(agent), actor=people.hsi_manager, file=CompletionImport(file_name="a.csv")).file
        sent = statement()
        assert system.post(sent).status_code == 200
        assert Completion.objects.count() == 1
        take_back(file.pk, actor=people.hsi_manager, why="Of another academy.")
        found = Completion.objects.standing().get()
        assert (str(found.statement_id), found.source, found.recorded_by_name) == (sent["id"], "xapi", "ICE learning")

    def test_what_was_withdrawn_is_recorded_again_from_a_statement(self, people: Managers, agent, system: System):
        wrong = completion(agent, people.hsi_manager)
        withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        assert system.post(statement()).status_code == 200
        assert Completion.objects.standing().get().source == "xapi"

    @pytest.mark.django_db(transaction=True)
    def test_two_posts_at_the_same_time_record_once(self, agent, system: System):
        sent, found, barrier = statement(), [], threading.Barrier(2)

        def post() -> None:
            try:
                barrier.wait()
                found.append(system.post(sent).status_code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=post) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [200, 200]
        assert Completion.objects.count() == 1


class TestArrays:
    def test_all_are_recorded(self, agent, system: System):
        sent = [statement(timestamp=f"2024-05-0{day}T12:00:00Z") for day in (1, 2, 3)]
        response = system.post(sent)
        assert response.json() == [one["id"] for one in sent]
        assert Completion.objects.count() == 3

    def test_one_that_is_refused_refuses_all_and_is_told(self, agent, system: System):
        response = system.post([statement(), statement(actor={"mbox": "mailto:nobody@example.gov"})])
        assert response.status_code == 400
        assert response.json() == {
            "error": "No agent or user has this e-mail address. Correct it.",
            "field": "actor.mbox",
            "statement": 1,
        }
        assert not Completion.objects.exists()
        assert not Statement.objects.exists()

    def test_a_hundred_ask_as_many_queries_as_one(self, agent, system: System, django_assert_num_queries):
        for count in (1, 100):
            days = [timezone.localdate() - timedelta(days=place + count) for place in range(count)]
            sent = [statement(timestamp=f"{day}T12:00:00-04:00") for day in days]
            with django_assert_num_queries(20):
                assert system.post(sent).status_code == 200

    def test_two_of_one_id_or_too_many_are_refused(self, agent, system: System):
        one = statement()
        assert system.post([one, one]).json()["field"] == "id"
        assert "At most 1,000" in system.post([one] * (MAX_STATEMENTS + 1)).json()["error"]
        assert "holds no statement" in system.post([]).json()["error"]
