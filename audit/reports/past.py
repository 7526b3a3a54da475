"""The ledger as it was when it ended with an earlier step, so that any report can be had again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# A temporary view stands before the table of its name in whatever is read until the transaction ends; within its own
# statement the name is still the table's. What was left later was open then. No figures were kept then that could be
# told from those kept since, so that all are computed from the stays.
VIEWS = """
CREATE TEMPORARY VIEW audit_stagevisit AS
SELECT visit.id, visit.workflow, visit.subject, visit.sequence, visit.stage, visit.party, visit.entered_at,
       CASE WHEN next.id IS NOT NULL THEN visit.left_at END AS left_at,
       visit.clock_began_at,
       CASE WHEN next.id IS NOT NULL THEN visit.business_seconds END AS business_seconds,
       visit.goal_id, visit.due_at, CASE WHEN next.id IS NOT NULL THEN visit.met END AS met, visit.dimensions
FROM audit_stagevisit AS visit
JOIN audit_stepevent AS entered ON entered.workflow = visit.workflow AND entered.subject = visit.subject
                               AND entered.sequence = visit.sequence AND entered.id <= {position}
LEFT JOIN audit_stepevent AS next ON next.workflow = visit.workflow AND next.subject = visit.subject
                                 AND next.sequence = visit.sequence + 1 AND next.id <= {position};
CREATE TEMPORARY VIEW audit_stepevent AS SELECT * FROM audit_stepevent WHERE id <= {position};
CREATE TEMPORARY VIEW audit_summarisedperiod AS SELECT * FROM audit_summarisedperiod WHERE false
"""


@contextmanager
def ledger_up_to(position: int) -> Iterator[None]:
    """Within the block every report reads the steps up to the one with that id, and the stays as they were then.

    Goals, the calendar, and who may see what are those of now. Whatever the block writes is undone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(VIEWS.format(position=int(position)))
        try:
            yield
        finally:
            transaction.set_rollback(True)
