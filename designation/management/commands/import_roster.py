"""File the requests of a roster, as the upload page does."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model, QuerySet

from audit.management.targets import INTERRUPTED, add_overwrite
from designation.models import Office, RosterUpload, User
from designation.rosters import uploads
from designation.rosters.columns import Roster
from designation.rosters.headers import MAX_BYTES, ROSTER, Field
from designation.rosters.plan import RosterPlan
from designation.sheets.added import REASON
from designation.sheets.columns import NO_HEADER, column_title
from designation.sheets.command_line import CANNOT_START, ROWS_LEFT, apply_option, check_target, questions
from designation.sheets.files import UnusableFile
from designation.sheets.rejected import rejected_csv

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
        add_overwrite(parser)
        parser.add_argument("--all-or-nothing", action="store_true", help="file nothing unless every row can be filed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                rejected = self._import(options)
                transaction.set_rollback(options["dry_run"])
        except (UnusableFile, PermissionDenied, OSError) as error:
            raise CommandError(str(error), returncode=CANNOT_START) from error
        except KeyboardInterrupt:
            message = "Interrupted: nothing was filed. Run the same command again."
            raise CommandError(message, returncode=INTERRUPTED) from None
        if rejected:
            raise CommandError(f"Rows not filed: {rejected}.", returncode=ROWS_LEFT)

    def _import(self, options: dict[str, Any]) -> int:
        """Returns how many rows were not filed."""
        user = _one(User.objects.filter(username=options["user"]), f"No user is called {options['user']}.")
        office = _one(Office.objects.filter(code=options["office"]), f"No office has the code {options['office']}.")
        check_target(options["rejected"], options["file"], overwrite=options["overwrite"])
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
            text = rejected_csv(uploads.roster_of(upload), rejected, REASON)
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
            apply_option(mapping, titles, option, ROSTER)
        uploads.apply_mapping(upload, user, sheet=upload.sheet, header_row=proposal.header_row, mapping=mapping)
    elif moved or not upload.is_mapped:
        raise CommandError(questions(proposal), returncode=CANNOT_START)
