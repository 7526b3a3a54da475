"""One way to write an instant, on pages and in messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from audit.moments import moment
from config.templatetags.title21 import local_time
from designation import workflow
from tests import factories

AT = datetime(2026, 11, 25, 0, 46, tzinfo=UTC)


def test_an_instant_is_written_in_local_time_with_its_zone():
    assert moment(AT) == "Nov. 24, 2026, 7:46 p.m. EST"


def test_pages_write_it_the_same_way():
    assert f">{moment(AT)}<" in local_time(AT)


@pytest.mark.django_db
def test_refusals_write_it_the_same_way(people):
    request = factories.request(people, "withdrawn")
    [refusal] = workflow.preview("submit", [request.pk], actor=people.coordinator).refused
    assert re.search(r"on \w+\.? \d+, \d{4}, [\d:]+ ?(a\.m\.|p\.m\.|noon|midnight)? ?E[SD]T", refusal.message)
