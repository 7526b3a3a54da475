"""The tables of tracking as files, CSV or XLSX: on record, and with the same manifest as other exports.

A file holds how people stand today. Who was required to have a module on a past day cannot be had again, so such a file
is verified by its SHA-256 and its manifest, and not by making it again.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter
from django.db import connection, transaction

from audit import calendar
from audit.exports.making import TAKEN_AT_ONCE, failing_unless_done, finish, on_file, on_record
from audit.exports.snapshot import Position, Progress, position_of, settled_moment
from audit.exports.writers.report_xlsx import NUMBER_FORMATS, write_table
from audit.exports.writers.xlsx import new_sheet, text_formats, write_parameters, write_text
from audit.goals import version_at
from audit.manifest import manifest_of, sources_of
from audit.models import Calendar, ExportFile
from audit.reports.tables import Table
from audit.spreadsheets import harmless
from designation.models import User
from training.tracking.reports import DEFINITIONS, REQUIRED_OF

WORKFLOW = "training"
FORMATS = ("csv", "xlsx")


@dataclass(frozen=True)
class Taken:
    """A table as of one instant, with what its manifest says of it."""

    table: Table
    address: str
    as_of: datetime
    position: Position
    calendar: tuple[str, int]
    goals_version: int
    progress: Progress

    @property
    def holds(self) -> Mapping[str, Any]:
        return {"columns": self.table.header, "address": self.address, "counted": REQUIRED_OF}


def take(
    what: str, make: Callable[[], Table], format: str, *, filters: Mapping[str, str], address: str, owner: User
) -> tuple[ExportFile, bytes]:
    """The table that `make` computes, as a file, and its entry on file; that the owner took it goes on record.

    Not to be called within a transaction. Raises audit.exports.formats.CannotWrite.
    """
    file = on_file(
        owner=owner,
        owner_name=owner.recorded_name,
        what=f"training {what}",
        workflow=WORKFLOW,
        format=format,
        filters=dict(filters),
        **TAKEN_AT_ONCE,
    )
    with failing_unless_done(file):
        taken = _taken(make, address)
        with on_record(file, taken):
            content = WRITERS[format](taken, sources_of(file, taken))
            sha256 = hashlib.sha256(content).hexdigest()
            finish(file, taken, manifest_of(file, taken, size=len(content), sha256=sha256))
    return file, content


def _taken(make: Callable[[], Table], address: str) -> Taken:
    """The table, and where the ledger ended, of one instant of the database."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        as_of, settled = settled_moment(cursor)
        position = position_of(cursor, settled=settled)
        measured = Calendar.objects.get(pk=calendar.default_calendar_id())
        judged_by = version_at(cursor)
        table = make()
    progress = Progress(rows=len(table.rows))
    return Taken(table, address, as_of, position, (measured.name, measured.version), judged_by, progress)


def _csv(taken: Taken, about: Mapping[str, Any]) -> bytes:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(taken.table.header)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in taken.table.rows)
    return lines.getvalue().encode()


def _xlsx(taken: Taken, about: Mapping[str, Any]) -> bytes:
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True})
    workbook.set_properties({"title": taken.table.title, "created": taken.as_of.replace(tzinfo=None)})
    heading, wrapped = text_formats(workbook)
    formats = {unit: workbook.add_format({"num_format": form}) for unit, form in NUMBER_FORMATS.items()}
    write_table(workbook, taken.table.title[:31], taken.table, heading, formats)
    sheet = new_sheet(workbook, "Definitions", ["Column", "Holds"], heading)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    for line, cells in enumerate([*_definitions(taken.table), ("This table", REQUIRED_OF)], 1):
        for place, text in enumerate(cells):
            write_text(sheet, line, place, text, wrapped)
    write_parameters({**about, "row_count": taken.progress.rows}, workbook, heading, wrapped)
    workbook.close()
    return target.getvalue()


def _definitions(table: Table) -> list[tuple[str, str]]:
    """(column, what it holds) of each column that is defined; a module's by what stands after its code."""
    longest_first = sorted(DEFINITIONS, key=len, reverse=True)
    found = []
    for column, _ in table.columns:
        name = next((name for name in longest_first if column.lower().endswith(name.lower())), None)
        if name is not None:
            found.append((column, DEFINITIONS[name]))
    return found


WRITERS: dict[str, Callable[[Taken, Mapping[str, Any]], bytes]] = {"csv": _csv, "xlsx": _xlsx}
