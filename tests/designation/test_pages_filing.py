"""Filing one request by form: its agent, its draft, the check, and its submission."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import StepEvent
from designation import workflow
from designation.models import Agent, Request
from tests import factories
from tests.designation.filing_forms import CONTENT, CREATE, DETAILS, NEW_AGENT, check, submit
from tests.designation.sample_files import PDF
from tests.factories import People

pytestmark = pytest.mark.django_db


def test_step_one_finds_the_offices_active_agents(people: People, client):
    office = people.coordinator.office
    factories.AgentFactory(office=office, last_name="Quimby", badge_number="77001")
    factories.AgentFactory(office=office, last_name="Quist", badge_number="77002", is_active=False)
    factories.AgentFactory(office=people.other_coordinator.office, last_name="Quill", badge_number="77003")
    client.force_login(people.coordinator)
    for text in ("qui", "7700"):
        assert [agent.last_name for agent in client.get(CREATE, {"text": text}).context["page"]] == ["Quimby"]


def test_step_one_points_to_the_open_request_of_an_agent(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(CREATE)
    assert reverse("designation:request_detail", args=[request.number]) in page.text
    assert f"{DETAILS}?agent={request.agent_id}" not in page.text


def test_an_open_request_of_another_office_is_told_and_not_linked(people: People, client):
    agent = factories.request(people, "approved").agent
    entry = factories.new_request(agent, kind="transfer")
    office = people.other_coordinator.office
    [transfer] = workflow.file_requests([entry], actor=people.other_coordinator, office=office).done
    client.force_login(people.coordinator)
    page = client.get(CREATE)
    assert "Of another office" in page.text
    assert transfer.number not in page.text


def test_an_agent_who_moves_here_is_filed_for_by_badge_number_as_a_transfer(people: People, client):
    agent = factories.request(people, "approved").agent
    who = {"badge_number": agent.badge_number, "first_name": agent.first_name, "last_name": agent.last_name}
    client.force_login(people.other_coordinator)
    client.post(DETAILS, {**CONTENT, **who})
    request = Request.objects.get(agent=agent, state="draft")
    assert (request.kind, request.office) == ("transfer", people.other_coordinator.office)
    submit(client, request)
    assert Request.objects.get(pk=request.pk).state == "hsi_review"


def test_step_one_costs_the_same_queries_for_1_and_for_20_agents(people: People, client, django_assert_num_queries):
    factories.AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    with django_assert_num_queries(7):
        client.get(CREATE)
    factories.AgentFactory.create_batch(19, office=people.coordinator.office)
    with django_assert_num_queries(7):
        client.get(CREATE)


def test_a_request_for_an_agent_on_record_goes_from_draft_to_submitted(people: People, client):
    agent = factories.AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    response = client.post(f"{DETAILS}?agent={agent.pk}", CONTENT)
    request = Request.objects.get(agent=agent)
    assert response.url == check(request)
    assert (request.state, request.kind) == ("draft", "initial")

    page = submit(client, request)
    assert page.redirect_chain == [(reverse("designation:request_submitted", args=[request.number]), 302)]
    assert request.number in page.text
    assert "HSI headquarters checks the request" in page.text
    assert Request.objects.get(pk=request.pk).state == "hsi_review"


def test_a_new_agent_is_added_with_the_request(people: People, client):
    client.force_login(people.coordinator)
    client.post(DETAILS, {**CONTENT, **NEW_AGENT})
    agent = Agent.objects.get(badge_number="00991")
    assert (agent.office, agent.full_name) == (people.coordinator.office, "Lee Stone")
    assert Request.objects.get(agent=agent).filed_by == people.coordinator


def test_a_known_badge_number_under_another_name_is_an_error_that_makes_nothing(people: People, client):
    factories.AgentFactory(office=people.coordinator.office, badge_number="00991", first_name="Ana", last_name="Rivera")
    client.force_login(people.coordinator)
    page = client.post(DETAILS, {**CONTENT, **NEW_AGENT})
    assert "on record under another name" in page.text
    assert not Request.objects.exists()


def test_an_email_of_another_agent_is_an_error_at_its_field(people: People, client):
    factories.AgentFactory(office=people.coordinator.office, email="lee@example.gov")
    client.force_login(people.coordinator)
    page = client.post(DETAILS, {**CONTENT, **NEW_AGENT})
    assert "email" in page.context["form"].errors
    assert not Agent.objects.filter(badge_number="00991").exists()


@pytest.mark.parametrize("badge_number", ["", "00 991", "=1+1", "-1"])
def test_a_badge_number_that_is_none_is_refused(people: People, client, badge_number):
    client.force_login(people.coordinator)
    page = client.post(DETAILS, {**CONTENT, **NEW_AGENT, "badge_number": badge_number})
    assert "badge_number" in page.context["form"].errors
    assert not Agent.objects.exists()


def test_the_same_form_sent_twice_makes_one_request_and_leads_to_it_both_times(people: People, client):
    client.force_login(people.coordinator)
    urls = {client.post(DETAILS, {**CONTENT, **NEW_AGENT}).url for _ in range(2)}
    assert urls == {check(Request.objects.get())}


def test_another_request_for_the_agent_is_refused_and_links_the_open_one(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.post(f"{DETAILS}?agent={request.agent_id}", CONTENT)
    assert page.status_code == 200
    assert page.context["existing"] == request
    assert reverse("designation:request_detail", args=[request.number]) in page.text
    assert Request.objects.count() == 1


def test_choosing_an_agent_with_an_open_request_says_so_at_once(people: People, client):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(f"{DETAILS}?agent={request.agent_id}")
    assert "has an open request" in page.text
    assert reverse("designation:request_detail", args=[request.number]) in page.text
    assert "<textarea" not in page.text


def test_choosing_an_agent_whose_open_request_is_another_offices_says_so_and_links_nothing(people: People, client):
    agent = factories.request(people, "approved").agent
    entry = factories.new_request(agent, kind="transfer")
    office = people.other_coordinator.office
    [transfer] = workflow.file_requests([entry], actor=people.other_coordinator, office=office).done
    client.force_login(people.coordinator)
    page = client.get(f"{DETAILS}?agent={agent.pk}")
    assert "This one is of another office" in page.text
    assert transfer.number not in page.text


@pytest.mark.parametrize("kind", ["renewal", "transfer"])
def test_a_kind_that_cannot_be_is_refused_before_a_draft_is_made(people: People, client, kind):
    agent = factories.AgentFactory(office=people.coordinator.office)
    client.force_login(people.coordinator)
    for url, who in ((f"{DETAILS}?agent={agent.pk}", {}), (DETAILS, NEW_AGENT)):
        assert "kind" in client.post(url, {**CONTENT, **who, "kind": kind}).context["form"].errors
    assert not Request.objects.exists()


def test_a_draft_is_not_changed_to_a_kind_that_cannot_be(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    changed = {**CONTENT, "kind": "renewal", "version": request.version}
    page = client.post(reverse("designation:request_edit", args=[request.number]), changed)
    assert "never designated" in page.context["form"].errors["kind"][0]


def test_what_is_checked_before_submitting_includes_the_email(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    assert request.agent.email in client.get(check(request)).text


def test_submitting_twice_submits_once_and_says_so(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    submit(client, request)
    page = submit(client, request)
    assert "has been submitted already" in page.text
    assert StepEvent.objects.filter(subject=request.number, transition="submit").count() == 1


def test_what_hinders_a_submission_is_said_before_and_not_submitted(people: People, client):
    request = factories.request(people, "draft", kind="renewal")
    client.force_login(people.coordinator)
    assert "was never designated" in client.get(check(request)).text
    page = submit(client, request)
    assert "Nothing was done. The agent was never designated" in page.text
    assert Request.objects.get(pk=request.pk).state == "draft"


def test_a_draft_is_changed_and_a_stale_change_is_refused(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    url = reverse("designation:request_edit", args=[request.number])
    changed = {"kind": "initial", "priority": "expedited", "justification": "Trial in May.", "version": request.version}
    assert client.post(url, changed).url == check(request)
    assert Request.objects.get(pk=request.pk).priority == "expedited"

    page = client.post(url, {**changed, "priority": "routine", "justification": "Trial in June."})
    assert "Nothing was done. Changed since you opened it" in page.text
    assert "Trial in May." in page.text
    assert Request.objects.get(pk=request.pk).priority == "expedited"

    form = page.context["form"]
    client.post(url, {name: form[name].value() for name in form.fields})
    assert Request.objects.get(pk=request.pk).justification == "Trial in June."


def test_the_page_of_a_draft_says_how_to_file_for_another_agent(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    page = client.get(reverse("designation:request_edit", args=[request.number]))
    assert reverse("designation:request_act", args=[request.number, "withdraw"]) in page.text


def test_a_field_left_blank_says_what_to_enter(people: People, client):
    client.force_login(people.hsi_hq)
    errors = client.post(DETAILS, {"kind": ""}).context["form"].errors
    assert {name: list(told) for name, told in errors.items()} == {
        "office": ["Choose the HSI office."],
        "badge_number": ["Enter the badge number."],
        "first_name": ["Enter the first name."],
        "last_name": ["Enter the last name."],
        "priority": ["Choose the priority."],
        "justification": ["Enter the justification."],
    }


def test_headquarters_files_for_the_office_that_it_chooses(people: People, client):
    client.force_login(people.hsi_hq)
    assert "office" in client.post(DETAILS, {**CONTENT, **NEW_AGENT}).context["form"].errors
    client.post(DETAILS, {**CONTENT, **NEW_AGENT, "office": "HSI-DEN"})
    assert Request.objects.get().office.code == "HSI-DEN"


def test_a_coordinator_cannot_file_for_another_office(people: People, client):
    client.force_login(people.coordinator)
    client.post(DETAILS, {**CONTENT, **NEW_AGENT, "office": "HSI-DEN"})
    assert Request.objects.get().office == people.coordinator.office


def test_each_answer_is_changed_from_the_check_and_leads_back_to_it(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    changes = {row["label"]: row.get("change_url") for row in client.get(check(request)).context["answers"]}
    assert [label for label, url in changes.items() if not url] == ["HSI office"]
    assert all(client.get(url).status_code == 200 for url in changes.values() if url)
    agent = request.agent
    facts = {name: getattr(agent, name) for name in ("badge_number", "first_name", "last_name", "version")}
    saved = client.post(changes["E-mail"], {**facts, "email": "lee@example.gov"})
    assert saved.url == check(request)


def test_files_of_a_draft_stand_in_the_check(people: People, client):
    request = factories.request(people, "draft")
    client.force_login(people.coordinator)
    sent = {"attached": [SimpleUploadedFile("memo.pdf", PDF)]}
    response = client.post(reverse("designation:request_comment", args=[request.number]), sent)
    assert response.url == check(request)
    assert "memo.pdf" in client.get(check(request)).text
