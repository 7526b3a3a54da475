"""The bytes that a step's hash covers, in Python. The SQL functions of `audit.guards` build the same.

It stands below the ledger, which hashes past histories with it, and below `audit.verify`, which checks all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FORM = "title21-step-1"


def canonical_form(step: Mapping[str, Any]) -> bytes:
    """The bytes that a step's hash covers: each field as its length in bytes, a colon, and its UTF-8 text.

    An absent field is "-". Dimensions are their count and then keys and values in the order of the keys' bytes;
    the time is microseconds since 1970 UTC. The SQL function `audit_step_hash` builds the same bytes.
    """
    previous_hash, dimensions = bytes(step["previous_hash"]).hex(), step["dimensions"]
    text = (
        f"{_repeated(FORM)}{_field(str(step['id']))}{_repeated(step['workflow'])}{_field(step['subject'])}"
        f"{_repeated(str(step['sequence']))}{_repeated(step['transition'])}{_repeated(step['from_state'])}"
        f"{_repeated(step['to_state'])}{_repeated(step['party'])}{'1:t' if step['final'] else '1:f'}"
        f"{_number(step['actor_id'])}{_repeated(step['actor_name'])}{_repeated(step['actor_agency'])}"
        f"{_repeated(step['actor_role'])}{_field(str((step['at'] - EPOCH) // MICROSECOND))}{_field(step['reason'])}"
        f"{_repeated(step['source'])}{_field(previous_hash)}{_repeated(str(len(dimensions)))}"
    )
    if dimensions:
        ordered = sorted(dimensions.items(), key=lambda item: item[0].encode())
        text += "".join([f"{_repeated(name)}{_field(value)}" for name, value in ordered])
    return text.encode()


def _field(text: str) -> str:
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"


# Most fields of a ledger are few texts again and again.
_repeated = lru_cache(maxsize=8192)(_field)


def _number(value: int | None) -> str:
    return "-" if value is None else _field(str(value))


def step_hash(step: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical form, 32 bytes."""
    return hashlib.sha256(canonical_form(step)).digest()
