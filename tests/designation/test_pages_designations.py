"""Giving a designation up, from the page of its agent."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import StepEvent
from designation import workflow
from designation.models import Designation
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db


def relinquish(designation: Designation) -> str:
    return reverse("designation:designation_act", args=[designation.number, "relinquish"])


def agent_page(designation: Designation) -> str:
    return reverse("designation:agent_detail", args=[designation.agent_id])


@pytest.fixture
def designation(people: People) -> Designation:
    return factories.request(people, "approved").designation


@pytest.mark.parametrize("who", ["coordinator", "hsi_hq"])
def test_it_asks_first_and_then_goes_on_record_with_its_reason(people: People, client, designation, who):
    client.force_login(getattr(people, who))
    assert relinquish(designation) in client.get(agent_page(designation)).text
    page = client.get(relinquish(designation))
    assert "HSI gives the designation up" in page.text
    assert "No clock running" not in page.text
    assert Designation.objects.get(pk=designation.pk).state == "active"

    response = client.post(relinquish(designation), {"reason": "Left the agency.", "version": designation.version})
    assert response.url == agent_page(designation)
    assert Designation.objects.get(pk=designation.pk).state == "relinquished"
    step = StepEvent.objects.get(subject=designation.number, transition="relinquish")
    assert (step.reason, step.actor) == ("Left the agency.", getattr(people, who))
    page = client.get(agent_page(designation))
    assert f"{designation.number} is relinquished." in page.text
    assert relinquish(designation) not in page.text


def test_a_reason_is_needed(people: People, client, designation):
    client.force_login(people.coordinator)
    page = client.post(relinquish(designation), {"reason": " ", "version": designation.version})
    assert "Give a reason" in page.text
    assert Designation.objects.get(pk=designation.pk).state == "active"


def test_a_stale_page_is_told_so_and_changes_nothing(people: People, client, designation):
    stale = {"reason": "Left the agency.", "version": designation.version}
    workflow.change_designations("suspend", [designation.pk], actor=people.dea_hq, reason="Inquiry.")
    client.force_login(people.coordinator)
    page = client.post(relinquish(designation), stale, follow=True)
    assert "Nothing was done. Changed since you opened it" in page.text
    assert Designation.objects.get(pk=designation.pk).state == "suspended"


def test_what_has_ended_is_told_kindly(people: People, client, designation):
    workflow.change_designations("revoke", [designation.pk], actor=people.dea_hq, reason="Misuse.")
    client.force_login(people.coordinator)
    assert "Already decided: revoked" in client.get(relinquish(designation), follow=True).text


@pytest.mark.parametrize("name", ["revoke", "suspend", "replace", "expire", "save"])
def test_no_other_act_has_a_page(people: People, client, designation, name):
    client.force_login(people.hsi_hq)
    address = reverse("designation:designation_act", args=[designation.number, name])
    assert client.post(address, {"reason": "x", "version": designation.version}).status_code == 404


def test_readers_are_offered_nothing(people: People, client, designation):
    client.force_login(people.auditor)
    assert relinquish(designation) not in client.get(agent_page(designation)).text
