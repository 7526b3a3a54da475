"""Looking up whether agents were designated on a day.

Whom one asks about is posted, so that it stands in no address: addresses are kept by browsers and in servers' logs.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.moments import moment
from audit.spreadsheets import harmless
from designation.lookup import Answer, badges_of_agents_named, designated, is_badge_number, look_up
from designation.lookup_forms import LookUpForm, LookUpSeveralForm
from designation.permissions import LOOK_UP_ROLES
from designation.views.access import SignedIn, post_only, role_required

MOST_NAMED = 50
ON_PAGE = "look up designation"
COLUMNS = (
    "badge_number",
    "name",
    "on",
    "designated",
    "standing",
    "number",
    "office",
    "agreement",
    "valid_from",
    "valid_until",
    "since",
    "as_of",
    "answer",
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*LOOK_UP_ROLES)
def look_up_one(request: SignedIn) -> HttpResponse:
    """One agent, by badge number or name. A name that fits several agents answers for each of them."""
    form = LookUpForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        who, day = form.cleaned_data["who"], form.cleaned_data["on"]
        badges, named = _meant(who, day)
        too_many = len(badges) > MOST_NAMED
        answers = look_up([] if too_many else badges, day, by=request.user, act=ON_PAGE, asked=who if named else "")
        context |= {"asked": who, "answers": answers, "too_many": too_many}
        if len(answers) == 1:
            context |= _shown(answers[0])
    return render(request, "designation/lookup.html", context)


def _meant(who: str, day: date) -> tuple[list[str], bool]:
    """The badge numbers that the text means, at most one more than are shown, and whether it is a name.

    What has a digit is meant as a badge number, and never answered with an agent whose number only begins so.
    """
    if is_badge_number(who) and (any(map(str.isdigit, who)) or designated([who], day)[0].known):
        return [who], False
    return badges_of_agents_named(who, MOST_NAMED + 1), True


def _shown(answer: Answer) -> dict[str, Any]:
    kind = "success" if answer.designated else "error" if answer.known else "warning"
    is_past = answer.day < timezone.localdate()
    return {
        "answer": answer,
        "kind": kind,
        "facts": _facts(answer) if answer.known else [],
        "holds": f"As of the end of {_written(answer.day)}" if is_past else f"As of {moment(answer.as_of)}",
        "is_to_come": answer.day > timezone.localdate(),
    }


def _facts(answer: Answer) -> list[dict[str, str]]:
    facts = [("Agent", answer.name), ("Badge number", answer.badge_number), ("Office", answer.office)]
    if term := answer.term:
        facts += [
            ("Designation", term.number),
            ("Granted for office", term.office),
            ("Agreement", term.agreement),
            ("Term", f"{_written(term.first_day)} to {_written(term.last_day)}"),
        ]
    if answer.since:
        facts.append((f"{answer.standing.capitalize()} since", moment(answer.since)))
    return [{"label": label, "value": value} for label, value in facts]


def _written(day: date) -> str:
    return date_format(day, "N j, Y")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*LOOK_UP_ROLES)
def look_up_several(request: SignedIn) -> HttpResponse:
    """Many agents by badge number, with their answers as a table."""
    form = LookUpSeveralForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        badges, day = form.cleaned_data["badges"], form.cleaned_data["on"]
        answers = look_up(badges, day, by=request.user, act=ON_PAGE)
        counts = Counter(answer.yes_or_no for answer in answers)
        context |= {"answers": answers, "day": day, "badges": " ".join(badges), "counts": _counted(counts)}
    return render(request, "designation/lookup_several.html", context)


def _counted(counts: Counter[str]) -> str:
    parts = [f"{counts['Yes']} designated", f"{counts['No']} not designated", f"{counts['Unknown badge']} unknown"]
    return ", ".join(parts)


def _several_url(_request: HttpRequest) -> str:
    return reverse("designation:look_up_several")


@never_cache
@role_required(*LOOK_UP_ROLES)
@post_only(_several_url)
def look_up_csv(request: SignedIn) -> HttpResponse:
    """The same answers as a file; that it was taken goes on record."""
    form = LookUpSeveralForm(request.POST)
    if not form.is_valid():
        return render(request, "designation/lookup_several.html", {"form": form})
    day = form.cleaned_data["on"]
    answers = look_up(form.cleaned_data["badges"], day, by=request.user, act="take look-up answers")
    return HttpResponse(
        _csv(answers),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="designations-{day}.csv"'},
    )


def _csv(answers: Sequence[Answer]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(cell) for cell in _cells(answer)] for answer in answers)
    return lines.getvalue()


def _cells(answer: Answer) -> list[Any]:
    term = answer.term
    return [
        answer.badge_number,
        answer.name,
        answer.day,
        answer.yes_or_no.split()[0].lower(),
        answer.standing,
        *((term.number, term.office, term.agreement, term.first_day, term.last_day) if term else [""] * 5),
        timezone.localtime(answer.since).isoformat() if answer.since else "",
        timezone.localtime(answer.as_of).isoformat(timespec="seconds"),
        answer.in_words(),
    ]
