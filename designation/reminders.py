"""Who is reminded of what is due, and the daily digests: written once each, from how the ledger stands at that time.

A run writes notices, which `designation.tasks.send_notices` sends. Nothing is counted between runs, so that a run that
was missed loses nothing and one that is repeated adds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import calendar
from audit.calendar import BusinessClock
from audit.clocks import OpenClock, Status, open_clocks, status
from audit.models import Goal, StageVisit
from designation.models import Digest, Notice, Reminder, Request, Role, User
from designation.models.people import DEA, HSI
from designation.models.requests import State
from designation.selectors import clock_label, late_clocks, waiting_for

HOUR = 3600
LISTED = 50
ONE_RUN_AT_A_TIME = 2_110_301  # an advisory lock of this number

HEADQUARTERS = {HSI: Role.HSI_HQ, DEA: Role.DEA_HQ}
ACTING = (Role.COORDINATOR, Role.HSI_HQ, Role.DEA_FIELD, Role.DEA_HQ)
TITLES = {
    Reminder.What.DUE_SOON: ("{number} is due soon", "{count} requests are due soon"),
    Reminder.What.OVERDUE: ("{number} is past its due time", "{count} requests are past their due time"),
    Reminder.What.ESCALATION: (
        "{number} is late by {hours} business hours or more",
        "{count} requests are late by {hours} business hours or more",
    ),
}


@dataclass(frozen=True)
class Due:
    """A clock of which somebody is to be reminded: of a stay, of a party, or of the whole process.

    `sequence` is of the step with which it first ran, `turn` is whose clock runs now, `label` names the clock.
    """

    what: Reminder.What
    request: Request
    measure: str
    sequence: int
    turn: str
    label: str
    due_at: datetime


@dataclass(frozen=True)
class DigestPart:
    """What another app says in a digest: lines of text under a heading."""

    heading: str
    lines: Sequence[str]

    @property
    def listed(self) -> Sequence[str]:
        return self.lines[:LISTED]

    @property
    def more(self) -> int:
        return max(len(self.lines) - LISTED, 0)


def write_reminders(at: datetime) -> int:
    """Writes the notices of what is due soon, overdue and long overdue at `at`, of which nobody was told yet.

    One notice for each person and kind of reminder; returns how many. One transaction: all or nothing.
    """
    clock = calendar.load()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_RUN_AT_A_TIME])
        due = list(_due(at, clock))
        fresh: dict[tuple[User, Reminder.What], list[Due]] = defaultdict(list)
        known = _known([item.request.number for item in due])
        for item, person in _told(due):
            if (item.what, item.request.number, item.measure, item.sequence, person.pk) not in known:
                fresh[person, item.what].append(item)
        notices = [_notice(person, what, items) for (person, what), items in fresh.items()]
        Notice.objects.bulk_create(notices, batch_size=500)
        reminders = [
            Reminder(
                what=item.what,
                subject=item.request.number,
                measure=item.measure,
                sequence=item.sequence,
                recipient=notice.recipient,
                notice=notice,
            )
            for notice, items in zip(notices, fresh.values(), strict=True)
            for item in items
        ]
        Reminder.objects.bulk_create(reminders, batch_size=2000)
    return len(notices)


def _due(at: datetime, clock: BusinessClock) -> Iterator[Due]:
    """What is due soon or late at `at`, of the clocks that run; the first due first."""
    standing = [(found, status(found.due_at, found.goal_seconds, at, clock)) for found in _running_clocks()]
    wanted = [(found, stands) for found, stands in standing if stands in (Status.DUE_SOON, Status.LATE)]
    requests = {row.number: row for row in Request.objects.filter(number__in={found.subject for found, _ in wanted})}
    after = settings.DESIGNATION_ESCALATE_AFTER_HOURS * HOUR
    for found, stands in wanted:
        request = requests.get(found.subject)
        if request is None or request.state != found.stage:
            continue  # it has moved on since
        if stands == Status.DUE_SOON:
            yield _due_of(Reminder.What.DUE_SOON, request, found)
            continue
        yield _due_of(Reminder.What.OVERDUE, request, found)
        if clock.between(found.due_at, at) >= after:
            yield _due_of(Reminder.What.ESCALATION, request, found)


def _running_clocks() -> list[OpenClock]:
    """The clocks with a due time of all open requests that run now, those of the present stays among them."""
    visits = StageVisit.objects.open().filter(workflow=Request.workflow, due_at__isnull=False)
    columns = ("subject", "sequence", "stage", "party", "goal__business_seconds", "due_at")
    stays = [
        OpenClock(subject, Goal.Measure.STAGE, party, sequence, stage, party, seconds, due_at)
        for subject, sequence, stage, party, seconds, due_at in visits.values_list(*columns)
    ]
    others = [found for found in open_clocks(Request.workflow) if found.running]
    return sorted([*stays, *others], key=lambda found: (found.due_at, found.subject, found.measure))


def _due_of(what: Reminder.What, request: Request, found: OpenClock) -> Due:
    label = str(State(found.stage).label)
    if found.measure != Goal.Measure.STAGE:
        label = f"{clock_label(found)}, now {label}"
    return Due(what, request, found.measure, found.sequence, found.turn, label, found.due_at)


def _known(numbers: Sequence[str]) -> set[tuple[str, str, str, int, int]]:
    rows = Reminder.objects.filter(subject__in=numbers)
    return set(rows.values_list("what", "subject", "measure", "sequence", "recipient"))


def _told(due: Sequence[Due]) -> Iterator[tuple[Due, User]]:
    """Each reminder with those who are to have it."""
    people = _people()
    for item in due:
        for role, office in _audiences(item):
            for person in people.get((role, office), []):
                if item.request.state == State.RETURNED or person.pk != item.request.filed_by_id:
                    yield item, person


def _people() -> dict[tuple[str, int | None], list[User]]:
    """Active users by role and home office, and by role alone under the office None."""
    found: dict[tuple[str, int | None], list[User]] = defaultdict(list)
    for person in User.objects.filter(is_active=True, roles__overlap=list(ACTING)).select_related("office"):
        for role in ACTING:
            if person.has_role(role):
                found[role, person.office_id].append(person)
                found[role, None].append(person)
    return found


def _audiences(item: Due) -> list[tuple[str, int | None]]:
    """Who can end the stay, as role and office; for an escalation, the headquarters of the party on the clock."""
    if item.what == Reminder.What.ESCALATION:
        return [(HEADQUARTERS[item.turn], None)]
    request = item.request
    acting: dict[str, list[tuple[str, int | None]]] = {
        State.HSI_REVIEW.value: [(Role.HSI_HQ, None)],
        State.RETURNED.value: [(Role.COORDINATOR, request.office_id)],
        State.DEA_INTAKE.value: [(Role.DEA_HQ, None), (Role.DEA_FIELD, request.division_id)],
        State.FIELD_REVIEW.value: [(Role.DEA_FIELD, request.division_id)],
        State.DEA_DECISION.value: [(Role.DEA_HQ, None)],
    }
    return acting.get(request.state, [])


def _notice(person: User, what: Reminder.What, items: Sequence[Due]) -> Notice:
    """Names each request once, with those of its clocks that are due."""
    hours = settings.DESIGNATION_ESCALATE_AFTER_HOURS
    clocks: dict[str, list[Due]] = {}
    for item in items:
        clocks.setdefault(item.request.number, []).append(item)
    one, many = TITLES[what]
    title = (one if len(clocks) == 1 else many).format(number=next(iter(clocks)), count=len(clocks), hours=hours)
    body = render_to_string(
        "designation/mail/reminder.txt",
        {"what": what.value, "requests": list(clocks.values())[:LISTED], "more": max(len(clocks) - LISTED, 0)},
    )
    return Notice(
        recipient=person,
        transition=what.value,
        title=title,
        body=body,
        numbers=list(clocks),
    )


def write_digests(at: datetime) -> int:
    """Writes the digest of the local day of `at` for each who acts and has none yet; returns how many notices.

    Only while business time is left of the day, from the hour DESIGNATION_DIGEST_FROM on. Each person's is a
    transaction of its own, so that a run that dies half-way leaves the rest to the next.
    """
    local = timezone.localtime(at)
    if local.time() < settings.DESIGNATION_DIGEST_FROM or not _has_work_left(local):
        return 0
    day = local.date()
    people = User.objects.filter(is_active=True, roles__overlap=list(ACTING)).select_related("office")
    without = people.exclude(pk__in=Digest.objects.filter(day=day).values("recipient"))
    late = late_clocks(timezone.now()) if without.exists() else {}
    return sum(_write_digest(person, day, late) for person in without.order_by("pk"))


def _has_work_left(local: datetime) -> bool:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return calendar.load().between(local, midnight + timedelta(days=1)) > 0


def _write_digest(person: User, day: date, late: Mapping[str, Sequence[OpenClock]]) -> int:
    with transaction.atomic():
        digest, is_new = Digest.objects.get_or_create(recipient=person, day=day)
        notice = _digest_notice(person, day, late) if is_new else None
        if notice is None:
            return 0
        notice.save()
        digest.notice = notice
        digest.save(update_fields=["notice"])
    return 1


def _digest_notice(person: User, day: date, late_clocks: Mapping[str, Sequence[OpenClock]]) -> Notice | None:
    """What waits for the person, what is late among all that he may see, and what other apps add; None for nothing.

    Late is a request by any of its clocks; `late_clocks` are those of parties and of whole processes.
    """
    visible: Any = Request.objects.visible_to(person).open().with_clock().order_by(F("due_at"), "pk")
    waiting: list[Any] = list(visible.filter(waiting_for(person)))
    mine = {request.pk for request in waiting}
    late: list[Any] = list(visible.filter(Q(clock_status=Status.LATE) | Q(number__in=list(late_clocks))))
    for request in late:
        own = [request.get_state_display()] if request.clock_status == Status.LATE else []
        request.late_by = own + [clock_label(found) for found in late_clocks.get(request.number, ())]
    groups: dict[str, list[Any]] = {
        "late": [request for request in late if request.pk in mine],
        "due_soon": [request for request in waiting if request.clock_status == Status.DUE_SOON],
        "late_elsewhere": [request for request in late if request.pk not in mine],
    }
    parts = [part for function in _digest_parts() for part in function(person, day)]
    if not waiting and not late and not parts:
        return None
    context = {name: {"rows": rows[:LISTED], "more": max(len(rows) - LISTED, 0)} for name, rows in groups.items()}
    body = render_to_string(
        "designation/mail/digest.txt", {"day": day, "waiting": len(waiting), "parts": parts, **context}
    )
    counts = f"{len(waiting)} waiting for you, {len(groups['late'])} late"
    numbers = [request.number for rows in groups.values() for request in rows[:LISTED]]
    return Notice(recipient=person, transition="digest", title=f"Your day: {counts}", body=body, numbers=numbers)


@cache
def _digest_parts() -> tuple[Callable[[User, date], Sequence[DigestPart]], ...]:
    """What the settings list: each takes the person and the day, and returns its parts of the digest."""
    return tuple(import_string(path) for path in settings.DESIGNATION_DIGEST_PARTS)
