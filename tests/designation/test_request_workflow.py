"""A request's way from filing to decision: who may move it, from where to where."""

import pytest
from django.utils import timezone

from audit.models import StageVisit, StepEvent
from designation import agents, workflow
from designation.models import Designation, FieldOpinion, Request, Role
from designation.workflow import Refused
from tests import factories

# The table of the design: state -> transition -> (who, next state).
TABLE = {
    "draft": {"submit": ("coordinator", "hsi_review"), "withdraw": ("coordinator", "withdrawn")},
    "hsi_review": {
        "endorse": ("hsi_hq", "dea_intake"),
        "return_to_office": ("hsi_hq", "returned"),
        "withdraw": ("coordinator", "withdrawn"),
    },
    "dea_intake": {
        "accept": ("dea_hq", "field_review"),
        "return_to_office": ("dea_hq", "returned"),
        "withdraw": ("coordinator", "withdrawn"),
    },
    "field_review": {
        "concur": ("dea_field", "dea_decision"),
        "nonconcur": ("dea_field", "dea_decision"),
        "withdraw": ("coordinator", "withdrawn"),
    },
    "dea_decision": {
        "approve": ("dea_hq", "approved"),
        "deny": ("dea_hq", "denied"),
        "return_to_office": ("dea_hq", "returned"),
        "refer_back": ("dea_hq", "field_review"),
        "withdraw": ("coordinator", "withdrawn"),
    },
    "returned": {"resubmit": ("coordinator", "dea_intake"), "withdraw": ("coordinator", "withdrawn")},
    "approved": {},
    "denied": {"reconsider": ("dea_hq", "dea_decision")},
    "withdrawn": {},
}
ARROWS = [(state, name, *arrow) for state, arrows in TABLE.items() for name, arrow in arrows.items()]
NAMES = sorted(Request.transition_names())


@pytest.mark.parametrize(("state", "name", "who", "target"), ARROWS)
def test_each_transition_of_the_design_leads_where_it_says(people, state, name, who, target):
    request = factories.request(people, state)
    moved = workflow.transition_one(name, request.pk, actor=getattr(people, who), reason="For the record.")
    assert moved.state == Request.objects.get(pk=request.pk).state == target


@pytest.mark.parametrize("state", TABLE)
def test_every_other_transition_is_refused_to_everybody(people, state):
    request = factories.request(people, state)
    for name in set(NAMES) - set(TABLE[state]):
        for who in ("coordinator", "hsi_hq", "dea_field", "dea_hq"):
            with pytest.raises(Refused):
                workflow.transition_one(name, request.pk, actor=getattr(people, who), reason="For the record.")
    assert Request.objects.get(pk=request.pk).state == state


@pytest.mark.parametrize(("state", "name", "who", "target"), ARROWS)
def test_nobody_acts_on_the_other_agencys_clock(people, state, name, who, target):
    others = {"coordinator", "hsi_hq", "dea_field", "dea_hq"} - {
        who,
        "hsi_hq" if who == "coordinator" else who,
    }
    if state == "dea_intake" and who == "dea_hq":
        others -= {"dea_field"}
    request = factories.request(people, state)
    outsiders = [
        *others,
        "other_coordinator",
        "other_dea_field",
        "auditor",
        "supervisor",
        "training_manager",
        "operator",
    ]
    for outsider in outsiders:
        with pytest.raises(Refused):
            workflow.transition_one(name, request.pk, actor=getattr(people, outsider), reason="For the record.")


def test_a_returned_request_goes_back_to_the_state_that_returned_it(people):
    for state in ("hsi_review", "dea_intake", "dea_decision"):
        request = factories.request(people, state)
        returner = people.hsi_hq if state == "hsi_review" else people.dea_hq
        workflow.transition_one("return_to_office", request.pk, actor=returner, reason="Badge is unreadable.")
        answered = workflow.transition_one("resubmit", request.pk, actor=people.coordinator, reason="Here it is.")
        assert answered.state == state


@pytest.mark.parametrize("blank", ["  ", "\u200b\u200b"])
def test_a_transition_that_needs_a_reason_is_refused_without_one(people, blank):
    request = factories.request(people, "dea_decision")
    with pytest.raises(Refused, match="Give a reason"):
        workflow.transition_one("deny", request.pk, actor=people.dea_hq, reason=blank)


def test_whoever_filed_a_request_has_no_part_in_deciding_it(people):
    request = factories.request(people, "dea_decision")
    filer = people.coordinator
    filer.roles, filer.office = [Role.DEA_HQ], people.dea_hq.office
    filer.save()
    with pytest.raises(Refused, match="not the person who filed"):
        workflow.transition_one("approve", request.pk, actor=filer)


def test_a_denial_is_reconsidered_only_once(people):
    request = factories.request(people, "denied")
    workflow.transition_one("reconsider", request.pk, actor=people.dea_hq, reason="New facts.")
    workflow.transition_one("deny", request.pk, actor=people.dea_hq, reason="They change nothing.")
    with pytest.raises(Refused, match="reconsidered once"):
        workflow.transition_one("reconsider", request.pk, actor=people.dea_hq, reason="Again.")


def test_approval_designates_the_agent_from_today_for_the_term(people):
    request = factories.request(people, "approved")
    designation = Designation.objects.get(request=request)
    assert (designation.agent, designation.state) == (request.agent, "active")
    assert designation.valid_from == timezone.localdate()
    assert designation.valid_until == workflow.term_end(timezone.localdate())


def test_a_renewal_replaces_the_designation_before_it(people):
    first = factories.request(people, "approved")
    entry = factories.new_request(first.agent)
    renewal = workflow.file_requests([entry], actor=people.coordinator, office=first.office).done[0]
    assert renewal.kind == "renewal"
    for name, who, reason in factories.PATHS["approved"][1:]:
        workflow.transition_one(name, renewal.pk, actor=getattr(people, who), reason=reason)
    states = Designation.objects.filter(agent=first.agent).order_by("pk").values_list("state", flat=True)
    assert list(states) == ["relinquished", "active"]


def test_a_transfer_moves_the_agent_to_the_office_that_asked(people, other_office):
    agent = factories.request(people, "approved").agent
    entry = factories.new_request(agent)
    transfer = workflow.file_requests([entry], actor=people.other_coordinator, office=other_office).done[0]
    for name, who, reason in factories.PATHS["approved"][1:]:
        actor = people.other_dea_field if who == "dea_field" else getattr(people, who)
        workflow.transition_one(name, transfer.pk, actor=actor, reason=reason)
    agent = type(agent).objects.get(pk=agent.pk)
    assert (transfer.kind, agent.office) == ("transfer", other_office)
    changes = [(change.user, change.change_message) for change in agents.changes_of(agent)]
    assert changes == [(people.dea_hq, f"HSI office: HSI-MIA → HSI-DEN, by {transfer.number}.")]


def test_a_new_opinion_supersedes_the_one_on_file_and_deletes_nothing(people):
    request = factories.request(people, "dea_decision")
    workflow.transition_one("refer_back", request.pk, actor=people.dea_hq, reason="What of the task force?")
    workflow.transition_one("nonconcur", request.pk, actor=people.dea_field, reason="It is covered.")
    opinions = FieldOpinion.objects.filter(request=request)
    assert [(o.concurs, o.superseded_at is None) for o in opinions] == [(True, False), (False, True)]


def test_an_inactive_agent_is_not_designated(people):
    request = factories.request(people, "dea_decision")
    request.agent.is_active = False
    request.agent.save()
    with pytest.raises(Refused, match="no longer active"):
        workflow.transition_one("approve", request.pk, actor=people.dea_hq)


def test_a_batch_does_what_it_can_and_says_why_not_for_the_rest(people):
    ready = factories.requests(people, "dea_decision", count=3)
    early = factories.request(people, "field_review")
    outcome = workflow.transition("approve", [r.pk for r in [*ready, early]] + [10**9], actor=people.dea_hq)
    assert outcome.done == ready
    assert [(r.number, r.code) for r in outcome.refused] == [
        (early.number, "state"),
        ("#1000000000", "not_found"),
    ]


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(people, django_assert_num_queries):
    few = [r.pk for r in factories.requests(people, "dea_decision", count=2)]
    many = [r.pk for r in factories.requests(people, "dea_decision", count=20)]
    with django_assert_num_queries(27):
        workflow.transition("approve", few, actor=people.dea_hq)
    with django_assert_num_queries(27):
        workflow.transition("approve", many, actor=people.dea_hq)


def test_a_stale_page_overwrites_nothing_and_is_told_who_was_first(people):
    request = factories.request(people, "dea_decision")
    seen = request.version
    workflow.transition_one("refer_back", request.pk, actor=people.dea_hq, reason="Once more, please.")
    workflow.transition_one("concur", request.pk, actor=people.dea_field)
    with pytest.raises(Refused, match="Changed since you opened it; its last step was by ") as told:
        workflow.transition_one("approve", request.pk, actor=people.dea_hq, version=seen)
    assert f"by {people.dea_field.recorded_name} on " in str(told.value)


def test_an_answer_to_a_return_that_cannot_be_seen_is_none_whatever_it_changes(people):
    request = factories.request(people, "returned", justification="First words.")
    with pytest.raises(Refused, match="Give a reason"):
        workflow.resubmit(
            request.pk,
            actor=people.coordinator,
            version=request.version,
            answer="\u200b\u200b",
            priority="expedited",
            justification="Better words.",
        )


def test_an_answer_to_a_return_keeps_what_it_changed_on_record(people):
    request = factories.request(people, "returned", justification="First words.")
    workflow.resubmit(
        request.pk,
        actor=people.coordinator,
        version=request.version,
        answer="Memo attached.",
        priority="expedited",
        justification="Better words.",
    )
    step = StepEvent.objects.filter(subject=request.number).latest("sequence")
    assert step.reason == (
        "Memo attached.\n\nPriority changed from Routine to Expedited.\n\nJustification changed. It was: First words."
    )
    assert step.dimensions["priority"] == "expedited"


def test_preview_changes_nothing(people):
    request = factories.request(people, "dea_decision")
    outcome = workflow.preview("approve", [request.pk], actor=people.dea_hq)
    assert outcome.done == [request]
    assert Request.objects.get(pk=request.pk).state == "dea_decision"


def test_while_a_request_is_returned_hsis_clock_runs(people):
    request = factories.request(people, "returned")
    visit = StageVisit.objects.open().get(subject=request.number)
    assert (visit.stage, visit.party) == ("returned", "HSI")


def test_an_ended_request_is_in_no_stage(people):
    request = factories.request(people, "approved")
    assert not StageVisit.objects.open().filter(workflow="request", subject=request.number).exists()


def test_a_step_records_agency_and_role_as_of_then(people):
    request = factories.request(people, "approved")
    people.dea_hq.roles = []
    people.dea_hq.save()
    step = StepEvent.objects.get(workflow="request", subject=request.number, transition="approve")
    assert (step.actor_name, step.actor_agency, step.actor_role) == (people.dea_hq.recorded_name, "DEA", "dea_hq")


def test_a_term_that_begins_on_29_february_ends_on_28_february():
    from datetime import date

    assert workflow.term_end(date(2028, 2, 29)) == date(2029, 2, 28)


def test_designations_whose_term_is_over_expire(people):
    designation = Designation.objects.get(request=factories.request(people, "approved"))
    assert not workflow.expire_designations().done
    Designation.objects.filter(pk=designation.pk).update(
        valid_from=timezone.localdate().replace(year=2020),
        valid_until=timezone.localdate().replace(year=2021),
    )
    assert workflow.expire_designations().done == [designation]
