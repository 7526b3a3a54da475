"""Where commands write: never over a file that they read, and over others only when they are told to."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from audit import manifest
from audit.exports.making import MANIFEST_SUFFIX

INTERRUPTED = 130  # exit code, as of what Ctrl-C ends


def add_overwrite(parser: ArgumentParser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace the file that stands where one is written")


def check_rejected(rejected: Path, *sources: Path, overwrite: bool, returncode: int = 1) -> None:
    """Raises CommandError unless the rows left out can be written there: over no source, nor over another file."""
    if any(rejected.exists() and source.exists() and rejected.samefile(source) for source in sources):
        raise CommandError(f"{rejected} is a file that is read: name another with --rejected.", returncode=returncode)
    writable = rejected if rejected.exists() else rejected.parent
    if rejected.is_dir() or not rejected.parent.is_dir() or not os.access(writable, os.W_OK):
        raise CommandError(f"{rejected} cannot be written; nothing was done.", returncode=returncode)
    if _holds_something(rejected) and not overwrite:
        raise CommandError(
            f"{rejected} stands there already; nothing was done. Name another file, or replace it with --overwrite.",
            returncode=returncode,
        )


def check_output(path: Path) -> None:
    """Raises CommandError unless nothing stands there and beside it but an earlier export of this system, whole."""
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    if _holds_something(path) and not _is_export(path, beside):
        raise CommandError(
            f"{path} stands there already, and is no export with its manifest beside it; nothing was done. "
            "Name another file, or replace it with --overwrite."
        )
    if beside.exists() and not _holds_something(path) and not _is_on_record(beside):
        raise CommandError(
            f"{beside} stands where the manifest is to be written; nothing was done. "
            "Name another file, or replace it with --overwrite."
        )


def _holds_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _is_export(path: Path, beside: Path) -> bool:
    """Whether the manifest says that the file is an export, and just this one."""
    given = _read(beside)
    return given.get("manifest") == manifest.KIND and given.get("sha256") == manifest.sha256_of(path)


def _is_on_record(beside: Path) -> bool:
    """Whether the system keeps the same manifest, so that nothing is lost with this one."""
    given = _read(beside)
    try:
        return given == manifest.record_of(given).manifest
    except manifest.NotAManifest:
        return False


def _read(beside: Path) -> dict[str, Any]:
    """What the manifest says; nothing, where it is none."""
    try:
        given = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return given if isinstance(given, dict) else {}
