"""Which learning systems may post statements, and how operators give them their keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from designation.keys import hash_of
from tests.training.factories import Managers
from tests.training.learning_systems import URL, System, statement
from training.models import LearningSystem

pytestmark = pytest.mark.django_db


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
