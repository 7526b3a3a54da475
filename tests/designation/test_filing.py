"""Filing: what becomes a request, and what is refused without leaving anything behind."""

import pytest
from django.contrib.admin.models import LogEntry

from designation import agents, workflow
from designation.models import Agent, Request
from tests import factories


def file(people, *entries, actor=None, office=None):
    actor = actor or people.coordinator
    return workflow.file_requests(entries, actor=actor, office=office or people.coordinator.office)


def test_an_unknown_badge_number_becomes_an_agent_of_the_office(people, office):
    outcome = file(people, workflow.NewRequest("00417", "Ada", "Byron", "ada@example.gov", justification="Port."))
    agent = Agent.objects.get(badge_number="00417")
    assert (agent.office, agent.full_name) == (office, "Ada Byron")
    assert [(r.agent, r.state, r.kind) for r in outcome.done] == [(agent, "hsi_review", "initial")]


def test_an_agent_with_an_open_request_is_not_filed_again(people):
    request = factories.request(people, "field_review")
    outcome = file(people, factories.new_request(request.agent))
    assert not outcome.done
    assert [(r.number, r.code) for r in outcome.refused] == [(request.agent.badge_number, "already_filed")]
    assert request.number in outcome.refused[0].message


def test_the_same_badge_number_twice_in_one_batch_is_filed_once(people):
    entry = factories.new_request(factories.AgentFactory())
    outcome = file(people, entry, entry)
    assert (len(outcome.done), [r.code for r in outcome.refused]) == (1, ["already_filed"])


def test_another_offices_agent_without_a_designation_is_refused_and_leaves_no_draft(people, other_office):
    agent = factories.AgentFactory(office=other_office)
    outcome = file(people, factories.new_request(agent))
    assert [r.code for r in outcome.refused] == ["check"]
    assert outcome.refused[0].message.endswith("Ask HSI headquarters to move the agent to your office first.")
    assert not Request.objects.filter(agent=agent).exists()


def test_another_offices_designated_agent_is_refused_any_kind_but_a_transfer(people, other_office):
    agent = factories.request(people, "approved").agent
    entry = factories.new_request(agent, kind="renewal")
    outcome = file(people, entry, actor=people.other_coordinator, office=other_office)
    assert "File a transfer instead." in outcome.refused[0].message


def test_a_coordinator_files_only_for_his_own_office(people, other_office):
    agent = factories.AgentFactory(office=other_office)
    outcome = file(people, factories.new_request(agent), office=other_office)
    assert [r.code for r in outcome.refused] == ["permission"]


def test_an_initial_request_for_a_designated_agent_is_refused(people):
    agent = factories.request(people, "approved").agent
    outcome = file(people, factories.new_request(agent, kind="initial"))
    assert "designated already" in outcome.refused[0].message


def test_a_known_agents_email_cannot_be_given_to_a_new_one(people):
    known = factories.AgentFactory()
    outcome = file(people, workflow.NewRequest("99999", "Someone", "Else", known.email, justification="Port."))
    assert [r.code for r in outcome.refused] == ["email"]


@pytest.mark.parametrize("role", ["auditor", "dea_hq", "dea_field", "supervisor"])
def test_nobody_outside_hsi_files(people, role, office):
    outcome = file(people, factories.new_request(factories.AgentFactory()), actor=getattr(people, role), office=office)
    assert [r.code for r in outcome.refused] == ["permission"]


def test_a_refused_entry_leaves_no_agent_behind(people, other_office):
    entry = workflow.NewRequest("55555", "Someone", "New", kind="renewal", justification="Port.")
    outcome = file(people, entry)
    assert "never designated" in outcome.refused[0].message
    assert not Agent.objects.filter(badge_number="55555").exists()


def amend(people, request: Request) -> Request:
    words = {"kind": "initial", "priority": "expedited", "justification": "Seizure on Friday."}
    return workflow.amend_draft(request.pk, actor=people.coordinator, version=request.version, **words)


def test_a_draft_waits_for_its_office_to_submit_it(people):
    request = factories.request(people, "draft")
    amended = amend(people, request)
    assert (amended.state, amended.priority, amended.version) == ("draft", "expedited", request.version + 1)


def test_a_request_that_was_submitted_is_no_longer_amended(people):
    request = factories.request(people, "hsi_review")
    with pytest.raises(workflow.Refused, match="Not possible now"):
        amend(people, request)


def test_agents_that_filing_adds_are_on_record_and_those_on_record_are_not_again(people):
    known = factories.new_request(factories.AgentFactory())
    entries = [workflow.NewRequest(f"7{n:04}", "Lee", f"Stone {n}", justification="Port.") for n in range(30)]
    outcome = file(people, known, *entries)
    told = dict(LogEntry.objects.values_list("object_repr", "change_message"))
    assert len(told) == 30
    number = next(request.number for request in outcome.done if request.agent.badge_number == "70003")
    assert told["Stone 3, Lee (70003)"] == f"Added to HSI-MIA by filing {number}."


def test_agents_are_put_on_record_in_one_statement(people, django_assert_num_queries):
    new = [(agent, "Added.") for agent in factories.AgentFactory.create_batch(50)]
    agents.record_added(new[:1], actor=people.coordinator)
    with django_assert_num_queries(1):
        agents.record_added(new, actor=people.coordinator)
