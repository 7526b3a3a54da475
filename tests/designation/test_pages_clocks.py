"""Due times where requests are: list, request, home page, the reviewers' queue, and the confirmation of a filing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from audit import calendar
from audit.goals import set_goal
from audit.models import Goal, StageVisit
from designation import workflow
from designation.dues import due_after_filing
from designation.models import Request
from designation.views import home
from tests import factories
from tests.designation.filing_forms import submit
from tests.designation.test_pages_home import look_away
from tests.factories import People

pytestmark = pytest.mark.django_db
LIST, QUEUE = reverse("designation:request_list"), reverse("admin:designation_request_changelist")
HOUR = 3600


def goal(**fields: object) -> None:
    given = {"workflow": "request", "business_seconds": 80 * HOUR, "set_by_name": "hq", "why": "A test"}
    set_goal(Goal(**(given | fields)), at_once=True)


@pytest.fixture
def standing(people) -> dict[str, Request]:
    """Three requests at DEA's decision, one of each standing."""
    goal(stage="dea_decision")
    now, clock = timezone.now(), calendar.load()
    dues = {"late": now - timedelta(minutes=1), "due_soon": clock.add(now, HOUR), "on_track": clock.add(now, 30 * HOUR)}
    rows = dict(zip(dues, factories.requests(people, "dea_decision", count=3), strict=True))
    for status, row in rows.items():
        StageVisit.objects.open().filter(subject=row.number).update(due_at=dues[status])
    return rows


@pytest.mark.parametrize("status", ["late", "due_soon", "on_track"])
def test_list_and_queue_are_filtered_by_how_requests_stand(people, client, standing, status):
    client.force_login(people.hsi_hq)
    items = client.get(LIST, {"clock": status}).context["items"]
    assert [item["row"].number for item in items] == [standing[status].number]
    client.force_login(people.dea_hq)
    assert list(client.get(QUEUE, {"clock": status}).context["cl"].result_list) == [standing[status]]


@pytest.mark.parametrize("who", ["hsi_hq", "dea_hq", "coordinator"])
def test_the_home_page_counts_what_is_late_and_due_soon_and_leads_to_it(people, client, standing, who):
    client.force_login(getattr(people, who))
    stats = {stat["label"]: stat for stat in client.get(reverse("home")).context["stats"]}
    assert (stats["Past the due time"]["value"], stats["Due soon"]["value"]) == ("1", "1")
    for label, status in (("Past the due time", "late"), ("Due soon", "due_soon")):
        items = client.get(stats[label]["url"]).context["items"]
        assert [item["row"].number for item in items] == [standing[status].number]


@pytest.mark.parametrize("who", ["hsi_hq", "dea_hq", "coordinator"])
def test_the_home_page_names_what_is_late(people, client, standing, who):
    client.force_login(getattr(people, who))
    assert [item["row"].number for item in client.get(reverse("home")).context["late"]] == [standing["late"].number]


def test_the_home_page_names_the_longest_overdue_and_leads_to_the_others(people, client, monkeypatch):
    monkeypatch.setattr(home, "LATE_SHOWN", 2)
    goal(stage="dea_decision")
    rows = factories.requests(people, "dea_decision", count=3)
    for hours, row in enumerate(rows, start=1):
        due = timezone.now() - timedelta(hours=hours)
        StageVisit.objects.open().filter(subject=row.number).update(due_at=due)
    client.force_login(people.coordinator)
    page = client.get(reverse("home"))
    assert [item["row"].number for item in page.context["late"]] == [rows[2].number, rows[1].number]
    assert "All 3 that are late" in page.text


def test_what_is_late_by_a_party_s_clock_alone_is_counted_and_listed_with_the_clock(people, client):
    month = timezone.now() - timedelta(days=30)
    set_goal(
        Goal(
            workflow="request",
            measure="party",
            party="DEA",
            business_seconds=8 * HOUR,
            effective_from=month,
            set_by_name="hq",
            why="A test",
        )
    )
    row, _on_track = factories.requests(people, "dea_decision", count=2)
    StageVisit.objects.filter(subject=row.number).update(entered_at=timezone.now() - timedelta(days=20))
    client.force_login(people.hsi_hq)
    stats = {stat["label"]: stat for stat in client.get(reverse("home")).context["stats"]}
    assert stats["Past the due time"]["value"] == "1"
    listed = {item["row"].number: item["late_by"] for item in client.get(LIST, {"clock": "late"}).context["items"]}
    assert listed == {row.number: ["DEA in all"]}


def test_the_home_page_costs_the_same_queries_for_1_and_for_20_requests_with_goals(
    people, client, django_assert_num_queries
):
    goal(measure="party", party="DEA")
    client.force_login(people.hsi_hq)
    for count in (1, 19):
        factories.requests(people, "dea_decision", count=count)
        look_away(people.hsi_hq, 2)
        with django_assert_num_queries(19):
            client.get(reverse("home"))


def test_the_page_sets_the_present_stay_beside_its_goal(people, client):
    goal(stage="dea_decision", business_seconds=64 * HOUR)
    row = factories.request(people, "dea_decision")
    client.force_login(people.hsi_hq)
    page = client.get(reverse("designation:request_detail", args=[row.number])).text
    assert "This stay in DEA decision" in page
    assert "8 days, for 90 %" in page


def test_lists_give_the_time_of_what_is_due_today_or_tomorrow(people, client, standing):
    client.force_login(people.hsi_hq)
    today = timezone.localtime().replace(hour=15, minute=30)
    for days, shown in ((0, True), (1, True), (2, False)):
        due = today + timedelta(days=days)
        StageVisit.objects.open().filter(subject=standing["late"].number).update(due_at=due)
        page = client.get(LIST, {"turn": "DEA"}).text
        assert (f"{date_format(due, 'N j, Y')}, 3:30 p.m." in page) == shown


def test_a_page_of_a_request_shows_how_it_stands(people, client, standing):
    client.force_login(people.hsi_hq)
    pages = {
        status: client.get(reverse("designation:request_detail", args=[row.number])).text
        for status, row in standing.items()
    }
    assert "was due" in pages["late"]
    assert "<strong>due soon</strong>" in pages["due_soon"]
    assert ", on track" in pages["on_track"]


def test_the_page_of_a_returned_request_shows_dea_s_clock_at_rest_and_hsi_s_running(people, client):
    goal(measure="party", party="DEA")
    goal(measure="party", party="HSI", business_seconds=160 * HOUR)
    goal(measure="process", business_seconds=240 * HOUR)
    request = factories.request(people, "returned")
    client.force_login(people.coordinator)
    response = client.get(reverse("designation:request_detail", args=[request.number]))
    clocks = {clock.party: clock for clock in response.context["clocks"]}
    assert list(clocks) == ["", "HSI", "DEA"]
    assert [clock.running for clock in clocks.values()] == [True, True, False]
    assert "Rests" in response.text
    client.force_login(people.dea_hq)
    page = client.get(reverse("admin:designation_request_change", args=[request.pk]))
    assert "Clocks beside their goals" in page.text


@pytest.fixture
def review_goal() -> None:
    goal(stage="hsi_review", business_seconds=16 * HOUR)


def test_the_confirmation_says_by_when_headquarters_and_the_whole_process_are_due(people: People, client, review_goal):
    goal(measure="process", business_seconds=80 * HOUR)
    client.force_login(people.coordinator)
    page = submit(client, factories.request(people, "draft"))
    due = StageVisit.objects.open().get().due_at
    assert [(found["says"], "at" in found) for found in page.context["dues"]] == [
        ("HSI headquarters is to act on it by", True),
        ("The whole process is to end by", True),
    ]
    assert page.context["dues"][0]["at"] == due


def test_the_confirmation_says_plainly_that_there_is_no_goal(people: People, client):
    client.force_login(people.coordinator)
    assert "No goal is set for HSI review" in submit(client, factories.request(people, "draft")).text


def test_a_roster_that_is_filed_says_by_when_too(people: People, review_goal):
    goal(stage="hsi_review", business_seconds=800 * HOUR, applies_to={"priority": "expedited"})
    slow, *quick = [
        factories.request(people, "hsi_review", priority=priority) for priority in ("expedited", "routine", "routine")
    ]
    numbers = [row.number for row in quick]
    assert [found["says"] for found in due_after_filing(numbers)] == ["HSI headquarters is to act on them by"]
    assert [found["says"] for found in due_after_filing([slow.number, *numbers])] == [
        "HSI headquarters is to act on 2 of them by",
        "HSI headquarters is to act on 1 of them by",
    ]


def test_a_return_does_not_change_what_was_due_after_filing(people: People, review_goal):
    request = factories.request(people, "hsi_review")
    first = due_after_filing([request.number])
    workflow.transition_one("return_to_office", request.pk, actor=people.hsi_hq, reason="Memo is missing.")
    answer = {"answer": "Attached.", "priority": "routine", "justification": "Cases."}
    version = Request.objects.get(pk=request.pk).version
    workflow.resubmit(request.pk, actor=people.coordinator, version=version, **answer)
    assert due_after_filing([request.number]) == first
