import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exports


class Command(BaseCommand):
    help = (
        "Writes one row for each request, or for each subject of another workflow, with its processing times. "
        "docs/reference/data-dictionary.md says what the columns hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["csv"], default="csv")
        parser.add_argument("--output", required=True, metavar="FILE", help="“-” writes to the standard output")
        parser.add_argument("--workflow", default="request", help="as the ledger names it (default: request)")
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

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            export = exports.processing_times(options["workflow"], filters=_filters(options))
        except (exports.UnknownWorkflow, ValueError) as error:
            raise CommandError(str(error)) from None
        progress = exports.Progress()
        pieces = exports.stream(export, actor=None, actor_name=f"command line, uid {os.getuid()}", progress=progress)
        if options["output"] == "-":
            self._print(pieces)
        else:
            _write(pieces, Path(options["output"]))
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


def _write(pieces: Iterable[bytes], path: Path) -> None:
    """Writes the file as a whole or not at all: a run that is killed leaves nothing under the name."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
