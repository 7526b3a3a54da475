"""The bytes that a step's hash covers, in Python. The SQL functions of `audit.guards` build the same.

It stands below the ledger, which hashes past histories with it, and below `audit.verify`, which checks all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FORM = "title21-step-1"


HASHED = (
    "id",
    "workflow",
    "subject",
    "sequence",
    "transition",
    "from_state",
    "to_state",
    "party",
    "final",
    "actor_id",
    "actor_name",
    "actor_agency",
    "actor_role",
    "at",
    "reason",
    "dimensions",
    "source",
    "previous_hash",
)
"""The columns of a step that its hash covers."""


def canonical_form(step: Sequence[Any]) -> bytes:
    """The bytes that a step's hash covers: each field as its length in bytes, a colon, and its UTF-8 text.

    `step` has its values as `HASHED` names them. An absent field is "-". Dimensions are their count and then keys and
    values in the order of the keys' bytes; the time is microseconds since 1970 UTC. The SQL function `audit_step_hash`
    builds the same bytes.
    """
    # Taken apart at once: a long history is hashed as it is imported, where looking up each field took a fifth.
    (
        key,
        workflow,
        subject,
        sequence,
        transition,
        from_state,
        to_state,
        party,
        final,
        actor_id,
        actor_name,
        actor_agency,
        actor_role,
        at,
        reason,
        dimensions,
        source,
        previous_hash,
    ) = step
    digits, instant, before = str(key), str((at - EPOCH) // MICROSECOND), previous_hash.hex()
    text = (
        f"{_FORM}{len(digits)}:{digits}{_repeated(workflow)}{_repeated(subject)}{_count(sequence)}"
        f"{_move(transition, from_state, to_state, party, final)}{_who(actor_id, actor_name, actor_agency, actor_role)}"
        f"{len(instant)}:{instant}{_field(reason)}{_repeated(source)}{len(before)}:{before}{_count(len(dimensions))}"
    )
    if dimensions:
        ordered = sorted(dimensions.items(), key=lambda item: item[0].encode())
        text += "".join([f"{_repeated(name)}{_field(value)}" for name, value in ordered])
    return text.encode()


def _field(text: str) -> str:
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"


# A ledger says the same few things again and again.
_repeated = lru_cache(maxsize=8192)(_field)


@lru_cache(maxsize=8192)
def _move(transition: str, from_state: str, to_state: str, party: str, final: bool) -> str:
    return f"{_field(transition)}{_field(from_state)}{_field(to_state)}{_field(party)}{'1:t' if final else '1:f'}"


@lru_cache(maxsize=8192)
def _who(actor_id: int | None, name: str, agency: str, role: str) -> str:
    return f"{_number(actor_id)}{_field(name)}{_field(agency)}{_field(role)}"


@lru_cache(maxsize=8192)
def _count(value: int) -> str:
    return _field(str(value))


def _number(value: int | None) -> str:
    return "-" if value is None else _field(str(value))


_FORM = _field(FORM)


def step_hash(step: Sequence[Any]) -> bytes:
    """SHA-256 of the canonical form, 32 bytes. `step` has its values as `HASHED` names them."""
    return hashlib.sha256(canonical_form(step)).digest()
