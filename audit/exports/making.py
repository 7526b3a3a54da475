"""Making an export: its file is written, its manifest kept, and both its begin and its end are on record."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.module_loading import import_string

from audit import manifest, work
from audit.exports.formats import FORMATS, About, CannotWrite
from audit.exports.listing import Listing, listed
from audit.exports.query import QUESTIONS, Export
from audit.exports.rights import scope_of
from audit.exports.snapshot import Progress, Snapshot, snapshot
from audit.exports.writers.csv import pieces
from audit.filters import Filters
from audit.models import AccessRecord, ExportFile

# What a manifest says of the file itself.
OF_THE_FILE = ("row_count", "size", "sha256")
MANIFEST_SUFFIX = ".manifest.json"
# The state of an export that is made while whoever asked for it waits, and of which no copy is kept.
TAKEN_AT_ONCE: dict[str, Any] = {"kept": False, "state": ExportFile.State.RUNNING, "attempts": 1}


def begin(export: Export, *, format: str, owner: Any, owner_name: str = "", **values: Any) -> ExportFile:
    """A new export on file. `owner` is a user, or None with a name for the record."""
    of = {"what": export.what, "workflow": export.workflow, "filters": export.filters.as_parameters()}
    return on_file(owner=owner, owner_name=owner.recorded_name if owner else owner_name, format=format, **of, **values)


def on_file(**values: Any) -> ExportFile:
    """A new file, as the database has it."""
    file = ExportFile.objects.create(**values)
    file.refresh_from_db()
    return file


def export_of(file: ExportFile, position: int | None = None) -> Export:
    """What the export on file holds: of its owner's rows. Raises UnknownWorkflow."""
    if file.what not in QUESTIONS:
        return listed(file.what, user=file.owner, listing=Listing.from_parameters(file.filters))
    filters = Filters.from_parameters(file.filters)
    return QUESTIONS[file.what](file.workflow, user=file.owner, filters=filters, position=position)


def stream(export: Export, *, actor: Any, actor_name: str = "", progress: Progress | None = None) -> Iterator[bytes]:
    """The export as CSV, in pieces of about 64 KB that end with whole rows, from a connection of its own.

    One snapshot of the database, whatever happens meanwhile. Closed before its end, as when the browser goes away,
    it stops the statement and leaves a record that says so. `actor` is a user, or None with a name for the record.
    """
    file = _taken_at_once(export, "csv", actor, actor_name)
    digest, size, beaten = hashlib.sha256(), 0, time.monotonic()
    with failing_unless_done(file), _recorded(file, export, progress) as source:
        for piece in pieces(source):
            digest.update(piece)
            size += len(piece)
            if time.monotonic() - beaten > work.BEAT_SECONDS:
                work.beat(file, rows=source.progress.rows)
                beaten = time.monotonic()
            yield piece
        finish(file, source, manifest.manifest_of(file, source, size=size, sha256=digest.hexdigest()))


def make_file(export: Export, format: str, path: Path, *, actor_name: str, progress: Progress | None = None) -> None:
    """Writes the export to the path, and its manifest beside it; both as a whole or not at all.

    Removes what processes that died left in the folder. Raises OSError, CannotWrite.
    """
    remove_parts_of_the_dead(path.parent)
    file = _taken_at_once(export, format, None, actor_name)
    part = path.with_name(_part_name())
    try:
        with failing_unless_done(file), _recorded(file, export, progress) as source:
            with _alive(file, source):
                done = write(file, source, part)
            _put_in_place(part, path, done)
            finish(file, source, done)
    finally:
        with suppress(OSError):  # of a folder that cannot be written, which the error at hand tells of already
            part.unlink(missing_ok=True)


def heart_of(file: ExportFile, source: Snapshot) -> work.Heart:
    """Says while the block runs that the export is being made; stops the statement when it is no longer wanted."""
    return work.Heart(file, lambda: {"rows": source.progress.rows}, lambda: source.cursor.connection.cancel_safe())


@contextmanager
def _alive(file: ExportFile, source: Snapshot) -> Iterator[None]:
    """Raises CannotWrite where the export was taken for dead, as after a long sleep of the machine."""
    try:
        with heart_of(file, source):
            yield
    except OperationalError:
        if work.beat(file, rows=source.progress.rows):
            raise
    if not work.beat(file, rows=source.progress.rows):
        raise CannotWrite("It was silent for so long that it was taken for dead. Run the command again.")


def _put_in_place(part: Path, path: Path, done: dict[str, Any]) -> None:
    """Raises OSError."""
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    beside.unlink(missing_ok=True)
    if path.exists():
        part.chmod(stat.S_IMODE(path.stat().st_mode))
    part.replace(path)
    with open(beside, "x", encoding="utf-8", opener=_private) as target:
        target.write(as_json(done))
    beside.chmod(stat.S_IMODE(path.stat().st_mode))


def _part_name() -> str:
    """Of a file that is being made: it says by which process of which host."""
    return f"{_parts_of_this_host()}{os.getpid()}-{secrets.token_hex(4)}.part"


def _parts_of_this_host() -> str:
    return f".title21-{socket.gethostname()[:60]}-"


def remove_parts_of_the_dead(folder: Path) -> None:
    """Removes files half made, and what was kept beside them, of this host's processes that were killed."""
    start = _parts_of_this_host()
    with suppress(OSError):  # of a folder that cannot be read: the making itself tells of that
        for path in [path for path in folder.iterdir() if path.name.startswith(start)]:
            process = path.name.removeprefix(start).partition("-")[0]
            if process.isdecimal() and not _is_running(int(process)):
                remove(path)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's
        return True
    return True


def remove(path: Path) -> None:
    """Removes a file, or a folder with all in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def as_json(found: dict[str, Any]) -> str:
    """A manifest as it is given out."""
    return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write(file: ExportFile, source: Snapshot, path: Path) -> dict[str, Any]:
    """Writes a new file that nobody else can read, and returns its manifest. Raises OSError, CannotWrite."""
    _write(file, source, path, lambda: manifest.sources_of(file, source))
    return manifest.manifest_of(file, source, size=path.stat().st_size, sha256=manifest.sha256_of(path))


def _write(file: ExportFile, source: Snapshot, path: Path, about: About) -> None:
    with open(path, "x+b", opener=_private) as target:
        FORMATS[file.format].writer()(source, target, about)
        target.flush()
        os.fsync(target.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_again(file: ExportFile, path: Path) -> None:
    """Makes the file once more from the ledger as it was then, without a trace. Raises as `write` does."""
    then = file.manifest
    export = export_of(file, then["ledger"]["last_event"] or 0)
    with snapshot(export, as_of=datetime.fromisoformat(then["as_of"])) as source:
        _write(file, source, path, lambda: {name: then[name] for name in then if name not in OF_THE_FILE})


def _taken_at_once(export: Export, format: str, owner: Any, owner_name: str) -> ExportFile:
    return begin(export, format=format, owner=owner, owner_name=owner_name, **TAKEN_AT_ONCE)


@contextmanager
def _recorded(file: ExportFile, export: Export, progress: Progress | None) -> Iterator[Snapshot]:
    with snapshot(export, progress=progress) as source, on_record(file, source):
        yield source


@contextmanager
def on_record(file: ExportFile, source: manifest.Source) -> Iterator[None]:
    """Records that an export begins, and how it ends, whatever happens."""
    with transaction.atomic():
        begun = _record(
            file,
            "begin",
            {
                "workflow": file.workflow,
                "filters": file.filters,
                "as_of": source.as_of.isoformat(),
                "format": file.format,
                "export": str(file.key),
            },
        )
        # Taken for dead meanwhile, nobody but this process knows that it has begun at all.
        known = work.attempt_of(file).update(begun=begun)
    try:
        yield
    finally:
        complete = source.progress.complete
        sha256 = {"sha256": file.manifest["sha256"]} if complete else {}
        with transaction.atomic():
            if not known or _is_to_end(file, begun.pk):
                said = {"begun": begun.pk, "complete": complete} | sha256
                _record(file, "end", said, row_count=source.progress.rows)


def end_on_record_of_the_dead(file: ExportFile) -> None:
    """Records, in one transaction with the caller's lock, that what was begun has ended, for whoever died before."""
    if file.begun_id and _is_to_end(file, file.begun_id):
        said = {"begun": file.begun_id, "complete": False, "interrupted": True}
        _record(file, "end", said, row_count=file.rows)


def _is_to_end(file: ExportFile, begun: int) -> bool:
    """Says yes once: one that was taken for dead may come to its end later."""
    return bool(ExportFile.objects.filter(pk=file.pk, begun=begun).update(begun=None))


def _record(file: ExportFile, what: str, said: dict[str, Any], **values: Any) -> AccessRecord:
    act = f"export {file.what}: {what}"
    return AccessRecord.objects.create(actor=file.owner, actor_name=file.owner_name, act=act, parameters=said, **values)


@contextmanager
def failing_unless_done(file: ExportFile) -> Iterator[None]:
    try:
        yield
    finally:
        if file.state != ExportFile.State.DONE:
            fail(file, "It ended before it was whole.")


def finish(file: ExportFile, source: manifest.Source, found: dict[str, Any], **values: Any) -> bool:
    """Puts the manifest on file; returns False where the export was cancelled, or is another attempt's by now."""
    scope = scope_of(file)
    if not _end(file, ExportFile.State.DONE, manifest=found, rows=found["row_count"], scope=scope, **values):
        return False
    file.state, file.manifest = ExportFile.State.DONE, found
    source.progress.complete = True
    return True


def fail(file: ExportFile, problem: str) -> None:
    """Puts on file why this attempt came to nothing."""
    _end(file, ExportFile.State.FAILED, problem=problem)


def _end(file: ExportFile, state: ExportFile.State, **values: Any) -> bool:
    """Ends the running attempt, and tells those whom the settings list, unless another has ended it."""
    with transaction.atomic():
        if not work.end(file, state, **values):
            return False
        for path in settings.AUDIT_EXPORT_ENDED:
            import_string(path)(file, state)
    return True
