"""Whether agents were designated on a day, as the ledger tells it, and the record of who asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject, Upper
from django.utils import timezone
from django.utils.formats import date_format

from audit.models import AccessRecord, StepEvent
from audit.moments import moment
from designation.declared import declared
from designation.models import Agent, Designation, User
from designation.models.designations import LIVE, Status
from designation.models.names import named
from designation.models.people import BADGE_NUMBER

FIRST_DAY = date(1994, 8, 1)
"""The first agreement is of August 1994: nobody was designated before."""
LAST_DAY = date(2099, 12, 31)


class Standing(StrEnum):
    """How an agent stood on a day. All but the first mean that he was not designated."""

    DESIGNATED = "designated"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    RELINQUISHED = "relinquished"
    REVOKED = "revoked"
    NEVER_DESIGNATED = "never_designated"
    UNKNOWN_BADGE = "unknown_badge"


@dataclass(frozen=True)
class Step:
    """A recorded step of a designation; `state` is the one that it led to."""

    number: str
    transition: str
    state: str
    at: datetime

    @property
    def done(self) -> str:
        """What was done, as “suspended”."""
        return "granted" if self.transition == "grant" else declared(Designation, self.transition).done


@dataclass(frozen=True)
class Term:
    """A designation as it was granted. `office` is the code of the office that it was granted for."""

    number: str
    office: str
    agreement: str
    first_day: date
    last_day: date
    steps: tuple[Step, ...]
    """Those before the end of the day that is asked about, in their order."""

    def standing_on(self, day: date) -> tuple[Standing, datetime]:
        """How it stood at the end of the day, and since when. It has a step at least.

        A term that is over has expired, also where the task that records it has not run.
        """
        last = self.steps[-1]
        over = _midnight(self.last_day + timedelta(days=1))
        if last.state in LIVE and day > self.last_day:
            return Standing.EXPIRED, over
        if last.state == Status.ACTIVE:
            return Standing.DESIGNATED, last.at
        if last.state == Status.EXPIRED:
            return Standing.EXPIRED, min(last.at, over)
        return Standing(last.state), last.at


@dataclass(frozen=True)
class Answer:
    """How one agent stood at the end of a day, or stands now if the day is today or yet to come.

    `badge_number` is as on record, or as asked where nobody has it; `term` is the designation that decides;
    `steps` are those of the day itself, of any of his designations.
    """

    badge_number: str
    day: date
    standing: Standing
    name: str = ""
    office: str = ""
    term: Term | None = None
    since: datetime | None = None
    steps: tuple[Step, ...] = ()

    @property
    def designated(self) -> bool:
        return self.standing == Standing.DESIGNATED

    @property
    def known(self) -> bool:
        return self.standing != Standing.UNKNOWN_BADGE

    @property
    def as_of(self) -> datetime:
        """The instant for which the answer holds: the end of the day, or now."""
        return min(_midnight(self.day + timedelta(days=1)), timezone.now())

    @property
    def yes_or_no(self) -> str:
        return "Yes" if self.designated else "No" if self.known else "Unknown badge"

    def in_words(self) -> str:
        """As “Yes: designated on March 3, 2026, XD-2026-000123, until Feb. 28, 2027.”"""
        if not self.known:
            return f"Unknown badge: no agent on record has the number {self.badge_number}."
        on_file = ", as on file now" if self.day > timezone.localdate() else ""
        return f"{self.yes_or_no}{on_file}: {self._why()}."

    def _why(self) -> str:
        day = "today" if self.day == timezone.localdate() else f"on {_written(self.day)}"
        if self.term is None or self.since is None:
            return f"never designated up to {_written(self.day)}"
        if self.designated:
            return f"designated {day}, {self.term.number}, until {_written(self.term.last_day)}"
        if self.standing == Standing.EXPIRED:
            return f"expired; the last day of {self.term.number} was {_written(self.term.last_day)}"
        if self.standing == Standing.SUSPENDED:
            return f"suspended since {moment(self.since)}, {self.term.number}"
        return f"{self.standing} on {moment(self.since)}, {self.term.number}"


def designated(badge_numbers: Sequence[str], day: date) -> list[Answer]:
    """How each agent stood on the day, one answer for each badge number, in their order. One query.

    It is read from the steps alone, so that it is right for days long past. A day is judged at its end in the current
    time zone; no step lies ahead, so that for today, or a day yet to come, that is how things stand now. Letter case
    of badge numbers does not count, unless agents differ in nothing else.
    """
    found = _agents_by_badge(badge_numbers, day)
    return [_answer(badge, found.get(badge, []), day) for badge in badge_numbers]


def look_up(badge_numbers: Sequence[str], day: date, *, by: User | str, act: str, asked: str = "") -> list[Answer]:
    """`designated`, put on record: who asked, of whom, for which day, and the name where a name was `asked`.

    `by` is a user, or the name of another system; `act` says how it was asked.
    """
    answers = designated(badge_numbers, day)
    user = by if isinstance(by, User) else None
    AccessRecord.objects.create(
        actor=user,
        actor_name=user.recorded_name if user else str(by),
        act=act,
        parameters={
            "badge_numbers": [answer.badge_number for answer in answers],
            "on": day.isoformat(),
            **({"asked": asked} if asked else {}),
        },
        row_count=len(answers),
    )
    return answers


def badges_of_agents_named(text: str, limit: int) -> list[str]:
    """Badge numbers of agents whose first or last name begins with each word of the text, at most `limit`, by name."""
    found = Agent.objects.filter(named(text, "last_name", "first_name"))
    return list(found.values_list("badge_number", flat=True)[:limit])


def badge_numbers_in(words: Iterable[str], *, at_most: int) -> list[str]:
    """The badge numbers, each once. Raises ValidationError for what is none, and for none or too many."""
    badges = list(dict.fromkeys(words))
    wrong = [badge for badge in badges if not is_badge_number(badge)]
    if wrong:
        shown = f"“{wrong[0][:40]}”" + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        raise ValidationError(f"{shown}: no badge number. {BADGE_NUMBER.message}", code="invalid")
    if not badges:
        raise ValidationError("Enter a badge number at least.", code="required")
    if len(badges) > at_most:
        raise ValidationError(f"At most {at_most} badge numbers at once; these are {len(badges)}.", code="too_many")
    return badges


def is_badge_number(text: str) -> bool:
    """Whether the text has the shape of a badge number."""
    try:
        Agent._meta.get_field("badge_number").run_validators(text)
    except ValidationError:
        return False
    return text != ""


Row = Mapping[str, Any]


def _agents_by_badge(badge_numbers: Sequence[str], day: date) -> dict[str, list[Row]]:
    """Badge number as asked -> the agent's designations, each with the agent; one row without where he has none."""
    wanted = [badge for badge in badge_numbers if is_badge_number(badge)]
    by_badge: dict[str, list[Row]] = {}
    by_capitals: dict[str, dict[str, list[Row]]] = {}
    for row in _rows([badge.upper() for badge in wanted], day):
        rows = by_badge.setdefault(row["badge_number"], [])
        rows.append(row)
        by_capitals.setdefault(row["capitals"], {})[row["badge_number"]] = rows
    alike = {badge: list(by_capitals.get(badge.upper(), {}).values()) for badge in wanted}
    others = {badge: rows[0] for badge, rows in alike.items() if len(rows) == 1}
    return others | {badge: by_badge[badge] for badge in wanted if badge in by_badge}


def _rows(capitals: Sequence[str], day: date) -> QuerySet[Any, Any]:
    """One statement, and so of one instant: a grant between two would show the old designation as given up.

    The steps are asked for designation by designation, because a join's plan would hang on statistics.
    """
    steps = StepEvent.objects.filter(
        workflow=Designation.workflow,
        subject=OuterRef("designations__number"),
        at__lt=_midnight(day + timedelta(days=1)),
    ).order_by("sequence")
    return (
        Agent.objects.annotate(capitals=Upper("badge_number"))
        .filter(capitals__in=capitals)
        .order_by("designations__pk")
        .values(
            "badge_number",
            "first_name",
            "last_name",
            "office__code",
            "capitals",
            "designations__number",
            "designations__office__code",
            "designations__agreement__code",
            "designations__valid_from",
            "designations__valid_until",
            steps=ArraySubquery(steps.values(step=JSONObject(transition="transition", state="to_state", at="at"))),
        )
    )


def _answer(badge: str, rows: Sequence[Row], day: date) -> Answer:
    if not rows:
        return Answer(badge, day, Standing.UNKNOWN_BADGE)
    agent = rows[0]
    terms = [_term(row) for row in rows if row["steps"]]
    begun = [term for term in terms if term.first_day <= day]
    who: dict[str, Any] = {
        "badge_number": agent["badge_number"],
        "day": day,
        "name": f"{agent['first_name']} {agent['last_name']}",
        "office": agent["office__code"],
        "steps": tuple(sorted(_steps_of_day(terms, day), key=lambda step: step.at)),
    }
    if not begun:
        return Answer(standing=Standing.NEVER_DESIGNATED, **who)
    # Stable: of two granted in the same instant, the one that was made last.
    begun.sort(key=lambda term: (term.standing_on(day)[0] == Standing.DESIGNATED, term.steps[0].at))
    deciding = begun[-1]
    standing, since = deciding.standing_on(day)
    return Answer(standing=standing, since=since, term=deciding, **who)


def _term(row: Row) -> Term:
    number = row["designations__number"]
    return Term(
        number=number,
        office=row["designations__office__code"],
        agreement=row["designations__agreement__code"],
        first_day=row["designations__valid_from"],
        last_day=row["designations__valid_until"],
        steps=tuple(
            Step(number, step["transition"], step["state"], datetime.fromisoformat(step["at"])) for step in row["steps"]
        ),
    )


def _steps_of_day(terms: Iterable[Term], day: date) -> list[Step]:
    return [step for term in terms for step in term.steps if step.at >= _midnight(day)]


def _midnight(day: date) -> datetime:
    """The instant with which the day begins in the current time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _written(day: date) -> str:
    return date_format(day, "N j, Y")
