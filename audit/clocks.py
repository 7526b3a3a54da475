"""How an open clock stands to its goal: on track, due soon or late; and the clocks of parties and of whole processes.

A stay's due time is in its `StageVisit`. A party's clock runs while the subject is in a stage of the party and rests
otherwise, so that its due time is known only while it runs; the clock of the whole process runs while anybody's does.
Each is measured against the goal in force when it first ran, which no later return or reconsideration resets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, models

from audit.calendar import BusinessClock, load
from audit.goals import ERAS, Entry, goals_for
from audit.models import Goal, StageVisit

DUE_SOON_SECONDS = 8 * 3600


class Status(models.TextChoices):
    ON_TRACK = "on_track", "On track"
    DUE_SOON = "due_soon", "Due soon"
    LATE = "late", "Late"


def soon_seconds(goal_seconds: int | None) -> int:
    """The business seconds before the due time from which it is soon: eight hours, or a quarter of the goal if less."""
    return DUE_SOON_SECONDS if goal_seconds is None else min(DUE_SOON_SECONDS, goal_seconds // 4)


def status(due_at: datetime | None, goal_seconds: int | None, at: datetime, clock: BusinessClock) -> Status | None:
    """How a running clock stands at `at`; None without a due time. The SQL function `audit_clock_status` says the same.

    Raises as `BusinessClock.position` does.
    """
    if due_at is None:
        return None
    if at > due_at:
        return Status.LATE
    soon = clock.between(at, due_at) <= soon_seconds(goal_seconds)
    return Status.DUE_SOON if soon else Status.ON_TRACK


@dataclass(frozen=True)
class Clock:
    """The clock of a party, of the whole process where `party` is empty, or of one stay in `stage`, at one instant.

    `used` is in business seconds. `due_at` is when it uses up the goal if it runs on, or when it did; None while it
    rests, or has ended, with time left. `status` is None once the process has ended.
    """

    party: str
    goal: Goal
    used: int
    running: bool
    ended: bool
    due_at: datetime | None
    status: Status | None
    stage: str = ""

    @property
    def left(self) -> int:
        """Business seconds that the goal leaves; negative when it is missed."""
        return self.goal.business_seconds - self.used

    @property
    def over(self) -> int:
        """Business seconds beyond the goal; negative while some are left."""
        return -self.left

    @property
    def missed(self) -> bool:
        return self.status == Status.LATE if not self.ended else self.left < 0


def clocks_of(visits: Sequence[StageVisit], at: datetime, clock: BusinessClock) -> list[Clock]:
    """The clocks of one subject for which there is a goal, the process first; `visits` are all of its stays, in order.

    Three queries at most.
    """
    timed = [visit for visit in visits if visit.party]
    if not timed:
        return []
    parties = ["", *dict.fromkeys(visit.party for visit in timed)]
    stays = {party: [visit for visit in timed if party in ("", visit.party)] for party in parties}
    goals = goals_for([_beginning(party, stays[party][0]) for party in parties])
    ended = visits[-1].left_at is not None
    return [
        _clock(party, goal, stays[party], ended, at, clock)
        for party, goal in zip(parties, goals, strict=True)
        if goal is not None
    ]


def stay_clock(visit: StageVisit, at: datetime, clock: BusinessClock) -> Clock | None:
    """The clock of a stay that goes on; None for one that has ended or has no goal."""
    if visit.left_at is not None or visit.goal is None:
        return None
    return Clock(
        party=visit.party,
        goal=visit.goal,
        used=clock.between(visit.entered_at, at),
        running=True,
        ended=False,
        due_at=visit.due_at,
        status=status(visit.due_at, visit.goal.business_seconds, at, clock),
        stage=visit.stage,
    )


def _beginning(party: str, visit: StageVisit) -> Entry:
    return Entry(
        workflow=visit.workflow,
        stage="",
        at=visit.entered_at,
        party=party,
        dimensions=visit.dimensions,
        measure=Goal.Measure.PARTY if party else Goal.Measure.PROCESS,
    )


def _clock(
    party: str, goal: Goal, stays: Sequence[StageVisit], ended: bool, at: datetime, clock: BusinessClock
) -> Clock:
    used, due_at = 0, None
    for visit in stays:
        seconds = clock.between(visit.entered_at, visit.left_at or at)
        left = goal.business_seconds - used
        if due_at is None and (seconds > left or visit.left_at is None):
            due_at = clock.add(visit.entered_at, max(left, 0))
        used += seconds
    running = stays[-1].left_at is None
    return Clock(
        party=party,
        goal=goal,
        used=used,
        running=running,
        ended=ended,
        due_at=due_at,
        status=None if ended else _standing(used, goal, due_at, running, at),
    )


def _standing(used: int, goal: Goal, due_at: datetime | None, running: bool, at: datetime) -> Status:
    left = goal.business_seconds - used
    if left < 0 or (running and due_at is not None and at > due_at):
        return Status.LATE
    return Status.DUE_SOON if left <= soon_seconds(goal.business_seconds) else Status.ON_TRACK


@dataclass(frozen=True)
class OpenClock:
    """The clock of a party, or of the whole process where `party` is empty, of a subject that is in a stage.

    Of a single stay where `measure` says so. `sequence` is of the step with which it first ran; `stage` and `turn` are
    the subject's present stage and whose clock runs there. `due_at` is as in `Clock`.
    """

    subject: str
    measure: str
    party: str
    sequence: int
    stage: str
    turn: str
    goal_seconds: int | None
    due_at: datetime

    @property
    def running(self) -> bool:
        """Whether it runs; one that does not is over its goal already."""
        return self.turn != "" and self.party in ("", self.turn)


# Only the stays of subjects that are in a stage are looked at, each found by its key. `audit_goal_of` is asked once for
# all clocks of a kind that began in one era, and not for each. A clock's time ends in the first stay after which more
# is used than its goal gives, or else in the present one.
OPEN_CLOCKS = f"""
WITH clocked AS MATERIALIZED (
    SELECT DISTINCT measure FROM audit_goal WHERE workflow = %(workflow)s AND measure <> 'stage'
),
era AS MATERIALIZED ({ERAS}),
stay AS MATERIALIZED (
    SELECT open.subject, open.stage, open.party AS turn, visit.sequence, visit.party, visit.entered_at, visit.left_at,
           visit.business_seconds, visit.dimensions
    FROM audit_stagevisit AS open CROSS JOIN LATERAL (
        SELECT * FROM audit_stagevisit AS each
        WHERE each.workflow = open.workflow AND each.subject = open.subject AND each.party <> '' OFFSET 0
    ) AS visit
    WHERE open.workflow = %(workflow)s AND open.left_at IS NULL AND EXISTS (SELECT FROM clocked)
),
placed AS (
    SELECT stay.subject, stay.stage, stay.turn, clocked.measure,
           CASE clocked.measure WHEN 'party' THEN stay.party ELSE '' END AS party,
           stay.sequence, stay.entered_at, stay.left_at, stay.business_seconds, stay.dimensions,
           row_number() OVER clock AS place,
           first_value(stay.sequence) OVER clock AS first_sequence,
           coalesce(sum(stay.business_seconds) OVER (clock ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint
               AS used_before
    FROM stay CROSS JOIN clocked
    WINDOW clock AS (
        PARTITION BY stay.subject, clocked.measure, CASE clocked.measure WHEN 'party' THEN stay.party ELSE '' END
        ORDER BY stay.sequence
    )
),
begun AS (
    SELECT placed.*, CASE WHEN place = 1 THEN width_bucket(placed.entered_at, era.beginnings) END AS era
    FROM placed CROSS JOIN era
),
asked AS (
    SELECT begun.*, CASE WHEN place = 1 AND row_number() OVER (PARTITION BY measure, party, era, dimensions) = 1
                         THEN audit_goal_of(measure, %(workflow)s, '', party, dimensions, entered_at) END AS answer
    FROM begun
),
answered AS (
    SELECT asked.*, max(answer) OVER (PARTITION BY measure, party, era, dimensions) AS goal FROM asked
),
judged AS (
    SELECT answered.*, first_value(goal) OVER (PARTITION BY subject, measure, party ORDER BY sequence) AS goal_id
    FROM answered
),
decisive AS (
    SELECT DISTINCT ON (subject, judged.measure, judged.party)
           subject, judged.measure, judged.party, first_sequence, judged.stage, turn,
           goal.business_seconds AS goal_seconds, entered_at,
           greatest(goal.business_seconds - used_before, 0) AS remaining
    FROM judged JOIN audit_goal AS goal ON goal.id = judged.goal_id
    WHERE left_at IS NULL OR used_before + judged.business_seconds > goal.business_seconds
    ORDER BY subject, judged.measure, judged.party, sequence
)
SELECT * FROM decisive
WHERE %(late_at)s::timestamptz IS NULL OR entered_at + make_interval(secs => remaining) < %(late_at)s
"""


def open_clocks(workflow: str, *, late_at: datetime | None = None) -> list[OpenClock]:
    """The clocks with a goal, beside those of single stays, that run or are over their goal; the first due first.

    Of all subjects of the workflow that are in a stage now; where `late_at` is given, only those that are late then.
    Two queries.
    """
    clock = load()
    with connection.cursor() as cursor:
        # Business time is never longer than the time by the wall: what cannot be late by that is not looked at further.
        cursor.execute(OPEN_CLOCKS, {"workflow": workflow, "late_at": late_at})
        found = [OpenClock(*(*row, clock.add(since, left))) for *row, since, left in cursor.fetchall()]
    if late_at is not None:
        found = [each for each in found if late_at > each.due_at]
    return sorted(found, key=lambda each: (each.due_at, each.subject, each.measure, each.party))
