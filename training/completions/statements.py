"""xAPI 1.0.3 statements to entries: what a learning system says of an attempt, or which field keeps it from saying it.

Part two, 2.2 and 2.4 of the specification say what a statement holds; docs/reference/completions.md what is read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from training.completions.entries import Entry, Field, Result, percent_of

MAX_STATEMENTS = 1_000
AHEAD = timedelta(minutes=5)  # by which the sender’s clock may be ahead of ours
TOLERANCE = Decimal(1)  # percent by which a scaled score may differ from the raw one, as rounding makes it
DEEPEST = 40  # levels of objects and arrays in a statement
MODULE_EXTENSION = "module-code"  # the last part of the IRI of an extension that names the module
VERBS: dict[str, Result] = {
    "http://adlnet.gov/expapi/verbs/completed": "completed",
    "http://adlnet.gov/expapi/verbs/passed": "passed",
    "http://adlnet.gov/expapi/verbs/failed": "failed",
}
# What a fault of an entry is called in the statement.
FIELDS = {
    Field.BADGE_NUMBER: "actor",
    Field.EMAIL: "actor.mbox",
    Field.USERNAME: "actor.account.name",
    Field.MODULE: "object.id",
    Field.COMPLETED_ON: "timestamp",
    Field.RESULT: "verb.id",
    Field.SCORE: "result.score",
    Field.EVIDENCE: "id",
}
_PROPERTIES = frozenset(
    ["id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority", "version", "attachments"]
)
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OFFSET = re.compile(r".*[T ].*(Z|[+-]\d\d(:?\d\d)?)", re.IGNORECASE)
_NEGATIVE_ZERO = re.compile(r".*[T ].*-00(:?00)?")
_LAST_PART = re.compile(r"[/#:=]")


class Malformed(Exception):
    """A statement that cannot be taken: which field, and why. `place` counts the statements of a batch from 0."""

    def __init__(self, field: str, why: str, place: int | None = None) -> None:
        super().__init__(why)
        self.field = field
        self.why = why
        self.place = place


@dataclass(frozen=True)
class Batch:
    """Statements as sent, by their ids, and what each says; `row` of an entry is its place in the batch."""

    contents: dict[UUID, Mapping[str, Any]]
    entries: list[Entry]


def read_statements(body: bytes) -> Batch:
    """Reads one statement or an array of them. One without id is given one. Raises Malformed."""
    content = _parsed(body)
    statements = content if isinstance(content, list) else [content]
    if not statements:
        raise Malformed("", "The array holds no statement.")
    if len(statements) > MAX_STATEMENTS:
        raise Malformed("", f"At most {MAX_STATEMENTS:,} statements are taken at once; these are {len(statements):,}.")
    batch = Batch({}, [])
    for place, statement in enumerate(statements):
        try:
            _add(batch, place, statement)
        except Malformed as error:
            raise Malformed(error.field, error.why, place) from None
    return batch


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Malformed("", "The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Malformed("", f"The body is not JSON: {error}.") from None
    except ValueError:
        raise Malformed("", "A number of the body has too many digits.") from None
    except RecursionError:
        raise Malformed("", "The body is nested too deeply.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(twice, "An object has this property twice.")
    return found


def _no_number(name: str) -> None:
    raise Malformed("", f"{name} is no number in JSON.")


def _add(batch: Batch, place: int, statement: Any) -> None:
    if not isinstance(statement, dict):
        raise Malformed("", "A statement is a JSON object.")
    unknown = sorted(statement.keys() - _PROPERTIES)
    if unknown:
        raise Malformed(unknown[0], "A statement has no such property.")
    _check_values(statement, "")
    statement_id = _statement_id(statement)
    if statement_id in batch.contents:
        raise Malformed("id", "Two statements of the batch have this id.")
    if not str(statement.get("version", "1.0.0")).startswith("1.0"):
        raise Malformed("version", "Statements of version 1.0 are taken.")
    result, at = _verb(statement), _instant(statement)
    batch.contents[statement_id] = {**statement, "id": str(statement_id)}
    batch.entries.append(
        Entry(
            row=place,
            module=_module(statement),
            completed_on=timezone.localdate(at),
            completed_at=at,
            result=_told(statement, result),
            score=_score(statement),
            evidence=f"xAPI statement {statement_id}",
            statement_id=statement_id,
            **_person(statement),
        )
    )


def _check_values(value: Any, path: str, depth: int = 0) -> None:
    """No null, outside extensions; no text, number or nesting that cannot be kept."""
    if depth > DEEPEST:
        raise Malformed(path, "This is nested too deeply.")
    if value is None:
        raise Malformed(path, "A property is left out, not null.")
    if isinstance(value, str) and ("\x00" in value or not _is_unicode(value)):
        raise Malformed(path, "The text holds a character that cannot be kept.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed(path, "The number is too large.")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_values(name, path)
            if inner is not None or not path.endswith("extensions"):
                _check_values(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _check_values(inner, f"{path}[{place}]", depth + 1)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _statement_id(statement: dict[str, Any]) -> UUID:
    if "id" not in statement:
        return uuid4()
    text = statement["id"]
    if not isinstance(text, str) or not _UUID.fullmatch(text):
        raise Malformed("id", "The id is a UUID.")
    return UUID(text)


def _object(statement: Mapping[str, Any], name: str, path: str = "", *, required: bool = True) -> dict[str, Any]:
    found = statement.get(name)
    if found is None and not required:
        return {}
    if not isinstance(found, dict):
        raise Malformed(path or name, "This is missing." if found is None else "This is a JSON object.")
    return found


def _text(holder: Mapping[str, Any], name: str, path: str) -> str:
    found = holder.get(name)
    if not isinstance(found, str) or not found:
        raise Malformed(path, "This is missing." if found is None else "This is a text.")
    return found


def _verb(statement: dict[str, Any]) -> Result:
    verb = _text(_object(statement, "verb"), "id", "verb.id")
    if verb not in VERBS:
        raise Malformed("verb.id", f"Only these verbs are recorded: {', '.join(VERBS)}.")
    return VERBS[verb]


def _person(statement: dict[str, Any]) -> dict[str, str]:
    actor = _object(statement, "actor")
    if actor.get("objectType", "Agent") != "Agent":
        raise Malformed("actor.objectType", "The actor is one person, an Agent.")
    given = [name for name in _IDENTIFIERS if name in actor]
    if len(given) != 1:
        raise Malformed("actor", f"The actor has exactly one of {', '.join(_IDENTIFIERS)}.")
    if "mbox" in actor:
        mbox = _text(actor, "mbox", "actor.mbox")
        if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+", mbox):
            raise Malformed("actor.mbox", "An mbox is written as mailto:name@agency.gov.")
        return {"email": mbox.removeprefix("mailto:")}
    if "account" in actor:
        account = _object(actor, "account", "actor.account")
        _text(account, "homePage", "actor.account.homePage")
        return {"badge_number": _text(account, "name", "actor.account.name").strip()}
    raise Malformed(f"actor.{given[0]}", "People are told by mbox, or by account with the badge number as its name.")


def _module(statement: dict[str, Any]) -> str:
    """The code in an extension whose IRI ends with module-code, or else the end of the activity’s id."""
    activity = _object(statement, "object")
    if activity.get("objectType", "Activity") != "Activity":
        raise Malformed("object.objectType", "The object is an Activity.")
    identifier = _text(activity, "id", "object.id")
    if ":" not in identifier:
        raise Malformed("object.id", "The id of an activity is an IRI.")
    definition = _object(activity, "definition", "object.definition", required=False)
    extensions = _object(definition, "extensions", "object.definition.extensions", required=False)
    named = [value for name, value in extensions.items() if _end(name) == MODULE_EXTENSION]
    code = named[0] if named else _end(identifier)
    if not isinstance(code, str):
        raise Malformed("object.definition.extensions", "The module’s code is a text.")
    return code


def _end(iri: str) -> str:
    return _LAST_PART.split(iri.rstrip("/"))[-1]


def _instant(statement: Mapping[str, Any]) -> datetime:
    """When it was; a statement without timestamp is of the moment in which it comes."""
    if "timestamp" not in statement:
        return timezone.now()
    text = _text(statement, "timestamp", "timestamp")
    if not _OFFSET.fullmatch(text) or _NEGATIVE_ZERO.fullmatch(text):
        raise Malformed("timestamp", "A timestamp is of ISO 8601 with its offset, as 2024-05-03T14:30:00-04:00.")
    try:
        at = parse_datetime(text)
        local = timezone.localtime(at) if at is not None else None
    except (ValueError, OverflowError):
        local = None
    if local is None:
        raise Malformed("timestamp", "There is no such time.")
    if local > timezone.now() + AHEAD:
        raise Malformed("timestamp", "This time is yet to come. Set the sender’s clock.")
    return local


def _told(statement: dict[str, Any], verb: Result) -> Result:
    """What the verb says, unless the result says that there was no success. Raises Malformed where they disagree."""
    result = _object(statement, "result", required=False)
    success, completion = result.get("success"), result.get("completion")
    for name, value in (("success", success), ("completion", completion)):
        if value is not None and not isinstance(value, bool):
            raise Malformed(f"result.{name}", "This is true or false.")
    if (verb, success) in {("passed", False), ("failed", True)}:
        raise Malformed("result.success", f"The verb says {verb}.")
    if completion is False and verb == "completed":
        raise Malformed("result.completion", "The verb says completed.")
    return verb if success is None else "passed" if success else "failed"


def _score(statement: dict[str, Any]) -> Decimal | None:
    """In percent: `scaled`, from 0 to 1; or else where `raw` stands between `min` and `max`, which are 0 and 100."""
    score = _object(_object(statement, "result", required=False), "score", "result.score", required=False)
    unknown = sorted(score.keys() - {"scaled", "raw", "min", "max"})
    if unknown:
        raise Malformed(f"result.score.{unknown[0]}", "A score has no such property.")
    given = {name: _number(score, name) for name in score}
    low, high = given.get("min", Decimal(0)), given.get("max", Decimal(100))
    if low >= high:
        raise Malformed("result.score.min", "The least score is below the greatest.")
    if "raw" in given and not low <= given["raw"] <= high:
        raise Malformed("result.score.raw", f"The score is not within {low} to {high}.")
    if "scaled" in given:
        if not -1 <= given["scaled"] <= 1:
            raise Malformed("result.score.scaled", "A scaled score is from -1 to 1.")
        scaled = given["scaled"] * 100
        if given.keys() >= {"raw", "max"} and abs(percent_of(given["raw"] - low, high - low) - scaled) > TOLERANCE:
            raise Malformed("result.score.scaled", "This is not the share that raw is between min and max.")
        return scaled
    return percent_of(given["raw"] - low, high - low) if "raw" in given else None


def _number(score: dict[str, Any], name: str) -> Decimal:
    value = score[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise Malformed(f"result.score.{name}", "This is a number.")
    return Decimal(str(value))
