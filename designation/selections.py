"""One act on a selection of rows: what it leaves out, and what came of it, kept for a page of its own.

The outcome goes into the session, and the browser is sent to another page: going back, or loading that page again,
repeats nothing. Steps that were made stand in the ledger in any case; refusals are on record nowhere else.

An act on more rows than a page can wait for is a job instead (`designation.jobs`), whose outcome the database keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import get_random_string

from audit.machine import Outcome, Refusal

AT_ONCE = 10_000
NOT_KEPT_HERE = (
    "That result is kept only where you made the act, and for a while. What was done stands in the history of each."
)
REFUSED_BEFORE = "It was refused when you confirmed, and could be done now. Select it again."
SESSION_KEY = "outcomes"
KEPT = 3  # the last ones; each is read with every page of the session


def hindrance(count: int) -> str:
    """Why a selection of so many rows is not taken; empty when it is."""
    if not count:
        return "Select at least one. Nothing was changed."
    if count > AT_ONCE:
        return f"These are too many at once. Narrow the list to {AT_ONCE:,} or fewer. Nothing was changed."
    return ""


def grouped(refused: Iterable[Refusal]) -> list[tuple[str, list[str]]]:
    """(why, numbers) of the refusals, the most frequent reason first."""
    return grouped_pairs((refusal.number, refusal.message) for refusal in refused)


def grouped_pairs(refused: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """The same, of pairs of number and why."""
    numbers: dict[str, list[str]] = {}
    for number, why in refused:
        numbers.setdefault(why, []).append(number)
    return sorted(numbers.items(), key=lambda group: -len(group[1]))


def still_refused(now: Outcome[Any]) -> list[Refusal]:
    """Why the rows that a preview refused are refused, judged again; none is done without having been announced."""
    return now.refused + [Refusal(row.number, "stale", REFUSED_BEFORE, row.pk) for row in now.done]


def keep_outcome(session: SessionBase, act: str, outcome: Outcome[Any], reason: str) -> str:
    """Keeps what the act did and refused; returns the key of its page."""
    key = get_random_string(12)
    kept = {
        "act": act,
        "reason": reason,
        "done": [[row.pk, row.number] for row in outcome.done],
        "refused": grouped(outcome.refused),
        "refused_count": len(outcome.refused),
    }
    session[SESSION_KEY] = [*session.get(SESSION_KEY, []), [key, kept]][-KEPT:]
    return key


def kept_outcome(session: SessionBase, key: str, acts: Collection[str]) -> dict[str, Any] | None:
    """What `keep_outcome` kept, as it stands in JSON, if it is still there and was one of the acts."""
    kept = dict(session.get(SESSION_KEY, [])).get(key)
    return kept if kept and kept["act"] in acts else None
