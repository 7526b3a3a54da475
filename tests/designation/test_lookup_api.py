"""The API that answers other systems: who may ask, what it says, and what it refuses, as the OpenAPI file has it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from jsonschema import Draft202012Validator, FormatChecker

from audit.models import AccessRecord
from designation import workflow
from designation.keys import hash_of, save_with_new_key
from designation.models import ApiClient
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

URL = "/api/v1/designations"
OPENAPI = json.loads(Path(settings.BASE_DIR, "docs/reference/look-up.openapi.json").read_text())
OPERATION = OPENAPI["paths"][URL]["get"]


class System:
    """Another system, as it asks. Each answer is held against the OpenAPI file."""

    def __init__(self, people: People) -> None:
        self.row = ApiClient(name="Deconfliction center")
        self.key = save_with_new_key(self.row, actor=people.operator)

    def ask(self, query: Any = "", *, key: str | None = None, name: str = "Deconfliction center") -> Any:
        pair = f"{name}:{self.key if key is None else key}"
        given = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return as_described(Client().get(URL, query, headers=given))


def as_described(response: Any) -> Any:
    described = OPERATION["responses"][str(response.status_code)]
    schema = described["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": OPENAPI["components"]}, format_checker=FormatChecker())
    assert list(validator.iter_errors(response.json())) == []
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    assert set(described.get("headers", {})) <= set(response.headers)
    return response


@pytest.fixture
def system(people: People) -> System:
    return System(people)


def test_the_answers_stand_in_the_order_of_the_question(people: People, system: System):
    designation = factories.request(people, "approved").designation
    agent, today = designation.agent, timezone.localdate()
    other = AgentFactory(office=people.coordinator.office)
    response = system.ask({"badge": ["nobody7", agent.badge_number, other.badge_number]})
    assert response.status_code == 200
    content = response.json()
    assert (content["version"], content["on"]) == (1, today.isoformat())
    unknown, yes, never = content["answers"]
    assert (unknown["badge"], unknown["designated"], unknown["standing"]) == ("nobody7", False, "unknown_badge")
    assert (yes["designated"], yes["standing"], yes["name"]) == (True, "designated", agent.full_name)
    assert yes["designation"] == {
        "number": designation.number,
        "office": "HSI-MIA",
        "agreement": designation.agreement.code,
        "valid_from": designation.valid_from.isoformat(),
        "valid_until": designation.valid_until.isoformat(),
    }
    assert [(change["step"], change["state"]) for change in yes["changes"]] == [("grant", "active")]
    assert (never["standing"], never["designation"], never["since"]) == ("never_designated", None, None)
    assert agent.email not in response.text


@pytest.mark.parametrize(
    ("act", "actor", "standing"),
    [
        ("suspend", "dea_hq", "suspended"),
        ("revoke", "dea_hq", "revoked"),
        ("relinquish", "coordinator", "relinquished"),
    ],
)
def test_why_not_is_said_with_since_when(people: People, system: System, act, actor, standing):
    designation = factories.request(people, "approved").designation
    workflow.change_designations(act, [designation.pk], actor=getattr(people, actor), reason="Secret.")
    response = system.ask({"badge": designation.agent.badge_number})
    (answer,) = response.json()["answers"]
    assert (answer["designated"], answer["standing"]) == (False, standing)
    assert answer["since"] == answer["changes"][-1]["at"]
    assert "Secret" not in response.text


def test_another_day_can_be_asked_about(people: People, system: System):
    designation = factories.request(people, "approved").designation
    badge = designation.agent.badge_number
    days = {
        designation.valid_from - timedelta(days=1): "never_designated",
        designation.valid_until: "designated",
        designation.valid_until + timedelta(days=1): "expired",
    }
    for day, standing in days.items():
        content = system.ask({"badge": badge, "on": day}).json()
        assert (content["on"], content["answers"][0]["standing"]) == (day.isoformat(), standing)


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "badge"),
            ("badge=", "badge"),
            ("badge=1&badge=x/y", "badge"),
            ("badge=1&on=", "on"),
            ("badge=1&on=03/03/2026", "on"),
            ("badge=1&on=2026-02-30", "on"),
            ("badge=1&on=1994-07-31", "on"),
            ("badge=1&on=2026-01-01&on=2026-01-02", "on"),
            ("badge=1&day=2026-01-01", "day"),
        ],
    )
    def test_what_cannot_be_read_is_named_by_its_field(self, system: System, query, field):
        response = system.ask(query and dict_of(query))
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
        assert not AccessRecord.objects.exists()

    def test_every_wrong_field_is_named_at_once(self, system: System):
        assert set(system.ask({"badge": "?", "on": "soon", "x": "1"}).json()["errors"]) == {"badge", "on", "x"}

    def test_a_hundred_badges_are_answered_and_more_are_refused(self, system: System):
        badges = [f"{number:020d}" for number in range(101)]
        assert len(system.ask({"badge": badges[:100]}).json()["answers"]) == 100
        assert system.ask({"badge": badges}).status_code == 414

    def test_an_address_that_is_too_long_is_refused_unread(self, system: System):
        assert system.ask({"badge": "1" * 4_000}).status_code == 414

    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_other_methods_are_refused(self, db, method):
        response = getattr(Client(enforce_csrf_checks=True), method)(URL)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert response.json()["errors"]["method"]

    @pytest.mark.parametrize("given", [{"key": "wrong"}, {"name": "nobody"}, {"name": "a\x00b"}])
    def test_a_wrong_name_or_key_is_refused(self, system: System, given):
        response = system.ask({"badge": "1"}, **given)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Basic")
        assert not AccessRecord.objects.exists()

    def test_a_client_that_was_ended_is_refused(self, system: System):
        ApiClient.objects.update(is_active=False)
        assert system.ask({"badge": "1"}).status_code == 401

    def test_a_session_does_not_count(self, people: People, client):
        client.force_login(people.supervisor)
        assert as_described(client.get(URL, {"badge": "1"})).status_code == 401


def dict_of(query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        found.setdefault(name, []).append(value)
    return found


def test_each_call_is_on_record_and_in_no_log(people: People, system: System, caplog):
    agent = AgentFactory(badge_number="00991")
    with caplog.at_level("DEBUG"):
        system.ask({"badge": [agent.badge_number, "nobody7"], "on": "2020-03-03"})
        system.ask({"badge": "00991"}, key="wrong")
    record = AccessRecord.objects.get()
    assert (record.actor, record.actor_name) == (None, "Deconfliction center")
    assert (record.act, record.row_count) == ("look up designation by API", 2)
    assert record.parameters == {"badge_numbers": ["00991", "nobody7"], "on": "2020-03-03"}
    logged = "\n".join(line.getMessage() for line in caplog.records if line.name != "django.db.backends")
    assert "00991" not in logged


@pytest.mark.parametrize("count", [1, 100])
def test_a_call_costs_three_queries_however_many_badges(system: System, django_assert_num_queries, count):
    with django_assert_num_queries(3):
        system.ask({"badge": [f"X{number}" for number in range(count)]})


class TestKeysInTheAdmin:
    def test_the_key_is_shown_once_and_works(self, people: People, system: System, client):
        client.force_login(people.operator)
        page = client.post(reverse("admin:designation_apiclient_add"), {"name": "EPIC", "is_active": "on"})
        key = page.context["key"]
        assert key in page.text
        assert URL in page.text
        assert "no-store" in page["Cache-Control"]
        assert system.ask({"badge": "1"}, name="EPIC", key=key).status_code == 200
        added = ApiClient.objects.get(name="EPIC")
        assert (added.key_hash, added.added_by_name) == (hash_of(key), people.operator.recorded_name)
        change = client.get(reverse("admin:designation_apiclient_change", args=[added.pk])).text
        assert key not in change
        assert added.key_hash not in change

    @pytest.mark.parametrize("role", ["auditor", "dea_hq", "hsi_hq"])
    def test_only_an_operator_makes_keys(self, people: People, client, role):
        client.force_login(getattr(people, role))
        response = client.post(reverse("admin:designation_apiclient_add"), {"name": "EPIC", "is_active": "on"})
        assert response.status_code == 403
        assert not ApiClient.objects.exists()
