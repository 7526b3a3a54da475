"""Requirements and waivers on pages: set and ended by those who may, with reasons, and never edited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.machine import Refused
from tests.factories import AgentFactory
from tests.training.factories import ModuleFactory
from tests.training.records import days_ago, published, required, waived
from training.models import Requirement, Waiver
from training.workflow.requirements import end_requirement, end_waiver

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def entered(module: Any, **values: Any) -> dict[str, Any]:
    given = {
        "module": module.pk,
        "audience": ["initial", "renewal"],
        "blocks": "approval",
        "valid_months": "12",
        "effective_from": TODAY().isoformat(),
        "why": "The joint letter asks for it.",
    }
    return {**given, **values}


def errors(response: Any) -> str:
    return " ".join(str(error) for found in response.context["form"].errors.values() for error in found)


@pytest.mark.parametrize("who", ["hsi_manager", "dea_manager", "hsi_hq", "dea_hq"])
def test_a_requirement_is_set_and_ended_with_its_reasons(people, client, who):
    user = getattr(people, who)
    client.force_login(user)
    module = published(people)
    assert client.post(reverse("training:requirement_set"), entered(module)).status_code == 302
    row = Requirement.objects.get()
    assert (row.module, row.audience, row.blocks, row.valid_months) == (module, ["initial", "renewal"], "approval", 12)
    assert row.set_by_name == user.recorded_name
    tomorrow = TODAY() + timedelta(days=1)
    ended = {"why": "Another takes its place.", "until": tomorrow.isoformat()}
    assert client.post(reverse("training:requirement_end", args=[row.pk]), ended).status_code == 302
    row.refresh_from_db()
    assert (row.effective_until, row.ended_why, row.ended_by_name) == (tomorrow, ended["why"], user.recorded_name)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"audience": []}, "Choose of whom it is required."),
        ({"why": " "}, "Give a reason"),
        ({"why": "\u200b"}, "Give a reason"),
        ({"effective_from": "2020-01-01"}, "begins today or later"),
        ({"valid_months": "0"}, "Enter at least 1 month"),
        ({"valid_months": "-3"}, "Enter at least 1 month"),
        ({"blocks": ""}, "Choose what it blocks."),
        ({"audience": ["coordinators"]}, "Coordinators do not approve"),
        ({"audience": ["dea_reviewers"], "blocks": "submission"}, "DEA reviewers do not submit"),
    ],
)
def test_what_is_wrong_with_a_requirement_is_said_in_its_place(people, client, wrong, told):
    client.force_login(people.hsi_manager)
    response = client.post(reverse("training:requirement_set"), entered(ModuleFactory(), **wrong))
    assert told in errors(response)
    assert not Requirement.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": ""},
        {"audience": ["coordinators", "initial"]},
        {"audience": ["initial", "coordinators"]},
        {"audience": ["dea_reviewers", "initial"], "blocks": "submission"},
    ],
)
def test_what_is_wrong_with_what_it_blocks_is_said_once(people, client, wrong):
    client.force_login(people.hsi_manager)
    form = client.post(reverse("training:requirement_set"), entered(ModuleFactory(), **wrong)).context["form"]
    assert [len(found) for found in form.errors.values()] == [1]


def test_a_second_requirement_of_the_same_module_and_audience_waits_until_the_first_ends(people, client):
    client.force_login(people.hsi_manager)
    first = required(ModuleFactory(), "initial")
    response = client.post(reverse("training:requirement_set"), entered(first.module))
    assert "End that one first" in errors(response)


def test_a_requirement_that_never_began_gives_way_to_another(people, client):
    client.force_login(people.hsi_manager)
    later = (TODAY() + timedelta(days=30)).isoformat()
    module = ModuleFactory()
    client.post(reverse("training:requirement_set"), entered(module, effective_from=later))
    never = Requirement.objects.get()
    client.post(reverse("training:requirement_end", args=[never.pk]), {"why": "Mistyped."})
    assert client.post(reverse("training:requirement_set"), entered(module)).status_code == 302
    assert never in client.get(reverse("training:requirement_list")).context["ended"]


def test_an_end_that_is_yet_to_come_is_brought_forward_and_the_first_stays_on_record(people, client):
    client.force_login(people.hsi_manager)
    row = required(ModuleFactory(), "initial")
    url = reverse("training:requirement_end", args=[row.pk])
    client.post(url, {"why": "Mistyped.", "until": "2066-01-01"})
    assert "already" in errors(client.post(url, {"why": "Later.", "until": "2067-01-01"}))
    client.post(url, {"why": "Right now."})
    row.refresh_from_db()
    assert row.effective_until == TODAY()
    assert row.ended_why.startswith("Right now.\nIt was to end on Jan. 1, 2066, by ")


def test_an_end_needs_a_reason_and_is_final(people, client):
    client.force_login(people.hsi_manager)
    row = required(ModuleFactory())
    address = reverse("training:requirement_end", args=[row.pk])
    assert "Give a reason" in errors(client.post(address, {"why": ""}))
    assert "ends today or later" in errors(client.post(address, {"why": "x", "until": days_ago(1).isoformat()}))
    client.post(address, {"why": "No more."})
    assert "This requirement has ended" in client.get(address, follow=True).text


def test_neither_a_requirement_nor_a_waiver_ends_for_a_reason_that_cannot_be_seen(people):
    row = required(ModuleFactory())
    waiver = waived(AgentFactory(), row.module, people.hsi_manager)
    for end, pk in ((end_requirement, row.pk), (end_waiver, waiver.pk)):
        with pytest.raises(Refused, match="Give a reason"):
            end(pk, actor=people.hsi_manager, why="\u200b")


def test_the_list_has_what_is_in_force_to_come_and_ended_with_its_history(people, client, django_assert_num_queries):
    required(ModuleFactory(code="JT-NOW"), valid_months=12)
    required(published(people, code="JT-LATE"), effective_from=TODAY() + timedelta(days=9))
    required(
        published(people, code="JT-OVER"),
        effective_until=days_ago(1),
        ended_at=timezone.now(),
        ended_by_name="Kim Hill",
        ended_why="Superseded.",
    )
    client.force_login(people.coordinator)
    with django_assert_num_queries(5):  # session, user, his office, requirements, notices in the header
        response = client.get(reverse("training:requirement_list"))
    shown = {name: [row.module.code for row in response.context[name]] for name in ("in_force", "to_come", "ended")}
    assert shown == {"in_force": ["JT-NOW"], "to_come": ["JT-LATE"], "ended": ["JT-OVER"]}
    assert response.text.count("Not yet available") == 1
    assert "Ended by Kim Hill" in response.text
    assert reverse("training:requirement_set") not in response.text


@pytest.mark.parametrize("who", ["coordinator", "dea_field", "auditor", "operator", "supervisor"])
def test_nobody_else_finds_the_acts_or_may_post_them(people, client, who):
    client.force_login(getattr(people, who))
    row = required(ModuleFactory())
    waiver = waived(AgentFactory(), row.module, people.hsi_manager)
    module = ModuleFactory()
    for name, arguments, posted in (
        ("requirement_set", [], entered(module)),
        ("requirement_end", [row.pk], {"why": "x"}),
        ("waiver_grant", [], {"module": module.pk}),
        ("waiver_end", [waiver.pk], {"why": "x"}),
    ):
        address = reverse(f"training:{name}", args=arguments)
        assert client.post(address, posted).status_code == 403
        assert address not in client.get(reverse("training:requirement_list")).text
    assert Requirement.objects.count() == 1
    assert Waiver.objects.filter(ended_on=None).count() == 1


@pytest.mark.parametrize("named", ["badge", "email", "user"])
def test_a_waiver_is_granted_to_the_person_that_is_named_and_ended_with_a_reason(people, client, named):
    client.force_login(people.hsi_manager)
    agent, module = AgentFactory(), ModuleFactory()
    text = {"badge": agent.badge_number, "email": agent.email.upper(), "user": people.dea_hq.email}[named]
    last_day = TODAY() + timedelta(days=30)
    posted = {"module": module.pk, "person": text, "until": last_day.isoformat(), "why": "On leave."}
    assert client.post(reverse("training:waiver_grant"), posted).status_code == 302
    row = Waiver.objects.get()
    assert (row.agent or row.user) == (people.dea_hq if named == "user" else agent)
    assert (row.until, row.why, row.granted_by) == (last_day, "On leave.", people.hsi_manager)
    client.post(reverse("training:waiver_end", args=[row.pk]), {"why": "Back."})
    row.refresh_from_db()
    assert (row.ended_on, row.ended_why) == (TODAY(), "Back.")
    assert "was ended already" in client.get(reverse("training:waiver_end", args=[row.pk]), follow=True).text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"person": "nobody@example.gov"}, "No agent or user has this e-mail address."),
        ({"person": "424242"}, "No agent has this badge number."),
        ({"until": "2020-01-01"}, "The last day of a waiver is today or later."),
        ({"why": ""}, "Give a reason"),
    ],
)
def test_what_is_wrong_with_a_waiver_is_said(people, client, wrong, told):
    client.force_login(people.hsi_manager)
    posted = {"module": ModuleFactory().pk, "person": AgentFactory().email, "until": TODAY().isoformat(), "why": "x"}
    assert told in errors(client.post(reverse("training:waiver_grant"), {**posted, **wrong}))
    assert not Waiver.objects.exists()


def test_nobody_waives_a_module_for_himself(people, client):
    client.force_login(people.dea_hq)
    posted = {"module": ModuleFactory().pk, "person": people.dea_hq.email, "until": TODAY().isoformat(), "why": "x"}
    assert "for himself" in errors(client.post(reverse("training:waiver_grant"), posted))


def test_a_coordinator_sees_the_waivers_of_his_office_and_his_own(people, client, django_assert_num_queries):
    module = ModuleFactory()
    mine, elsewhere = AgentFactory(), AgentFactory(office=people.other_coordinator.office)
    for person in (mine, elsewhere, people.coordinator, people.dea_hq):
        waived(person, module, people.hsi_manager)
    client.force_login(people.coordinator)
    with django_assert_num_queries(6):  # session, user, his office, count, waivers, notices in the header
        response = client.get(reverse("training:waiver_list"))
    assert {item["waiver"].agent or item["waiver"].user for item in response.context["rows"]} == {
        mine,
        people.coordinator,
    }
