"""What the invented staff said to each other on the requests that are open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from designation.demo.staff import Staff
from designation.demo.year import Year
from designation.models import Comment, Request, Role, User
from designation.models.requests import State

SHARE = 0.3  # of the open requests with DEA
EXCHANGES = (
    ("Which task force has the agent joined, and since when?", "The seaport group, since the first of last month."),
    ("Does the agent keep the cases of the office that he leaves?", "Two of them, until they are charged."),
    ("Our group supervisor asks for the case number of the parcel seizures.", "It is in the supervisor’s memorandum."),
    ("Is the agent detailed elsewhere during the next quarter?", "No, the detail ended in the summer."),
    ("We work the same organisation: please call our group before the next step.", "Done; both groups have met."),
)
REVIEWED = (State.FIELD_REVIEW, State.DEA_DECISION)


def comments_on(year: Year, staff: Staff, *, seed: int, until: datetime) -> Iterator[Comment]:
    """Questions of reviewers and, of most, the answers of coordinators, not saved yet."""
    entered = {step.subject: step.at for step in year.request_steps}
    for request in year.requests:
        rng = Random(f"{seed} comments on {request.number}")  # noqa: S311 - repeatable
        if request.state not in REVIEWED or rng.random() >= SHARE:
            continue
        question, answer = rng.choice(EXCHANGES)
        asked = min(entered[request.number] + timedelta(hours=rng.uniform(0.2, 3)), until)
        answered = asked + timedelta(hours=rng.uniform(0.5, 30))
        yield _comment(request, question, rng.choice(staff.field_reviewers[request.division.code]), asked)
        if answered < until:
            yield _comment(request, answer, rng.choice(staff.coordinators[request.office.code]), answered)


def _comment(request: Request, text: str, author: User, at: datetime) -> Comment:
    return Comment(
        request=request,
        text=text,
        author=author,
        author_name=author.recorded_name,
        author_agency=author.agency_code,
        author_role=Role(author.roles[0]),
        made_at=at,
    )
