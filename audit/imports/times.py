"""Times as people and programs write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

DATE = re.compile(
    r"""(?:
      (?P<year>\d{4}) (?P<mark>[-/.]) (?P<month>\d{1,2}) (?P=mark) (?P<day>\d{1,2})
    | (?P<first>\d{1,2}) (?P<sign>[-/.]) (?P<second>\d{1,2}) (?P=sign) (?P<year_last>\d{4})
    | (?P<day_named>\d{1,2}) [-\ ] (?P<name>[A-Za-z]{3,9}) [-,\ ]+ (?P<year_named>\d{4})
    | (?P<name_first>[A-Za-z]{3,9}) \ + (?P<day_second>\d{1,2}) ,?\ + (?P<year_third>\d{4})
    )
    (?: [T,\ ]+ (?P<hour>\d{1,2}) : (?P<minute>\d{2}) (?: : (?P<clock_second>\d{2}) (?: [.,] (?P<fraction>\d+) )? )?
        (?: \ * (?P<half>[AaPp]) \.?[Mm]\.? )?
    )?
    (?: \ * (?P<offset> Z | UTC | GMT | [+-]\d{2} (?: :?\d{2} )? ) )?""",
    re.VERBOSE,
)

NUMBER = re.compile(r"\d{5,13}(?:[.,]\d+)?")
# From 1954 to 2064, and from 1973 to 2065.
SERIAL_DAYS, UNIX_SECONDS = (20_000, 60_000), (100_000_000, 3_000_000_000)
SERIAL_EPOCH = datetime(1899, 12, 30)


class UnreadableTime(ValueError):
    """The text is no time; the message says why."""


class TimeOpenToReading(Exception):
    """The text is a time only once the caller states a time zone or an order of day and month."""


@dataclass(frozen=True)
class TimeReader:
    """Reads times with an offset, times of a stated zone, and dates in a stated order of day and month.

    Understood are ISO 8601 in all its forms, also with blanks and slashes, “3/4/2024 2:05 PM”, “04.03.2024 14:05”,
    “4 Mar 2024 14:05:00” and “Mar 4, 2024”, each with an offset, “Z”, “UTC” or “GMT” after it or none. A date alone
    is its midnight. More than six digits of a second are cut off.
    """

    zone: ZoneInfo | None = None
    date_order: str = ""

    def read(self, text: str) -> datetime:
        """The instant in UTC. Raises UnreadableTime, and TimeOpenToReading."""
        if len(text) == 13 and text.isdecimal():  # fromisoformat would make a day and a time of some milliseconds
            raise _not_understood(text)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = self._read_other(text)
        if found.tzinfo is UTC:
            return found
        if found.tzinfo is None:
            return self._of_zone(found, text)
        try:
            return found.astimezone(UTC)
        except OverflowError:
            raise UnreadableTime(f"“{text}” is no time of this world") from None

    def _of_zone(self, local: datetime, text: str) -> datetime:
        if self.zone is None:
            raise TimeOpenToReading(f"“{text}” has no offset: say with --time-zone where its clock hung.")
        try:
            instant = local.replace(tzinfo=self.zone).astimezone(UTC)
            exists = instant.astimezone(self.zone).replace(tzinfo=None) == local
        except OverflowError:
            raise UnreadableTime(f"“{text}” is no time of this world") from None
        if not exists:
            raise UnreadableTime(f"“{text}” never was: the clocks of {self.zone.key} went forward over it")
        return instant

    def _read_other(self, text: str) -> datetime:
        match = DATE.fullmatch(text)
        if match is None:
            raise _not_understood(text)
        part = match.groupdict()
        year, month, day = self._date(part, text)
        fraction = (part["fraction"] or "")[:6].ljust(6, "0")
        try:
            return datetime(
                year,
                month,
                day,
                _hour(part),
                int(part["minute"] or 0),
                int(part["clock_second"] or 0),
                int(fraction),
                tzinfo=_offset(part["offset"]),
            )
        except ValueError as error:
            raise UnreadableTime(f"“{text}”: {error}") from None

    def _date(self, part: dict[str, str | None], text: str) -> tuple[int, int, int]:
        if part["year"]:
            return int(part["year"]), int(part["month"] or 0), int(part["day"] or 0)
        if name := part["name"] or part["name_first"]:
            named, day = part["year_named"] or part["year_third"], part["day_named"] or part["day_second"]
            return int(named or 0), _month(name), int(day or 0)
        first, second, year = int(part["first"] or 0), int(part["second"] or 0), int(part["year_last"] or 0)
        if not self.date_order:
            raise TimeOpenToReading(
                f"“{text}”: say with --date-order whether the month comes first (mdy) or the day (dmy)."
            )
        return (year, second, first) if self.date_order == DAY_FIRST else (year, first, second)


def _not_understood(text: str) -> UnreadableTime:
    return UnreadableTime(f"“{text[:60]}” is not a time that is understood{_seems_to_be(text)}")


def _seems_to_be(text: str) -> str:
    """What a number in place of a time may mean, and what to do about it; nothing, where it is none."""
    if not NUMBER.fullmatch(text):
        return ""
    number = float(text.replace(",", "."))
    if _lies_in(SERIAL_DAYS, number):
        at = SERIAL_EPOCH + timedelta(minutes=round(number * 24 * 60))
        return (
            f"; it seems to be a spreadsheet's serial number of {at:%Y-%m-%d %H:%M}. "
            "Format the column there as a date, to read like this one, and save the file again"
        )
    for unit, in_a_second in (("seconds", 1), ("milliseconds", 1000)):
        if _lies_in(UNIX_SECONDS, number / in_a_second):
            at = datetime.fromtimestamp(number / in_a_second, UTC)
            return f"; it seems to be Unix {unit}. Write the column in ISO 8601, this one as {at:%Y-%m-%dT%H:%M:%SZ}"
    return ""


def _lies_in(span: tuple[int, int], number: float) -> bool:
    return span[0] <= number < span[1]


def _month(name: str) -> int:
    """1 to 12, or 0, which no date has."""
    start = name[:3].lower()
    return MONTHS.index(start) + 1 if start in MONTHS else 0


def _hour(part: dict[str, str | None]) -> int:
    hour = int(part["hour"] or 0)
    if not part["half"]:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("hour must be in 1..12")
    return hour % 12 + (12 if part["half"] in "Pp" else 0)


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"{text} is no offset from UTC, which has at most 23 hours and 59 minutes")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
