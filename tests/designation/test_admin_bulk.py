"""Acts on a selection: what the preview says, what the outcome says, and that nothing else happens."""

import csv
import io

import pytest
from django.urls import reverse

from audit import verify
from audit.models import StepEvent
from designation import selections, workflow
from designation.models import Designation, Request
from tests import factories

QUEUE = reverse("admin:designation_request_changelist")


def select(client, name, requests, **data):
    """Posts the list's form with the rows checked, as the browser does; the page that asks."""
    chosen = {"action": name, "index": "0", "_selected_action": [request.pk for request in requests], **data}
    return client.post(QUEUE, chosen, follow=True)


def confirm(client, page, reason=""):
    """Posts what the page that asks holds; the page on what came of it."""
    form = page.context["form"]
    data = {name: form[name].value() for name in ("selection", "left_out")}
    return client.post(page.context["action_url"], {**data, "reason": reason}, follow=True)


def states(requests):
    rows = Request.objects.filter(pk__in=[request.pk for request in requests]).order_by("pk")
    return list(rows.values_list("state", flat=True))


def told(page):
    return [str(message) for message in page.context["messages"]]


@pytest.fixture
def reviewer(client, people):
    client.force_login(people.dea_hq)
    return client


def test_the_preview_counts_and_changes_nothing(people, reviewer):
    ready = factories.requests(people, "dea_decision", count=3)
    early = factories.requests(people, "field_review", count=2)
    page = select(reviewer, "approve", ready + early)
    assert [row.pk for row in page.context["done"]] == [request.pk for request in ready]
    why, numbers = page.context["refused"][0]
    assert why.startswith("Not possible now: it is in “DEA field review”")
    assert set(numbers) <= {request.number for request in early}
    assert page.context["refused_count"] == 2
    assert states(ready + early) == ["dea_decision"] * 3 + ["field_review"] * 2


def test_the_outcome_says_what_was_done_and_what_was_refused_and_why(people, reviewer):
    ready = factories.requests(people, "dea_decision", count=2)
    early = factories.request(people, "field_review")
    page = confirm(reviewer, select(reviewer, "deny", [*ready, early]), "Authority not needed.")
    assert page.context["done"] == [[request.pk, request.number] for request in ready]
    assert [numbers for _, numbers in page.context["refused"]] == [[early.number]]
    assert states([*ready, early]) == ["denied", "denied", "field_review"]
    reasons = StepEvent.objects.filter(transition="deny").values_list("reason", flat=True)
    assert set(reasons) == {"Authority not needed."}
    assert list(verify.findings()) == []


def test_the_refused_can_be_downloaded(people, reviewer):
    ready, early = factories.request(people, "dea_decision"), factories.request(people, "field_review")
    page = confirm(reviewer, select(reviewer, "approve", [ready, early]))
    rows = list(csv.reader(io.StringIO(reviewer.get(page.context["refused_url"]).content.decode())))
    assert rows[0] == ["number", "why"]
    assert [row[0] for row in rows[1:]] == [early.number]


def test_another_reviewer_does_not_find_the_outcome(people, reviewer, client):
    request = factories.request(people, "dea_decision")
    address = confirm(reviewer, select(reviewer, "approve", [request])).request["PATH_INFO"]
    client.force_login(factories.user("dea_hq", "DEA-HQ"))
    assert "kept only where you made the act" in told(client.get(address, follow=True))[0]


def test_all_across_the_pages_follows_the_filters_of_the_list(people, reviewer, monkeypatch):
    expedited = factories.requests(people, "dea_decision", count=3, priority="expedited")
    routine = factories.request(people, "dea_decision")
    chosen = {"action": "approve", "index": "0", "_selected_action": ["0"], "select_across": "1"}
    page = reviewer.post(f"{QUEUE}?priority=expedited", chosen)
    assert len(page.context["done"]) == 3
    done = confirm(reviewer, page)
    assert done.context["queue_url"] == f"{QUEUE}?priority=expedited"
    assert states([*expedited, routine]) == ["approved"] * 3 + ["dea_decision"]


def test_a_row_that_changed_after_the_preview_is_refused(people, reviewer):
    first, second = factories.requests(people, "dea_decision", count=2)
    page = select(reviewer, "approve", [first, second])
    other = factories.user("dea_hq", "DEA-HQ", username="mwalker")
    workflow.transition("deny", [first.pk], actor=other, reason="Not needed.")
    outcome = confirm(reviewer, page)
    assert states([first, second]) == ["denied", "approved"]
    assert outcome.context["refused"][0][0].startswith(f"Already decided: denied by {other.recorded_name} on ")


def test_what_the_preview_refused_is_not_done_even_if_it_could_be_now(people, reviewer):
    request = factories.request(people, "dea_decision")
    request.agent.is_active = False
    request.agent.save()
    page = select(reviewer, "approve", [request])
    request.agent.is_active = True
    request.agent.save()
    outcome = confirm(reviewer, page)
    assert states([request]) == ["dea_decision"]
    assert outcome.context["refused"] == [[selections.REFUSED_BEFORE, [request.number]]]


def test_a_reason_is_asked_for_where_it_is_required(people, reviewer):
    requests = factories.requests(people, "dea_decision", count=2)
    page = confirm(reviewer, select(reviewer, "deny", requests), " ")
    assert page.context["form"].errors["reason"] == ["Give a reason: it goes on record."]
    assert states(requests) == ["dea_decision"] * 2
    confirm(reviewer, page, "Not needed.")
    assert states(requests) == ["denied"] * 2


def test_sending_the_form_again_repeats_nothing(people, reviewer):
    request = factories.request(people, "dea_decision")
    page = select(reviewer, "approve", [request])
    confirm(reviewer, page)
    again = confirm(reviewer, page)
    assert again.context["done"] == []
    assert again.context["refused"][0][0].startswith("Already decided: approved by")
    assert Designation.objects.count() == 1


def test_nonconcurrences_are_shown_before_many_are_approved(people, reviewer):
    agreed = factories.request(people, "dea_decision")
    disputed = factories.request(people, "field_review")
    workflow.transition("nonconcur", [disputed.pk], actor=people.dea_field, reason="Open matter.")
    shown = select(reviewer, "approve", [agreed, disputed]).content.decode()
    assert "In 1 of these the division does not concur" in shown
    assert "Open matter." in shown


@pytest.mark.parametrize("selected", [[], ["0"]])
def test_an_empty_selection_is_told_so(people, reviewer, selected):
    chosen = {"action": "approve", "index": "0", "_selected_action": selected}
    page = reviewer.post(QUEUE, chosen, follow=True)
    assert "elect" in told(page)[0]


def test_too_many_at_once_are_told_so(people, reviewer, monkeypatch):
    monkeypatch.setattr(selections, "AT_ONCE", 1)
    requests = factories.requests(people, "dea_decision", count=2)
    assert "too many at once. Narrow the list to 1 or fewer" in told(select(reviewer, "approve", requests))[0]


def test_hundreds_take_as_many_queries_as_a_few(people, reviewer, django_assert_max_num_queries):
    counts = []
    for count in (3, 300):
        requests = factories.requests(people, "dea_decision", count=count)
        with django_assert_max_num_queries(80) as queries:
            page = select(reviewer, "approve", requests)
            outcome = confirm(reviewer, page)
        assert len(outcome.context["done"]) == count
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 1  # the longer list has a second page, and is counted


class TestForgedPost:
    def test_an_act_of_another_role_is_not_among_the_actions(self, people, client):
        client.force_login(people.dea_field)
        request = factories.request(people, "dea_decision")
        page = select(client, "approve", [request])
        assert told(page) == ["No action selected."]
        assert states([request]) == ["dea_decision"]

    @pytest.mark.parametrize(
        ("who", "state", "name"),
        [
            ("dea_field", "dea_decision", "approve"),
            ("other_dea_field", "field_review", "concur"),
            ("dea_hq", "field_review", "concur"),
            ("auditor", "dea_decision", "deny"),
        ],
    )
    def test_the_confirmation_alone_is_refused_row_by_row(self, people, client, who, state, name):
        request = factories.request(people, state)
        client.force_login(getattr(people, who))
        address = reverse("admin:designation_request_bulk", args=[name])
        data = {"selection": f"{request.pk}:{request.version}", "left_out": "", "reason": "Forged."}
        page = client.post(address, data, follow=True)
        assert page.context["done"] == []
        assert page.context["refused_count"] == 1
        assert states([request]) == [state]

    @pytest.mark.parametrize("who", ["operator", "training_manager", "coordinator"])
    def test_who_does_not_review_is_kept_out(self, people, client, who):
        request = factories.request(people, "dea_decision")
        client.force_login(getattr(people, who))
        address = reverse("admin:designation_request_bulk", args=["approve"])
        response = client.post(address, {"selection": f"{request.pk}:{request.version}"}, follow=True)
        assert response.status_code == 403
        assert states([request]) == ["dea_decision"]

    def test_there_is_no_confirmation_by_get(self, people, reviewer):
        request = factories.request(people, "dea_decision")
        address = reverse("admin:designation_request_bulk", args=["approve"])
        assert reviewer.get(address, {"selection": f"{request.pk}:{request.version}"}).status_code == 302
        assert states([request]) == ["dea_decision"]

    @pytest.mark.parametrize("name", ["withdraw", "submit", "save", "__init__"])
    def test_an_unknown_act_is_not_found(self, people, reviewer, name):
        request = factories.request(people, "dea_decision")
        address = reverse("admin:designation_request_bulk", args=["approve"]).replace("approve", name)
        assert reviewer.post(address, {"selection": f"{request.pk}:{request.version}"}).status_code == 404

    @pytest.mark.parametrize("selection", ["1", "1:", "a:b", "1:2:3", "-1:1", "1:1;DROP", "9" * 30 + ":1", "²:1"])
    def test_a_garbled_selection_is_refused(self, people, reviewer, selection):
        address = reverse("admin:designation_request_bulk", args=["approve"])
        page = reviewer.post(address, {"selection": selection, "left_out": "", "reason": ""}, follow=True)
        assert "sent incomplete" in told(page)[0]

    @pytest.mark.parametrize("pk", ["abc", "-1", "9" * 30])
    def test_a_garbled_row_of_the_list_is_refused(self, people, reviewer, pk):
        request = factories.request(people, "dea_decision")
        page = select(reviewer, "approve", [request], _selected_action=[request.pk, pk])
        assert "sent incomplete" in told(page)[0]

    def test_a_row_that_is_not_the_reviewers_to_see_is_not_found(self, people, client):
        hidden = factories.request(people, "field_review")
        client.force_login(people.other_dea_field)
        page = select(client, "concur", [hidden])
        assert page.context["refused"] == [("Not found, or not yours to see.", [f"#{hidden.pk}"])]
        assert states([hidden]) == ["field_review"]
