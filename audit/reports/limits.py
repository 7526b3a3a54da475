"""How long a report may take: a page that nobody waits for any more must not go on reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from django.db import OperationalError

QUERY_CANCELED = "57014"
_until: ContextVar[float | None] = ContextVar("until", default=None)


class TookTooLong(Exception):
    """A report was stopped because its time was over."""


@contextmanager
def limited_to(seconds: float) -> Iterator[None]:
    """All statements of reports within take that long together at most. Raises TookTooLong."""
    token = _until.set(monotonic() + seconds)
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != QUERY_CANCELED:
            raise
        raise TookTooLong(f"Stopped after {seconds:g} seconds.") from error
    finally:
        _until.reset(token)


def limit_sql() -> str:
    """What limits the next statement of the transaction to the time that is left; empty where there is no limit.

    Raises TookTooLong where none is left.
    """
    until = _until.get()
    if until is None:
        return ""
    left = round((until - monotonic()) * 1000)
    if left < 1:
        raise TookTooLong("No time is left.")
    return f"; SET LOCAL statement_timeout = {left}"
