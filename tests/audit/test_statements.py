"""SQL that is put together from querysets."""

from __future__ import annotations

import pytest

from audit.models import StepEvent
from audit.statements import SQL, rows_of, sql_of

pytestmark = pytest.mark.django_db


def test_a_queryset_stands_inside_a_statement_with_parameters_of_its_own_name():
    found = sql_of(StepEvent.objects.order_by().filter(subject__in=["a", "b"], workflow="c").values("pk"), named="step")
    assert found.parameters == {"step_0": "a", "step_1": "b", "step_2": "c"}
    assert rows_of(SQL(f"SELECT count(*) FROM ({found.text}) AS found", found.parameters)) == [(0,)]


def test_a_queryset_that_finds_nothing_is_a_statement_too():
    found = sql_of(StepEvent.objects.none().order_by().values("pk"), named="step")
    assert rows_of(SQL(f"SELECT count(*) FROM ({found.text}) AS found", found.parameters)) == [(0,)]


def test_percent_signs_of_its_own_stay():
    rows = StepEvent.objects.order_by().extra(select={"rest": "sequence %% 2"}).filter(workflow="a")
    found = sql_of(rows.values("rest"), named="step")
    assert rows_of(SQL(f"SELECT count(*) FROM ({found.text}) AS found", found.parameters)) == [(0,)]
