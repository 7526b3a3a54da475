"""Exports by schedule: made once for each period that is over, and sent to a mailbox or put into a folder.

What was missed is caught up: the periods are counted from the schedule's first day, not from the last run.
"""

from __future__ import annotations

import logging
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from audit.exports import orders, periods, rights, undelivered
from audit.exports.formats import FORMATS
from audit.exports.making import MANIFEST_SUFFIX, as_json
from audit.exports.query import exported_model
from audit.models import AccessRecord, ExportFile, ScheduledExport
from audit.reading import roles_that_read

log = logging.getLogger(__name__)

WHO_RECEIVES = "Exports are sent to users who may see all that you see, and to the domains that the operator allows."
MAY_NOT_READ = "Its owner may not read what it holds any more."
TRY_AGAIN_AFTER = timedelta(minutes=15)
FAILED_AGAIN_AFTER = timedelta(days=1)


def make_due() -> int:
    """Orders what is due of every schedule, and what failed a day ago; returns how many exports.

    Twice in a row orders nothing more. The schedule of an owner who may not read what it holds ends, on record.
    """
    day = periods.today()
    made: dict[int, set[date | None]] = defaultdict(set)
    for key, start in ExportFile.objects.filter(schedule__ended_at=None, schedule__isnull=False).values_list(
        "schedule", "period_start"
    ):
        made[key].add(start)
    ordered = 0
    for schedule in ScheduledExport.objects.filter(ended_at=None).select_related("owner"):
        if not rights.may_read(schedule.owner, schedule.workflow):
            end(schedule, why=MAY_NOT_READ)
            continue
        for period in periods.periods_over(schedule.period, schedule.first_day, day):
            if period.first_day not in made[schedule.pk]:
                ordered += _order(schedule, period)
    return ordered + _order_failed_again()


def _order_failed_again() -> int:
    failed = ExportFile.objects.filter(schedule__ended_at=None, schedule__isnull=False, state=ExportFile.State.FAILED)
    with transaction.atomic():
        files = list(
            failed.filter(ended_at__lt=Now() - FAILED_AGAIN_AFTER).select_for_update(skip_locked=True, of=("self",))
        )
        for file in files:
            ExportFile.objects.filter(pk=file.pk).update(state=ExportFile.State.WAITING, heartbeat_at=Now(), problem="")
            orders.queue(file)
    return len(files)


def _order(schedule: ScheduledExport, period: periods.Period) -> bool:
    days = {"first_day": period.first_day.isoformat(), "last_day": period.last_day.isoformat()}
    with transaction.atomic():
        file, is_new = ExportFile.objects.get_or_create(
            schedule=schedule,
            period_start=period.first_day,
            defaults={
                "owner": schedule.owner,
                "owner_name": schedule.owner.recorded_name,
                "what": FORMATS[schedule.format].of[0],
                "workflow": schedule.workflow,
                "format": schedule.format,
                "filters": schedule.filters | days,
            },
        )
        if is_new:
            orders.queue(file)
    return is_new


def deliver_made() -> int:
    """Delivers what is made and was not delivered; returns how many. Two workers at once share them out.

    What fails is tried again later. A mailbox may get a message twice if the worker dies right after it was sent; both
    carry the same Message-ID.
    """
    waiting = ExportFile.objects.filter(
        Q(delivery_tried_at=None) | Q(delivery_tried_at__lt=Now() - TRY_AGAIN_AFTER),
        schedule__isnull=False,
        state=ExportFile.State.DONE,
        delivered_at=None,
        removed_at=None,
    )
    delivered = 0
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        delivered += deliver(pk)
    return delivered


def deliver(pk: int) -> bool:
    """Delivers one export, unless that was done or another worker is at it; returns whether it did."""
    with transaction.atomic():
        waiting = ExportFile.objects.filter(pk=pk, delivered_at=None, state=ExportFile.State.DONE, removed_at=None)
        file = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("schedule", "owner").first()
        if file is None or file.schedule is None:
            return False
        problem = _try_to_deliver(file, file.schedule)
        if problem:
            _tell_of_failure(file, file.schedule, problem)
        file.delivery_tried_at = Now()
        file.delivery_problem = problem
        if not problem:
            file.delivered_at = Now()
        file.save(update_fields=["delivery_tried_at", "delivery_problem", "delivered_at"])
    return not problem


def _try_to_deliver(file: ExportFile, schedule: ScheduledExport) -> str:
    """Why it could not be delivered; empty when it was."""
    if not rights.cover(file):
        return MAY_NOT_READ
    try:
        if schedule.folder:
            _put(file, delivery_folder(schedule.folder))
        else:
            _send(file, schedule)
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        log.warning("export %s was not delivered: %s", file.key, undelivered.for_the_log(error, schedule))
        return undelivered.in_words(error, schedule)
    _delivery_on_record(file, schedule, "export delivered")
    return ""


def _tell_of_failure(file: ExportFile, schedule: ScheduledExport, problem: str) -> None:
    """Puts on record that the export was not delivered, unless the try before failed alike; tells those whom the
    settings list of its first failure. The file is as it was before the try."""
    if problem != file.delivery_problem:
        _delivery_on_record(file, schedule, "export not delivered", why=problem)
    if file.delivery_tried_at is None:
        for path in settings.AUDIT_DELIVERY_FAILED:
            import_string(path)(file, problem)


def _delivery_on_record(file: ExportFile, schedule: ScheduledExport, act: str, **said: str) -> None:
    AccessRecord.objects.create(
        actor=file.owner,
        actor_name=file.owner_name,
        act=act,
        parameters={
            "export": str(file.key),
            "to": schedule.recipient or f"folder {schedule.folder}",
            "sha256": file.manifest["sha256"],
            **said,
        },
        row_count=file.rows,
    )


def name_of(file: ExportFile, schedule: ScheduledExport) -> str:
    """As “processing-times-2026-03.xlsx”: the same each time it is delivered."""
    assert file.period_start is not None
    period = periods.period_of(schedule.period, file.period_start)
    return f"{file.what.replace(' ', '-')}-{period.name}.{FORMATS[file.format].suffix}"


def delivery_folder(name: str) -> Path:
    """The folder under settings.EXPORT_DELIVERY_FOLDER. Raises ValueError for a name that leads out of it."""
    root = Path(settings.EXPORT_DELIVERY_FOLDER).resolve()
    found = (root / name).resolve()
    if found == root or not found.is_relative_to(root):
        raise ValueError("Name a folder under the one for deliveries, as “monthly”.")
    return found


def _put(file: ExportFile, folder: Path) -> None:
    assert file.schedule is not None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{file.schedule.pk}-{name_of(file, file.schedule)}"
    with _as_a_whole(path) as part:
        shutil.copyfile(orders.path_of(file), part)
    with _as_a_whole(path.with_name(path.name + MANIFEST_SUFFIX)) as part:
        part.write_text(as_json(file.manifest), encoding="utf-8")


@contextmanager
def _as_a_whole(path: Path) -> Iterator[Path]:
    """Where to write what is to stand under the path once it is whole; again does no harm."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    yield part
    part.replace(path)


def may_receive(address: str, *, owner: Any, workflow: str) -> bool:
    """Whether the owner's exports of the workflow may be sent to the mailbox.

    It is one of the domains that the operator allows, or of users who may sign in, and see all that the owner sees.
    """
    domain = address.rpartition("@")[2].lower()
    if domain in settings.EXPORT_MAIL_DOMAINS:
        return True
    readers = list(get_user_model()._default_manager.filter(email__iexact=address, is_active=True))
    return bool(readers) and all(reader == owner or _sees_all(reader, owner, workflow) for reader in readers)


def _sees_all(reader: Any, owner: Any, workflow: str) -> bool:
    """Whether the reader reads the workflow, and has before him now every row that the owner has."""
    model = exported_model(workflow)
    if model is None or not reader.has_role(*roles_that_read(workflow)):
        return False
    rows: Any = model._default_manager
    seen = rows.visible_to(reader).filter(pk=OuterRef("pk"))
    return not rows.visible_to(owner).filter(~Exists(seen)).exists()


def _send(file: ExportFile, schedule: ScheduledExport) -> None:
    """Raises OSError, which smtplib's errors are, and ValueError for a mailbox that is not allowed any more."""
    if not may_receive(schedule.recipient, owner=schedule.owner, workflow=schedule.workflow):
        raise ValueError(f"Its owner’s exports may not be sent to {schedule.recipient} any more.")
    name, size = name_of(file, schedule), file.manifest["size"]
    lines = [
        f"{file.what.capitalize()} by schedule: {name}, {file.rows:,} rows.",
        f"SHA-256 of the file: {file.manifest['sha256']}",
    ]
    message = EmailMessage(
        subject=f"Title 21: {name}",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[schedule.recipient],
        headers={"Message-ID": f"<export-{file.key}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"},
    )
    if size <= settings.EXPORT_MAIL_BYTES:
        # As bytes: mail gives text other line ends, and the file another SHA-256.
        message.attach(name, orders.path_of(file).read_bytes(), "application/octet-stream")
    else:
        lines.append(f"With {size:,} bytes it is too large to send. Its owner finds it under “My exports”.")
    message.attach(name + MANIFEST_SUFFIX, as_json(file.manifest), "application/json")
    message.body = "\n".join(lines)
    message.send()


def end(schedule: ScheduledExport, *, by: Any = None, why: str = "") -> bool:
    """Makes no more of it; what was made stays. Returns whether it had not ended yet.

    `by` is who ends it if not its owner, `why` is said where the system does.
    """
    with transaction.atomic():
        if not ScheduledExport.objects.filter(pk=schedule.pk, ended_at=None).update(ended_at=Now()):
            return False
        _on_record(schedule, "end scheduled export", by=by, why=why)
        if by is not None and by != schedule.owner:
            _tell_of_end(schedule, by)
    return True


def _tell_of_end(schedule: ScheduledExport, by: Any) -> None:
    """Tells those whom the settings list, as an export that has ended does."""
    for path in settings.AUDIT_SCHEDULE_ENDED:
        import_string(path)(schedule, by)


def schedule_export(*, owner: Any, workflow: str, **values: Any) -> ScheduledExport:
    """A new schedule, first for the period that is under way.

    Raises ValueError for a place that is not allowed, and for what the owner has by schedule already.
    """
    if values.get("folder"):
        delivery_folder(values["folder"])
    elif not may_receive(values.get("recipient", ""), owner=owner, workflow=workflow):
        raise ValueError(WHO_RECEIVES)
    first = periods.period_of(values["period"], periods.today()).first_day
    with transaction.atomic():
        # One schedule of a user at a time, so that two alike cannot pass together.
        get_user_model()._default_manager.select_for_update().get(pk=owner.pk)
        alike = {name: value for name, value in values.items() if name != "first_day"}
        if ScheduledExport.objects.filter(owner=owner, workflow=workflow, ended_at=None, **alike).exists():
            raise ValueError("You have just this export by schedule already.")
        schedule = ScheduledExport.objects.create(owner=owner, workflow=workflow, **{"first_day": first, **values})
        _on_record(schedule, "schedule export")
    return schedule


def _on_record(schedule: ScheduledExport, act: str, *, by: Any = None, why: str = "") -> None:
    actor = None if why else by or schedule.owner
    AccessRecord.objects.create(
        actor=actor,
        actor_name=actor.recorded_name if actor else "system",
        act=act,
        parameters={
            "schedule": schedule.pk,
            "what": str(schedule),
            "workflow": schedule.workflow,
            "filters": schedule.filters,
            "owner": schedule.owner.recorded_name,
            **({"why": why} if why else {}),
        },
    )
