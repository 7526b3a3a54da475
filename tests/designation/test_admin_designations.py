"""Designations in the admin: seen by those whom they concern, changed by DEA headquarters alone."""

import pytest
from django.urls import reverse

from audit.models import StepEvent
from designation.models import Designation
from tests import factories

LIST = reverse("admin:designation_designation_changelist")


def act(designation, name):
    return reverse("admin:designation_designation_act", args=[designation.pk, name])


@pytest.fixture
def designation(people):
    return factories.request(people, "approved").designation


def test_each_sees_what_concerns_him(people, client, designation):
    seen = {"dea_hq": 1, "dea_field": 1, "other_dea_field": 0, "auditor": 1}
    for who, count in seen.items():
        client.force_login(getattr(people, who))
        assert len(client.get(LIST).context["cl"].result_list) == count


def test_headquarters_suspends_reinstates_and_revokes_with_a_reason(people, client, designation):
    client.force_login(people.dea_hq)
    for name, after in [("suspend", "suspended"), ("reinstate", "active"), ("revoke", "revoked")]:
        version = client.get(act(designation, name)).context["form"]["version"].value()
        client.post(act(designation, name), {"version": version, "reason": f"To {name}."})
        assert Designation.objects.get(pk=designation.pk).state == after
        step = StepEvent.objects.filter(subject=designation.number).latest("sequence")
        assert (step.transition, step.reason) == (name, f"To {name}.")


def test_many_are_suspended_at_once(people, client):
    designations = [request.designation for request in factories.requests(people, "approved", count=3)]
    client.force_login(people.dea_hq)
    chosen = {"action": "suspend", "index": "0", "_selected_action": [row.pk for row in designations]}
    page = client.post(LIST, chosen)
    data = {"selection": page.context["form"]["selection"].value(), "reason": "Lapse in training."}
    outcome = client.post(page.context["action_url"], data, follow=True)
    assert len(outcome.context["done"]) == 3
    assert Designation.objects.filter(state="suspended").count() == 3


@pytest.mark.parametrize(
    ("who", "name", "status"),
    [
        ("dea_field", "suspend", 403),
        ("other_dea_field", "suspend", 404),
        ("auditor", "revoke", 403),
        ("operator", "revoke", 403),
        ("dea_hq", "relinquish", 404),
        ("dea_hq", "replace", 404),
        ("dea_hq", "expire", 404),
        ("dea_hq", "reinstate", 409),
    ],
)
def test_a_forged_post_is_refused(people, client, designation, who, name, status):
    client.force_login(getattr(people, who))
    response = client.post(act(designation, name), {"version": designation.version, "reason": "Forged."})
    assert response.status_code == status
    assert Designation.objects.get(pk=designation.pk).state == "active"


@pytest.mark.parametrize("who", ["dea_hq", "dea_field", "auditor"])
def test_the_page_tells_the_term_and_the_history(people, client, designation, who):
    client.force_login(getattr(people, who))
    shown = client.get(reverse("admin:designation_designation_change", args=[designation.pk])).content.decode()
    assert designation.request.number in shown
    assert "Granted" in shown


def test_the_list_takes_as_many_queries_for_many_rows_as_for_one(people, client, django_assert_max_num_queries):
    client.force_login(people.dea_hq)
    factories.request(people, "approved")
    client.get(LIST)
    with django_assert_max_num_queries(12) as one:
        client.get(LIST)
    factories.requests(people, "approved", count=19)
    with django_assert_max_num_queries(12) as twenty:
        client.get(LIST)
    assert len(one) == len(twenty)
