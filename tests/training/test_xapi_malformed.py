"""Statements and requests that are not as xAPI 1.0.3 has them are refused, and the sender told where."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.training.learning_systems import ADL, URL, System, statement
from training.models import Completion

pytestmark = pytest.mark.django_db

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
