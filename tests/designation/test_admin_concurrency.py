"""Two reviewers on the same request in the admin, with real connections and real commits."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from audit.models import StepEvent
from designation.models import Designation, Request
from tests import factories
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def post_at_once(posts):
    """Sends the posts (user, address, data) together, each from a session and connection of its own."""
    return at_once(*(partial(signed_in(user).post, address, data) for user, address, data in posts))


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_two_reviewers_who_approve_the_same_request_make_one_decision(people):
    request = factories.request(people, "dea_decision")
    address = reverse("admin:designation_request_act", args=[request.pk, "approve"])
    data = {"version": request.version, "reason": ""}
    reviewers = [people.dea_hq, factories.user("dea_hq", "DEA-HQ")]
    responses = post_at_once([(reviewer, address, data) for reviewer in reviewers])
    assert sorted(response.status_code for response in responses) == [302, 409]
    late = next(response for response in responses if response.status_code == 409)
    winner = Request.objects.get(pk=request.pk).decided_by
    assert f"Already decided: approved by {escape(winner.recorded_name)} on " in late.content.decode()
    assert Designation.objects.count() == 1
    assert StepEvent.objects.filter(subject=request.number, transition="approve").count() == 1


def test_a_bulk_denial_and_a_single_approval_decide_each_request_once(people):
    requests = factories.requests(people, "dea_decision", count=20)
    single = requests[7]
    posts = [
        (
            people.dea_hq,
            reverse("admin:designation_request_bulk", args=["deny"]),
            {"selection": ",".join(f"{row.pk}:{row.version}" for row in requests), "reason": "Not needed."},
        ),
        (
            factories.user("dea_hq", "DEA-HQ"),
            reverse("admin:designation_request_act", args=[single.pk, "approve"]),
            {"version": single.version, "reason": ""},
        ),
    ]
    _, approval = post_at_once(posts)
    decided = Request.objects.get(pk=single.pk).state
    assert decided == ("approved" if approval.status_code == 302 else "denied")
    assert Request.objects.filter(state="denied").count() == 20 - (decided == "approved")
    assert StepEvent.objects.filter(transition__in=["approve", "deny"]).count() == 20
