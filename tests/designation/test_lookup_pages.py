"""The pages on which people look up whether agents are designated."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AccessRecord
from designation import workflow
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

ONE = reverse("designation:look_up")
SEVERAL = reverse("designation:look_up_several")
CSV = reverse("designation:look_up_csv")


@pytest.fixture
def supervised(people: People, client):
    client.force_login(people.supervisor)
    return client


def words(page) -> str:
    return page.context["answer"].in_words()


class TestOneAgent:
    @pytest.mark.parametrize("role", ["supervisor", "coordinator", "other_coordinator", "dea_field", "auditor"])
    def test_is_looked_up_by_who_may_whichever_his_office(self, people: People, client, role):
        agent = factories.request(people, "approved").agent
        client.force_login(getattr(people, role))
        assert words(client.post(ONE, {"who": agent.badge_number})).startswith("Yes: designated today, XD-")

    def test_shows_his_name_badge_office_and_term_and_no_more(self, people: People, supervised):
        request = factories.request(people, "approved")
        workflow.change_designations("suspend", [request.designation.pk], actor=people.dea_hq, reason="Under inquiry.")
        page = supervised.post(ONE, {"who": request.agent.badge_number})
        assert words(page).startswith("No: suspended since ")
        for shown in (request.agent.full_name, request.agent.badge_number, request.designation.number, "HSI-MIA"):
            assert shown in page.text
        assert request.agent.email not in page.text
        assert "Under inquiry" not in page.text
        assert [step.done for step in page.context["answer"].steps] == ["granted", "suspended"]
        assert "Changed on that day" in page.text

    def test_is_looked_up_for_a_day_gone_by_and_for_one_to_come(self, people: People, supervised):
        designation = factories.request(people, "approved").designation
        who, today = designation.agent.badge_number, timezone.localdate()
        page = supervised.post(ONE, {"who": who, "on": today - timedelta(days=1)})
        assert words(page).startswith("No: never designated up to ")
        assert "As of the end of" in page.text
        page = supervised.post(ONE, {"who": who, "on": today + timedelta(days=1)})
        assert words(page).startswith("Yes, as on file now: ")
        assert "can change until then" in page.text

    @pytest.mark.parametrize("day", ["1994-07-31", "2100-01-01", "soon"])
    def test_a_day_that_cannot_be_asked_about_is_refused_beside_its_field(self, supervised, day):
        page = supervised.post(ONE, {"who": "00991", "on": day})
        assert list(page.context["form"].errors) == ["on"]
        assert not AccessRecord.objects.exists()

    def test_an_unknown_badge_is_said_to_be_unknown_and_never_taken_for_another(self, supervised):
        AgentFactory(badge_number="12345")
        page = supervised.post(ONE, {"who": "1234"})
        assert words(page) == "Unknown badge: no agent on record has the number 1234."
        assert "leading zeros" in page.text

    def test_nobody_asked_about_is_an_error(self, supervised):
        assert "Enter a badge number or a name." in supervised.post(ONE, {"who": " "}).text


class TestAName:
    def test_of_one_agent_is_answered(self, people: People, supervised):
        agent = factories.request(people, "approved").agent
        page = supervised.post(ONE, {"who": f"{agent.last_name}, {agent.first_name}"})
        assert page.context["answer"].badge_number == agent.badge_number

    def test_of_several_lists_them_with_their_answers(self, supervised):
        for first in ("Ann", "Lee"):
            AgentFactory(last_name="Stone", first_name=first)
        page = supervised.post(ONE, {"who": "stone"})
        assert "2 agents are called so" in page.text
        assert [answer.name for answer in page.context["answers"]] == ["Ann Stone", "Lee Stone"]
        assert AccessRecord.objects.get().parameters["asked"] == "stone"

    def test_of_nobody_says_so(self, supervised):
        assert "No agent on record is called so" in supervised.post(ONE, {"who": "Quimby"}).text

    def test_of_more_than_fifty_asks_for_more_of_it_and_shows_nobody(self, supervised):
        AgentFactory.create_batch(51, last_name="Stone", first_name="Lee")
        page = supervised.post(ONE, {"who": "Stone"})
        assert "More than 50 agents" in page.text
        assert "Lee Stone" not in page.text
        assert AccessRecord.objects.get().parameters["badge_numbers"] == []


class TestSeveral:
    def test_are_answered_in_a_table_in_their_order(self, people: People, supervised):
        first, second = (row.agent.badge_number for row in factories.requests(people, "approved", 2))
        page = supervised.post(SEVERAL, {"badges": f"{second}\r\nnobody7, {first}; {second}"})
        assert [answer.badge_number for answer in page.context["answers"]] == [second, "nobody7", first]
        assert page.context["counts"] == "2 designated, 0 not designated, 1 unknown"

    @pytest.mark.parametrize(
        ("badges", "why"),
        [
            ("", "Enter a badge number at least."),
            (" ,; ", "Enter a badge number at least."),
            ("\n".join(map(str, range(501))), "At most 500 badge numbers at once; these are 501."),
            ("00991 x/y <b> z", "“x/y” and 1 more: no badge number."),
        ],
    )
    def test_are_refused_where_the_list_is_none(self, supervised, badges, why):
        page = supervised.post(SEVERAL, {"badges": badges})
        assert why in str(page.context["form"].errors["badges"])
        assert not AccessRecord.objects.exists()

    def test_five_hundred_cost_the_queries_of_one(self, people: People, supervised, django_assert_num_queries):
        factories.requests(people, "approved", 3)
        for count in (1, 500):
            badges = " ".join(f"{number:05d}" for number in range(count))
            with django_assert_num_queries(6):
                supervised.post(SEVERAL, {"badges": badges})

    def test_are_taken_as_a_file(self, people: People, supervised):
        designation = factories.request(people, "approved").designation
        agent, today = designation.agent, timezone.localdate()
        taken = supervised.post(CSV, {"badges": f"{agent.badge_number} nobody7", "on": today})
        assert taken["Content-Disposition"] == f'attachment; filename="designations-{today}.csv"'
        yes, unknown = csv.DictReader(StringIO(taken.text))
        assert (yes["designated"], yes["number"], yes["name"]) == ("yes", designation.number, agent.full_name)
        assert yes["valid_until"] == designation.valid_until.isoformat()
        assert (unknown["designated"], unknown["standing"], unknown["number"]) == ("unknown", "unknown_badge", "")
        record = AccessRecord.objects.get()
        assert (record.act, record.row_count) == ("take look-up answers", 2)

    def test_a_file_runs_no_formula(self, supervised):
        AgentFactory(badge_number="00991", first_name="=cmd|' /C calc'!A0")
        (row,) = csv.DictReader(StringIO(supervised.post(CSV, {"badges": "00991"}).text))
        assert row["name"].startswith("'=")

    def test_a_file_of_a_list_that_is_none_is_refused(self, supervised):
        assert supervised.post(CSV, {"badges": "x/y"}).context["form"].errors


def test_each_look_up_is_on_record_and_in_no_log_or_cache(people: People, supervised, caplog):
    agent = AgentFactory(badge_number="00991", last_name="Quimby", first_name="Ann")
    with caplog.at_level("DEBUG"):
        page = supervised.post(ONE, {"who": agent.badge_number, "on": "2020-03-03"})
        supervised.post(ONE, {"who": "Quimby"})
    by_name, by_badge = AccessRecord.objects.all()
    assert (by_badge.actor, by_badge.act) == (people.supervisor, "look up designation")
    assert by_badge.parameters == {"badge_numbers": ["00991"], "on": "2020-03-03"}
    assert by_name.parameters["badge_numbers"] == ["00991"]
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert "00991" not in logged
    assert "Quimby" not in logged
    assert "no-store" in page["Cache-Control"]


def test_a_look_up_costs_two_queries_more_than_its_form(people, supervised, django_assert_num_queries):
    agent = AgentFactory()
    with django_assert_num_queries(4):
        supervised.get(ONE)
    with django_assert_num_queries(6):
        supervised.post(ONE, {"who": agent.badge_number})


def test_a_supervisor_asks_from_his_home_page(people: People, supervised):
    page = supervised.get(reverse("home")).text
    assert f'action="{ONE}"' in page
    assert 'name="who"' in page
    supervised.force_login(people.coordinator)
    page = supervised.get(reverse("home")).text
    assert 'name="who"' not in page
    assert f'href="{ONE}"' in page
