"""The admin pages on which DEA reviews, as one request after another without a browser."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import StageVisit, StepEvent
from designation import workflow
from designation.models import Designation, Request, Role
from designation.models.requests import State
from designation.selectors import waiting_for
from tests import factories

QUEUE = reverse("admin:designation_request_changelist")


def page(request):
    return reverse("admin:designation_request_change", args=[request.pk])


def act(request, name):
    return reverse("admin:designation_request_act", args=[request.pk, name])


def numbers(response):
    return [row.number for row in response.context["cl"].result_list]


def state_of(request):
    return Request.objects.get(pk=request.pk).state


@pytest.fixture
def as_user(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


class TestQueue:
    def test_shows_a_field_reviewer_his_divisions_turn_oldest_first(self, people, as_user):
        first = factories.request(people, "field_review")
        second = factories.request(people, "dea_intake")
        factories.request(people, "dea_decision")
        assert numbers(as_user(people.dea_field).get(QUEUE)) == [first.number, second.number]
        assert numbers(as_user(people.other_dea_field).get(QUEUE)) == []

    def test_shows_headquarters_what_it_takes_in_and_decides(self, people, as_user):
        decision = factories.request(people, "dea_decision")
        intake = factories.request(people, "dea_intake")
        factories.request(people, "field_review")
        assert numbers(as_user(people.dea_hq).get(QUEUE)) == [decision.number, intake.number]

    def test_all_shows_whatever_the_reviewer_may_see_and_nothing_more(self, people, as_user):
        decided = factories.request(people, "approved")
        factories.request(people, "hsi_review")
        for user, seen in [(people.dea_hq, [decided.number]), (people.dea_field, [decided.number])]:
            assert numbers(as_user(user).get(QUEUE, {"queue": "all"})) == seen
        assert numbers(as_user(people.other_dea_field).get(QUEUE, {"queue": "all"})) == []

    def test_shows_an_auditor_everything(self, people, as_user):
        factories.request(people, "hsi_review")
        factories.request(people, "denied")
        assert len(numbers(as_user(people.auditor).get(QUEUE))) == 2

    @pytest.mark.parametrize("who", ["dea_field", "dea_hq"])
    @pytest.mark.parametrize("state", factories.PATHS)
    def test_holds_exactly_what_the_reviewer_can_move_on(self, people, who, state):
        user = getattr(people, who)
        request = factories.request(people, state)
        can = {offered.name for offered in workflow.acts(request, user) if not offered.why_not}
        waits = Request.objects.filter(waiting_for(user), pk=request.pk).exists()
        assert waits == bool(can - {"reconsider"})

    @pytest.mark.parametrize("field", ["number", "badge", "name"])
    def test_finds_by_number_badge_or_name(self, people, as_user, field):
        wanted, _other = factories.requests(people, "dea_decision", count=2)
        agent = wanted.agent
        agent.last_name = "Quenneville"
        agent.save()
        words = {"number": wanted.number[-6:], "badge": agent.badge_number, "name": "quenne"}
        assert numbers(as_user(people.dea_hq).get(QUEUE, {"q": words[field]})) == [wanted.number]

    @pytest.mark.parametrize(
        ("name", "value", "count"),
        [
            ("state", "dea_intake", 1),
            ("state", "", 2),
            ("kind", "renewal", 0),
            ("priority", "expedited", 1),
            ("clock", "late", 0),
            ("office", "HSI-MIA", 2),
            ("office", "HSI-DEN", 0),
            ("division", "DEA-MIA", 2),
            ("division", "DEA-DEN", 0),
        ],
    )
    def test_filters(self, people, as_user, name, value, count):
        factories.request(people, "dea_intake", priority="expedited")
        factories.request(people, "dea_decision")
        assert len(numbers(as_user(people.dea_hq).get(QUEUE, {name: value}))) == count

    def test_takes_as_many_queries_for_twenty_rows_as_for_one(self, people, as_user, django_assert_max_num_queries):
        client = as_user(people.dea_hq)
        factories.request(people, "dea_decision")
        client.get(QUEUE)
        with django_assert_max_num_queries(12) as one:
            client.get(QUEUE)
        factories.requests(people, "dea_decision", count=19)
        with django_assert_max_num_queries(12) as twenty:
            assert len(numbers(client.get(QUEUE))) == 20
        assert len(one) == len(twenty)

    def test_marks_what_is_past_its_due_time(self, people, as_user):
        late, on_time = factories.requests(people, "dea_decision", count=2)
        for request, days in [(late, -1), (on_time, 1)]:
            visit = StageVisit.objects.open().filter(subject=request.number)
            visit.update(due_at=timezone.now() + timedelta(days=days))
        client = as_user(people.dea_hq)
        assert client.get(QUEUE).content.decode().count("t21-due--late") == 1
        assert ["was due" in client.get(page(request)).text for request in (late, on_time)] == [True, False]

    def test_is_where_a_reviewer_lands(self, people, as_user):
        assert as_user(people.dea_field).get(reverse("admin:index")).url == QUEUE
        assert as_user(people.auditor).get(reverse("admin:index")).status_code == 200


class TestRequestPage:
    def test_shows_what_a_decision_needs(self, people, as_user):
        request = factories.request(people, "field_review")
        workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="Open deconfliction matter.")
        shown = as_user(people.dea_hq).get(page(request)).content.decode()
        for text in (
            request.agent.full_name,
            request.agent.badge_number,
            request.justification,
            request.agreement.title,
            "does not concur",
            "Open deconfliction matter.",
            "Timeline",
        ):
            assert text in shown

    def test_keeps_superseded_opinions_in_sight(self, people, as_user):
        request = factories.request(people, "field_review")
        workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="First view.")
        workflow.transition("refer_back", [request.pk], actor=people.dea_hq, reason="Look again.")
        workflow.transition("concur", [request.pk], actor=people.dea_field)
        response = as_user(people.dea_hq).get(page(request))
        assert response.context["opinion"].concurs
        assert [opinion.reason for opinion in response.context["superseded"]] == ["First view."]

    def test_says_why_an_act_is_closed(self, people, as_user):
        request = factories.request(people, "field_review")
        response = as_user(people.dea_hq).get(page(request))
        assert response.context["open_acts"] == []
        assert "Only a field reviewer of the division" in response.content.decode()

    def test_offers_an_auditor_no_act(self, people, as_user):
        response = as_user(people.auditor).get(page(factories.request(people, "dea_decision")))
        assert response.context["open_acts"] == []

    def test_takes_no_edit(self, people, as_user):
        request = factories.request(people, "dea_decision")
        response = as_user(people.dea_hq).post(page(request), {"state": "approved", "justification": "Edited."})
        assert response.status_code == 405
        assert state_of(request) == "dea_decision"

    @pytest.mark.parametrize("address", ["add/", "{pk}/delete/", "{pk}/history/"])
    def test_there_is_no_address_to_add_or_delete_by(self, people, as_user, address):
        request = factories.request(people, "dea_decision")
        for method in ("get", "post"):
            response = getattr(as_user(people.dea_hq), method)(QUEUE + address.format(pk=request.pk))
            assert response.status_code == 404
        assert Request.objects.filter(pk=request.pk).exists()


class TestAct:
    @pytest.mark.parametrize(
        ("state", "who", "name", "reason", "after"),
        [
            ("dea_intake", "dea_hq", "accept", "", "field_review"),
            ("dea_intake", "dea_field", "accept", "", "field_review"),
            ("dea_intake", "dea_field", "return_to_office", "Memo missing.", "returned"),
            ("field_review", "dea_field", "concur", "", "dea_decision"),
            ("field_review", "dea_field", "nonconcur", "Open matter.", "dea_decision"),
            ("dea_decision", "dea_hq", "approve", "", "approved"),
            ("dea_decision", "dea_hq", "deny", "Not needed.", "denied"),
            ("dea_decision", "dea_hq", "refer_back", "Ask again.", "field_review"),
            ("dea_decision", "dea_hq", "return_to_office", "Memo missing.", "returned"),
            ("denied", "dea_hq", "reconsider", "New facts.", "dea_decision"),
        ],
    )
    def test_is_done_and_recorded(self, people, as_user, state, who, name, reason, after):
        request = factories.request(people, state)
        client = as_user(getattr(people, who))
        shown = client.get(act(request, name))
        assert shown.status_code == 200
        assert shown.context["refusal"] is None
        posted = client.post(act(request, name), {"version": request.version, "reason": reason})
        assert posted.url == QUEUE
        assert state_of(request) == after
        step = StepEvent.objects.filter(subject=request.number).latest("sequence")
        assert (step.transition, step.actor, step.reason) == (name, getattr(people, who), reason)

    def test_shows_the_term_and_what_an_approval_replaces(self, people, as_user):
        first = factories.request(people, "approved")
        entry = factories.new_request(first.agent)
        office = people.coordinator.office
        second = workflow.file_requests([entry], actor=people.coordinator, office=office).done[0]
        for name, who, _ in factories.PATHS["dea_decision"][1:]:
            workflow.transition(name, [second.pk], actor=getattr(people, who))
        response = as_user(people.dea_hq).get(act(second, "approve"))
        assert [designation.number for designation in response.context["replaced"]] == [first.designation.number]
        assert response.context["last_day"] == workflow.term_end(response.context["first_day"])

    def test_leads_to_the_next_in_the_queue(self, people, as_user):
        first, second = factories.requests(people, "dea_decision", count=2)
        client = as_user(people.dea_hq)
        told = client.post(act(first, "approve"), {"version": first.version, "reason": ""}, follow=True)
        assert f"{second.number}</a>" in str(next(iter(told.context["messages"])))
        last = factories.request(people, "dea_decision")
        response = client.post(act(second, "approve"), {"version": second.version, "reason": "", "_next": "1"})
        assert response.url == page(last)

    def test_goes_back_to_the_list_as_it_was_filtered(self, people, as_user):
        wanted, unwanted = (
            factories.request(people, "dea_decision", priority=priority) for priority in ("expedited", "routine")
        )
        kept = "?_changelist_filters=priority%3Dexpedited"
        response = as_user(people.dea_hq).post(
            act(wanted, "approve") + kept, {"version": wanted.version, "reason": ""}, follow=True
        )
        assert response.redirect_chain[0][0] == f"{QUEUE}?priority=expedited"
        assert unwanted.number not in str(next(iter(response.context["messages"])))

    def test_a_reason_is_asked_for_where_it_is_required(self, people, as_user):
        request = factories.request(people, "dea_decision")
        for blank in (" ", "\u200b\u200b"):
            response = as_user(people.dea_hq).post(act(request, "deny"), {"version": request.version, "reason": blank})
            assert response.context["form"].errors["reason"] == ["Give a reason: it goes on record."]
        assert state_of(request) == "dea_decision"


class TestForgedPost:
    """What the pages hide, posted all the same."""

    @pytest.mark.parametrize(
        ("state", "who", "name", "status"),
        [
            ("dea_decision", "dea_field", "approve", 403),
            ("dea_decision", "auditor", "approve", 403),
            ("field_review", "dea_hq", "concur", 403),
            ("field_review", "other_dea_field", "concur", 404),
            ("dea_intake", "other_dea_field", "accept", 404),
            ("hsi_review", "dea_hq", "return_to_office", 404),
            ("dea_decision", "operator", "approve", 403),
            ("dea_decision", "training_manager", "approve", 403),
            ("dea_decision", "coordinator", "approve", 403),
            ("dea_decision", "hsi_hq", "approve", 403),
            ("dea_decision", "dea_hq", "withdraw", 404),
            ("dea_decision", "dea_hq", "delete", 404),
            ("dea_decision", "dea_hq", "__class__", 404),
            ("approved", "dea_hq", "approve", 409),
            ("field_review", "dea_hq", "approve", 409),
        ],
    )
    def test_is_refused_and_changes_nothing(self, people, as_user, state, who, name, status):
        request = factories.request(people, state)
        steps = StepEvent.objects.count()
        response = as_user(getattr(people, who)).post(
            act(request, name), {"version": request.version, "reason": "Forged."}, follow=True
        )
        assert response.status_code == status
        assert state_of(request) == state
        assert StepEvent.objects.count() == steps

    def test_nobody_decides_what_he_filed(self, people, as_user):
        request = factories.request(people, "dea_decision")
        filer = people.coordinator
        filer.roles, filer.office = [Role.DEA_HQ], people.dea_hq.office
        filer.save()
        response = as_user(filer).post(act(request, "approve"), {"version": request.version, "reason": ""})
        assert response.status_code == 403
        assert state_of(request) == "dea_decision"

    def test_opening_the_page_of_an_act_does_nothing(self, people, as_user):
        request = factories.request(people, "dea_decision")
        as_user(people.dea_hq).get(act(request, "approve"), {"version": request.version, "reason": "Yes."})
        assert state_of(request) == "dea_decision"

    @pytest.mark.parametrize("version", [None, "", "latest", "1e3"])
    def test_a_form_without_its_version_is_refused(self, people, as_user, version):
        request = factories.request(people, "dea_decision")
        data = {"reason": "", **({} if version is None else {"version": version})}
        response = as_user(people.dea_hq).post(act(request, "approve"), data)
        assert "The form was sent incomplete" in response.content.decode()
        assert state_of(request) == "dea_decision"

    def test_without_the_token_is_refused(self, people):
        request = factories.request(people, "dea_decision")
        client = Client(enforce_csrf_checks=True)
        client.force_login(people.dea_hq)
        assert client.post(act(request, "approve"), {"version": request.version}).status_code == 403
        assert state_of(request) == "dea_decision"

    def test_who_is_not_signed_in_is_sent_to_sign_in(self, people, client):
        request = factories.request(people, "dea_decision")
        response = client.post(act(request, "approve"), {"version": request.version})
        assert response.url.startswith(reverse("login"))
        assert state_of(request) == "dea_decision"


class TestStalePage:
    def test_says_who_decided_and_when(self, people, as_user):
        request = factories.request(people, "dea_decision")
        first = factories.user("dea_hq", "DEA-HQ", username="mwalker", first_name="Mary", last_name="Walker")
        told = "Already decided: approved by Mary Walker (mwalker) on "
        workflow.transition("approve", [request.pk], actor=first)
        client = as_user(people.dea_hq)
        response = client.post(act(request, "deny"), {"version": request.version, "reason": "No."})
        assert response.status_code == 409
        assert told in response.content.decode()
        assert state_of(request) == "approved"
        assert Designation.objects.filter(request=request, state="active").exists()
        assert told in client.get(act(request, "deny")).content.decode()

    def test_in_the_same_state_again_is_still_stale(self, people, as_user):
        request = factories.request(people, "dea_decision")
        workflow.transition("refer_back", [request.pk], actor=people.dea_hq, reason="Look again.")
        workflow.transition("nonconcur", [request.pk], actor=people.dea_field, reason="On reflection.")
        client = as_user(people.dea_hq)
        data = {"version": request.version, "reason": ""}
        for response in (client.get(act(request, "approve"), data), client.post(act(request, "approve"), data)):
            assert "Changed since you opened it; its last step was by " in response.content.decode()
        assert state_of(request) == State.DEA_DECISION
