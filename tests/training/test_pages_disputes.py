"""The pages of disputes: what each side sees and does there, and what it is told when it may not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import StageVisit, StepEvent
from designation import references
from designation.models import Notice, User
from tests.factories import request
from tests.training.factories import Managers, ModuleFactory, dispute, move, section, version
from training.models import Dispute, Position, Proposal
from training.workflow import disputes

pytestmark = pytest.mark.django_db

LIST = reverse("training:dispute_list")
ENDS = {"confirmed": "on"}


@pytest.fixture
def people() -> Managers:
    return Managers()


@pytest.fixture
def opened(people: Managers) -> Dispute:
    """On a section, by DEA's training manager."""
    return dispute(section(version(people)), people.dea_manager)


def act(of: Dispute, name: str) -> str:
    return reverse("training:dispute_act", args=[of.number, name])


def opening(about: str, number: str) -> str:
    return reverse("training:dispute_open", args=[about, number])


def numbers(page: Any) -> list[str]:
    return [found.number for found in page.context["page"]]


def offered(page: Any) -> dict[str, str]:
    """Name of the act -> why not."""
    return {found.name: found.why_not for found in page.context["acts"]}


def say(client: Client, user: User, of: Dispute, name: str, text: str, **more: Any) -> Any:
    """Sends the form of an act as its page has it now."""
    client.force_login(user)
    version = Dispute.objects.get(pk=of.pk).version
    return client.post(act(of, name), {"text": text, "version": version, **more}, follow=True)


def settle(of: Dispute, people: Managers) -> None:
    disputes.propose(of.pk, text="Both agencies train.", actor=people.dea_manager)
    assert disputes.move_disputes("accept", [of.pk], actor=people.hsi_manager).done


def late(of: Dispute) -> None:
    StageVisit.objects.filter(subject=of.number, left_at=None).update(due_at=timezone.now() - timedelta(days=3))


# Opening


def test_a_dispute_is_opened_from_the_page_with_the_position_of_the_own_agency(people: Managers, client):
    of = section(version(people))
    client.force_login(people.hsi_manager)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI instructors too."}
    response = client.post(opening("section", of.number), given)
    opened = Dispute.objects.get()
    assert response.url == opened.get_absolute_url()
    assert (opened.section, opened.opened_by, opened.title) == (of, people.hsi_manager, "Who trains")
    assert Position.objects.get().text == "HSI instructors too."


@pytest.mark.parametrize("missing", ["title", "issue", "position"])
def test_a_dispute_needs_title_issue_and_position_and_keeps_what_was_typed(people: Managers, client, missing):
    of = version(people)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too.", missing: " "}
    client.force_login(people.hsi_manager)
    page = client.post(opening("version", of.number), given)
    assert missing in page.context["form"].errors
    assert all(value in page.text for value in given.values())
    assert not Dispute.objects.exists()


def test_a_text_that_is_too_long_is_kept_whole_and_told_by_how_much(people: Managers, client):
    of = version(people)
    client.force_login(people.hsi_manager)
    long = {"title": "T" * 121, "issue": "I" * 5_002, "position": "HSI too."}
    page = client.post(opening("version", of.number), long)
    assert page.context["form"].errors["title"] == ["Shorten it by 1 character: it may have 120, and has 121."]
    assert page.context["form"].errors["issue"] == ["Shorten it by 2 characters: it may have 5,000, and has 5,002."]
    assert long["issue"] in page.text
    assert "maxlength" not in page.text


def test_a_form_that_is_sent_twice_opens_one_dispute(people: Managers, client):
    of = version(people)
    client.force_login(people.hsi_manager)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too."}
    client.post(opening("version", of.number), given)
    page = client.post(opening("version", of.number), given)
    assert "on the same point is open already" in page.text
    assert "HSI too." in page.text
    assert Dispute.objects.count() == 1


def test_who_was_not_shown_a_dispute_that_was_opened_meanwhile_is_asked_again(people: Managers, client):
    of = section(version(people))
    client.force_login(people.hsi_manager)
    known = client.get(opening("section", of.number)).context["form"]["known"].value()
    other = dispute(of, people.dea_manager, title="Who pays")
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "HSI too."}
    page = client.post(opening("section", of.number), {**given, "known": known})
    assert f"has opened {other.number} meanwhile: Who pays." in page.text
    assert Dispute.objects.count() == 1
    client.post(opening("section", of.number), {**given, "known": page.context["form"]["known"].value()})
    assert Dispute.objects.count() == 2


def test_the_page_to_open_one_names_those_that_are_open_on_the_same(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_manager)
    assert opened.number in client.get(opening("section", opened.section.number)).text


def test_nothing_is_disputed_with_dea_before_dea_has_the_request(people: Managers, client):
    draft = request(people, "hsi_review")
    client.force_login(people.coordinator)
    page = client.get(opening("request", draft.number), follow=True)
    assert "DEA has not received this request yet." in page.text


def test_nothing_is_disputed_in_a_version_that_is_retired(people: Managers, client):
    retired = version(people)
    move(retired, "retire", people.hsi_manager, "Written anew.")
    client.force_login(people.hsi_manager)
    assert "This version is retired." in client.get(opening("version", retired.number), follow=True).text


MAY_OPEN = {
    "coordinator": 200,
    "dea_field": 200,
    "hsi_hq": 200,
    "dea_hq": 200,
    "other_coordinator": 404,
    "other_dea_field": 404,
    "auditor": 403,
    "training_manager": 404,
}


@pytest.mark.parametrize(("who", "status"), MAY_OPEN.items())
def test_those_who_speak_for_a_side_in_the_matter_open_a_dispute_on_a_request(people: Managers, client, who, status):
    of = request(people, "field_review")
    client.force_login(getattr(people, who))
    assert client.get(opening("request", of.number)).status_code == status


@pytest.mark.parametrize("address", ["opinion/JT-1-1", "version/none", "version/%00", "request/T21-2026-999999"])
def test_an_address_of_nothing_is_not_found(people: Managers, client, address):
    client.force_login(people.hsi_hq)
    assert client.get(f"/training/disputes/open/{address}/").status_code == 404


# One dispute


def test_the_page_shows_both_positions_with_those_of_before(people: Managers, client, opened: Dispute):
    disputes.state_position(opened.pk, text="DEA instructors, HSI rooms.", actor=people.dea_manager)
    client.force_login(people.auditor)
    page = client.get(opened.get_absolute_url())
    hsi, dea = page.context["sides"]
    assert (hsi.now, dea.now.text) == (None, "DEA instructors, HSI rooms.")
    assert [position.text for position in dea.before] == ["DEA instructors only."]
    assert "Has not stated its position yet." in page.text
    assert page.context["acts"] == []


def test_the_page_says_what_happens_when_the_due_date_passes(people: Managers, client):
    references.load()
    opened = dispute(section(version(people)), people.dea_manager)
    client.force_login(people.hsi_manager)
    assert "it goes to Headquarters Review Team by itself" in client.get(opened.get_absolute_url()).text
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    assert "There is no higher level" in client.get(opened.get_absolute_url()).text


def test_without_a_goal_the_page_says_that_nothing_happens_by_itself(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_manager)
    assert "only when a side escalates it" in client.get(opened.get_absolute_url()).text


def test_who_proposed_is_told_why_he_may_not_answer_himself(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    client.force_login(people.dea_manager)
    acts = offered(client.get(opened.get_absolute_url()))
    assert "Only the other side accepts" in acts["accept"]
    assert "No outcome waits for an answer of your agency" in acts["reject"]
    client.force_login(people.hsi_manager)
    acts = offered(client.get(opened.get_absolute_url()))
    assert list(acts)[:2] == ["accept", "reject"]
    assert set(acts.values()) == {""}


def test_acts_are_those_of_the_level(people: Managers, client, opened: Dispute):
    client.force_login(people.hsi_hq)
    assert set(offered(client.get(opened.get_absolute_url()))) == {"state_position", "propose", "escalate"}
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    assert set(offered(client.get(opened.get_absolute_url()))) == {"state_position", "propose", "decide"}


def test_the_history_tells_what_was_said_and_done_in_its_order(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    disputes.reject(opened.pk, answer="HSI trains too.", actor=people.hsi_manager)
    disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    client.force_login(people.hsi_manager)
    assert [entry["label"] for entry in client.get(opened.get_absolute_url()).context["timeline"]] == [
        "Opened",
        "DEA stated its position",
        "DEA proposed an outcome",
        "The outcome was rejected",
        "Escalated",
        "Now in “Headquarters Review Team”",
    ]


def test_a_training_manager_sees_of_a_disputed_request_its_number_alone(people: Managers, client):
    opened = dispute(request(people, "field_review"), people.dea_field)
    client.force_login(people.dea_manager)
    text = client.get(opened.get_absolute_url()).text
    assert opened.request.number in text
    assert opened.request.agent.last_name not in text
    client.force_login(people.coordinator)
    assert opened.request.agent.last_name in client.get(opened.get_absolute_url()).text


def test_text_is_shown_as_it_was_typed(people: Managers, client):
    opened = dispute(version(people), people.dea_manager, position="<script>alert(1)</script>\nSecond line")
    client.force_login(people.hsi_manager)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>Second line" in client.get(opened.get_absolute_url()).text


# Acts


def test_the_sides_argue_and_settle_a_dispute_on_its_pages(people: Managers, client, opened: Dispute):
    say(client, people.hsi_manager, opened, "state_position", "HSI instructors too.")
    say(client, people.hsi_manager, opened, "propose", "Both agencies train.")
    say(client, people.dea_manager, opened, "reject", "Not the laboratory part.")
    say(client, people.hsi_manager, opened, "propose", "Both train; DEA the laboratory part.")
    page = say(client, people.dea_manager, opened, "accept", "", **ENDS)
    settled = Dispute.objects.get(pk=opened.pk)
    assert (settled.state, settled.outcome) == ("settled", "Both train; DEA the laboratory part.")
    assert "it is settled." in page.text
    assert "Both sides accepted the outcome" in page.text


def test_leadership_decides_in_its_own_words(people: Managers, client, opened: Dispute):
    say(client, people.hsi_manager, opened, "state_position", "HSI instructors too.")
    for _ in range(2):
        say(client, people.hsi_manager, opened, "escalate", "No progress.")
    say(client, people.dea_hq, opened, "decide", "Both train.", **ENDS)
    settled = Dispute.objects.get(pk=opened.pk)
    assert (settled.state, settled.outcome, settled.settled) == ("settled", "Both train.", "decided")


@pytest.mark.parametrize("name", ["accept", "decide"])
def test_an_act_that_ends_the_dispute_is_confirmed_first(people: Managers, client, opened: Dispute, name):
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    if name == "decide":
        disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
        for _ in range(2):
            disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    page = say(client, people.hsi_hq, opened, name, "As written.")
    assert "Tick this first: the dispute ends." in page.text
    assert Dispute.objects.get(pk=opened.pk).state != "settled"


@pytest.mark.parametrize("name", ["state_position", "propose", "escalate"])
def test_what_goes_on_record_is_not_left_blank(people: Managers, client, opened: Dispute, name):
    before = Dispute.objects.get(pk=opened.pk).version
    page = say(client, people.hsi_manager, opened, name, " \n ")
    assert "text" in page.context["form"].errors
    assert Dispute.objects.get(pk=opened.pk).version == before


def test_a_position_is_restated_from_what_it_is_now(people: Managers, client, opened: Dispute):
    client.force_login(people.dea_manager)
    assert "DEA instructors only." in client.get(act(opened, "state_position")).context["form"]["text"].value()
    client.force_login(people.hsi_manager)
    assert client.get(act(opened, "state_position")).context["form"]["text"].value() == ""


@pytest.mark.parametrize("name", ["state_position", "propose", "escalate"])
def test_a_stale_page_is_told_so_and_keeps_what_was_typed(people: Managers, client, opened: Dispute, name):
    stale = opened.version
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    client.force_login(people.hsi_manager)
    page = client.post(act(opened, name), {"text": "HSI trains.", "version": stale})
    assert "Nothing was done. Changed since you opened it" in page.text
    assert "HSI trains." in page.text
    assert "Outcome that DEA proposes" in page.text
    form = page.context["form"]
    again = client.post(act(opened, name), {field: form[field].value() for field in form.fields})
    assert again.url == opened.get_absolute_url()


def test_an_outcome_that_gave_way_to_another_is_not_accepted_unseen(people: Managers, client, opened: Dispute):
    disputes.propose(opened.pk, text="HSI trains too.", actor=people.dea_manager)
    seen = Dispute.objects.get(pk=opened.pk).version
    disputes.propose(opened.pk, text="DEA alone trains.", actor=people.dea_manager)
    client.force_login(people.hsi_manager)
    page = client.post(act(opened, "accept"), {"text": "", "version": seen, **ENDS})
    assert "Changed since you opened it" in page.text
    assert "DEA alone trains." in page.text
    assert Dispute.objects.get(pk=opened.pk).state == "working_level"


def test_who_comes_too_late_is_told_that_it_is_settled(people: Managers, client, opened: Dispute):
    settle(opened, people)
    page = say(client, people.hsi_manager, opened, "propose", "HSI alone trains.")
    assert "The dispute is settled already." in page.text
    assert "HSI alone trains." in page.text
    assert "Both agencies train." in page.text
    page = say(client, people.hsi_manager, opened, "escalate", "HSI trains.")
    assert "Already decided: settled by" in page.text


def test_who_posts_what_the_page_hides_is_refused(people: Managers, client, opened: Dispute):
    for name in ("state_position", "propose", "reject", "accept", "escalate", "decide"):
        client.force_login(people.auditor)
        page = client.post(act(opened, name), {"text": "x", "version": opened.version, **ENDS})
        assert page.status_code == 403 or "Nothing was done" in page.text
        client.force_login(people.coordinator)
        assert client.post(act(opened, name), {"text": "x", "version": opened.version, **ENDS}).status_code == 404
    assert Dispute.objects.get(pk=opened.pk).version == opened.version
    client.force_login(people.hsi_manager)
    assert client.post(act(opened, "escalate_overdue"), {"text": "x", "version": opened.version}).status_code == 404


def test_the_other_side_is_told_with_the_way_to_the_dispute(people: Managers, client, opened: Dispute):
    people.hsi_manager  # noqa: B018 - made before the proposal
    say(client, people.dea_manager, opened, "propose", "DEA trains.")
    notice = Notice.objects.get(recipient=people.hsi_manager, title__contains="proposes an outcome")
    assert notice.path == opened.get_absolute_url()


# Two at once


def at_once(*acts: Any) -> list[Any]:
    """Runs the acts in threads that start together, each on a connection of its own; their results in order."""
    start = Barrier(len(acts))

    def run(one: Any) -> Any:
        start.wait(timeout=10)
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, one) for one in acts]]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db(transaction=True)
def test_of_two_who_propose_at_once_one_is_told_of_the_other(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    clients = [signed_in(people.hsi_manager), signed_in(people.dea_manager)]
    sent = {"text": "An outcome.", "version": opened.version}
    pages = at_once(*(lambda client=client: client.post(act(opened, "propose"), sent) for client in clients))
    assert sorted(page.status_code for page in pages) == [200, 302]
    told = next(page for page in pages if page.status_code == 200)
    assert "Changed since you opened it" in told.text
    assert Proposal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_acceptance_and_rejection_at_once_one_happens(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    sent = {"text": "As written.", "version": Dispute.objects.get(pk=opened.pk).version, **ENDS}
    clients = [(signed_in(people.hsi_manager), "accept"), (signed_in(people.hsi_hq), "reject")]
    at_once(*(lambda client=client, name=name: client.post(act(opened, name), sent) for client, name in clients))
    proposal, now = Proposal.objects.get(), Dispute.objects.get(pk=opened.pk)
    assert proposal.accepted == (now.state == "settled")
    assert StepEvent.objects.filter(subject=opened.number).count() == (2 if proposal.accepted else 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_keeps_his_text_beside_the_decision_of_the_other(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    now = Dispute.objects.get(pk=opened.pk).version
    texts = {"HSI decides so.": signed_in(people.hsi_hq), "DEA decides otherwise.": signed_in(people.dea_hq)}
    sent = [(client, {"text": text, "version": now, **ENDS}) for text, client in texts.items()]
    pages = at_once(
        *(lambda client=client, given=given: client.post(act(opened, "decide"), given) for client, given in sent)
    )
    told = next(page for page in pages if page.status_code == 200)
    assert all(text in told.text for text in texts)
    assert Dispute.objects.get(pk=opened.pk).outcome in texts


@pytest.mark.django_db(transaction=True)
def test_two_who_open_a_dispute_on_the_same_point_at_once_open_one(people: Managers):
    of = version(people)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "Ours."}
    clients = [signed_in(people.hsi_manager), signed_in(people.dea_manager)]
    pages = at_once(*(lambda client=client: client.post(opening("version", of.number), given) for client in clients))
    assert sorted(page.status_code for page in pages) == [200, 302]
    assert Dispute.objects.count() == 1


# The list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["on section", "on version", "on request", "settled"]),
        ("level=open", ["on section", "on version", "on request"]),
        ("level=headquarters_review", ["on version"]),
        ("level=settled", ["settled"]),
        ("about=section", ["on section", "settled"]),
        ("about=request", ["on request"]),
        ("module=JT-X", ["on section"]),
        ("turn=mine", ["settled"]),
        ("turn=HSI", ["on section", "on version", "on request"]),
        ("turn=DEA", []),
        ("clock=late", ["on section"]),
        ("text=length", ["on version"]),
    ],
)
def test_filters_stand_in_the_address(people: Managers, client, query, found):
    dea = people.dea_manager
    known = {
        "on section": dispute(section(version(people, module=ModuleFactory(code="JT-X"))), dea),
        "on version": dispute(version(people), dea, title="Length of the course"),
        "on request": dispute(request(people, "field_review"), people.dea_field),
        "settled": dispute(section(version(people)), people.hsi_manager),
    }
    late(known["on section"])
    disputes.move_disputes("escalate", [known["on version"].pk], actor=dea, reason="No progress.")
    disputes.propose(known["settled"].pk, text="Both.", actor=dea)
    disputes.move_disputes("accept", [known["settled"].pk], actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    page = client.get(f"{LIST}?{query}")
    assert sorted(numbers(page)) == sorted(known[name].number for name in found)


def test_a_dispute_waits_for_the_agency_that_has_an_outcome_to_answer(people: Managers, client, opened: Dispute):
    disputes.state_position(opened.pk, text="HSI too.", actor=people.hsi_manager)
    client.force_login(people.hsi_manager)
    assert numbers(client.get(f"{LIST}?turn=DEA")) == []
    disputes.propose(opened.pk, text="Both.", actor=people.hsi_manager)
    assert numbers(client.get(f"{LIST}?turn=DEA")) == [opened.number]
    assert numbers(client.get(f"{LIST}?turn=HSI")) == []


@pytest.mark.parametrize("name", ["level", "about", "module", "turn", "clock"])
def test_a_mistyped_filter_filters_nothing_and_says_so(people: Managers, client, opened: Dispute, name):
    client.force_login(people.hsi_manager)
    page = client.get(LIST, {name: "nonsense"})
    assert numbers(page) == [opened.number]
    assert "“nonsense” is none of these. It filters nothing." in page.text


def test_each_sees_the_disputes_of_his_reach(people: Managers, client, opened: Dispute):
    on_request = dispute(request(people, "field_review"), people.dea_field)
    seen = {}
    for who in ("coordinator", "dea_field", "other_coordinator", "other_dea_field", "hsi_manager", "auditor"):
        client.force_login(getattr(people, who))
        seen[who] = sorted(numbers(client.get(LIST)))
    own, both = [on_request.number], sorted([opened.number, on_request.number])
    assert seen == {
        "coordinator": own,
        "dea_field": own,
        "other_coordinator": [],
        "other_dea_field": [],
        "hsi_manager": both,
        "auditor": both,
    }


def test_the_oldest_open_dispute_comes_first_and_what_is_settled_last(people: Managers, client):
    first, second, third = (dispute(version(people), people.dea_manager) for _ in range(3))
    settle(first, people)
    client.force_login(people.hsi_manager)
    assert numbers(client.get(LIST)) == [second.number, third.number, first.number]
    assert numbers(client.get(f"{LIST}?sort=age")) == [third.number, second.number, first.number]
    assert numbers(client.get(f"{LIST}?sort=-number")) == [third.number, second.number, first.number]


def test_the_list_says_how_many_are_open_and_late_at_each_level(people: Managers, client):
    first, second = (dispute(version(people), people.dea_manager) for _ in range(2))
    disputes.move_disputes("escalate", [second.pk], actor=people.hsi_manager, reason="No progress.")
    late(first)
    client.force_login(people.hsi_manager)
    standings = client.get(LIST).context["standings"]
    assert [(found.level, found.open, found.late) for found in standings] == [
        ("working_level", 1, 1),
        ("headquarters_review", 1, 0),
        (None, 2, 1),
    ]


def test_an_empty_list_says_where_disputes_are_opened(people: Managers, client):
    client.force_login(people.hsi_manager)
    assert "A dispute is opened on the page" in client.get(LIST).text
    assert "No dispute fits these filters" in client.get(f"{LIST}?level=settled").text


def test_the_list_costs_the_same_queries_for_1_and_for_20_rows(people: Managers, client, django_assert_num_queries):
    of = version(people)
    dispute(of, people.dea_manager)
    client.force_login(people.hsi_manager)
    client.get(LIST)
    with django_assert_num_queries(10):
        client.get(LIST)
    for number in range(19):
        dispute(of, people.dea_manager, title=f"Point {number}")
    with django_assert_num_queries(10):
        assert len(numbers(client.get(LIST))) == 20


def test_one_dispute_costs_the_same_queries_however_much_was_said(
    people: Managers, client, django_assert_num_queries, opened: Dispute
):
    client.force_login(people.hsi_manager)
    with django_assert_num_queries(11):
        client.get(opened.get_absolute_url())
    for number in range(5):
        disputes.state_position(opened.pk, text=f"Position {number}", actor=people.dea_manager)
        disputes.propose(opened.pk, text=f"Outcome {number}", actor=people.dea_manager)
    with django_assert_num_queries(11):
        client.get(opened.get_absolute_url())


# On the page of a request


def test_the_page_of_a_request_shows_its_disputes_and_the_way_to_open_one(people: Managers, client):
    of = request(people, "field_review")
    page = reverse("designation:request_detail", args=[of.number])
    client.force_login(people.coordinator)
    assert opening("request", of.number) in client.get(page).text
    opened = dispute(of, people.dea_field, title="Which division")
    text = client.get(page).text
    assert opened.number in text
    assert "Which division" in text


def test_the_admin_shows_the_same_to_the_reviewer(people: Managers, client):
    of = request(people, "field_review")
    opened = dispute(of, people.coordinator, title="Which division")
    client.force_login(people.dea_field)
    text = client.get(reverse("admin:designation_request_change", args=[of.pk])).text
    assert opened.get_absolute_url() in text
    assert opening("request", of.number) in text


def test_an_auditor_is_shown_no_way_to_open_one(people: Managers, client):
    of = request(people, "field_review")
    client.force_login(people.auditor)
    text = client.get(reverse("designation:request_detail", args=[of.number])).text
    assert "Disputes between the agencies" not in text
