"""Exports that are ordered, made by a worker, and kept for a while for whoever ordered them."""

from __future__ import annotations

import errno
import logging
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from audit import work
from audit.exports.formats import FORMATS, SCRATCH_SUFFIX, CannotWrite
from audit.exports.making import (
    begin,
    end_on_record_of_the_dead,
    export_of,
    fail,
    finish,
    heart_of,
    on_record,
    remove,
    write,
)
from audit.exports.query import QUESTIONS, Export, UnknownWorkflow
from audit.exports.rights import may_read
from audit.exports.snapshot import snapshot
from audit.filters import Filters
from audit.models import AccessRecord, ExportFile

log = logging.getLogger(__name__)

# What a workbook keeps beside itself while it is made has no name of ours; no export takes longer than this.
OLDEST_SCRATCH = timedelta(days=1)
AT_ONCE = 3
State = ExportFile.State


class OrderRefused(Exception):
    """An export cannot be ordered now; the message says why."""


def order(*, format: str, workflow: str, owner: Any, filters: Filters) -> ExportFile:
    """Puts the export that the format is for into the queue, for its owner. Raises OrderRefused, UnknownWorkflow."""
    export = QUESTIONS[FORMATS[format].of[0]](workflow, user=owner, filters=filters)
    return order_export(export, format=format, owner=owner)


def order_export(export: Export, *, format: str, owner: Any) -> ExportFile:
    """Puts an export for its owner into the queue. Raises OrderRefused."""
    with transaction.atomic():
        # One order of a user at a time, so that two cannot pass the limit together.
        get_user_model()._default_manager.select_for_update().get(pk=owner.pk)
        if ExportFile.objects.of(owner).unfinished().filter(kept=True).count() >= AT_ONCE:
            raise OrderRefused(f"{AT_ONCE} exports of yours are being made. Wait for one, or cancel one.")
        file = begin(export, format=format, owner=owner)
        _on_record(file, "order export")
        queue(file)
    return file


def queue(file: ExportFile) -> None:
    """Tells a worker once the transaction is committed; a lost message is sent again by `tend`."""
    from audit.tasks import make_export

    work.queue(make_export, file)


def cancel(file: ExportFile) -> bool:
    """Stops an export that is not finished; returns whether there was anything to stop."""
    with transaction.atomic():
        if not work.cancel(file):
            return False
        _on_record(file, "cancel export")
    return True


def _on_record(file: ExportFile, act: str) -> None:
    AccessRecord.objects.create(
        actor=file.owner,
        actor_name=file.owner_name,
        act=act,
        parameters={
            "export": str(file.key),
            "what": file.what,
            "workflow": file.workflow,
            "format": file.format,
            "filters": file.filters,
        },
    )


def make(pk: int) -> bool:
    """Makes a waiting export; returns whether it is done. Harmless when it is called twice, or for one that is done."""
    file = work.claim(ExportFile, pk)
    if file is None:
        return False
    done = False
    try:
        done = _make(file)
    except (UnknownWorkflow, CannotWrite) as error:
        fail(file, str(error))
    except OSError as error:
        log.exception("export %s", file.key)
        fail(file, "The disk is full." if error.errno == errno.ENOSPC else "The file could not be written.")
    except OperationalError:
        # The database went away, or the export was cancelled; `tend` takes it up again if it is still wanted.
        log.warning("export %s was interrupted", file.key, exc_info=True)
    except Exception:
        fail(file, "A fault of the system; its log says which.")
        raise
    finally:
        if not done:
            with suppress(OSError):
                path_of(file).unlink()
    return done


def _make(file: ExportFile) -> bool:
    if not may_read(file.owner, file.workflow, file.what):
        fail(file, "Its owner may not read what it holds any more.")
        return False
    export = export_of(file)
    make_folder()
    with snapshot(export) as source, heart_of(file, source), on_record(file, source):
        ExportFile.objects.filter(pk=file.pk).update(expected_rows=source.row_count(), rows=0)
        found = write(file, source, path_of(file))
        until = timezone.now() + timedelta(days=settings.EXPORT_KEPT_DAYS)
        return finish(file, source, found, kept_until=until)


def make_folder() -> Path:
    """Where the files are, readable by the account that runs the system alone. Raises OSError."""
    folder = Path(settings.EXPORT_FOLDER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def path_of(file: ExportFile) -> Path:
    """The file of the present attempt. Its name cannot be guessed."""
    return Path(settings.EXPORT_FOLDER) / f"{file.key}.{file.attempts}.{FORMATS[file.format].suffix}"


def tend() -> None:
    """Takes up what died, and removes what is kept no longer. Several may do so at once."""
    take_up_again()
    remove_expired()
    remove_strays()


def take_up_again() -> int:
    """Queues the exports again whose worker is silent, or that no worker has taken; returns how many.

    One that nobody waits for is reported as failed: it was sent to a browser, or to a command's output, as it was made.
    """
    from audit.tasks import make_export

    return work.take_up_again(ExportFile, make_export, fail=fail, hopeless=_cleared)


def _cleared(file: ExportFile) -> str:
    """Clears away what a dead attempt left; returns why the export is not to be made again, if it is not."""
    _remove_attempt(file)
    end_on_record_of_the_dead(file)
    return "" if file.kept else "It ended before it was whole."


def _remove_attempt(file: ExportFile) -> None:
    """Removes what the present attempt has written, which has come to nothing."""
    path = path_of(file)
    with suppress(OSError):
        remove(path)
        remove(path.with_name(path.name + SCRATCH_SUFFIX))


def remove_expired() -> int:
    """Removes the files whose time is over, once they are delivered; manifests stay. Returns how many."""
    expired = ExportFile.objects.filter(state=State.DONE, removed_at=None, kept_until__lt=Now())
    expired = expired.exclude(schedule__isnull=False, delivered_at=None)
    with transaction.atomic():
        files = list(expired.select_for_update(skip_locked=True, of=("self",)))
        for file in files:
            path_of(file).unlink(missing_ok=True)
        ExportFile.objects.filter(pk__in=[file.pk for file in files]).update(removed_at=Now())
    return len(files)


def remove_strays() -> int:
    """Removes what attempts left behind that died or were cancelled; returns how many files."""
    strays = [path for path in make_folder().iterdir() if _is_stray(path)]
    for path in strays:
        remove(path)
    return len(strays)


def _is_stray(path: Path) -> bool:
    """A file of no export that is wanted; one of no export at all once no export can need it any more."""
    try:
        file = ExportFile.objects.filter(key=UUID(path.name.partition(".")[0])).first()
    except ValueError:
        file = None
    if file is None:
        return _is_old(path)
    return path.name.removesuffix(SCRATCH_SUFFIX) != path_of(file).name or not (
        file.is_unfinished or file.can_be_downloaded
    )


def _is_old(path: Path) -> bool:
    try:
        return path.stat().st_mtime < (timezone.now() - OLDEST_SCRATCH).timestamp()
    except FileNotFoundError:
        return False
