"""A page of reports is of one moment, whatever is committed while it is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from tests import factories
from tests.concurrency import at_once
from tests.factories import People

PAGE = reverse("audit:timeliness")

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_filed_while_a_page_is_made_is_in_none_of_its_tables(people: People, client):
    factories.requests(people, "hsi_review", count=2)
    client.force_login(people.auditor)
    filed: list[Any] = []

    def file_before_the_backlog(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "AS filed_at" in sql and not filed:
            filed.extend(at_once(lambda: factories.requests(people, "hsi_review", count=1)))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(file_before_the_backlog):
        page = client.get(PAGE)
    assert len(filed) == 1
    assert page.context["backlog"].count == 2
    assert client.get(PAGE).context["backlog"].count == 3


def test_a_page_that_cannot_be_answered_in_time_says_so(people: People, client, settings):
    settings.AUDIT_REPORT_SECONDS = 0
    client.force_login(people.auditor)
    page = client.get(PAGE)
    assert page.status_code == 503
    assert "was stopped after 0 seconds" in page.text
