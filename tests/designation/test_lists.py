"""Long lists in pages by keys: the list of requests, of agents, and those of the admin."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit import keyset
from audit.keyset import Count, Part, Position, read_position
from audit.models import StageVisit
from designation import selectors
from designation.admin.requests import RequestAdmin
from designation.models import Agent, Request
from designation.views import agents as agent_views
from designation.views import requests as request_views
from tests import factories
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:request_list")
AGENTS = reverse("designation:agent_list")
QUEUE = reverse("admin:designation_request_changelist")


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(request_views, "PER_PAGE", 3)
    monkeypatch.setattr(agent_views, "PER_PAGE", 3)


@pytest.fixture
def counted_to_two(monkeypatch):
    monkeypatch.setattr(keyset, "COUNTED_TO", 2)


@pytest.fixture
def mixed(people: People) -> list[Request]:
    """Eleven requests: three with a due time, two of them the same, three without one, and five that have ended."""
    due = factories.requests(people, "hsi_review", count=3)
    without = [*factories.requests(people, "dea_intake", count=2), factories.request(people, "draft")]
    ended = factories.requests(people, "approved", count=3) + factories.requests(people, "denied", count=2)
    now = timezone.now()
    for row, days in zip(due, (2, 1, 1), strict=True):
        StageVisit.objects.open().filter(subject=row.number).update(due_at=now + timedelta(days=days))
    StageVisit.objects.open().filter(subject__in=[row.number for row in without]).update(entered_at=now, due_at=None)
    return [*due, *without, *ended]


def numbers(response) -> list[str]:
    return [item["row"].number for item in response.context["items"]]


def walk(client, address: str, to: str) -> list[list[str]]:
    """The pages from this one on, each through the link of the one before."""
    pages = []
    while True:
        page = client.get(address)
        pages.append(numbers(page))
        position = page.context["page"].next if to == "after" else page.context["page"].previous
        if not position:
            return pages
        address = f"{LIST}?{'&'.join([*kept(address), f'{to}={position}'])}"


def flat(pages: list[list[str]]) -> list[str]:
    return [number for page in pages for number in page]


def kept(address: str) -> list[str]:
    query = address.partition("?")[2].split("&")
    return [each for each in query if each and not each.startswith(("after=", "before="))]


@pytest.mark.parametrize("sort", selectors.SORTS)
def test_every_row_is_on_one_page_and_the_way_back_shows_the_same_pages(people, client, mixed, small_pages, sort):
    client.force_login(people.hsi_hq)
    forth = walk(client, f"{LIST}?sort={sort}", "after")
    assert [len(page) for page in forth] == [3, 3, 3, 2]
    assert sorted(flat(forth)) == sorted(row.number for row in mixed)
    last = f"{LIST}?sort={sort}&after={position_before_last(client, sort)}"
    assert walk(client, last, "before") == forth[::-1]


def position_before_last(client, sort: str) -> str:
    position, following = "", client.get(f"{LIST}?sort={sort}").context["page"].next
    while following:
        position = following
        following = client.get(f"{LIST}?sort={sort}&after={position}").context["page"].next
    return position


def test_by_due_time_come_the_due_then_those_without_and_then_what_has_ended(people, client, mixed):
    late, soon, soon_too, *others = [row.number for row in mixed]
    client.force_login(people.hsi_hq)
    by_due, by_due_reversed = (numbers(client.get(f"{LIST}?sort={sort}")) for sort in ("due", "-due"))
    assert by_due[:3] == [*sorted([soon, soon_too]), late]
    assert by_due_reversed[:3] == [late, *sorted([soon, soon_too], reverse=True)]
    assert by_due[3:] == by_due_reversed[3:] == [*sorted(others[:3]), *sorted(others[3:], reverse=True)]


def test_a_page_neither_repeats_nor_skips_a_row_when_others_come_and_go(people, client, mixed, small_pages):
    client.force_login(people.hsi_hq)
    first = client.get(f"{LIST}?sort=-number")
    expected = numbers(client.get(f"{LIST}?sort=-number&after={first.context['page'].next}"))
    factories.requests(people, "draft", count=4)
    second = client.get(f"{LIST}?sort=-number&after={first.context['page'].next}")
    assert numbers(second) == expected

    newest = client.get(f"{LIST}?sort=-age")
    [last] = numbers(newest)[-1:]
    StageVisit.objects.open().filter(subject=last).update(entered_at=timezone.now())
    behind = walk(client, f"{LIST}?sort=-age&after={newest.context['page'].next}", "after")
    assert not set(numbers(newest)[:-1]) & set(flat(behind))
    assert last in flat(behind)


def test_links_keep_the_filters_and_a_new_filter_or_order_begins_at_the_first_page(people, client, mixed, small_pages):
    client.force_login(people.hsi_hq)
    first = client.get(f"{LIST}?state=open&sort=number")
    page = client.get(f"{LIST}?state=open&sort=number&after={first.context['page'].next}")
    assert f'href="?state=open&amp;sort=number&amp;before={page.context["page"].previous}"' in page.text
    assert 'href="?state=open&amp;sort=number" class="usa-pagination__link" aria-label="First page"' in page.text
    assert 'href="?state=open&amp;sort=age"' in page.text
    assert 'name="after"' not in page.text


@pytest.mark.parametrize(
    "position",
    [
        "x",
        "page7",
        str(Position(0, ("x",))),
        str(Position(9, (1,))),
        str(Position(0, (10**30,))),
        str(Position(0, (1, 2))),
        str(Position(0, (True,))),
        "W10",
        "é",
        "%00",
        "A" * 5000,
    ],
)
def test_a_position_that_is_none_leads_to_the_first_page(people, client, mixed, small_pages, position):
    client.force_login(people.hsi_hq)
    first = numbers(client.get(f"{LIST}?sort=number"))
    for name in ("after", "before", "page"):
        assert numbers(client.get(LIST, {"sort": "number", name: position})) == first


@given(st.text(max_size=80))
def test_whatever_stands_in_the_address_is_a_position_or_none(text):
    parts = [Part(StageVisit.objects.all(), ("entered_at", "subject")), Part(Request.objects.all(), ("-pk",))]
    found = read_position(parts, text)
    assert found is None or read_position(parts, str(found)) == found


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100),
)
def test_a_position_is_read_as_it_was_written(at, subject):
    parts = [Part(StageVisit.objects.all(), ("entered_at", "subject"))]
    position = Position(0, (at, subject))
    if len(str(position)) <= keyset.LONGEST_POSITION:
        assert read_position(parts, str(position)) == position


def test_a_page_beyond_the_last_leads_to_the_first(people, client, mixed, small_pages):
    client.force_login(people.hsi_hq)
    beyond = Position(0, (10**9,))
    assert numbers(client.get(f"{LIST}?sort=number&after={beyond}")) == numbers(client.get(f"{LIST}?sort=number"))


def test_counting_stops_and_is_read_out_as_more_than_that(people, client, mixed, small_pages, counted_to_two):
    client.force_login(people.hsi_hq)
    page = client.get(LIST)
    assert '<span aria-hidden="true">2+</span><span class="usa-sr-only">more than 2</span> requests' in page.text
    assert page.context["count"] == Count(2, more=True)
    assert 'href="?count=all"' in page.text
    counted = client.get(f"{LIST}?count=all")
    assert "11 requests, 3 on this page" in counted.text
    assert "Count them all" not in counted.text


def test_all_that_match_are_selected_also_beyond_what_is_counted(people, client, small_pages, counted_to_two):
    wanted = factories.requests(people, "hsi_review", count=5)
    client.force_login(people.hsi_hq)
    assert client.get(LIST).context["selectable_in_all"] == Count(2, more=True)
    preview = client.post(reverse("designation:bulk_preview"), {"act": "endorse", "everything": "on"})
    assert {row.pk for row in preview.context["done"]} == {row.pk for row in wanted}
    assert "Endorse: 5 requests" in preview.text


@pytest.mark.parametrize(("number", "more", "shown"), [(0, False, "0"), (1234, False, "1,234"), (1000, True, "1,000+")])
def test_a_count_says_whether_it_is_exact(number, more, shown):
    assert str(Count(number, more)) == shown
    assert Count(1000, more=True).spoken == "more than 1,000"


def test_a_deep_page_costs_the_queries_of_the_first(people, client, mixed, small_pages, django_assert_num_queries):
    client.force_login(people.hsi_hq)
    client.get(LIST)
    first = client.get(f"{LIST}?sort=number")
    with django_assert_num_queries(11):
        client.get(f"{LIST}?sort=number")
    with django_assert_num_queries(11):
        client.get(f"{LIST}?sort=number&after={first.context['page'].next}")


def test_no_list_asks_for_an_offset_or_counts_all(people, client, mixed, small_pages):
    client.force_login(people.auditor)
    for address in (LIST, f"{LIST}?text=T21&sort=due", AGENTS, QUEUE):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        for sql in [query["sql"] for query in queries if "designation_notice" not in query["sql"]]:
            assert "OFFSET" not in sql
            assert "COUNT(" not in sql or "LIMIT" in sql, sql


def test_agents_come_by_name_in_pages(people, client, small_pages):
    office = people.coordinator.office
    for name in ("Stone", "abel", "Quimby", "Stone", "Ybarra", "Stone", "Stone"):
        AgentFactory(office=office, last_name=name, first_name="Lee")
    client.force_login(people.coordinator)
    shown, address = [], AGENTS
    while address:
        page = client.get(address)
        shown += page.context["agents"]
        following = page.context["page"].next
        address = f"{AGENTS}?after={following}" if following else ""
    assert shown == list(Agent.objects.filter(office=office).order_by("last_name", "first_name", "badge_number"))


class TestAdmin:
    @pytest.fixture(autouse=True)
    def two_a_page(self, monkeypatch):
        monkeypatch.setattr(RequestAdmin, "list_per_page", 2)

    def pages(self, client, **asked) -> list[list[str]]:
        pages, position = [], {}
        while True:
            shown = client.get(QUEUE, {**asked, **position}).context["cl"]
            pages.append([row.number for row in shown.result_list])
            if not shown.page.next:
                return pages
            position = {"after": shown.page.next}

    @pytest.mark.parametrize("column", [0, 7, 8])
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_each_order_shows_every_row_once(self, people, client, mixed, column, sign):
        client.force_login(people.auditor)
        pages = self.pages(client, o=f"{sign}{column}")
        assert [len(page) for page in pages] == [2, 2, 2, 2, 2, 1]
        assert sorted(flat(pages)) == sorted(row.number for row in mixed)

    def test_the_queue_begins_with_what_waits_longest(self, people, client):
        rows = factories.requests(people, "dea_decision", count=5)
        client.force_login(people.dea_hq)
        assert self.pages(client) == [[row.number for row in rows[at : at + 2]] for at in (0, 2, 4)]

    def test_the_list_goes_on_where_a_reviewer_left_it(self, people, client):
        rows = factories.requests(people, "dea_decision", count=5)
        client.force_login(people.dea_hq)
        second = client.get(QUEUE, {"after": client.get(QUEUE).context["cl"].page.next})
        url = reverse("admin:designation_request_change", args=[rows[2].pk])
        assert f"{url}?_changelist_filters=after%3D" in second.text
        assert "?before=" in second.text

    def test_an_order_that_no_index_holds_is_not_offered(self, people, client, mixed):
        client.force_login(people.auditor)
        page = client.get(QUEUE, {"o": "1"})
        assert page.status_code == 200
        assert page.text.count('class="sortable column') == 3

    def test_counting_stops_here_too(self, people, client, mixed, counted_to_two):
        client.force_login(people.auditor)
        page = client.get(QUEUE)
        assert '<span class="usa-sr-only">more than 2</span>' in page.text
        assert "Count them all" in page.text
        assert client.get(QUEUE, {"count": "all"}).context["cl"].count == Count(11)

    @pytest.mark.parametrize(
        ("app", "model"),
        [
            ("designation", "agent"),
            ("designation", "designation"),
            ("designation", "fieldopinion"),
            ("designation", "notice"),
            ("designation", "rosterupload"),
            ("audit", "stepevent"),
            ("audit", "stagevisit"),
            ("audit", "accessrecord"),
        ],
    )
    def test_every_list_that_grows_without_end_opens_and_sorts(self, people, client, mixed, app, model):
        client.force_login(people.auditor)
        url = reverse(f"admin:{app}_{model}_changelist")
        for asked in ({}, {"o": "0"}, {"o": "-1.2"}, {"after": "x"}, {"before": "x", "p": "7"}):
            assert client.get(url, asked).status_code == 200
