from datetime import UTC, datetime

import pytest
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory
from pytest_django.asserts import assertInHTML

DAY = 8 * 3600


def component(name: str, **context: object) -> str:
    return render_to_string(f"components/{name}.html", context)


def test_a_status_says_its_state_in_words():
    html = component("status", state="dea_intake", label="DEA intake")
    assertInHTML('<span class="t21-status t21-status--dea_intake">DEA intake</span>', html)


def test_a_clock_says_whose_it_is_and_for_how_long():
    html = component("clock", party="DEA", seconds=3 * DAY + 7200)
    assert "<span>DEA" in html
    assert "s clock · 3 business days 2 h<" in html


def test_a_late_clock_says_late_and_since_when():
    due = datetime(2026, 3, 6, 20, tzinfo=UTC)
    html = component("clock", party="HSI", seconds=DAY, due=due, status="late")
    assert "<strong>late</strong>, was due" in html
    assert "March 6, 2026" in html


@pytest.mark.parametrize(("status", "says"), [("due_soon", "<strong>due soon</strong>"), ("on_track", "on track")])
def test_a_clock_that_is_not_late_says_how_it_stands(status, says):
    due = datetime(2026, 3, 6, 20, tzinfo=UTC)
    assert says in component("clock", party="HSI", seconds=DAY, due=due, status=status)


def test_no_clock_runs_for_nobody():
    assert "No clock running" in component("clock", party="")


def test_pages_keep_the_filters_of_the_list():
    request = RequestFactory().get("/requests/?state=returned&page=2")
    html = component("pagination", page=Paginator(range(100), 10).get_page(2), request=request)
    assert 'href="?state=returned&amp;page=3" class="usa-pagination__link usa-pagination__next-page"' in html
    assert html.count('aria-current="page"') == 1


def test_a_single_page_has_no_pagination():
    request = RequestFactory().get("/")
    assert component("pagination", page=Paginator([1], 10).get_page(1), request=request).strip() == ""


@pytest.mark.parametrize(
    ("sort", "aria", "link"),
    [
        ("", "", "?q=ana&amp;sort=age"),
        ("age", 'aria-sort="ascending"', "?q=ana&amp;sort=-age"),
        ("-age", 'aria-sort="descending"', "?q=ana&amp;sort=age"),
    ],
)
def test_a_column_is_sorted_by_a_link_that_keeps_filters_and_starts_at_page_one(sort, aria, link):
    request = RequestFactory().get("/", {"q": "ana", "page": "4"})
    html = component("table_head", columns=[{"label": "Age", "key": "age"}], sort=sort, request=request)
    assert f'href="{link}"' in html
    assert aria in html
    assert ("aria-sort" in html) == bool(aria)


def test_the_step_indicator_marks_the_current_step_alone():
    html = component("step_indicator", steps=["Upload", "Check", "Done"], current=2)
    assert html.count('aria-current="step"') == 1
    assert "of 3" in html
    assert "Upload <span" in html


def test_a_change_link_says_what_it_changes():
    html = component("summary_list", rows=[{"label": "Agent", "value": "Ana", "change_url": "/c/"}])
    assertInHTML('<a class="usa-link" href="/c/">Change<span class="usa-sr-only"> Agent</span></a>', html)


def test_the_timeline_tells_who_when_why_and_how_long():
    entry = {
        "label": "Returned",
        "at": datetime(2026, 3, 6, 20, 15, tzinfo=UTC),
        "who": "Lee Chen, DEA",
        "reason": "Wrong <badge>",
        "stage": "DEA intake",
        "seconds": DAY,
        "party": "DEA",
    }
    html = component("timeline", entries=[entry])
    assert "March 6, 2026, 3:15 p.m. EST" in html
    assert "Lee Chen, DEA" in html
    assert "Wrong &lt;badge&gt;" in html
    assert "DEA intake: 1 business day on DEA" in html


def test_a_filter_bar_shows_a_given_sort_along():
    assertInHTML('<input type="hidden" name="sort" value="-age">', component("filter_bar", sort="-age"))
