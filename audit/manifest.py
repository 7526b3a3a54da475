"""The manifest of an export: what the file is, and what it was computed from. And its verification, years later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import ValidationError

from audit import calendar, goals
from audit.models import Calendar, ExportFile, StepEvent
from audit.reports.sources import LABELS, stated

if TYPE_CHECKING:
    from audit.exports.snapshot import Position, Progress

KIND = "title21-export-1"


class Source(Protocol):
    """What a file is written from, all as of one instant. `holds` is what a manifest says of the file's content.

    `calendar` is the name and the version of the one that measured; `position` is where the ledger ended.
    """

    @property
    def as_of(self) -> datetime: ...

    @property
    def progress(self) -> Progress: ...

    @property
    def holds(self) -> Mapping[str, Any]: ...

    @property
    def position(self) -> Position: ...

    @property
    def calendar(self) -> tuple[str, int]: ...

    @property
    def goals_version(self) -> int: ...


def sources_of(file: ExportFile, source: Source) -> dict[str, Any]:
    """All that a manifest says but of the file itself, so that the file can hold it; fit for JSON."""
    position = source.position
    name, version = source.calendar
    return {
        "manifest": KIND,
        "export": str(file.key),
        "what": file.what,
        "workflow": file.workflow,
        "format": file.format,
        "made_for": file.owner_name,
        "ordered_at": file.ordered_at.isoformat(),
        "as_of": source.as_of.isoformat(),
        "filters": file.filters,
        **source.holds,
        "ledger": {
            "last_event": position.last_event,
            "hash": position.hash,
            "events": position.events,
            "settled": position.settled,
        },
        "calendar": {"name": name, "version": version},
        "goals": {"version": source.goals_version},
        "source_of_steps": stated(file.workflow) or LABELS[StepEvent.Source.SYSTEM],
    }


def manifest_of(file: ExportFile, source: Source, *, size: int, sha256: str) -> dict[str, Any]:
    """The manifest of a file that was written: its size in bytes and the SHA-256 of them, in hexadecimal."""
    return sources_of(file, source) | {"row_count": source.progress.rows, "size": size, "sha256": sha256}


def words(value: Any) -> str:
    """A value of a manifest as people read it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {words(inner)}" for name, inner in sorted(value.items())) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def sha256_of(path: Path) -> str:
    """SHA-256 of the file's content, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class NotAManifest(Exception):
    """The text is no manifest of this system; the message says why."""


def record_of(manifest: Any) -> ExportFile:
    """The export that the manifest speaks of, as this system has it on record. Raises NotAManifest."""
    if not isinstance(manifest, dict) or manifest.get("manifest") != KIND:
        raise NotAManifest("That is no manifest of an export.")
    try:
        file = ExportFile.objects.filter(key=str(manifest.get("export"))).first()
    except ValidationError:
        file = None
    if file is None or file.manifest is None:
        raise NotAManifest("This system has no such export on record.")
    return file


def problems(path: Path, manifest: Mapping[str, Any], file: ExportFile) -> Iterator[str]:
    """What speaks against the file being what the system gave out, or against its ledger. Raises OSError."""
    if manifest != file.manifest:
        changed = sorted(
            name for name in manifest.keys() | file.manifest.keys() if manifest.get(name) != file.manifest.get(name)
        )
        yield f"The manifest is not the one on record: {', '.join(changed)}."
    if sha256_of(path) != file.manifest["sha256"]:
        yield "The file is not the one that was given out: its SHA-256 is another."
    yield from _of_the_ledger(file.manifest["ledger"])


def _of_the_ledger(then: Mapping[str, Any]) -> Iterator[str]:
    last = StepEvent.objects.filter(pk=then["last_event"]).first() if then["last_event"] else None
    if then["last_event"] and last is None:
        yield f"The ledger no longer holds event {then['last_event']}, its last when the export was made."
    elif last is not None and bytes(last.hash).hex() != then["hash"]:
        yield f"Event {last.pk} of the ledger has another hash than when the export was made."
    now = StepEvent.objects.filter(pk__lte=then["last_event"] or 0).count()
    if now < then["events"] or (now > then["events"] and then["settled"]):
        yield f"Up to there the ledger had {then['events']} events and now has {now}."


def changes(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What has changed by right since the export was made, so that the same question may have another answer now."""
    measured = manifest["calendar"]
    now = Calendar.objects.get(pk=calendar.default_calendar_id())
    if (now.name, now.version) != (measured["name"], measured["version"]):
        yield (
            f"Measured with version {measured['version']} of the calendar “{measured['name']}”; "
            f"in force is version {now.version} of “{now.name}”."
        )
    if goals.version() != manifest["goals"]["version"]:
        yield "Goals were set or ended since."
    later = StepEvent.objects.filter(pk__gt=manifest["ledger"]["last_event"] or 0).count()
    if later:
        yield f"The ledger has grown by {later} events."
