"""The keys by which other systems sign in. A key is random, so that its SHA-256 is kept and no slower hash."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TypeVar

from django.http import HttpRequest

from designation.models import User
from designation.models.keys import KeyHolder

KEY_BYTES = 32
Holder = TypeVar("Holder", bound=KeyHolder)


def save_with_new_key(holder: KeyHolder, *, actor: User) -> str:
    """Saves the system with a new key, and returns the key, which nobody can read again. The old one ends at once."""
    key = secrets.token_urlsafe(KEY_BYTES)
    holder.key_hash = hash_of(key)
    if holder.pk is None:
        holder.added_by_name = actor.recorded_name
    holder.save()
    return key


def hash_of(key: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def holder_of(request: HttpRequest, model: type[Holder]) -> Holder | None:
    """The active system of the model whose name and key came by HTTP Basic; None if it is none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, key = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not colon or "\x00" in name:
        return None
    holder = model._default_manager.filter(name=name, is_active=True).first()
    # The comparison takes as long where nobody has the name.
    same = hmac.compare_digest(hash_of(key), holder.key_hash if holder else hash_of(""))
    return holder if same else None
