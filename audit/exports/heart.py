"""The sign of life of whoever makes an export."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from audit.exports.snapshot import Progress, Snapshot
from audit.models import ExportFile

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0


def beat(file: ExportFile, progress: Progress) -> bool:
    """Says that the export is still being made; returns whether it is still wanted, and this attempt's to make."""
    running = ExportFile.objects.filter(pk=file.pk, state=ExportFile.State.RUNNING, attempts=file.attempts)
    return bool(running.update(heartbeat_at=Now(), rows=progress.rows))


class Heart:
    """Says every few seconds, while the block runs, that the export is being made.

    When it is no longer wanted, because it was cancelled or taken for dead, the statement under way is stopped.
    """

    def __init__(self, file: ExportFile, source: Snapshot) -> None:
        self._file = file
        self._source = source
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"export {file.key}", daemon=True)

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
                    self._source.cursor.connection.cancel_safe()
        finally:
            connection.close()

    def _is_wanted(self) -> bool:
        try:
            return beat(self._file, self._source.progress)
        except DatabaseError:
            log.warning("export %s could not say that it is alive", self._file.key, exc_info=True)
            connection.close()
            return True
