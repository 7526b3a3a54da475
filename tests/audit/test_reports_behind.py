"""From each number of a report to the list behind it: as many rows as the number says, whatever it counts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import drawing, ledger
from audit.charts import svg
from audit.ledger import PastStep
from audit.models import Goal, StageVisit, StepEvent
from audit.reports.backlog import AGE_NAMES
from audit.reports.figures import Moment
from audit.reports.flow import ProcessMap
from audit.reports.periods import Period
from audit.reports.question import Question
from audit.reports.sources import stated, workflow_sources
from audit.reports.timeliness import Compared, Stages, Trend
from designation import workflow
from designation.demo.data import make_demo_data
from tests import factories

pytestmark = pytest.mark.django_db

PAGE, RETURNS, MAP, BEHIND = (reverse(f"audit:{name}") for name in ("timeliness", "returns", "process_map", "behind"))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def this_year() -> dict[str, str]:
    today = timezone.localdate()
    return {"first_day": (today - timedelta(days=364)).isoformat(), "last_day": today.isoformat()}


def lists(page: Any) -> dict[str, int]:
    """The address of each list that a table of the page leads to, with the number that it stands under."""
    sections = page.context.get("sections") or [page.context["section"]]
    cells = [
        (cell["url"], value, unit)
        for section in sections
        for (_, row), (_, *values) in zip(section.rows, section.table.rows, strict=True)
        for cell, value, (_, unit) in zip(row, values, section.table.columns[1:], strict=True)
        if cell["url"]
    ]
    return {url: value for url, value, unit in cells if unit == "count"}


def imported(*cases: tuple[str, str, str]) -> dict[str, str]:
    """An imported workflow of (case, desk, whose clock) in March 2026, and what an address asks of it."""
    steps = []
    for subject, desk, party in cases:
        dimensions = {"desk": desk} if desk else {}
        for state, day in (("asked", 2), ("closed", 4)):
            at = datetime(2026, 3, day, 15, tzinfo=UTC)
            last = state == "closed"
            steps.append(
                PastStep(subject, "imported", state, "" if last else party, last, at=at, dimensions=dimensions)
            )
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    return {"workflow": "old cases", "first_day": "2026-03-01", "last_day": "2026-03-31"}


@pytest.mark.parametrize("cohort", ["decided", "filed"])
@pytest.mark.parametrize("url", [PAGE, RETURNS, MAP])
def test_every_number_leads_to_as_many_rows(client, people, url, cohort):
    goal: dict[str, Any] = {"workflow": "request", "share_percent": 90, "set_by_name": "test", "why": "test"}
    goal |= {"effective_from": LONG_AGO, "business_seconds": 100 * 3600}
    Goal.objects.create(measure="process", **goal)
    Goal.objects.create(measure="party", party="DEA", **goal)
    make_demo_data(seed=6, count=80, until=timezone.now())
    request = factories.request(people, "draft")
    workflow.transition("withdraw", [request.pk], actor=people.coordinator, reason="Filed twice.")
    client.force_login(people.auditor)
    page = client.get(url, this_year() | {"cohort": cohort, "priority": "routine", "every": "fiscal_year"})
    found = lists(page)
    assert len(found) > {PAGE: 40, RETURNS: 3, MAP: 8}[url]
    for address, number in found.items():
        assert client.get(address).context["count"] == number, address
    if url != RETURNS and cohort == "decided":
        assert page.context["beside"].unclocked == 1
        assert client.get(page.context["unclocked_url"]).context["count"] == 1


def test_the_counts_that_lead_to_lists_are_named(client, people):
    make_demo_data(seed=6, count=80, until=timezone.now())
    client.force_login(people.auditor)
    chosen = {
        name
        for url in (PAGE, RETURNS, MAP)
        for address in lists(client.get(url, this_year()))
        for name in parse_qs(urlsplit(address).query, keep_blank_values=True)
    }
    assert chosen >= {"open_in", "late", "age", "as_filed", "way_from", "way_to", "returned_from", "reason"}


def test_those_within_goal_are_listed_and_stays_in_a_stage_are_not(client, people):
    Goal.objects.create(
        workflow="request",
        measure="process",
        business_seconds=3600 * 24,
        effective_from=LONG_AGO,
        set_by_name="test",
        why="test",
    )
    make_demo_data(seed=6, count=60, until=timezone.now())
    client.force_login(people.auditor)
    page = client.get(PAGE, this_year())
    stages: Stages = Stages(page.context["question"], page.context["moment"])
    whole = stages.figures[0]
    assert 0 < whole.met < whole.judged
    behind = page.context["behind"]
    assert client.get(behind["requests"]).context["count"] == whole.requests
    assert client.get(behind["met"]).context["count"] == whole.met
    assert client.get(f"{BEHIND}?{page.context['address']}&goal=judged").context["count"] == whole.judged
    assert "met" not in client.get(PAGE, this_year() | {"measure": "stage:dea_intake"}).context["behind"]


def test_the_open_ones_of_an_age_are_said_to_be_of_it_the_oldest_first(client, people):
    """Their age counts from filing, also of one that came into its stage just now."""
    requests = factories.requests(people, "dea_intake", count=2)
    for days, request in zip((24, 20), requests, strict=True):
        filed = timezone.now() - timedelta(days=days)
        StageVisit.objects.filter(subject=request.number, clock_began_at__isnull=False).update(clock_began_at=filed)
    client.force_login(people.auditor)
    page = client.get(BEHIND, {"open_in": "dea_intake", "age": "80-160"})
    assert [row.subject for row in page.context["page"]] == [request.number for request in requests]
    assert all(row.age > row.seconds for row in page.context["page"])
    assert "Open now, in DEA intake, 2 to 4 weeks of business time old since filing" in " ".join(page.text.split())
    assert "Age since it was filed" in page.text


def test_a_time_that_no_case_of_an_imported_history_has_is_refused(client, people):
    asked = imported(("C1", "north", "HSI"))
    client.force_login(people.auditor)
    for url in (PAGE, BEHIND, reverse("audit:table_csv", args=["behind"])):
        assert client.get(url, asked | {"measure": "stage:asked"}).status_code == 200
        assert client.get(url, asked | {"measure": "stage:hsi_review"}).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"open_in": "", "age": "junk"}, "No list has the age “junk”"),
        ({"age": "40-80"}, "An age is that of open requests"),
        ({"goal": "junk"}, "No list is by the goal “junk”"),
        ({"open_in": "approved"}, "it is no stage of the workflow"),
    ],
)
def test_a_list_that_there_is_not_is_refused_in_words(client, people, wrong, says):
    client.force_login(people.auditor)
    page = client.get(BEHIND, wrong)
    assert page.status_code == 400
    assert says in page.text
    assert client.get(reverse("audit:table_csv", args=["behind"]), wrong).status_code == 400


def test_an_address_that_asks_what_cannot_be_answered_is_told_what_is_wrong(client, people):
    client.force_login(people.auditor)
    page = client.get(BEHIND, {"first_day": "2026-31-31"})
    assert page.status_code == 400
    assert "Enter a valid date" in page.text


@pytest.mark.parametrize("wrong", [{"open_in": "", "age": "young"}, {"goal": "liked"}])
def test_a_list_that_is_none_is_refused(client, people, wrong):
    client.force_login(people.auditor)
    assert client.get(BEHIND, this_year() | wrong).status_code == 400


def test_what_has_no_value_of_a_dimension_can_be_asked_for(client, people):
    asked = imported(("C1", "north", ""), ("C2", "", ""), ("C3", "", ""))
    client.force_login(people.auditor)
    page = client.get(PAGE, asked)
    compared = next(section for section in page.context["sections"] if section.name == "compared")
    url = dict(compared.rows)["Not stated"][0]["url"]
    behind = client.get(url)
    assert [row.subject for row in behind.context["page"]] == ["C2", "C3"]
    assert parse_qs(urlsplit(url).query)["desk"] == ["(not stated)"]


def test_the_party_of_an_imported_history_can_be_asked_for(client, people):
    asked = imported(("C1", "north", "DEA"), ("C2", "north", ""))
    client.force_login(people.auditor)
    page = client.get(PAGE, asked)
    assert ("party:DEA", "DEA’s clock") in page.context["form"].fields["measure"].choices
    for address, number in lists(page).items():
        assert client.get(address).context["count"] == number, address
    assert client.get(PAGE, asked | {"measure": "party:DEA"}).context["whole"].requests == 1


def test_pages_and_trails_say_that_a_history_is_imported(client, people):
    asked = imported(("C1", "north", ""))
    client.force_login(people.auditor)
    trail = reverse("audit:trail", args=["C1"])
    for url in (PAGE, RETURNS, MAP, BEHIND, trail):
        assert "Imported history" in client.get(url, asked).content.decode(), url
        assert "Source of the steps" not in client.get(url, {"workflow": "request"}).content.decode() or url == trail
    workflows = dict(client.get(PAGE, asked).context["form"].fields["workflow"].choices)
    assert workflows["old cases"] == "Old cases (imported)"


def test_where_steps_come_from_two_sources_both_are_counted(people):
    factories.request(people, "hsi_review")
    assert stated("request") == ""
    steps = [PastStep("C1", "imported", "asked", at=LONG_AGO)]
    ledger.append_history("old cases", steps, source=StepEvent.Source.IMPORTED)
    ledger.append("old cases", [ledger.Step("C1", "go on", "checked")], actor=None)
    assert stated("old cases") == "Imported history (1 step), Timed by this system (1 step)"
    assert workflow_sources() == {"old cases": ["imported", "system"], "request": ["system"]}


class TestPeriodsAsked:
    @pytest.fixture
    def ask(self, client, people):
        client.force_login(people.auditor)
        return lambda url=PAGE, **asked: client.get(url, asked)

    @pytest.mark.parametrize("url", [PAGE, RETURNS, MAP, BEHIND, reverse("audit:picture", args=["trend"])])
    def test_days_outside_of_the_calendar_are_refused(self, ask, url):
        page = ask(url, first_day="0001-01-01", last_day="9999-12-31")
        assert page.status_code == 400
        assert "The calendar answers for January 1, 1990 through" in page.context["form"].errors["first_day"][0]

    @pytest.mark.parametrize(
        ("every", "coarser"), [("week", "Ask by fiscal year."), ("month", "Ask by fiscal year."), ("fiscal_year", "")]
    )
    def test_more_periods_than_anybody_reads_are_refused_with_coarser_ones(self, ask, every, coarser):
        page = ask(first_day="1990-01-01", last_day="2069-12-31", every=every)
        assert page.status_code == (400 if coarser else 200)
        assert not coarser or coarser in page.context["form"].errors["every"][0]
        # Where periods do not matter, all may be asked.
        assert ask(MAP, first_day="1990-01-01", last_day="2069-12-31", every=every).status_code == 200

    def test_the_largest_number_of_periods_is_answered(self, ask):
        assert ask(first_day="2020-01-06", last_day="2027-09-05", every="week").status_code == 200
        assert ask(first_day="2020-01-06", last_day="2027-09-06", every="week").status_code == 400


def test_a_page_shows_the_fields_that_change_it_and_keeps_the_others(client, people):
    client.force_login(people.auditor)
    asked = {"every": "week", "by": "kind", "measure": "party:DEA"}
    for url, shown in ((PAGE, {"every", "by", "measure"}), (RETURNS, set()), (MAP, {"least"})):
        page = client.get(url, asked)
        fields = {field.name for field in page.context["form"].visible_fields()}
        assert fields & {"every", "by", "measure", "least"} == shown
        assert all(f"{name}=" in page.context["address"] for name in asked)
        assert page.context["asked"].every == "week"


class TestTheMap:
    @pytest.fixture
    def report(self, people):
        factories.requests(people, "approved", count=3)
        factories.request(people, "denied")
        today = timezone.localdate()
        return lambda least: ProcessMap(
            Question("request", Period(today, today + timedelta(days=1))), Moment.now(), least
        )

    def test_ways_taken_seldom_can_be_left_out_of_the_picture_and_stay_in_the_table(self, report):
        whole, some = report(0), report(2)
        assert whole.left_out == ""
        assert some.left_out.startswith("1 way is left out") or some.left_out.startswith("2 ways are left out")
        assert some.table() == whole.table()
        assert "denied" in whole.states
        assert "denied" not in some.states

    def test_the_threshold_is_in_the_address_and_stated(self, report, client, people):
        client.force_login(people.auditor)
        page = client.get(MAP, this_year() | {"least": "2"})
        assert "least=2" in page.context["address"]
        text = page.content.decode()
        assert "taken fewer than 2 times" in text
        assert re.search(r"pictures/map\.svg\?[^\"]*least=2", text)
        assert f'width="{page.context["size"][0]}" height="{page.context["size"][1]}"' in text

    def test_the_page_says_what_is_counted(self, report, client, people):
        request = factories.request(people, "draft")
        workflow.transition("withdraw", [request.pk], actor=people.coordinator, reason="Filed twice.")
        client.force_login(people.auditor)
        text = " ".join(client.get(MAP, this_year()).content.decode().split())
        assert "Counted are all 5 that ended in the period" in text
        assert "1 that never was on a clock" in text


def test_the_caption_names_goals_beside_the_one_that_is_the_line(client, people):
    goal: dict[str, Any] = {"workflow": "request", "measure": "process", "share_percent": 90}
    goal |= {"effective_from": LONG_AGO, "set_by_name": "test", "why": "test"}
    Goal.objects.create(business_seconds=80 * 3600, **goal)
    question = Question("request", Period(date(2026, 3, 1), date(2026, 4, 1)))
    assert Trend(question, Moment.now()).picture().says.endswith("The goal is 90 % within 80 business hours.")
    Goal.objects.create(business_seconds=24 * 3600, applies_to={"priority": "expedited"}, **goal)
    picture = Trend(question, Moment.now()).picture()
    assert picture.data["goal"] == 80
    assert picture.says.endswith("there is another for Priority Expedited.")
    expedited = Trend(question.but(dimensions={"priority": ("expedited",)}), Moment.now()).picture()
    assert expedited.data["goal"] == 24
    assert "another" not in expedited.says
    routine = Trend(question.but(dimensions={"priority": ("routine",)}), Moment.now()).picture()
    assert "another" not in routine.says


def test_what_is_compared_stands_with_the_longest_median_first():
    make_demo_data(seed=4, count=80, until=timezone.now())
    today = timezone.localdate()
    question = Question("request", Period(today - timedelta(days=364), today + timedelta(days=1)))
    compared = Compared(question, Moment.now(), "office")
    medians = [row[3] for row in compared.table().rows]
    assert len(medians) > 2
    assert medians == sorted(medians, reverse=True)
    assert [bar["label"] for bar in compared.picture().data["rows"]] == [row[0] for row in compared.table().rows]


@pytest.mark.parametrize("width", [drawing.WIDE, drawing.NARROW])
@pytest.mark.parametrize("goal", [None, 5])
def test_the_room_kept_for_a_picture_is_about_as_large_as_it(width, goal):
    names = ["HSI Miami", "Whole process", "DEA field review"]
    bars = [{"label": name, "p25": 1, "median": 2, "p75": 3, "p90": 4} for name in names]
    months = [{"label": f"Mar {year}", "median": 1, "p90": 2, "filed": 3, "ended": 4} for year in range(2010, 2022)]
    ages = [{"label": name, "age": age, "count": 1} for name in names for age in AGE_NAMES]
    line = {"goal": goal, "goal_label": "Dashed line: the goal"}
    for chart, data in {
        "quartiles": {"rows": bars},
        "ages": {"rows": ages, "ages": AGE_NAMES},
        "trend": {"rows": months} | (line if goal else {"goal": None}),
        "flow": {"rows": months},
    }.items():
        found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg(chart, data, width))
        assert found
        kept = drawing.size(chart, data, width)
        assert kept[0] == pytest.approx(float(found[1]), rel=0.12), chart
        assert kept[1] == pytest.approx(float(found[2]), rel=0.12, abs=30), chart
