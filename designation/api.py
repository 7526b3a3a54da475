"""The API by which other systems ask whether agents were designated on a day: docs/reference/look-up.md."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from designation.keys import holder_of
from designation.lookup import Answer, Step, badge_numbers_in, look_up
from designation.lookup_forms import DayField
from designation.models import ApiClient

VERSION = 1
MOST_BADGES = 100
"""So that the address stays within the 4,094 bytes that a server takes."""
LONGEST_QUERY = 4_000  # bytes
PARAMETERS = {"badge", "on"}


@csrf_exempt  # so that a POST is answered with 405
@login_not_required
@never_cache
def designations(request: HttpRequest) -> JsonResponse:
    """Answers in the order of the badge numbers asked about. Every answer goes on record with the client's name."""
    if request.method not in {"GET", "HEAD"}:
        refusal = _refusal(405, "method", "Designations are read by GET.")
        refusal["Allow"] = "GET, HEAD"
        return refusal
    client = holder_of(request, ApiClient)
    if client is None:
        refusal = _refusal(401, "authorization", "Sign in by HTTP Basic with the client’s name and its key.")
        refusal["WWW-Authenticate"] = 'Basic realm="designations", charset="UTF-8"'
        return refusal
    if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
        return _refusal(414, "badge", f"An address takes at most {LONGEST_QUERY} bytes. Ask for fewer at once.")
    return _answered(request, client)


def _answered(request: HttpRequest, client: ApiClient) -> JsonResponse:
    if len(set(request.GET.getlist("badge"))) > MOST_BADGES:
        return _refusal(414, "badge", f"At most {MOST_BADGES} badge numbers at once.")
    errors = {name: ["No such parameter."] for name in request.GET.keys() - PARAMETERS}
    badges: list[str] = []
    day = timezone.localdate()
    try:
        badges = badge_numbers_in(request.GET.getlist("badge"), at_most=MOST_BADGES)
    except ValidationError as error:
        errors["badge"] = error.messages
    try:
        day = _day_of(request)
    except ValidationError as error:
        errors["on"] = error.messages
    if errors:
        return _refused(400, errors)
    answers = look_up(badges, day, by=client.name, act="look up designation by API")
    content = {"version": VERSION, "on": day.isoformat(), "as_of": _instant(answers[0].as_of)}
    return JsonResponse({**content, "answers": [_content(answer) for answer in answers]})


def _day_of(request: HttpRequest) -> date:
    """Raises ValidationError."""
    given = request.GET.getlist("on")
    if len(given) > 1:
        raise ValidationError("Give one day.")
    if given == [""]:
        raise ValidationError("Write a day as 2026-03-03, or leave the parameter out for today.")
    field = DayField(input_formats=["%Y-%m-%d"], error_messages={"invalid": "Write a day as 2026-03-03."})
    return field.clean(given[0] if given else None)


def _content(answer: Answer) -> dict[str, Any]:
    term = answer.term
    return {
        "badge": answer.badge_number,
        "name": answer.name or None,
        "office": answer.office or None,
        "designated": answer.designated,
        "standing": answer.standing,
        "since": _instant(answer.since) if answer.since else None,
        "designation": {
            "number": term.number,
            "office": term.office,
            "agreement": term.agreement,
            "valid_from": term.first_day.isoformat(),
            "valid_until": term.last_day.isoformat(),
        }
        if term
        else None,
        "changes": [_change(step) for step in answer.steps],
    }


def _change(step: Step) -> dict[str, str]:
    return {"at": _instant(step.at), "number": step.number, "step": step.transition, "state": step.state}


def _instant(at: datetime) -> str:
    return timezone.localtime(at).isoformat()


def _refusal(status: int, field: str, why: str) -> JsonResponse:
    return _refused(status, {field: [why]})


def _refused(status: int, errors: dict[str, list[str]]) -> JsonResponse:
    return JsonResponse({"version": VERSION, "errors": errors}, status=status)


app_name = "api"
urlpatterns = [
    path("designations", designations, name="designations"),
]
