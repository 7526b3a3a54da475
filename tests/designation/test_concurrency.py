"""Two people at once, with real connections and real commits."""

import pytest

from audit import verify
from audit.models import StepEvent
from designation import workflow
from designation.models import Designation, Request
from tests import factories
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_reviewers_who_approve_at_once_make_one_decision(people):
    request = factories.request(people, "dea_decision")
    reviewers = [people.dea_hq, factories.user("dea_hq", "DEA-HQ")]
    outcomes = at_once(*(lambda who=who: workflow.transition("approve", [request.pk], actor=who) for who in reviewers))
    refused = [refusal.message for outcome in outcomes for refusal in outcome.refused]
    assert sorted(len(outcome.done) for outcome in outcomes) == [0, 1]
    assert refused[0].startswith("Already decided: approved by ")
    assert Designation.objects.count() == 1
    assert StepEvent.objects.filter(subject=request.number, transition="approve").count() == 1


def test_batches_that_overlap_in_opposite_order_do_not_deadlock(people):
    pks = [request.pk for request in factories.requests(people, "dea_decision", count=40)]
    outcomes = at_once(
        lambda: workflow.transition("approve", pks, actor=people.dea_hq),
        lambda: workflow.transition("deny", pks[::-1], actor=people.dea_hq, reason="No need."),
    )
    assert sorted(len(outcome.done) for outcome in outcomes) == [0, 40]
    assert list(verify.findings()) == []


def test_the_same_agent_filed_twice_at_once_has_one_open_request(people):
    entry = workflow.NewRequest("70707", "Mary", "Jackson", "mary@example.gov", justification="Port.")
    office = people.coordinator.office
    outcomes = at_once(
        *(lambda: workflow.file_requests([entry], actor=people.coordinator, office=office) for _ in range(3))
    )
    codes = sorted(refusal.code for outcome in outcomes for refusal in outcome.refused)
    assert codes == ["already_filed", "already_filed"]
    assert Request.objects.open().count() == 1


def test_filing_and_deciding_for_the_same_agent_at_once_do_not_deadlock(people):
    requests = factories.requests(people, "dea_decision", count=20)
    entries = [factories.new_request(request.agent) for request in requests]
    office = people.coordinator.office
    at_once(
        lambda: workflow.transition("approve", [r.pk for r in requests], actor=people.dea_hq),
        lambda: workflow.file_requests(entries, actor=people.coordinator, office=office),
    )
    assert list(verify.findings()) == []


def test_a_failure_half_way_leaves_nothing_done(people, monkeypatch):
    request = factories.request(people, "dea_decision")

    def fail(*args, **kwargs):
        raise RuntimeError("The mail room is on fire.")

    monkeypatch.setattr(workflow.requests, "notify", fail)
    with pytest.raises(RuntimeError):
        workflow.transition("approve", [request.pk], actor=people.dea_hq)
    assert Request.objects.get(pk=request.pk).state == "dea_decision"
    assert not Designation.objects.exists()
    assert StepEvent.objects.filter(subject=request.number).latest("sequence").to_state == "dea_decision"
