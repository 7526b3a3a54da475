"""The bytes that a step's hash covers, in Python. The SQL functions of `audit.guards` build the same.

It stands below the ledger, which hashes past histories with it, and below `audit.verify`, which checks all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FORM = "title21-step-1"


def canonical_form(step: Mapping[str, Any]) -> bytes:
    """The bytes that a step's hash covers: each field as its length in bytes, a colon, and its UTF-8 text.

    An absent field is "-". Dimensions are their count and then keys and values in the order of the keys' bytes;
    the time is microseconds since 1970 UTC. The SQL function `audit_step_hash` builds the same bytes.
    """
    dimensions = sorted(step["dimensions"].items(), key=lambda item: item[0].encode())
    fields = [
        FORM,
        step["id"],
        step["workflow"],
        step["subject"],
        step["sequence"],
        step["transition"],
        step["from_state"],
        step["to_state"],
        step["party"],
        "t" if step["final"] else "f",
        step["actor_id"],
        step["actor_name"],
        step["actor_agency"],
        step["actor_role"],
        (step["at"] - EPOCH) // MICROSECOND,
        step["reason"],
        step["source"],
        bytes(step["previous_hash"]).hex(),
        len(dimensions),
        *(text for item in dimensions for text in item),
    ]
    return "".join([_field(value) for value in fields]).encode()


def _field(value: Any) -> str:
    if value is None:
        return "-"
    text = str(value)
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"


def step_hash(step: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical form, 32 bytes."""
    return hashlib.sha256(canonical_form(step)).digest()
