"""The gate: training that blocks keeps a request from submission or approval, and only while there is such training."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from designation import workflow
from designation.models import Request
from designation.panels import Act
from tests.factories import AgentFactory, new_request, request, requests
from tests.training.factories import Managers, ModuleFactory
from tests.training.records import completed, days_ago, published, required, waived
from training.checks import training_is_complete
from training.models import Module
from training.panels.standing import on_act

pytestmark = pytest.mark.django_db


@pytest.fixture
def module(people: Managers) -> Module:
    return published(people, code="JT-GATE")


def approve(row: Request, people: Managers) -> str:
    """What the approval says against it; empty when it is done."""
    outcome = workflow.transition("approve", [row.pk], actor=people.dea_hq)
    return outcome.refused[0].message if outcome.refused else ""


def submit(row: Request, people: Managers) -> str:
    outcome = workflow.transition("submit", [row.pk], actor=people.coordinator)
    return outcome.refused[0].message if outcome.refused else ""


def test_an_approval_is_refused_with_what_is_missing_and_what_to_do(people, module):
    required(module)
    assert approve(request(people, "dea_decision"), people) == (
        "The agent lacks required training: JT-GATE Joint training (missing). "
        "Record the completion, or have the module waived, first."
    )


def test_an_expired_completion_says_when_it_expired(people, module):
    required(module, valid_months=1)
    row = request(people, "dea_decision")
    completed(row.agent, module, days_ago(90))
    assert "expired after" in approve(row, people)


@pytest.mark.parametrize("how", ["completed", "waived"])
def test_who_completed_it_or_need_not_is_approved(people, module, how):
    required(module)
    row = request(people, "dea_decision")
    if how == "completed":
        completed(row.agent, module)
    else:
        waived(row.agent, module, people.hsi_manager)
    assert approve(row, people) == ""


def test_a_module_that_is_not_published_blocks_nobody(people):
    required(ModuleFactory())
    assert approve(request(people, "dea_decision"), people) == ""


def test_what_only_warns_blocks_nobody(people, module):
    required(module, blocks="nothing")
    assert approve(request(people, "dea_decision"), people) == ""


def test_what_is_required_of_another_kind_blocks_nobody(people, module):
    required(module, "renewal", "transfer")
    assert approve(request(people, "dea_decision"), people) == ""


def test_submission_is_blocked_where_the_requirement_says_so_and_approval_then_is_not(people, module):
    required(module, blocks="submission")
    assert "JT-GATE" in submit(request(people, "draft"), people)
    started_before = request(people, "draft")
    completed(started_before.agent, module)
    assert submit(started_before, people) == ""


def test_a_request_that_is_filed_and_submitted_at_once_is_refused_under_its_badge_number(people, module):
    required(module, blocks="submission")
    entry = new_request(AgentFactory(office=people.coordinator.office))
    outcome = workflow.file_requests([entry], actor=people.coordinator, office=people.coordinator.office)
    assert [refusal.number for refusal in outcome.refused] == [entry.badge_number]
    assert "JT-GATE" in outcome.refused[0].message


def test_a_reviewer_who_lacks_his_own_training_approves_nothing(people, module):
    required(module, "dea_reviewers")
    row = request(people, "dea_decision")
    assert approve(row, people) == (
        "You lack required training: JT-GATE Joint training (missing). Complete it, or have it waived, before you act."
    )
    completed(people.dea_hq, module)
    assert approve(row, people) == ""


def test_who_lacks_training_himself_is_told_of_the_agents_too(people, module):
    required(module, "initial", "dea_reviewers")
    told = approve(request(people, "dea_decision"), people)
    assert told.startswith("You lack required training")
    assert "The agent lacks required training" in told


def test_a_coordinator_is_told_whom_to_ask(people, module):
    required(module, blocks="submission")
    assert submit(request(people, "draft"), people).endswith(
        "Ask a training manager to record the completion, or to waive the module, first."
    )


def test_the_page_of_an_approval_sorts_what_stops_it_from_what_does_not(people, module, client):
    required(module)
    required(ModuleFactory(code="JT-NOT", title="Second module"))
    row = request(people, "dea_decision")
    stops, unavailable = on_act(Act("approve", [row]), people.dea_hq).context["groups"]
    assert (stops["heading"], stops["count"]) == ("It stops this act", 1)
    assert "is not available" in unavailable["heading"]
    (submits,) = on_act(Act("submit", [row]), people.dea_hq).context["groups"][:1]
    assert submits["heading"] == "It does not stop this act"


def test_a_coordinator_who_lacks_his_own_training_submits_nothing(people, module):
    required(module, "coordinators", blocks="submission")
    row = request(people, "draft")
    assert submit(row, people).startswith("You lack required training")
    completed(people.coordinator, module)
    assert submit(row, people) == ""


def test_what_is_required_of_coordinators_is_not_asked_of_headquarters(people, module):
    required(module, "coordinators", blocks="submission")
    row = request(people, "draft")
    assert not workflow.transition("submit", [row.pk], actor=people.hsi_hq).refused


def test_the_same_batch_is_partly_done(people, module):
    required(module)
    done, refused = requests(people, "dea_decision", 2)
    completed(done.agent, module)
    outcome = workflow.transition("approve", [done.pk, refused.pk], actor=people.dea_hq)
    assert ([row.pk for row in outcome.done], [row.pk for row in outcome.refused]) == ([done.pk], [refused.pk])


def asked(run: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        run()
    return [query["sql"] for query in queries]


def test_five_thousand_requests_are_asked_for_in_two_queries(people, module):
    """One for the requirements, and one for how everybody stands; as many as for a single request."""
    required(module)
    required(module, "dea_reviewers")
    completed(people.dea_hq, module)
    (row,) = requests(people, "dea_decision", 1)
    batch = [Request(pk=pk, agent_id=row.agent_id + pk, kind="initial") for pk in range(5_000)]
    refused: dict[int, str] = {}
    assert len(asked(lambda: refused.update(training_is_complete("approve", batch, people.dea_hq)))) == 2
    assert len(refused) == 5_000
    assert len(asked(lambda: training_is_complete("approve", [row], people.dea_hq))) == 2


def test_where_nothing_is_required_nothing_is_asked_of_the_completions(people):
    row = request(people, "dea_decision")
    queries = asked(lambda: training_is_complete("approve", [row], people.dea_hq))
    assert len(queries) == 1
    assert "training_completion" not in queries[0]


@pytest.mark.parametrize("name", ["endorse", "accept", "concur", "deny", "withdraw"])
def test_other_transitions_ask_nothing(people, name, django_assert_num_queries):
    row = request(people, "dea_decision")
    with django_assert_num_queries(0):
        assert training_is_complete(name, [row], people.dea_hq) == {}


def page(client: Any, user: Any, address: str) -> str:
    client.force_login(user)
    return client.get(address).text


def test_the_page_of_a_request_shows_how_agent_and_reader_stand(people, module, client):
    required(module, valid_months=12)
    required(ModuleFactory(code="JT-NOT", title="Second module"))
    required(module, "dea_reviewers")
    row = request(people, "dea_decision")
    completed(row.agent, module, days_ago(340))
    for address in (
        reverse("designation:request_detail", args=[row.number]),
        reverse("admin:designation_request_change", args=[row.pk]),
    ):
        text = page(client, people.dea_hq, address)
        assert "Required training" in text
        assert "Expiring" in text
        assert "Not yet available" in text
        assert "Training required of you" in text
        assert "Missing" in text


def test_a_request_that_is_decided_or_of_whom_nothing_is_required_has_no_such_panel(people, module, client):
    row = request(people, "dea_decision")
    assert "Required training" not in page(
        client, people.hsi_hq, reverse("designation:request_detail", args=[row.number])
    )
    required(module, "initial", blocks="nothing")
    decided = request(people, "denied")
    assert "Required training" not in page(
        client, people.hsi_hq, reverse("designation:request_detail", args=[decided.number])
    )


def test_the_preview_of_an_approval_warns_of_what_does_not_block(people, module, client):
    required(module, blocks="nothing")
    rows = requests(people, "dea_decision", 2)
    completed(rows[0].agent, module)
    client.force_login(people.dea_hq)
    address = reverse("admin:designation_request_changelist")
    posted = {"action": "approve", "_selected_action": [row.pk for row in rows], "index": 0}
    text = client.post(address, posted).text
    assert "Training that is not complete" in text
    assert f"{rows[1].number}, {rows[1].agent}: JT-GATE (missing)" in text
    assert f"{rows[0].number}, {rows[0].agent}: JT-GATE" not in text


def test_the_preview_of_a_submission_warns_too(people, module, client):
    required(module)
    rows = requests(people, "draft", 2)
    client.force_login(people.coordinator)
    posted = {"act": "submit", "selected": [row.pk for row in rows]}
    text = client.post(reverse("designation:bulk_preview"), posted).text
    assert "Training that is not complete" in text
    assert f"{rows[0].number}, {rows[0].agent}: JT-GATE (missing)" in text
