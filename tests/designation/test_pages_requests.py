"""The list of requests, one request, and acts on one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Goal, StageVisit, StepEvent
from designation import workflow
from designation.models import Request
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:request_list")


def numbers(response) -> list[str]:
    return [item["row"].number for item in response.context["items"]]


def detail(request: Request) -> str:
    return reverse("designation:request_detail", args=[request.number])


def act(request: Request, name: str) -> str:
    return reverse("designation:request_act", args=[request.number, name])


def test_a_coordinator_sees_the_office_with_state_clock_and_time(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(LIST)
    assert numbers(page) == [request.number]
    assert "HSI review" in page.text
    assert "HSI’s clock · " in page.text

    client.force_login(people.other_coordinator)
    assert numbers(client.get(LIST)) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", ["hsi", "dea"]),
        ("state=approved", ["done"]),
        ("turn=DEA", ["dea"]),
        ("turn=HSI", ["hsi"]),
        ("turn=mine", []),
        ("priority=expedited", ["dea"]),
        ("kind=renewal", []),
        ("kind=nonsense&state=open", ["hsi", "dea"]),
        ("text=0000000007", []),
    ],
)
def test_filters_stand_in_the_address(people: People, client, query, found):
    known = {
        factories.request(people, "hsi_review").number: "hsi",
        factories.request(people, "dea_intake", priority="expedited").number: "dea",
        factories.request(people, "approved").number: "done",
    }
    client.force_login(people.coordinator)
    page = client.get(f"{LIST}?{query}")
    assert sorted(known[number] for number in numbers(page)) == sorted(found)


@pytest.mark.parametrize("name", ["state", "turn", "kind", "priority", "clock"])
def test_a_mistyped_filter_filters_nothing_and_says_so(people: People, client, name):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(LIST, {name: "nonsense"})
    assert numbers(page) == [request.number]
    assert "“nonsense” is none of these. It filters nothing." in page.text


@pytest.mark.parametrize("name", ["state", "kind", "priority", "clock", "office", "division"])
def test_a_mistyped_filter_of_the_queue_filters_nothing_and_says_so(people: People, client, name):
    request = factories.request(people, "dea_intake")
    client.force_login(people.dea_hq)
    page = client.get(reverse("admin:designation_request_changelist"), {name: "nonsense"})
    assert request.number in page.text
    assert "“nonsense” is none of these. It filters nothing." in page.text


def test_the_search_finds_by_number_badge_and_name(people: People, client):
    request, _other = factories.requests(people, "hsi_review", count=2)
    client.force_login(people.coordinator)
    last_digits = str(int(request.number.rsplit("-", 1)[1]))
    name = f"{request.agent.last_name}, {request.agent.first_name}"
    for text in (request.number.lower(), last_digits, request.agent.badge_number, name):
        assert request.number in numbers(client.get(LIST, {"text": text})), text
    assert numbers(client.get(LIST, {"text": request.number})) == [request.number]


def test_headquarters_filters_by_office_and_sees_what_waits_for_it(people: People, client):
    theirs = factories.request(people, "hsi_review")
    own_entry = factories.new_request(factories.AgentFactory(office=people.other_coordinator.office))
    office = people.other_coordinator.office
    own = workflow.file_requests([own_entry], actor=people.hsi_hq, office=office).done[0]
    client.force_login(people.hsi_hq)
    assert numbers(client.get(f"{LIST}?office=HSI-DEN")) == [own.number]
    assert numbers(client.get(f"{LIST}?turn=mine")) == [theirs.number]


def test_what_waits_longest_comes_first_and_what_has_ended_last(people: People, client):
    done = factories.request(people, "approved")
    older, newer = factories.request(people, "hsi_review"), factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    assert numbers(client.get(LIST)) == [older.number, newer.number, done.number]
    assert numbers(client.get(f"{LIST}?sort=age")) == [newer.number, older.number, done.number]
    assert numbers(client.get(f"{LIST}?sort=-number")) == [newer.number, older.number, done.number]


def test_late_requests_are_marked_and_can_be_listed_alone(people: People, client):
    day = timedelta(days=1)
    now = timezone.now()
    facts = {"workflow": "request", "stage": "hsi_review", "set_by_name": "x", "why": "x", "business_seconds": 1}
    Goal.objects.create(effective_from=now - day, **facts)
    late = factories.request(people, "hsi_review")
    StageVisit.objects.filter(subject=late.number, left_at=None).update(due_at=now - 14 * day)
    factories.request(people, "draft")
    client.force_login(people.coordinator)
    assert numbers(client.get(f"{LIST}?clock=late")) == [late.number]
    assert "t21-due--late" in client.get(LIST).text
    assert client.get(reverse("home")).context["stats"][-1]["value"] == "1"


@pytest.mark.parametrize("path", ["/requests/%00/", "/requests/T21-2026-999999/", "/agents/99999999999999999999/"])
def test_an_address_of_nothing_is_not_found(people: People, client, path):
    client.force_login(people.coordinator)
    assert client.get(path).status_code == 404


def test_an_empty_list_says_what_to_do(people: People, client):
    client.force_login(people.coordinator)
    assert "No requests yet" in client.get(LIST).text
    assert "No request fits these filters" in client.get(f"{LIST}?state=denied").text


def test_the_list_costs_the_same_queries_for_1_and_for_20_rows(people: People, client, django_assert_num_queries):
    factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    with django_assert_num_queries(11):
        client.get(LIST)
    factories.requests(people, "hsi_review", count=19)
    with django_assert_num_queries(11):
        assert len(numbers(client.get(LIST))) == 20


def test_the_list_is_cut_into_pages_that_keep_the_filter(people: People, client):
    factories.requests(people, "hsi_review", count=51)
    client.force_login(people.coordinator)
    first = client.get(f"{LIST}?state=open")
    page = client.get(f"{LIST}?state=open&after={first.context['page'].next}")
    assert len(numbers(page)) == 1
    assert "?state=open&amp;before=" in page.text


def test_the_detail_shows_history_times_and_the_opinion(people: People, client):
    request = factories.request(people, "field_review")
    workflow.transition_one("nonconcur", request.pk, actor=people.dea_field, reason="Open deconfliction matter.")
    client.force_login(people.coordinator)
    page = client.get(detail(request))
    labels = [entry["label"] for entry in page.context["timeline"]]
    assert labels[:4] == ["Draft made", "Submitted", "Endorsed", "Accepted"]
    assert labels[5:] == ["Now in “DEA decision”"]
    assert [time.label for time in page.context["stage_times"]] == [
        "HSI review",
        "DEA intake",
        "DEA field review",
        "DEA decision",
    ]
    assert set(page.context["party_times"]) == {"HSI", "DEA"}
    assert "Does not concur" in page.text
    assert "Open deconfliction matter." in page.text


def test_the_detail_costs_the_same_queries_for_a_long_history(people: People, client, django_assert_num_queries):
    short, long = factories.requests(people, "hsi_review", count=2)
    for _ in range(5):
        workflow.transition_one("return_to_office", long.pk, actor=people.hsi_hq, reason="Memo is missing.")
        answer = {"answer": "Attached.", "priority": "routine", "justification": "Cases."}
        version = Request.objects.get(pk=long.pk).version
        workflow.resubmit(long.pk, actor=people.coordinator, version=version, **answer)
    client.force_login(people.hsi_hq)
    for request in (short, long):
        with django_assert_num_queries(19):
            client.get(detail(request))


def test_acts_that_are_closed_say_why(people: People, client):
    request = factories.request(people, "draft")
    request.agent.is_active = False
    request.agent.save()
    client.force_login(people.coordinator)
    acts = {item["act"].name: item["act"].why_not for item in client.get(detail(request)).context["acts"]}
    assert acts["withdraw"] == ""
    assert "no longer active" in acts["submit"]
    assert "accept" not in acts


def test_reviewers_of_dea_are_led_to_their_queue_and_act_nowhere_here(people: People, client):
    request = factories.request(people, "dea_intake")
    client.force_login(people.dea_hq)
    page = client.get(detail(request))
    assert page.context["acts"] == []
    assert reverse("admin:designation_request_change", args=[request.pk]) in page.text


def test_an_act_asks_first_and_then_goes_on_record_with_its_reason(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    page = client.get(act(request, "return_to_office"))
    assert "Sends it back" in page.text
    assert Request.objects.get(pk=request.pk).state == "hsi_review"

    response = client.post(act(request, "return_to_office"), {"reason": "Memo is missing.", "version": request.version})
    assert response.url == detail(request)
    assert Request.objects.get(pk=request.pk).state == "returned"
    step = StepEvent.objects.filter(subject=request.number).latest("sequence")
    assert (step.reason, step.actor) == ("Memo is missing.", people.hsi_hq)


def test_an_act_that_needs_a_reason_asks_for_it_again(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.post(act(request, "withdraw"), {"reason": " ", "version": request.version})
    assert page.status_code == 200
    assert "Give a reason" in page.text
    assert Request.objects.get(pk=request.pk).state == "hsi_review"


def test_a_stale_page_is_told_so_and_changes_nothing(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    stale = {"reason": "Agent reassigned.", "version": request.version}
    workflow.transition_one("endorse", request.pk, actor=people.hsi_hq)
    page = client.post(act(request, "withdraw"), stale)
    assert "Nothing was done. Changed since you opened it" in page.text
    assert "DEA intake" in page.text
    assert Request.objects.get(pk=request.pk).state == "dea_intake"
    form = page.context["form"]
    assert form["reason"].value() == "Agent reassigned."
    client.post(act(request, "withdraw"), {name: form[name].value() for name in form.fields})
    assert Request.objects.get(pk=request.pk).state == "withdrawn"


def test_the_history_ends_with_the_stage_that_runs(people: People, client):
    running, draft, ended = (factories.request(people, state) for state in ("field_review", "draft", "denied"))
    due = timezone.now() + timedelta(days=9)
    StageVisit.objects.filter(subject=running.number, left_at=None).update(due_at=due)
    client.force_login(people.coordinator)
    last = client.get(detail(running)).text.rpartition("<h3")[2]
    assert "Now in “DEA field review”" in last
    assert "Since" in last
    assert "0 min on DEA’s clock, due" in last
    assert "clock" not in client.get(detail(draft)).text.rpartition("Now in “Draft”")[2]
    assert "Now in" not in client.get(detail(ended)).text


def test_who_may_not_act_is_told_why_and_led_back(people: People, client):
    entry = factories.new_request(factories.AgentFactory(office=people.coordinator.office))
    office = people.coordinator.office
    [own] = workflow.file_requests([entry], actor=people.hsi_hq, office=office).done
    client.force_login(people.hsi_hq)
    page = client.get(act(own, "endorse"))
    assert page.status_code == 403
    assert "not the person who filed the request" in page.text
    assert f'href="{detail(own)}"' in page.text


def test_what_was_done_already_is_told_kindly(people: People, client):
    request = factories.request(people, "dea_intake")
    client.force_login(people.hsi_hq)
    page = client.post(act(request, "endorse"), {"reason": "", "version": request.version}, follow=True)
    assert "Not possible now: it is in “DEA intake”" in page.text


def test_a_reason_for_what_is_no_longer_possible_is_given_back(people: People, client):
    request = factories.request(people, "denied")
    client.force_login(people.hsi_hq)
    answer = {"reason": "The agent was reassigned.", "version": request.version}
    page = client.post(act(request, "withdraw"), answer, follow=True)
    assert "You had written: The agent was reassigned." in page.text


@pytest.mark.parametrize(
    ("state", "why"), [("approved", "To ask again, file a new one."), ("denied", "may reconsider it once")]
)
def test_a_request_that_has_ended_says_why_nothing_can_be_done(people: People, client, state, why):
    request = factories.request(people, state)
    client.force_login(people.coordinator)
    assert why in client.get(detail(request)).text
    client.force_login(people.auditor)
    assert "What you can do now" not in client.get(detail(request)).text


def test_the_review_says_whose_turn_it_is_where_nothing_can_be_done(people: People, client):
    request = factories.request(people, "returned")
    client.force_login(people.dea_hq)
    page = client.get(reverse("admin:designation_request_change", args=[request.pk]))
    assert "it is HSI’s turn" in page.text
