from datetime import UTC, datetime

import pytest
from django import forms
from django.core.paginator import Paginator
from django.utils import timezone

from config.templatetags import title21

HOUR = 3600
DAY = 8 * HOUR


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (HOUR, "1 h"),
        (2 * HOUR + 10 * 60, "2 h 10 min"),
        (DAY - 1, "7 h 59 min"),
        (DAY, "1 day"),
        (3 * DAY + 2 * HOUR + 30 * 60, "3 days 2 h"),
        (1000 * DAY, "1,000 days"),
    ],
)
def test_business_seconds_in_words(seconds, words):
    assert title21.business_duration(seconds) == words


def test_the_day_of_a_duration_can_be_named():
    assert title21.business_duration(DAY, "business day") == "1 business day"
    assert title21.business_duration(2 * DAY, "business day") == "2 business days"


@pytest.mark.parametrize(
    ("seconds", "down", "up"),
    [
        (None, "", ""),
        (0, "0 min", "0 min"),
        (1, "0 min", "1 min"),
        (3 * DAY, "3 days", "3 days"),
        (3 * DAY + 1, "3 days", "3 days 1 min"),
        (3 * DAY + HOUR // 2, "3 days 30 min", "3 days 30 min"),
        (4 * DAY + 8 * HOUR - 1, "4 days 7 h 59 min", "5 days"),
    ],
)
def test_exact_durations_are_to_the_minute(seconds, down, up):
    assert (title21.exact_duration(seconds), title21.exact_duration(seconds, "up")) == (down, up)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "March 8, 2026, 11:30 p.m. EDT"),
        ("America/Phoenix", "March 8, 2026, 8:30 p.m. MST"),
    ],
)
def test_local_time_names_its_zone_after_the_clock_change(zone, shown):
    with timezone.override(zone):
        assert f">{shown}</time>" in title21.local_time(datetime(2026, 3, 9, 3, 30, tzinfo=UTC))


def test_local_date_is_the_day_of_the_zone_not_of_utc():
    with timezone.override("America/New_York"):
        assert ">March 8, 2026</time>" in title21.local_date(datetime(2026, 3, 9, 3, 30, tzinfo=UTC))


def test_no_instant_shows_nothing():
    assert title21.local_time(None) == ""
    assert title21.local_date(None) == ""


def test_many_pages_are_elided_around_the_current_one():
    page = Paginator(range(400), 10).get_page(20)
    assert list(title21.elided_pages(page)) == [1, "…", 19, 20, 21, "…", 40]


class Mixed(forms.Form):
    name = forms.CharField()
    kind = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)
    at = forms.SplitDateTimeField(widget=forms.SplitDateTimeWidget)


@pytest.mark.parametrize("field", ["name", "kind", "at"])
def test_an_error_links_to_an_input_that_exists(field):
    bound = Mixed()[field]
    assert f'id="{title21.first_input_id(bound)}"' in str(bound)


def test_split_makes_a_list():
    assert title21.split("Upload | Check") == ["Upload", "Check"]


def test_a_number_stays_on_one_line_with_its_unit():
    assert title21.unbroken("11 days 2 h") == "11\u00a0days 2\u00a0h"
    assert title21.unbroken("") == ""


def cell(text, *, number=False, url=""):
    return {"text": text, "number": number, "url": url}


def test_the_cells_of_a_row_are_text_numbers_and_numbers_that_lead_on():
    cells = [cell("DEA"), cell("14.5", number=True), cell("3", number=True, url="/behind/?a=b")]
    assert title21.table_cells(cells) == (
        '<td>DEA</td><td class="t21-number">14.5</td>'
        '<td class="t21-number"><a class="usa-link" href="/behind/?a=b">3</a></td>'
    )


def test_no_text_or_address_of_a_cell_is_taken_for_markup():
    said = title21.table_cells([cell('<b>"&', url='/?desk="><script>')])
    assert said == '<td><a class="usa-link" href="/?desk=&quot;&gt;&lt;script&gt;">&lt;b&gt;&quot;&amp;</a></td>'
