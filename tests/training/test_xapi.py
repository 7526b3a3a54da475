"""Statements of learning systems: who may post them, what they say, and what is refused, by xAPI 1.0.3."""

from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from designation.keys import hash_of, save_with_new_key
from designation.models import Agent
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, entry, in_force, record
from tests.training.factories import Managers, ModuleFactory
from training.completions.statements import MAX_STATEMENTS
from training.models import Completion, CompletionImport, LearningSystem, Module, Statement
from training.workflow.completions import take_back, withdraw

pytestmark = pytest.mark.django_db

URL = "/training/xapi/statements"
ADL = "http://adlnet.gov/expapi/verbs/"


@pytest.fixture
def people(db: None) -> Managers:
    return Managers()


@pytest.fixture
def agent(people: Managers) -> Agent:
    in_force(people)
    return AgentFactory(badge_number="K00123", email="lee.stone@example.gov")


class System:
    """A learning system with its key, as its client posts."""

    def __init__(self, people: Managers) -> None:
        self.system = LearningSystem(name="ICE learning")
        self.key = save_with_new_key(self.system, actor=people.operator)
        self.client = Client(enforce_csrf_checks=True)

    def post(self, content: Any, *, key: str | None = None, name: str = "ICE learning", **headers: str) -> Any:
        pair = f"{name}:{self.key if key is None else key}"
        sent = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "X-Experience-API-Version": "1.0.3",
            **headers,
        }
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post(URL, body, content_type="application/json", headers=sent)


@pytest.fixture
def system(people: Managers) -> System:
    return System(people)


def statement(says: str = "passed", **values: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:lee.stone@example.gov"},
        "verb": {"id": ADL + says, "display": {"en-US": says}},
        "object": {"id": "https://learning.example.gov/courses/JT-2009"},
        "timestamp": f"{DAY}T14:30:00-04:00",
        **values,
    }


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


MALFORMED = [
    ({"id": "17"}, "id"),
    ({"actor": None}, "actor"),
    ({"actor": {"name": "Lee Stone"}}, "actor"),
    ({"actor": {"mbox": "lee.stone@example.gov"}}, "actor.mbox"),
    ({"actor": {"mbox": "mailto:a@b.gov", "openid": "https://x"}}, "actor"),
    ({"actor": {"openid": "https://x"}}, "actor.openid"),
    ({"actor": {"account": {"name": "K00123"}}}, "actor.account.homePage"),
    ({"actor": {"objectType": "Group", "mbox": "mailto:a@b.gov"}}, "actor.objectType"),
    ({"actor": ["x"]}, "actor"),
    ({"verb": {}}, "verb.id"),
    ({"verb": {"id": ADL + "experienced"}}, "verb.id"),
    ({"object": {"id": "JT-2009"}}, "object.id"),
    ({"object": {"id": "https://x.example.gov/JT-1999"}}, "object.id"),
    ({"object": {"objectType": "Agent", "id": "https://x/JT-2009"}}, "object.objectType"),
    ({"result": {"score": {"scaled": 1.01}}}, "result.score.scaled"),
    ({"result": {"score": {"scaled": -0.5}}}, "result.score"),
    ({"result": {"score": {"raw": 21, "max": 20}}}, "result.score.raw"),
    ({"result": {"score": {"raw": 10, "max": 100, "scaled": 0.9}}}, "result.score.scaled"),
    ({"result": {"score": {"raw": "85"}}}, "result.score.raw"),
    ({"result": {"score": {"raw": 5, "min": 10, "max": 10}}}, "result.score.min"),
    ({"result": {"score": {"points": 5}}}, "result.score.points"),
    ({"result": {"success": False}}, "result.success"),
    ({"result": {"success": "yes"}}, "result.success"),
    ({"timestamp": "2024-05-03T14:30:00"}, "timestamp"),
    ({"timestamp": "2024-05-03T14:30:00-00:00"}, "timestamp"),
    ({"timestamp": "2024-13-03T14:30:00Z"}, "timestamp"),
    ({"timestamp": "2999-05-03T14:30:00Z"}, "timestamp"),
    ({"timestamp": (timezone.now() + timedelta(hours=3)).isoformat()}, "timestamp"),
    ({"timestamp": "2023-05-03T14:30:00Z"}, "timestamp"),
    ({"timestamp": 17}, "timestamp"),
    ({"version": "2.0.0"}, "version"),
    ({"mood": "good"}, "mood"),
    ({"context": {"platform": "a\x00b"}}, "context.platform"),
    ({"context": {"platform": "\ud800"}}, "context.platform"),
    ({"context": {"platform": None}}, "context.platform"),
]


@pytest.mark.parametrize(("values", "field"), MALFORMED, ids=[f"{field} {n}" for n, (_, field) in enumerate(MALFORMED)])
def test_what_is_malformed_is_refused_with_its_field(agent, system: System, values, field):
    response = system.post(statement(**values))
    assert response.status_code == 400
    assert (response.json()["field"], response.json()["statement"]) == (field, 0)
    assert response.json()["error"]
    assert not Completion.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'"text"',
        b"[" * 100_000,
        b'{"id": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"id": "1", "id": "2"}',
        b'{"result": {"score": {"scaled": NaN}}}',
        b'{"result": {"score": {"scaled": 1e999}}}',
        b'{"result": {"score": {"raw": ' + b"9" * 5_000 + b"}}}",
    ],
    ids=["empty", "cut off", "not UTF-8", "text", "deep", "deep array", "twice", "NaN", "infinite", "long number"],
)
def test_a_body_that_cannot_be_read_is_refused(agent, system: System, body):
    response = system.post(body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert "sys." not in response.json()["error"]


def test_a_null_in_an_extension_is_taken(agent, system: System):
    assert system.post(statement(context={"extensions": {"https://x.example.gov/room": None}})).status_code == 200


class TestWhoMayPost:
    @pytest.mark.parametrize(
        "given", [{"key": "wrong"}, {"key": ""}, {"name": "nobody"}, {"name": "nobody", "key": ""}, {"name": "a\x00b"}]
    )
    def test_a_wrong_name_or_key_is_refused(self, agent, system: System, given):
        response = system.post(statement(), **given)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Basic")
        assert response["X-Experience-API-Version"] == "1.0.3"

    @pytest.mark.parametrize("header", ["", "Bearer x", "Basic", "Basic !!!", "Basic eA==", "Basic /w=="])
    def test_what_is_no_basic_sign_in_is_refused(self, agent, system: System, header):
        assert system.post(statement(), Authorization=header).status_code == 401

    def test_a_system_that_was_ended_is_refused(self, agent, system: System):
        LearningSystem.objects.update(is_active=False)
        assert system.post(statement()).status_code == 401

    def test_a_session_does_not_count(self, people: Managers, agent, client):
        client.force_login(people.hsi_manager)
        assert client.post(URL, statement(), content_type="application/json").status_code == 401

    def test_only_the_hash_of_the_key_is_kept(self, system: System):
        system.system.refresh_from_db()
        assert system.system.key_hash == hash_of(system.key)
        assert len(system.key) >= 43


class TestTheProtocol:
    @pytest.mark.parametrize("version", ["", "0.95", "1.1.0", "2.0.0"])
    def test_another_version_is_refused(self, agent, system: System, version):
        response = system.post(statement(), **{"X-Experience-API-Version": version})
        assert (response.status_code, response.json()["field"]) == (400, "X-Experience-API-Version")

    @pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.0.3"])
    def test_each_version_of_1_0_is_taken(self, agent, system: System, version):
        assert system.post(statement(), **{"X-Experience-API-Version": version}).status_code == 200

    @pytest.mark.parametrize("method", ["get", "put", "delete"])
    def test_other_methods_are_refused(self, agent, system: System, method):
        response = getattr(system.client, method)(URL)
        assert (response.status_code, response["Allow"]) == (405, "POST")

    def test_a_form_is_refused(self, agent, system: System):
        pair = base64.b64encode(f"ICE learning:{system.key}".encode()).decode()
        sent = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}
        response = system.client.post(URL, {"a": "b"}, headers=sent)
        assert (response.status_code, response.json()["field"]) == (400, "Content-Type")

    def test_a_body_in_chunks_of_unknown_length_is_refused(self, agent, system: System):
        response = system.post(b"{}", **{"Transfer-Encoding": "chunked"})
        assert (response.status_code, response.json()["field"]) == (411, "Content-Length")
        assert "Content-Length" in response.json()["error"]

    def test_a_body_that_is_too_large_is_refused_unread(self, agent, system: System):
        response = system.post(b" " * (2 * 1024 * 1024 + 1))
        assert response.status_code == 413
        assert "2 MB" in response.json()["error"]


class TestKeysInTheAdmin:
    def add(self, client) -> Any:
        return client.post(reverse("admin:training_learningsystem_add"), {"name": "FLETC", "is_active": "on"})

    def test_the_key_is_shown_once_and_works(self, people: Managers, agent, system: System, client):
        client.force_login(people.operator)
        page = self.add(client)
        key = page.context["key"]
        assert key in page.text
        assert "no-store" in page["Cache-Control"]
        assert system.post(statement(), name="FLETC", key=key).status_code == 200
        added = LearningSystem.objects.get(name="FLETC")
        assert added.added_by_name == people.operator.recorded_name
        change = reverse("admin:training_learningsystem_change", args=[added.pk])
        assert key not in client.get(change).text
        assert added.key_hash not in client.get(change).text

    def test_a_new_key_ends_the_old_one(self, people: Managers, agent, system: System, client):
        client.force_login(people.operator)
        old = self.add(client).context["key"]
        change = reverse("admin:training_learningsystem_change", args=[LearningSystem.objects.get(name="FLETC").pk])
        new = client.post(change, {"name": "FLETC", "is_active": "on", "new_key": "on"}).context["key"]
        assert system.post(statement(), name="FLETC", key=old).status_code == 401
        assert system.post(statement(), name="FLETC", key=new).status_code == 200
        assert client.post(change, {"name": "FLETC"}).status_code == 302
        assert system.post(statement(), name="FLETC", key=new).status_code == 401

    @pytest.mark.parametrize("role", ["hsi_manager", "auditor", "dea_hq", "hsi_hq"])
    def test_only_an_operator_makes_keys(self, people: Managers, client, role):
        client.force_login(getattr(people, role))
        assert self.add(client).status_code == 403
        assert not LearningSystem.objects.exists()
