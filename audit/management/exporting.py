"""What the commands that export have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exports

DEFAULT_WORKFLOW = "request"


class ExportCommand(BaseCommand):
    """Writes an export to a file, with its manifest beside it, or as CSV to the standard output."""

    formats: ClassVar[list[str]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=self.formats, default=self.formats[0])
        parser.add_argument("--output", required=True, metavar="FILE", help="“-” writes CSV to the standard output")
        parser.add_argument("--workflow", help=f"as the ledger names it (default: {DEFAULT_WORKFLOW})")
        parser.add_argument(
            "--cohort",
            choices=list(exports.COHORTS),
            help="whose period it is: filed, what was first submitted in it; decided, what ended in it",
        )
        parser.add_argument("--from", dest="first_day", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="last_day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="inclusive")
        for name in exports.dimensions():
            parser.add_argument(f"--{name}", action="append", default=[], metavar="VALUE", help="may be given again")
        parser.add_argument(
            "--outcome", action="append", default=[], help="open, or a state that ends it; may be given again"
        )

    def question(self, format: str, workflow: str | None, filters: exports.Filters) -> exports.Export:
        """What the command exports in that format. Raises UnknownWorkflow."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            export = self.question(options["format"], options["workflow"], _filters(options))
        except (exports.UnknownWorkflow, ValueError) as error:
            raise CommandError(str(error)) from None
        progress = exports.Progress()
        who = f"command line, uid {os.getuid()}"
        if options["output"] != "-":
            self._write(export, options["format"], Path(options["output"]), who, progress)
        elif options["format"] == "csv":
            self._print(exports.stream(export, actor=None, actor_name=who, progress=progress))
        else:
            raise CommandError("Only CSV goes to the standard output: name a file.")
        self.stderr.write(f"{progress.rows} rows")

    def _print(self, pieces: Iterable[bytes]) -> None:
        try:
            for piece in pieces:
                self.stdout.write(piece.decode(), ending="")
            self.stdout.flush()
        except BrokenPipeError:
            # The reader has had enough. Python flushes again when it ends, and must not fail there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise CommandError("The reader of the output went away; the export is not whole.") from None

    def _write(self, export: exports.Export, format: str, path: Path, who: str, progress: exports.Progress) -> None:
        try:
            exports.make_file(export, format, path, actor_name=who, progress=progress)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except exports.CannotWrite as error:
            raise CommandError(str(error)) from None


def _filters(options: dict[str, Any]) -> exports.Filters:
    """Raises ValueError where the options do not fit together."""
    has_period = options["first_day"] or options["last_day"]
    return exports.Filters(
        cohort=options["cohort"] or (exports.FILED if has_period else exports.ALL),
        first_day=options["first_day"],
        last_day=options["last_day"],
        dimensions={name: tuple(options[name]) for name in exports.dimensions() if options[name]},
        outcomes=tuple(options["outcome"]),
    )
