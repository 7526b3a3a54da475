"""Commands that take in a file of people, as the upload pages do, all at once."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.template.defaultfilters import pluralize

from audit.management.targets import INTERRUPTED, add_overwrite, check_rejected
from designation.models import User
from designation.sheets.columns import NO_HEADER, Proposal, Table, column_title
from designation.sheets.files import UnusableFile
from designation.sheets.headers import F, normalise
from designation.sheets.kinds import FileKind
from designation.sheets.rejected import rejected_csv
from designation.sheets.uploaded import Uploaded, likely_sheets, proposal_for, workbook_of

ROWS_LEFT = 1  # exit code: some rows were not taken
CANNOT_START = 2  # exit code: the file, the user or an option cannot be used
IGNORE = "ignore"
M = TypeVar("M", bound=Model)
U = TypeVar("U", bound=Uploaded)
P = TypeVar("P", bound="Plan")
_NO_HEADER = "The file seems to have no header row: its columns are called Column A, Column B and so on."


class Plan(Protocol):
    """What taking a file in would do."""

    @property
    def reasons(self) -> dict[int, str]:
        """Row number -> why the row is not taken."""


class PeopleFileCommand(BaseCommand, Generic[F, U, P]):
    """Takes a file in through the functions that its pages call, in one transaction.

    Exit code 1: some rows were not taken; 2: the file, the user or an option cannot be used.
    """

    kind: FileKind[F]
    act: ClassVar[str]
    """What is done with the rows, as “record”, and `done` once it is."""
    done: ClassVar[str]
    reason_header: ClassVar[str]
    """Over the column that says why a row was not taken."""

    def start(self, content: bytes, filename: str, user: User, options: Mapping[str, Any]) -> U:
        """Takes the file in, without its rows."""
        raise NotImplementedError

    def choose_sheet(self, upload: U, user: User, sheet: str) -> None:
        raise NotImplementedError

    def apply_mapping(self, upload: U, user: User, *, sheet: str, header_row: int, mapping: Mapping[F, int]) -> None:
        raise NotImplementedError

    def table_of(self, upload: U) -> Table[F]:
        raise NotImplementedError

    def plan(self, upload: U, user: User) -> P:
        """What `take` would do, and says so."""
        raise NotImplementedError

    def take(self, upload: U, user: User, *, all_or_nothing: bool) -> Mapping[int, str]:
        """Takes the rows, and says how many; returns row number -> why not, of those not taken."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        fields = ", ".join(self.kind.vocabulary.fields)
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, metavar="USERNAME", help=f"who {self.act}s: it goes on record")
        parser.add_argument("--sheet", default="", help=f"the sheet to read, where several may hold {self.kind.held}")
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
            help=f"what a column means; FIELD is one of {fields}, or {IGNORE}. Remembered.",
        )
        parser.add_argument("--dry-run", action="store_true", help=f"say what would be {self.done}; change nothing")
        parser.add_argument(
            "--rejected", type=Path, metavar="FILE", help=f"write the rows not {self.done} to a CSV file"
        )
        add_overwrite(parser)
        parser.add_argument(
            "--all-or-nothing", action="store_true", help=f"{self.act} nothing unless every row can be {self.done}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                rejected = self._take_in(options)
                transaction.set_rollback(options["dry_run"])
        except (UnusableFile, PermissionDenied, OSError) as error:
            raise CommandError(str(error), returncode=CANNOT_START) from error
        except KeyboardInterrupt:
            message = f"Interrupted: nothing was {self.done}. Run the same command again."
            raise CommandError(message, returncode=INTERRUPTED) from None
        if rejected:
            raise CommandError(f"Rows not {self.done}: {rejected}.", returncode=ROWS_LEFT)

    def _take_in(self, options: Mapping[str, Any]) -> int:
        """Returns how many rows were not taken."""
        file, target = options["file"], options["rejected"]
        user = only(User.objects.filter(username=options["user"]), f"No user is called {options['user']}.")
        if target is not None:
            check_rejected(target, file, overwrite=options["overwrite"], returncode=CANNOT_START)
        with file.open("rb") as opened:
            content = opened.read(self.kind.max_bytes + 1)
        upload = self.start(content, file.name, user, options)
        if options["sheet"]:
            self.choose_sheet(upload, user, options["sheet"])
        self._map_columns(upload, user, options["map"], options["header_row"])
        table = self.table_of(upload)
        self._tell_layout(table, upload)
        plan = self.plan(upload, user)
        dry_run, all_or_nothing = options["dry_run"], options["all_or_nothing"]
        rejected = plan.reasons if dry_run else self.take(upload, user, all_or_nothing=all_or_nothing)
        for number, reason in rejected.items():
            self.stdout.write(f"Row {number}: {reason}")
        if target is not None:
            # With a byte order mark, by which spreadsheets tell UTF-8.
            target.write_text(rejected_csv(table, rejected, self.reason_header), encoding="utf-8-sig", newline="")
        return len(rejected)

    def _map_columns(self, upload: U, user: User, options: Sequence[str], header_row: int | None) -> None:
        """Applies the --map options on top of what is recognised; asks for them where a question is left."""
        workbook = workbook_of(upload, self.kind)
        if not upload.sheet:
            names = ", ".join(choice.sheet for choice in likely_sheets(workbook, self.kind))
            raise CommandError(f"Say with --sheet which one holds {self.kind.held}: {names}.", returncode=CANNOT_START)
        proposal = proposal_for(upload, self.kind, header_row)
        moved = proposal.header_row != upload.header_row
        if options or (moved and proposal.settled):
            mapping = dict(proposal.mapping)
            titles = [column_title(proposal.headers, column) for column in range(workbook.sheet(upload.sheet).width)]
            for option in options:
                apply_option(mapping, titles, option, self.kind)
            self.apply_mapping(upload, user, sheet=upload.sheet, header_row=proposal.header_row, mapping=mapping)
        elif moved or not upload.mapping:
            raise CommandError(questions(proposal), returncode=CANNOT_START)

    def _tell_layout(self, table: Table[F], upload: U) -> None:
        header = "no header row" if upload.header_row == NO_HEADER else f"header in row {upload.header_row}"
        count = len(table.rows)
        self.stdout.write(f"Sheet “{upload.sheet}”, {header}: {count} row{pluralize(count)}.")
        for field, column in sorted(table.mapping.items(), key=lambda item: item[1]):
            self.stdout.write(f"Column “{column_title(table.headers, column)}”: {field.label}.")
        used = set(table.mapping.values())
        unused = [title for column, title in enumerate(table.headers) if title and column not in used]
        if unused:
            self.stdout.write(f"Columns not used: {', '.join(f'“{title}”' for title in unused)}.")


def only(found: QuerySet[M], why_not: str) -> M:
    """The row that an option names. Raises CommandError if there is none."""
    row = found.first()
    if row is None:
        raise CommandError(why_not, returncode=CANNOT_START)
    return row


def apply_option(mapping: dict[F, int], titles: Sequence[str], option: str, kind: FileKind[F]) -> None:
    """Puts one option “HEADER=FIELD” into the mapping. Raises CommandError."""
    fields = kind.vocabulary.fields
    header, _, name = option.rpartition("=")
    columns = [column for column, text in enumerate(titles) if normalise(text) == normalise(header)]
    if len(columns) != 1 or name not in {*fields, IGNORE}:
        known = ", ".join([*fields, IGNORE])
        raise CommandError(
            f"--map {option}: write the name of one column, = and one of {known}.", returncode=CANNOT_START
        )
    for field in [field for field, column in mapping.items() if column == columns[0]]:
        del mapping[field]
    if name != IGNORE:
        mapping[fields[name]] = columns[0]


def questions(proposal: Proposal[Any]) -> str:
    """What is not known about the columns, for a person who can answer with --map."""
    columns = {*proposal.unknown, *(column for columns in proposal.ambiguous.values() for column in columns)}
    titles = [f"“{column_title(proposal.headers, column)}”" for column in sorted(columns)]
    asked = [f"Say with --map what these columns mean: {', '.join(titles)}."] if titles else []
    missing = proposal.kind.missing(proposal.mapping)
    asked += [f"No column is known to hold: {', '.join(missing)}."] if missing else []
    taken = f"Row {proposal.header_row} was taken for the header." if proposal.has_header else _NO_HEADER
    return " ".join([taken, *asked])
