"""Answering a request that came back."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.models import StepEvent
from designation import workflow
from designation.models import Agent, Request
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db


def answer(request: Request) -> str:
    return reverse("designation:request_answer", args=[request.number])


def answered(request: Request, **values) -> dict[str, object]:
    content = {name: getattr(request, name) for name in ("kind", "priority", "justification", "version")}
    return {"answer": "The memo is attached.", **content, **values}


def test_a_returned_request_shows_what_was_asked_and_is_answered(people: People, client):
    request = factories.request(people, "returned")
    client.force_login(people.coordinator)
    page = client.get(answer(request))
    assert "Supervisor&#x27;s memo is missing." in page.text
    assert "DEA intake" in page.text

    client.post(answer(request), answered(request, priority="expedited"))
    now = Request.objects.get(pk=request.pk)
    assert (now.state, now.priority) == ("dea_intake", "expedited")
    reason = StepEvent.objects.filter(subject=request.number).latest("sequence").reason
    assert reason == "The memo is attached.\n\nPriority changed from Routine to Expedited."


def test_an_answer_corrects_the_kind_and_says_so_on_record(people: People, client):
    agent = factories.request(people, "approved").agent
    request = returned_renewal(people, agent)
    client.force_login(people.coordinator)
    page = client.get(answer(request))
    assert "t21-status--returned" in page.text
    assert "kind" in client.post(answer(request), answered(request, kind="initial")).context["form"].errors

    workflow.change_designations("revoke", [agent.designations.get().pk], actor=people.dea_hq, reason="Left.")
    client.post(answer(request), answered(request, kind="initial"))
    step = StepEvent.objects.filter(subject=request.number).latest("sequence")
    assert step.reason == "The memo is attached.\n\nKind changed from Renewal to Initial."
    assert step.dimensions["kind"] == "initial"


def returned_renewal(people: People, agent: Agent) -> Request:
    entry = factories.new_request(agent, kind="renewal")
    office = people.coordinator.office
    [filed] = workflow.file_requests([entry], actor=people.coordinator, office=office).done
    workflow.transition_one("return_to_office", filed.pk, actor=people.hsi_hq, reason="Memo is missing.")
    return Request.objects.get(pk=filed.pk)


def test_line_ends_of_the_browser_are_no_change_of_the_justification(people: People, client):
    request = factories.request(people, "returned", justification="One.\nTwo.")
    client.force_login(people.coordinator)
    client.post(answer(request), answered(request, justification="One.\r\nTwo."))
    reason = StepEvent.objects.filter(subject=request.number).latest("sequence").reason
    assert reason == "The memo is attached."


def test_a_stale_answer_keeps_what_was_typed_and_can_be_sent_again(people: People, client):
    request = factories.request(people, "returned")
    stale = answered(request, answer="A long answer.", version=request.version - 1)
    client.force_login(people.coordinator)
    page = client.post(answer(request), stale)
    assert "Changed since you opened it" in page.text
    assert "A long answer." in page.text
    assert "On record now" in page.text
    form = page.context["form"]
    client.post(answer(request), {name: form[name].value() for name in form.fields})
    assert Request.objects.get(pk=request.pk).state == "dea_intake"


def test_an_answer_to_what_was_withdrawn_meanwhile_is_refused(people: People, client):
    request = factories.request(people, "returned")
    workflow.transition_one("withdraw", request.pk, actor=people.coordinator, reason="Agent reassigned.")
    client.force_login(people.coordinator)
    page = client.post(answer(request), answered(request), follow=True)
    assert "there is nothing to answer" in page.text
