"""To approve against a nonconcurrence needs a reason: one by one, many at once, and in the workflow itself."""

import pytest
from django.urls import reverse

from designation import workflow
from designation.models import Request
from tests import factories

QUEUE = reverse("admin:designation_request_changelist")


@pytest.fixture
def against(people):
    request = factories.request(people, "field_review")
    workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="Overlapping cases.")
    return Request.objects.get(pk=request.pk)


@pytest.fixture
def reviewer(people, client):
    client.force_login(people.dea_hq)
    return client


def act(request):
    return reverse("admin:designation_request_act", args=[request.pk, "approve"])


def state_of(request):
    return Request.objects.get(pk=request.pk).state


def test_without_a_reason_it_is_refused_row_by_row(people, against):
    ready = factories.request(people, "dea_decision")
    outcome = workflow.transition("approve", [ready.pk, against.pk], actor=people.dea_hq)
    assert outcome.done == [ready]
    assert [(refusal.number, refusal.code) for refusal in outcome.refused] == [(against.number, "reason")]
    assert workflow.transition("approve", [against.pk], actor=people.dea_hq, reason="Settled.").done == [against]


def test_after_the_division_has_concurred_it_needs_none(people, against):
    workflow.transition("refer_back", [against.pk], actor=people.dea_hq, reason="Does it stand?")
    workflow.transition("concur", [against.pk], actor=people.dea_field)
    assert workflow.transition("approve", [against.pk], actor=people.dea_hq).done == [against]


def test_its_page_asks_for_the_reason(reviewer, against):
    page = reviewer.get(act(against)).content.decode()
    assert "To approve against it needs a reason" in page
    assert "(optional)" not in page
    response = reviewer.post(act(against), {"version": against.version, "reason": ""})
    assert "Give a reason" in response.content.decode()
    assert state_of(against) == "dea_decision"
    reviewer.post(act(against), {"version": against.version, "reason": "Settled by telephone."})
    assert state_of(against) == "approved"


def test_many_at_once_ask_when_one_of_them_needs_it(people, reviewer, against):
    ready = factories.request(people, "dea_decision")
    selected = {"action": "approve", "index": "0", "_selected_action": [ready.pk, against.pk]}
    form = reviewer.post(QUEUE, selected).context["form"]
    assert form.fields["reason"].required
    data = {"selection": form["selection"].value(), "left_out": form["left_out"].value(), "reason": " "}
    bulk = reverse("admin:designation_request_bulk", args=["approve"])
    again = reviewer.post(bulk, data)
    assert "Give a reason" in again.content.decode()
    assert {state_of(ready), state_of(against)} == {"dea_decision"}
    reviewer.post(bulk, {**data, "reason": "Settled."})
    assert {state_of(ready), state_of(against)} == {"approved"}


def test_many_at_once_need_none_when_all_concur(people, reviewer):
    ready = factories.requests(people, "dea_decision", count=2)
    selected = {"action": "approve", "index": "0", "_selected_action": [request.pk for request in ready]}
    assert not reviewer.post(QUEUE, selected).context["form"].fields["reason"].required


def test_a_batch_costs_the_same_whatever_its_size(people, django_assert_num_queries):
    few, many = (
        [request.pk for request in factories.requests(people, "dea_decision", count=count)] for count in (2, 12)
    )
    for pks in (few, many):
        with django_assert_num_queries(3):
            workflow.preview("approve", pks, actor=people.dea_hq)


def test_a_search_of_the_queue_says_what_there_is_elsewhere(people, reviewer):
    approved = factories.request(people, "approved")
    page = reviewer.get(QUEUE, {"q": approved.number})
    assert page.context["elsewhere"]["count"].number == 1
    assert [row.number for row in reviewer.get(page.context["elsewhere"]["url"]).context["cl"].result_list] == [
        approved.number
    ]
    assert "elsewhere" not in reviewer.get(QUEUE).context


def test_acts_on_designations_speak_of_no_clock(people, reviewer):
    designation = factories.request(people, "approved").designation
    page = reviewer.get(reverse("admin:designation_designation_act", args=[designation.pk, "suspend"]))
    assert "clock" not in page.content.decode().lower()
