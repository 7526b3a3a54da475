"""What a request says cannot be changed behind the workflow's back, for raw SQL neither."""

import pytest
from django.db import IntegrityError, connection

from tests import factories


@pytest.mark.parametrize(
    "change",
    [
        "number = 'T21-2026-999999'",
        "agent_id = agent_id + 1",
        "office_id = office_id + 1",
        "division_id = division_id + 1",
        "kind = 'renewal'",
        "priority = 'expedited'",
        "justification = 'Better words.'",
        "decided_by_id = filed_by_id",
        "filed_by_id = decided_by_id",
        "decided_by_id = NULL",
    ],
)
def test_an_approved_request_says_what_was_approved(people, change):
    request = factories.request(people, "approved")
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(f"UPDATE designation_request SET {change} WHERE id = %s", [request.pk])


def test_the_text_of_a_request_under_review_is_fixed(people):
    request = factories.request(people, "field_review")
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="not in field_review"):
        cursor.execute("UPDATE designation_request SET justification = 'x' WHERE id = %s", [request.pk])
