"""Times in event logs: how they are read, which need a stated zone or order, and which are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError

from audit.imports.times import TimeOpenToReading, TimeReader, UnreadableTime
from audit.models import StepEvent
from tests.audit.event_logs import HEADER, load, read, write

pytestmark = pytest.mark.django_db


def test_times_without_offset_need_a_stated_zone(file):
    write(file, [["A", "x", "2024-03-05T10:00Z", ""], ["A", "y", "2024-07-05 10:00", ""]])
    with pytest.raises(CommandError, match="Row 3, column “time:timestamp”: “2024-07-05 10:00” has no offset"):
        load(file, skip_bad=True)
    load(file, time_zone="America/New_York")
    assert StepEvent.objects.get(to_state="y").at == datetime(2024, 7, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Nowhere/City", "../etc/passwd"])
def test_an_unknown_zone_is_refused(file, zone):
    write(file, [])
    with pytest.raises(CommandError, match="There is no time zone"):
        load(file, time_zone=zone)


AT = datetime(2024, 3, 4, 14, 5, tzinfo=UTC)
READINGS = {
    "2024-03-04T14:05:00Z": AT,
    "2024-03-04 14:05:00+00:00": AT,
    "2024-03-04T16:05+0200": AT,
    "2024-03-04T14:05:00.123456789Z": AT.replace(microsecond=123456),
    "20240304T140500Z": AT,
    "2024/03/04 14:05:00.500": AT.replace(microsecond=500_000),
    "2024.3.4 14:05": AT,
    "2024-03-04 14:05:00 UTC": AT,
    "4 Mar 2024 14:05": AT,
    "04-Mar-2024 14:05:00": AT,
    "March 4, 2024 2:05 PM": AT,
    "2024-03-04": AT.replace(hour=0, minute=0),
}


@pytest.mark.parametrize("text", READINGS)
def test_times_are_read_as_they_are_written(text):
    assert TimeReader(zone=ZoneInfo("UTC")).read(text) == READINGS[text]


def test_the_order_of_day_and_month_is_never_guessed():
    with pytest.raises(TimeOpenToReading):
        TimeReader(zone=ZoneInfo("UTC")).read("3/4/2024 2:05 PM")
    assert TimeReader(ZoneInfo("UTC"), "mdy").read("3/4/2024 2:05 PM") == AT
    assert TimeReader(ZoneInfo("UTC"), "dmy").read("04.03.2024 14:05") == AT
    assert TimeReader(ZoneInfo("UTC"), "mdy").read("3/4/2024 12:05 am") == AT.replace(hour=0)


@pytest.mark.parametrize(
    "text", ["3/4/24 14:05", "2024-13-01", "2024-03-04 25:00", "13:00 PM", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_said_so(text):
    with pytest.raises(UnreadableTime):
        TimeReader(ZoneInfo("UTC"), "mdy").read(text)


def test_an_hour_that_the_clock_skipped_is_no_time_and_one_it_repeated_is_the_first():
    eastern = TimeReader(ZoneInfo("America/New_York"))
    with pytest.raises(UnreadableTime, match="went forward"):
        eastern.read("2024-03-10 02:30")
    assert eastern.read("2024-11-03 01:30") == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("1948-02-01T10:00Z", "is before the calendar begins, on 1990-01-01"),
        ("2099-02-01T10:00Z", "is after the calendar ends, on 20"),
        ("2024-03-05T10:00+25:00", r"\+25:00 is no offset from UTC"),
    ],
)
def test_a_time_that_cannot_be_is_said_to_be_so_in_plain_words(file, capsys, time, says):
    write(file, [["A", "x", time, ""]])
    with pytest.raises(CommandError):
        load(file)
    assert re.search(says, capsys.readouterr().err)


def test_a_time_to_come_is_bad():
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    log = read(f"{','.join(HEADER[:3])}\nA,x,{tomorrow}\n".encode())
    assert [bad.reason for bad in log.bad] == [f"“{tomorrow}” has not come yet"]


SERIAL = "a spreadsheet's serial number of 2024-05-01 12:00. Format the column there as a date, to read like this one"
SEEM_TO_BE = {
    "45413.5": SERIAL,
    "45413,5": SERIAL,
    "1714572000": "Unix seconds. Write the column in ISO 8601, this one as 2024-05-01T14:00:00Z",
    "1710122800123": "Unix milliseconds. Write the column in ISO 8601, this one as 2024-03-11T02:06:40Z",
}


@pytest.mark.parametrize("number", SEEM_TO_BE)
def test_a_number_is_no_time_and_is_told_what_it_seems_to_be(number):
    with pytest.raises(UnreadableTime, match=f"not a time that is understood; it seems to be {SEEM_TO_BE[number]}"):
        TimeReader(ZoneInfo("UTC")).read(number)


@pytest.mark.parametrize("number", ["7", "12345", "99999999999"])
def test_of_another_number_nothing_is_guessed(number):
    with pytest.raises(UnreadableTime, match=r"is not a time that is understood$"):
        TimeReader(ZoneInfo("UTC")).read(number)
