"""The record of who added or changed what is no workflow's: Django's own log of changes."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet

from designation.models import User


def record_added(rows: Iterable[tuple[Model, str]], *, actor: User) -> None:
    """Puts on record who added the rows, each with a sentence on how."""
    _record(ADDITION, rows, actor)


def record_changed(rows: Iterable[tuple[Model, str]], *, actor: User) -> None:
    """Puts on record who changed the rows, each with its old and new values."""
    _record(CHANGE, rows, actor)


def _record(flag: int, rows: Iterable[tuple[Model, str]], actor: User) -> None:
    entries = [
        LogEntry(
            user=actor,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row)[:200],
            action_flag=flag,
            change_message=told,
        )
        for row, told in rows
    ]
    LogEntry.objects.bulk_create(entries, batch_size=1000)


def changes_of(row: Model) -> QuerySet[LogEntry]:
    """The changes of the row that are on record, newest first, with their users."""
    kind = ContentType.objects.get_for_model(row)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk))
    return entries.select_related("user").order_by("-action_time", "-pk")
