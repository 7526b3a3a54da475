"""Template filters of the pages: durations in business time, local times, pages, fields."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from audit.moments import MOMENT

register = template.Library()

BUSINESS_DAY_HOURS = 8


@register.filter
def business_duration(seconds: int | None, day: str = "day") -> str:
    """Business seconds in words, to the minute below one day: "3 days 2 h", "2 h 10 min".

    A day is eight business hours; `day` is its name in the singular. No duration gives an empty string.
    """
    if seconds is None:
        return ""
    minutes = int(seconds) // 60
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, BUSINESS_DAY_HOURS)
    parts = []
    if days:
        parts.append(f"{days:,} {day}" if days == 1 else f"{days:,} {day}s")
    if hours:
        parts.append(f"{hours} h")
    if minutes and not days:
        parts.append(f"{minutes} min")
    return " ".join(parts) or "0 min"


@register.filter
def exact_duration(seconds: int | None, rounding: str = "down") -> str:
    """Business seconds in words, to the minute: "3 days 30 min". Rounded down, or "up".

    What is used rounded down and what is left rounded up, or what is used and what is over both up, add up to a goal
    of whole minutes; and what is over never looks like nothing.
    """
    if seconds is None:
        return ""
    minutes = -(-int(seconds) // 60) if rounding == "up" else int(seconds) // 60
    days, rest = divmod(minutes, 60 * BUSINESS_DAY_HOURS)
    parts = [business_duration(days * 60 * 60 * BUSINESS_DAY_HOURS)] if days else []
    if rest or not days:
        parts.append(business_duration(rest * 60))
    return " ".join(parts)


@register.filter
def unbroken(words: str) -> str:
    """The words with each number kept on one line with its unit: “11 days 2 h” never breaks before “h”."""
    return re.sub(r"(?<=\d) (?=\D)", "\u00a0", words)


@register.filter
def local_time(at: datetime | None) -> str:
    """An instant as a `<time>` element in the current time zone, which it names; empty for none."""
    return _time_element(at, MOMENT)


@register.filter
def local_date(at: datetime | None) -> str:
    """The day of an instant in the current time zone as a `<time>` element; empty for none."""
    return _time_element(at, "N j, Y")


@register.filter
def due_date(at: datetime | None) -> str:
    """The day of an instant as `local_date` gives it, with the time where that is today or tomorrow."""
    if at is None:
        return ""
    days = (timezone.localdate(at) - timezone.localdate()).days
    return _time_element(at, "N j, Y, g:i a" if days in (0, 1) else "N j, Y")


def _time_element(at: datetime | None, pattern: str) -> str:
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), date_format(local, pattern))


@register.filter
def table_cells(cells: Iterable[Mapping[str, Any]]) -> str:
    """The cells of a row as `<td>` elements: each has `text`, the `url` that it leads to, and whether it is a `number`.

    Not in a template, whose engine takes many times as long for the hundreds of cells of a report.
    """
    return mark_safe("".join(map(_cell, cells)))  # noqa: S308 - escaped below


def _cell(cell: Mapping[str, Any]) -> str:
    text = escape(cell["text"])
    if cell["url"]:
        text = f'<a class="usa-link" href="{escape(cell["url"])}">{text}</a>'
    return f'<td class="t21-number">{text}</td>' if cell["number"] else f"<td>{text}</td>"


@register.filter
def elided_pages(page: Page[Any]) -> Iterator[int | str]:
    """Page numbers around the given page, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def first_input_id(field: BoundField) -> str:
    """The id of the first input of a field, which a link to the field leads to."""
    return field.id_for_label or f"{field.auto_id}_0"


@register.filter
def item(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key that the template holds in a variable; empty when there is none."""
    return mapping.get(key, "")


@register.filter
def split(text: str, separator: str = "|") -> list[str]:
    """The parts of a text, so that a template can hand a list to a component."""
    return [part.strip() for part in text.split(separator)]
