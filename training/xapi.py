"""Where learning systems post xAPI statements: the statement resource of xAPI 1.0.3, for new statements alone."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from designation.keys import holder_of
from training.completions.statements import FIELDS, Malformed, read_statements
from training.models import LearningSystem
from training.workflow import completions

VERSION = "1.0.3"
MAX_BYTES = 2 * 1024 * 1024


@csrf_exempt  # another system, which has no session, signs in with its key each time
@login_not_required
@never_cache
def statements(request: HttpRequest) -> JsonResponse:
    """Takes one statement or an array, all or none; answers with their ids, also for those on record already."""
    answer = _answer(request)
    answer["X-Experience-API-Version"] = VERSION
    return answer


def _answer(request: HttpRequest) -> JsonResponse:
    if request.method != "POST":
        answer = _refusal(405, "Statements are posted here.")
        answer["Allow"] = "POST"
        return answer
    system = holder_of(request, LearningSystem)
    if system is None:
        answer = _refusal(401, "Sign in by HTTP Basic with the learning system’s name and its key.")
        answer["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
        return answer
    version = request.headers.get("X-Experience-API-Version", "")
    if version != "1.0" and not version.startswith("1.0."):
        return _refusal(400, f"Version {VERSION} of xAPI is spoken here.", "X-Experience-API-Version")
    if request.content_type != "application/json":
        return _refusal(400, "Statements are sent as application/json.", "Content-Type")
    if "Transfer-Encoding" in request.headers:
        return _refusal(411, "Send the body’s Content-Length, not Transfer-Encoding.", "Content-Length")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
        return _refusal(413, f"A body of more than {MAX_BYTES // 1024**2} MB is not taken. Send fewer at once.")
    return _take(request.body, system)


def _take(body: bytes, system: LearningSystem) -> JsonResponse:
    try:
        batch = read_statements(body)
        completions.take_statements(batch.contents, batch.entries, system=system)
    except Malformed as error:
        return _refusal(400, error.why, error.field, error.place)
    except completions.NotAllRecorded as error:
        fault = error.refused[0]
        return _refusal(400, fault.message, FIELDS[fault.field], fault.row)
    except completions.StatementConflict as error:
        return _refusal(409, str(error), "id", error.place)
    return JsonResponse([str(statement_id) for statement_id in batch.contents], safe=False)


def _refusal(status: int, why: str, field: str = "", place: int | None = None) -> JsonResponse:
    """`field` names what is wrong, as a path in the statement; `statement` is its place in the array, from 0."""
    content: dict[str, Any] = {"error": why, "field": field}
    if place is not None:
        content["statement"] = place
    return JsonResponse(content, status=status)


urlpatterns = [
    path("xapi/statements", statements, name="xapi_statements"),
]
