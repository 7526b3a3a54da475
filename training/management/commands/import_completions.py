"""Record the completions of a file, as the upload page does."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.template.defaultfilters import pluralize

from audit.management.targets import INTERRUPTED, add_overwrite
from designation.models import User
from designation.sheets.added import NOT_RECORDED
from designation.sheets.columns import NO_HEADER, Table, column_title
from designation.sheets.command_line import CANNOT_START, ROWS_LEFT, apply_option, check_target, questions
from designation.sheets.files import UnusableFile
from designation.sheets.rejected import rejected_csv
from training.completions import uploads
from training.completions.columns import COMPLETIONS, MAX_BYTES
from training.completions.entries import Field
from training.models import CompletionUpload


class Command(BaseCommand):
    help = (
        "Record the completions of a learning-management system's export (CSV, XLSX, XLS or ODS). The good rows are"
        " recorded, the others listed with the reasons. Exit code 1: some rows were not recorded;"
        " 2: the file cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, metavar="USERNAME", help="who records: it goes on record")
        parser.add_argument("--sheet", default="", help="the sheet to read, where several may hold completions")
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
        parser.add_argument("--dry-run", action="store_true", help="say what would be recorded; change nothing")
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="write the rows not recorded to a CSV file")
        add_overwrite(parser)
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="record nothing unless every row can be recorded"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                rejected = self._import(options)
                transaction.set_rollback(options["dry_run"])
        except (UnusableFile, PermissionDenied, OSError) as error:
            raise CommandError(str(error), returncode=CANNOT_START) from error
        except KeyboardInterrupt:
            message = "Interrupted: nothing was recorded. Run the same command again."
            raise CommandError(message, returncode=INTERRUPTED) from None
        if rejected:
            raise CommandError(f"Rows not recorded: {rejected}.", returncode=ROWS_LEFT)

    def _import(self, options: dict[str, Any]) -> int:
        """Returns how many rows were not recorded."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"No user is called {options['user']}.", returncode=CANNOT_START)
        check_target(options["rejected"], options["file"], overwrite=options["overwrite"])
        with options["file"].open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        upload = uploads.start_upload(content, options["file"].name, user)
        if options["sheet"]:
            uploads.choose_sheet(upload, user, options["sheet"])
        _map_columns(upload, user, options["map"], options["header_row"])
        plan = uploads.plan_upload(upload)
        self._tell_layout(plan.table, upload)
        self.stdout.write(
            f"Ready: {len(plan.ready)} (failed attempts: {plan.failed})."
            f" On record already, or repeated: {len(plan.duplicates)}."
            f" Withdrawn or corrected before: {len(plan.set_aside)}. With errors: {len(plan.problems)}."
        )
        for item in plan.set_aside:
            self.stdout.write(f"Row {item.entry.row}: {item.why_set_aside}")
        rejected = plan.reasons if options["dry_run"] else self._record(upload, user, options["all_or_nothing"])
        for number, reason in rejected.items():
            self.stdout.write(f"Row {number}: {reason}")
        if options["rejected"]:
            text = rejected_csv(plan.table, rejected, NOT_RECORDED)
            # With a byte order mark, by which spreadsheets tell UTF-8.
            options["rejected"].write_text(text, encoding="utf-8-sig", newline="")
        return len(rejected)

    def _tell_layout(self, table: Table[Field], upload: CompletionUpload) -> None:
        header = "no header row" if upload.header_row == NO_HEADER else f"header in row {upload.header_row}"
        count = len(table.rows)
        self.stdout.write(f"Sheet “{upload.sheet}”, {header}: {count} row{pluralize(count)}.")
        for field, column in sorted(table.mapping.items(), key=lambda item: item[1]):
            self.stdout.write(f"Column “{column_title(table.headers, column)}”: {field.label}.")
        used = set(table.mapping.values())
        unused = [title for column, title in enumerate(table.headers) if title and column not in used]
        if unused:
            self.stdout.write(f"Columns not used: {', '.join(f'“{title}”' for title in unused)}.")

    def _record(self, upload: CompletionUpload, user: User, all_or_nothing: bool) -> Mapping[int, str]:
        """Returns row number -> reason of the rows not recorded."""
        try:
            result = uploads.record_upload(upload, user, all_or_nothing=all_or_nothing)
        except uploads.NotAllRecorded as error:
            self.stdout.write(str(error))
            return error.rejected
        self.stdout.write(f"Recorded: {result.recorded}.")
        return result.rejected


def _map_columns(upload: CompletionUpload, user: User, options: Sequence[str], header_row: int | None) -> None:
    """Apply the --map options on top of what is recognised; ask for them where a question is left."""
    workbook = uploads.workbook_of(upload)
    if not upload.sheet:
        names = ", ".join(choice.sheet for choice in uploads.sheet_choices(workbook))
        raise CommandError(f"Say with --sheet which one holds the completions: {names}.", returncode=CANNOT_START)
    proposal = uploads.proposal_for(upload, workbook, header_row=header_row)
    moved = proposal.header_row != upload.header_row
    if options or (moved and proposal.settled):
        mapping = dict(proposal.mapping)
        width = max(len(row.cells) for row in workbook.sheet(upload.sheet).rows)
        titles = [column_title(proposal.headers, column) for column in range(width)]
        for option in options:
            apply_option(mapping, titles, option, COMPLETIONS)
        uploads.apply_mapping(upload, user, sheet=upload.sheet, header_row=proposal.header_row, mapping=mapping)
    elif moved or not upload.is_mapped:
        raise CommandError(questions(proposal), returncode=CANNOT_START)
