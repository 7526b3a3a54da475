"""The matrix of offices by modules, for 50,000 agents and 10 modules, through the web response.

Measured with the counts kept, as the scheduled task leaves them; after one completion, with that agent's office counted
anew; and, for comparison, with nothing kept. What is shown must equal what a plain count of the records gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from benchmarks.harness import Check, main, timed
from benchmarks.users import signed_in, user_with
from designation.models import Agent
from training.models import Completion, Module, OfficeStanding
from training.tracking import matrix

AGENTS, MODULES = 50_000, 10
# Nobody asks for these rows through the workflow: its steps and the marks of changes are left out.
ROWS = [
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO designation_agent (badge_number, first_name, last_name, email, office_id, is_active, created_at,
        version)
    SELECT 'M' || agent, 'Agent', 'No. ' || agent, '', office.ids[1 + agent %% cardinality(office.ids)], true, now(), 1
    FROM generate_series(1, %(agents)s) AS agent,
         (SELECT array_agg(id ORDER BY id) AS ids FROM designation_office WHERE agency_id = 'HSI') AS office
    """,
    """
    INSERT INTO designation_request (number, agent_id, office_id, division_id, agreement_id, kind, priority,
        justification, filed_by_id, state, transmitted, returned_from, reconsidered, version)
    SELECT 'T21-M-' || agent.badge_number, agent.id, office.id, office.division_id,
           (SELECT min(id) FROM designation_agreement), (ARRAY['initial', 'renewal', 'transfer'])[1 + agent.id %% 3],
           'routine', 'Measured.', %(user)s, 'hsi_review', false, '', false, 1
    FROM designation_agent AS agent JOIN designation_office AS office ON office.id = agent.office_id
    WHERE agent.badge_number ~ '^M[0-9]+$'
    """,
    """
    INSERT INTO training_module (code, title, purpose, provision, owners, change_count)
    SELECT 'BENCH-' || module, 'Module ' || module, 'To be measured.', '', ARRAY['HSI'], 1
    FROM generate_series(1, %(modules)s) AS module
    """,
    """
    INSERT INTO training_moduleversion (number, module_id, ordinal, state, published_on, version)
    SELECT code || '-v1', id, 1, 'published', date '2020-01-01', 1 FROM training_module WHERE code LIKE 'BENCH-%%'
    """,
    """
    INSERT INTO training_requirement (module_id, audience, blocks, valid_months, effective_from, set_by_name, why,
        ended_by_name, ended_why)
    SELECT id, ARRAY['initial', 'renewal', 'transfer'], 'nothing', 12, date '2020-01-01', 'benchmark', 'Measured.',
        '', ''
    FROM training_module WHERE code LIKE 'BENCH-%%'
    """,
    """
    INSERT INTO training_completion (agent_id, module_id, completed_on, passed, source, evidence, withdrawn, why,
        recorded_by_name)
    SELECT agent.id, module.id, %(today)s - ((agent.id * 7919 + module.id * 104729) %% 500)::int,
           (agent.id + module.id) %% 20 > 0, 'invented', '', false, '', 'benchmark'
    FROM designation_agent AS agent CROSS JOIN training_module AS module
    WHERE agent.badge_number ~ '^M[0-9]+$' AND module.code LIKE 'BENCH-%%'
    """,
]
PLAIN = """
SELECT agent.office_id, count(*) FILTER (
    WHERE EXISTS (
        SELECT FROM training_completion AS completion
        WHERE completion.agent_id = agent.id AND completion.module_id = %(module)s AND completion.passed
          AND completion.completed_on + interval '12 months' >= %(today)s
    )
)
FROM designation_agent AS agent WHERE agent.badge_number ~ '^M[0-9]+$' GROUP BY 1
"""


def measure() -> tuple[list[Check], Mapping[str, float]]:
    settings.ALLOWED_HOSTS = ["testserver"]
    auditor = user_with("auditor")
    _fill(auditor.pk)
    client, today = signed_in(auditor), timezone.localdate()
    agent = Agent.objects.get(badge_number="M1")
    module = Module.objects.get(code="BENCH-1")

    def page() -> None:
        response = client.get(reverse("training:tracking"))
        assert response.status_code == 200

    def page_with_one_office_changed() -> None:
        Completion.objects.create(
            agent=agent, module=module, completed_on=today, passed=True, source="hand", recorded_by_name="benchmark"
        )
        page()

    def keep_all() -> None:
        OfficeStanding.objects.all().delete()
        matrix.keep(today)

    keep_all()
    page()  # the first of a process also compiles its templates
    timings = timed(
        {"counts of all offices": keep_all, "page": page, "page, one office changed": page_with_one_office_changed}
    )
    seconds = timings.medians()
    return [
        Check("matrix of 50,000 agents and 10 modules", seconds["page"] * 1000, 300, "ms"),
        Check("cells that differ from a plain count", _different(matrix.matrix(auditor, today), module), 0, "cells"),
    ], seconds


def _fill(user: int) -> None:
    parameters: dict[str, Any] = {"agents": AGENTS, "modules": MODULES, "user": user, "today": timezone.localdate()}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in ROWS:
            cursor.execute(statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _different(found: matrix.Matrix, module: Module) -> int:
    place = found.modules.index(module)
    ours = {row.office.pk: row.cells[place].complete for row in found.rows if row.office}
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, {"module": module.pk, "today": timezone.localdate()})
        plain = dict(cursor.fetchall())
    return sum(ours.get(office) != count for office, count in plain.items())


if __name__ == "__main__":
    main("Matrix of training", measure)
