"""How a worker does what was ordered, and how that outlives the worker.

A worker says every few seconds that it is alive. What it leaves silent is taken up by another, a few times, and then
reported as failed: nothing stays “under way” for ever. Exports and jobs both go this way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as QueueUnreachable

from audit.models.work import Work

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
# A worker that has missed three beats is said to be silent, and one of a minute without taken for dead.
SILENT_AFTER = timedelta(seconds=3 * BEAT_SECONDS)
DEAD_AFTER = timedelta(seconds=60)
TENDED_EVERY = timedelta(seconds=30)  # as the schedule of Celery beat has it
MOST_ATTEMPTS = 3

W = TypeVar("W", bound=Work)
State = Work.State


def queue(task: Any, work: Work) -> None:
    """Tells a worker once the transaction is committed; a lost message is sent again by `take_up_again`."""
    transaction.on_commit(lambda: _send(task, work.pk))


def _send(task: Any, pk: int) -> None:
    try:
        task.delay(pk)
    except QueueUnreachable:
        log.warning("The queue cannot be reached; %s(%s) waits until it can.", task.name, pk)


def claim(model: type[W], pk: int) -> W | None:
    """Makes what waits this worker's to do; None where nothing waits, as when the message came twice."""
    table: Any = model._default_manager
    waiting = table.filter(pk=pk, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, attempts=F("attempts") + 1, heartbeat_at=Now()):
        return None
    found: W = table.select_related("owner").get(pk=pk)
    return found


def attempt_of(work: Work) -> Any:
    """The row, as long as it is still wanted and still this attempt's."""
    table: Any = type(work)._default_manager
    return table.filter(pk=work.pk, state=State.RUNNING, attempts=work.attempts)


def beat(work: Work, **values: Any) -> bool:
    """Says that it is still being done; returns whether it is still wanted, and this attempt's to do."""
    return bool(attempt_of(work).update(heartbeat_at=Now(), **values))


def end(work: Work, state: str, **values: Any) -> bool:
    """Ends the attempt; returns False where it was cancelled, or is another attempt's by now."""
    return bool(attempt_of(work).update(state=state, ended_at=Now(), **values))


def cancel(work: Work) -> bool:
    """Stops what has not ended; returns whether there was anything to stop."""
    table: Any = type(work)._default_manager
    return bool(table.unfinished().filter(pk=work.pk).update(state=State.CANCELLED, ended_at=Now()))


def take_up_again(
    model: type[W], task: Any, *, fail: Callable[[W, str], None], hopeless: Callable[[W], str] | None = None
) -> int:
    """Queues again what a silent worker left, or what no worker has taken; returns how much.

    What was tried often enough is reported as failed, and so is that for which `hopeless`, called with each first,
    gives a reason. Several may do so at once.
    """
    table: Any = model._default_manager
    with transaction.atomic():
        silent = table.unfinished().filter(heartbeat_at__lt=Now() - DEAD_AFTER)
        found: list[W] = list(silent.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
        for work in found:
            if why := (hopeless(work) if hopeless else "") or _tried_too_often(work):
                fail(work, why)
            else:
                table.filter(pk=work.pk).update(state=State.WAITING, heartbeat_at=Now())
                queue(task, work)
    return len(found)


def _tried_too_often(work: Work) -> str:
    if work.state == State.RUNNING and work.attempts >= MOST_ATTEMPTS:
        return f"Its worker died, {work.attempts} times. The system’s log says more."
    return ""


class Heart:
    """Says every few seconds, while the block runs, that it is being done, and writes down what `values` gives.

    When it is no longer wanted, because it was cancelled or taken for dead, `stop` is called.
    """

    def __init__(
        self, work: Work, values: Callable[[], dict[str, Any]] = dict, stop: Callable[[], object] = lambda: None
    ) -> None:
        self._work = work
        self._values = values
        self._stop = stop
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"{type(work).__name__} {work.key}", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stopped.wait(BEAT_SECONDS):
                if not self._is_wanted():
                    self._stop()
        finally:
            connection.close()

    def _is_wanted(self) -> bool:
        try:
            return beat(self._work, **self._values())
        except DatabaseError:
            log.warning("%s could not say that it is alive", self._thread.name, exc_info=True)
            connection.close()
            return True
