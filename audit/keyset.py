"""Pages of a long list by keys: each begins behind the row with which the one before it ended.

A page is found through an index, however deep in the list it lies, and neither repeats nor skips a row when others come
or go. The price is that pages have no numbers: one goes to the first, the previous and the next.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.utils import timezone

AFTER, BEFORE, COUNT = "after", "before", "count"
PARAMETERS = (AFTER, BEFORE, COUNT)
ALL = "all"  # the value of COUNT that asks for an exact count
COUNTED_TO = 1_000
LONGEST_POSITION = 1_000


class Row(Func):
    """A row of values, which PostgreSQL compares as a whole and can look up in an index."""

    template = "(%(expressions)s)"
    output_field = models.Field()


@dataclass(frozen=True)
class Part:
    """Rows that stand in one order; a list is one part or several, one behind the other.

    `order` names columns of the rows, all ascending or, with "-" before each, all descending. None of them is null, and
    together they are unique. `key` is the column by which the listed row is known.
    """

    rows: QuerySet[Any]
    order: tuple[str, ...]
    key: str = "pk"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name.removeprefix("-") for name in self.order)

    @property
    def descending(self) -> bool:
        return self.order[0].startswith("-")

    def keys(self, count: int, start: Sequence[Any] | None, *, backwards: bool) -> QuerySet[Any]:
        """So many keys with the values of the columns, from behind `start`, or from the beginning where it is None."""
        descending = self.descending != backwards
        rows = self.rows
        if start is not None:
            beyond: Any = LessThan if descending else GreaterThan
            values = [Value(value, self._field(name)) for name, value in zip(self.columns, start, strict=True)]
            rows = rows.filter(beyond(Row(*map(F, self.columns)), Row(*values)))
        order = [F(name).desc() if descending else F(name).asc() for name in self.columns]
        return rows.order_by(*order).values_list(self.key, *self.columns)[:count]

    def read(self, values: Sequence[Any]) -> list[Any]:
        """The values of the columns out of an address. Raises ValidationError for what is none."""
        if len(values) != len(self.columns):
            raise ValidationError("That many columns there are not.")
        return [_read_value(self._field(name), value) for name, value in zip(self.columns, values, strict=True)]

    def _field(self, name: str) -> models.Field[Any, Any]:
        meta = self.rows.model._meta
        field = meta.pk if name == "pk" else meta.get_field(name)
        assert isinstance(field, models.Field)
        return field


def _read_value(field: models.Field[Any, Any], given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, str | int) or "\0" in str(given):
        raise ValidationError("This is no value of a column.")
    if isinstance(field, models.DateTimeField):
        value = field.to_python(given)
        if value is None or timezone.is_naive(value):
            raise ValidationError("This is no instant.")
        return value
    value = field.to_python(given)
    field.run_validators(value)
    return value


@dataclass(frozen=True)
class Position:
    """A place in a list: that of a row of one of its parts."""

    part: int
    values: tuple[Any, ...]

    def __str__(self) -> str:
        """As it stands in an address."""
        values = [value.isoformat() if isinstance(value, date) else value for value in self.values]
        return urlsafe_b64encode(json.dumps([self.part, *values]).encode()).decode().rstrip("=")


def read_position(parts: Sequence[Part], text: str) -> Position | None:
    """The position that stands in an address; None for one that is none in this list."""
    if not text or len(text) > LONGEST_POSITION:
        return None
    try:
        part, *values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
        if type(part) is not int or not 0 <= part < len(parts):
            return None
        read = tuple(parts[part].read(values))
        json.dumps([str(value) for value in read], ensure_ascii=False).encode()
    except (TypeError, ValueError, OverflowError, RecursionError, ValidationError):
        return None
    return Position(part, read)


@dataclass(frozen=True)
class Page:
    """The keys of one page in their order, and the positions from which the pages around it are found.

    `previous` and `next` are empty where there is no such page.
    """

    keys: list[Any]
    previous: str = ""
    next: str = ""

    @property
    def has_other_pages(self) -> bool:
        return bool(self.previous or self.next)

    def rows(self, found: QuerySet[Any], key: str = "pk") -> list[Any]:
        """The rows of the page out of `found`, in one query; without those that have left it meanwhile."""
        by_key = {getattr(row, key): row for row in found.order_by().filter(**{f"{key}__in": self.keys})}
        return [by_key[each] for each in self.keys if each in by_key]


def page_of(parts: Sequence[Part], address: Mapping[str, str], size: int) -> Page:
    """The page of `size` rows that the address's `after` or `before` leads to; the first for what leads nowhere.

    One query for each part that the page touches, and one for a part found empty behind it.
    """
    before = read_position(parts, address.get(BEFORE, ""))
    if before is not None:
        found = _first(size + 1, _from(parts, before, size + 1, backwards=True))
        if len(found) > size:
            return _page(found[:size][::-1], previous=True, following=True)
    after = read_position(parts, address.get(AFTER, "")) if before is None else None
    found = _first(size + 1, _from(parts, after, size + 1))
    if after is not None and not found:
        after, found = None, _first(size + 1, _from(parts, None, size + 1))
    return _page(found[:size], previous=after is not None, following=len(found) > size)


Found = tuple[Any, Position]


def _from(parts: Sequence[Part], start: Position | None, count: int, *, backwards: bool = False) -> Iterator[Found]:
    """The rows from behind `start` on, part by part."""
    order = range(len(parts) - 1, -1, -1) if backwards else range(len(parts))
    first = start.part if start else order[0] if order else 0
    for index in order[order.index(first) :] if order else ():
        values = start.values if start and index == start.part else None
        for key, *columns in parts[index].keys(count, values, backwards=backwards):
            yield key, Position(index, tuple(columns))


def _first(count: int, found: Iterable[Found]) -> list[Found]:
    return [each for _, each in zip(range(count), found, strict=False)]


def _page(found: Sequence[Found], *, previous: bool, following: bool) -> Page:
    return Page(
        keys=[key for key, _position in found],
        previous=str(found[0][1]) if found and previous else "",
        next=str(found[-1][1]) if found and following else "",
    )


@dataclass(frozen=True)
class Count:
    """How many rows there are: exactly `number`, or more than that."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.more else f"{self.number:,}"

    def __bool__(self) -> bool:
        return self.number > 0

    @property
    def spoken(self) -> str:
        """For who hears it, as “more than 1,000”."""
        return f"more than {self.number:,}" if self.more else f"{self.number:,}"


def count_of(rows: QuerySet[Any], *, exactly: bool = False) -> Count:
    """How many rows there are, counted to `COUNTED_TO` and no further unless `exactly` is asked for."""
    if exactly:
        return Count(rows.order_by().count())
    number = rows.order_by().values("pk")[: COUNTED_TO + 1].count()
    return Count(min(number, COUNTED_TO), more=number > COUNTED_TO)


def count_beside(page: Page, rows: QuerySet[Any], address: Mapping[str, str]) -> Count:
    """How many rows the list of which this is a page has, as `count_of`, exactly where the address asks; a page that is
    the whole list costs no query."""
    if not page.has_other_pages:
        return Count(len(page.keys))
    return count_of(rows, exactly=address.get(COUNT) == ALL)
