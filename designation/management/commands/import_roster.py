"""File the requests of a roster, as the upload page does."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model, QuerySet

from designation.models import Office, RosterUpload, User
from designation.rosters import uploads
from designation.rosters.columns import NO_HEADER, Proposal, Roster, column_title, missing_fields
from designation.rosters.files import MAX_BYTES, RosterFileError
from designation.rosters.headers import Field, normalise
from designation.rosters.plan import RosterPlan
from designation.rosters.rejected import rejected_csv

ROWS_LEFT = 1  # exit code: some rows were not filed
IGNORE = "ignore"
CANNOT_START = 2  # exit code: the file, the user or an option cannot be used


_NO_HEADER = "The file seems to have no header row: its columns are called Column A, Column B and so on."
M = TypeVar("M", bound=Model)


class Command(BaseCommand):
    help = (
        "File the requests of a roster (CSV, XLSX, XLS or ODS) for an HSI office. The good rows are"
        " filed, the others listed with the reasons. Exit code 1: some rows were not filed;"
        " 2: the file cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--office", required=True, metavar="CODE", help="the office that files, as HSI-MIA")
        parser.add_argument("--user", required=True, metavar="USERNAME", help="who files: it goes on record")
        parser.add_argument("--sheet", default="", help="the sheet to read, where several may be the roster")
        parser.add_argument(
            "--header-row",
            type=int,
            metavar="NUMBER",
            help=f"the row of the header, {NO_HEADER} if there is none; found by itself otherwise",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="HEADER=FIELD",
            help=f"what a column means; FIELD is one of {', '.join(Field)}, or ignore. Remembered.",
        )
        parser.add_argument("--justification", default="", metavar="TEXT", help="for rows that give none")
        parser.add_argument("--dry-run", action="store_true", help="say what would be filed; change nothing")
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="write the rows not filed to a CSV file")
        parser.add_argument("--all-or-nothing", action="store_true", help="file nothing unless every row can be filed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                rejected = self._import(options)
                transaction.set_rollback(options["dry_run"])
        except (RosterFileError, PermissionDenied, OSError) as error:
            raise CommandError(str(error), returncode=CANNOT_START) from error
        if rejected:
            raise CommandError(f"Rows not filed: {rejected}.", returncode=ROWS_LEFT)

    def _import(self, options: dict[str, Any]) -> int:
        """Returns how many rows were not filed."""
        user = _one(User.objects.filter(username=options["user"]), f"No user is called {options['user']}.")
        office = _one(Office.objects.filter(code=options["office"]), f"No office has the code {options['office']}.")
        _check_target(options["rejected"], options["file"])
        with options["file"].open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        upload = uploads.start_upload(
            content, options["file"].name, office, user, default_justification=options["justification"]
        )
        if options["sheet"]:
            uploads.choose_sheet(upload, user, options["sheet"])
        _map_columns(upload, user, options["map"], options["header_row"])
        plan = uploads.plan_upload(upload, user)
        self._tell_layout(uploads.roster_of(upload), upload)
        self._tell(plan)
        rejected = plan.reasons if options["dry_run"] else self._file(upload, user, options["all_or_nothing"])
        for number, reason in rejected.items():
            self.stdout.write(f"Row {number}: {reason}")
        if options["rejected"]:
            text = rejected_csv(uploads.roster_of(upload), rejected)
            # With a byte order mark, by which spreadsheets tell UTF-8.
            options["rejected"].write_text(text, encoding="utf-8-sig", newline="")
        return len(rejected)

    def _tell_layout(self, roster: Roster, upload: RosterUpload) -> None:
        header = "no header row" if upload.header_row == NO_HEADER else f"header in row {upload.header_row}"
        self.stdout.write(f"Sheet “{upload.sheet}”, {header}: {len(roster.rows)} rows.")
        for field, column in sorted(roster.mapping.items(), key=lambda item: item[1]):
            self.stdout.write(f"Column “{column_title(roster.headers, column)}”: {field.label}.")
        used = set(roster.mapping.values())
        unused = [title for column, title in enumerate(roster.headers) if title and column not in used]
        if unused:
            self.stdout.write(f"Columns not used: {', '.join(f'“{title}”' for title in unused)}.")

    def _tell(self, plan: RosterPlan) -> None:
        self.stdout.write(
            f"Ready: {len(plan.ready)} (new agents: {plan.new_agents})."
            f" Filed already: {len(plan.already_filed)}. With errors: {len(plan.errors)}."
            f" Names that differ from the record: {len(plan.names_differing)}."
        )
        for warning in plan.warnings:
            self.stdout.write(f"Row {warning.row}, to be checked: {warning.column}: {warning.message}")

    def _file(self, upload: RosterUpload, user: User, all_or_nothing: bool) -> Mapping[int, str]:
        """Returns row number -> reason of the rows not filed."""
        try:
            result = uploads.file_upload(upload, user, all_or_nothing=all_or_nothing)
        except uploads.NotAllFiled as error:
            self.stdout.write(str(error))
            return error.rejected
        self.stdout.write(f"Filed: {len(result.filed)}.")
        return result.rejected


def _one(found: QuerySet[M], why_not: str) -> M:
    row = found.first()
    if row is None:
        raise CommandError(why_not, returncode=CANNOT_START)
    return row


def _check_target(rejected: Path | None, roster: Path) -> None:
    """Before anything is filed: the rows not filed can be written, and not over the roster itself."""
    if rejected is None:
        return
    if rejected.exists() and roster.exists() and rejected.samefile(roster):
        raise CommandError("--rejected names the roster itself: name another file.", returncode=CANNOT_START)
    writable = rejected if rejected.exists() else rejected.parent
    if rejected.is_dir() or not rejected.parent.is_dir() or not os.access(writable, os.W_OK):
        raise CommandError(f"{rejected} cannot be written; nothing was filed.", returncode=CANNOT_START)


def _map_columns(upload: RosterUpload, user: User, options: Sequence[str], header_row: int | None) -> None:
    """Apply the --map options on top of what is recognised; ask for them where a question is left."""
    if not upload.sheet:
        names = ", ".join(choice.sheet for choice in uploads.sheet_choices(uploads.workbook_of(upload)))
        raise CommandError(f"Say with --sheet which one holds the roster: {names}.", returncode=CANNOT_START)
    proposal = uploads.proposal_for(upload, header_row=header_row)
    moved = proposal.header_row != upload.header_row
    if options or (moved and proposal.settled):
        mapping = dict(proposal.mapping)
        rows = uploads.workbook_of(upload).sheet(upload.sheet).rows
        width = max(len(row.cells) for row in rows)
        titles = [column_title(proposal.headers, column) for column in range(width)]
        for option in options:
            _apply_option(mapping, titles, option)
        uploads.apply_mapping(upload, user, sheet=upload.sheet, header_row=proposal.header_row, mapping=mapping)
    elif moved or not upload.is_mapped:
        raise CommandError(_questions(proposal), returncode=CANNOT_START)


def _apply_option(mapping: dict[Field, int], titles: Sequence[str], option: str) -> None:
    header, _, name = option.rpartition("=")
    columns = [column for column, text in enumerate(titles) if normalise(text) == normalise(header)]
    if len(columns) != 1 or name not in {*Field, IGNORE}:
        fields = ", ".join([*Field, IGNORE])
        raise CommandError(
            f"--map {option}: write the name of one column, = and one of {fields}.", returncode=CANNOT_START
        )
    for field in [field for field, column in mapping.items() if column == columns[0]]:
        del mapping[field]
    if name != IGNORE:
        mapping[Field(name)] = columns[0]


def _questions(proposal: Proposal) -> str:
    """What is not known about the columns, for a person who can answer with --map."""
    columns = {*proposal.unknown, *(column for columns in proposal.ambiguous.values() for column in columns)}
    titles = [f"“{column_title(proposal.headers, column)}”" for column in sorted(columns)]
    asked = [f"Say with --map what these columns mean: {', '.join(titles)}."] if titles else []
    missing = missing_fields(proposal.mapping)
    asked += [f"No column is known to hold: {', '.join(missing)}."] if missing else []
    taken = f"Row {proposal.header_row} was taken for the header." if proposal.has_header else _NO_HEADER
    return " ".join([taken, *asked])
