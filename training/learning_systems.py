"""The keys by which learning systems sign in. A key is random, so that its SHA-256 is kept and no slower hash."""

from __future__ import annotations

import hashlib
import secrets

from designation.models import User
from training.models import LearningSystem

KEY_BYTES = 32


def save_with_new_key(system: LearningSystem, *, actor: User) -> str:
    """Saves the system with a new key, and returns the key, which nobody can read again. The old one ends at once."""
    key = secrets.token_urlsafe(KEY_BYTES)
    system.key_hash = hash_of(key)
    if system.pk is None:
        system.added_by_name = actor.recorded_name
    system.save()
    return key


def hash_of(key: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()
