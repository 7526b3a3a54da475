"""What the commands that export have in common."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exports
from audit.management.targets import INTERRUPTED, add_overwrite, check_output

DEFAULT_WORKFLOW = "request"


class ExportCommand(BaseCommand):
    """Writes an export to a file, with its manifest beside it, or as CSV to the standard output."""

    formats: ClassVar[list[str]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=self.formats, default=self.formats[0])
        parser.add_argument(
            "--output",
            required=True,
            metavar="FILE",
            help="“-” writes CSV to the standard output; a file of an earlier export is replaced, any other kept",
        )
        add_overwrite(parser)
        parser.add_argument("--workflow", help=f"as the ledger names it (default: {DEFAULT_WORKFLOW})")
        parser.add_argument(
            "--cohort",
            choices=list(exports.COHORTS),
            help="whose period it is: filed, what was first submitted in it, which --from and --to mean where this is "
            "not given; decided, what ended in it",
        )
        parser.add_argument("--from", dest="first_day", type=_day, metavar="YYYY-MM-DD", help="the period's first day")
        parser.add_argument("--to", dest="last_day", type=_day, metavar="YYYY-MM-DD", help="its last day, inclusive")
        for name in exports.dimensions():
            parser.add_argument(f"--{name}", action="append", default=[], metavar="VALUE", help="may be given again")
        parser.add_argument(
            "--dimension",
            action="append",
            default=[],
            type=_dimension,
            metavar="NAME=VALUE",
            help="any dimension of the workflow, as --dimension region=West of an imported one; may be given again",
        )
        parser.add_argument(
            "--outcome", action="append", default=[], help="open, or a state that ends it; may be given again"
        )

    def question(self, format: str, workflow: str | None, filters: exports.Filters) -> exports.Export:
        """What the command exports in that format. Raises UnknownWorkflow."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        progress = exports.Progress()
        try:
            self._export(options, progress)
        except KeyboardInterrupt:
            raise CommandError(_of_what_was_written(options["output"]), returncode=INTERRUPTED) from None
        self.stderr.write(f"{progress.rows} rows")

    def _export(self, options: dict[str, Any], progress: exports.Progress) -> None:
        try:
            filters = _filters(options)
            export = self.question(options["format"], options["workflow"], filters)
            exports.refuse_unknown(export.workflow, filters)
        except (exports.UnknownWorkflow, ValueError) as error:
            raise CommandError(str(error)) from None
        if _has_period(options) and not options["cohort"]:
            self.stderr.write("The period is that of filing; --cohort decided asks for what ended in it.")
        who = f"command line, uid {os.getuid()}"
        try:
            path = _target(options["output"])
            to_file = path is not None and (path.is_file() or not path.exists())
            if path and to_file and not options["overwrite"]:
                check_output(path)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from None
        if path and to_file:
            self._write(export, options["format"], path, who, progress)
        elif options["format"] == "csv":
            self._pass_on(exports.stream(export, actor=None, actor_name=who, progress=progress), path)
        else:
            raise CommandError("Only CSV is passed on as it is made: name a file.")

    def _pass_on(self, pieces: Iterable[bytes], path: Path | None) -> None:
        """Writes to a pipe, a device or the standard output, which are never replaced by a file."""
        try:
            if path:
                with path.open("wb", buffering=0) as target:
                    for piece in pieces:
                        target.write(piece)
                return
            for piece in pieces:
                self.stdout.write(piece.decode(), ending="")
            self.stdout.flush()
        except OSError as error:
            if path is None:
                # Python flushes again when it ends, and must not fail there.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            why = "its reader went away" if isinstance(error, BrokenPipeError) else error.strerror
            raise CommandError(f"{path or 'The standard output'}: {why}; the export is not whole.") from None

    def _write(self, export: exports.Export, format: str, path: Path, who: str, progress: exports.Progress) -> None:
        try:
            exports.make_file(export, format, path, actor_name=who, progress=progress)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except exports.CannotWrite as error:
            raise CommandError(str(error)) from None


def _target(output: str) -> Path | None:
    """The file that is meant, links followed; None for the standard output. Raises CommandError."""
    if output == "-":
        return None
    path = Path(output).resolve()
    if not output or path.is_dir() or output.endswith(os.sep):
        raise CommandError(f"“{output}” is not a file: name one.")
    if not path.parent.is_dir():
        raise CommandError(f"{path.parent}: there is no such folder.")
    return path


def _of_what_was_written(output: str) -> str:
    """For whoever stopped the command."""
    if output == "-" or not (Path(output).is_file() or not Path(output).exists()):
        return "Interrupted: what was passed on is not whole. Run the same command again."
    return f"Interrupted: {output} is as it was before. Run the same command again."


def _has_period(options: dict[str, Any]) -> bool:
    return bool(options["first_day"] or options["last_day"])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a day: write it as 2026-03-31") from None


def _dimension(text: str) -> tuple[str, str]:
    name, _, value = (part.strip() for part in text.partition("="))
    if not name or not value:
        raise ArgumentTypeError(f"“{text}” names no dimension with a value: write it as region=West")
    return name, value


def _dimensions(options: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The values wanted of each dimension, whichever option names it."""
    wanted: dict[str, list[str]] = {name: list(options[name]) for name in exports.dimensions() if options[name]}
    for name, value in options["dimension"]:
        wanted.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in wanted.items()}


def _filters(options: dict[str, Any]) -> exports.Filters:
    """Raises ValueError where the options do not fit together."""
    return exports.Filters(
        cohort=options["cohort"] or (exports.FILED if _has_period(options) else exports.ALL),
        first_day=options["first_day"],
        last_day=options["last_day"],
        dimensions=_dimensions(options),
        outcomes=tuple(options["outcome"]),
    )
