from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from audit.calendar import CalendarError
from audit.imports import record
from audit.imports.log import Columns, Log, LogRefused, read_log, read_parties
from audit.imports.record import Held, Meaning
from audit.imports.rejected import rejected_rows
from audit.imports.times import DAY_FIRST, MONTH_FIRST, TimeReader
from audit.management.targets import INTERRUPTED, add_overwrite, check_rejected

SHOWN = 20  # bad rows that are listed


class Command(BaseCommand):
    help = (
        "Loads past histories from a spreadsheet saved as CSV, or an event log, into the ledger as imported: each row "
        "is the entry of a case into a stage, and the last one ends the case. Checks every row before it writes any. "
        "docs/reference/event-logs.md says what is understood."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workflow", required=True, metavar="NAME", help="the ledger's name for the process")
        parser.add_argument("--case", required=True, metavar="COL", help="header of the column of case numbers")
        parser.add_argument("--stage", required=True, metavar="COL", help="header of the column of stages")
        parser.add_argument("--at", required=True, metavar="COL", help="header of the column of times")
        parser.add_argument("--actor", default="", metavar="COL", help="who made the step")
        parser.add_argument(
            "--dimension",
            action="append",
            default=[],
            metavar="[NAME=]COL",
            help="what reports group by, as office=org:group; may be given again",
        )
        parser.add_argument(
            "--party-map",
            type=Path,
            metavar="FILE",
            help="CSV with the columns stage and party: whose clock runs where",
        )
        parser.add_argument("--time-zone", default="", metavar="ZONE", help="of times without offset, by IANA name")
        parser.add_argument(
            "--date-order", default="", choices=[MONTH_FIRST, DAY_FIRST], help="of dates such as 3/4/2024"
        )
        parser.add_argument(
            "--final",
            nargs="+",
            default=[],
            metavar="STAGE",
            help="only a case whose last event is one of these has ended",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="rehearse: read and check everything, say what would come, write nothing",
        )
        parser.add_argument(
            "--skip-bad", action="store_true", help="import the good rows and write the others to a file"
        )
        parser.add_argument(
            "--rejected", type=Path, metavar="FILE", help="where to write the bad rows (default: FILE.rejected.csv)"
        )
        add_overwrite(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._import(options)
        except (LogRefused, CalendarError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was imported.", returncode=INTERRUPTED) from None

    def _import(self, options: dict[str, Any]) -> None:
        workflow = record.settled_workflow(options["workflow"])
        dimensions = record.settled_dimensions(_dimensions(options["dimension"]))
        columns = Columns(options["case"], options["stage"], options["at"], options["actor"], dimensions)
        parties = read_parties(options["party_map"].read_bytes()) if options["party_map"] else {}
        meaning = Meaning(workflow, columns, parties, options["final"])
        times = TimeReader(_zone(options["time_zone"]), options["date_order"])
        log = read_log(options["file"].read_bytes(), columns, times, record.span_of_calendar())
        self._warn(log, meaning, bool(options["party_map"]))
        repeated = log.repeated()
        held = record.settle_held(log, meaning)
        if options["check"]:
            self._show_stages(log, meaning)
        self._settle_bad(log, held, options)
        if not options["check"]:
            self._write(log, meaning, _facts(options))
        done = "Only checked, nothing was written. It would import" if options["check"] else "Imported"
        self.stdout.write(
            f"{done} {len(log.cases)} cases with {log.events} events as workflow “{meaning.workflow}”. "
            f"In the ledger already: {held.same} cases. Bad rows left out: {len(log.bad)}. "
            f"Rows that say what another says (same case, stage, time and actor), all kept: {repeated}."
        )

    def _warn(self, log: Log, meaning: Meaning, mapped: bool) -> None:
        """Says what may be a slip of the pen: the import goes on."""
        stages = log.stages().keys()
        for stage in sorted(set(meaning.final) - stages):
            self.stderr.write(f"No row is in the final stage “{stage}”.")
        if not mapped:
            return
        for stage in sorted(stages - meaning.parties.keys()):
            self.stderr.write(f"The party map does not name the stage “{stage}”: nobody's clock runs in it.")
        for stage in sorted(meaning.parties.keys() - stages):
            self.stderr.write(f"No row is in the stage “{stage}” of the party map.")
        known = record.known_parties()
        for party in sorted({party for party in meaning.parties.values() if party} - known):
            self.stderr.write(
                f"The party “{party}” of the party map is none of this system's: {', '.join(sorted(known))}."
            )

    def _show_stages(self, log: Log, meaning: Meaning) -> None:
        """Says what comes of the good rows, stage by stage."""
        for stage, events in sorted(log.stages().items()):
            party = meaning.parties.get(stage) or "nobody"
            self.stdout.write(f"Stage “{stage}”: {events} event{pluralize(events)}, on {party}’s clock.")

    def _settle_bad(self, log: Log, held: Held, options: dict[str, Any]) -> None:
        """Raises CommandError where bad rows stand against the import."""
        if not log.bad:
            return
        self._list_bad(log, held)
        file: Path = options["file"]
        rejected = options["rejected"] or (options["skip_bad"] and file.with_name(f"{file.name}.rejected.csv"))
        if rejected:
            self._keep_rejected(log, rejected, options)
        if not options["skip_bad"]:
            raise CommandError(
                f"Nothing {'would be' if options['check'] else 'was'} imported. Bad rows: {len(log.bad)}. "
                f"Without them there are {len(log.cases)} new cases with {log.events} events. "
                f"In the ledger already: {held.same} cases. "
                "Correct them, or leave them out with --skip-bad."
            )

    def _list_bad(self, log: Log, held: Held) -> None:
        for bad in log.bad[:SHOWN]:
            self.stderr.write(str(bad))
        if len(log.bad) > SHOWN:
            self.stderr.write(f"… and {len(log.bad) - SHOWN} more.")
        if held.otherwise:
            self.stderr.write(
                f"The ledger holds {held.otherwise} of the cases otherwise, and a history on it is never changed. To "
                "correct one, import the whole corrected file under another name: --workflow NAME."
            )

    def _keep_rejected(self, log: Log, rejected: Path, options: dict[str, Any]) -> None:
        """Raises CommandError where another file stands there, OSError.

        The same rows may stand there: a command that is run again after an interruption finds its own.
        """
        content = rejected_rows(log)
        if not (rejected.is_file() and rejected.read_bytes() == content):
            sources = [options["file"], *([options["party_map"]] if options["party_map"] else [])]
            check_rejected(rejected, *sources, overwrite=options["overwrite"])
            if options["check"]:
                return
            rejected.write_bytes(content)
        self.stderr.write(f"The bad rows are in {rejected}.")

    def _write(self, log: Log, meaning: Meaning, facts: Mapping[str, Any]) -> None:
        """Raises CommandError where it was interrupted."""
        total, written = log.events, 0
        try:
            for written in record.write(log, meaning, actor_name=f"command line, uid {os.getuid()}", facts=facts):
                self.stderr.write(f"{written} of {total} events")
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted: {written} of {total} events are in the ledger, as whole cases. "
                "Run the same command again; it goes on with the others.",
                returncode=INTERRUPTED,
            ) from None


def _dimensions(options: Sequence[str]) -> dict[str, str]:
    """Name -> header; a header without a name is the name of its dimension."""
    pairs = (option.split("=", 1) if "=" in option else (option, option) for option in options)
    return {name.strip(): header.strip() for name, header in pairs}


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        raise CommandError(f"There is no time zone “{name}”. Name it as America/New_York or UTC.") from None


def _facts(options: dict[str, Any]) -> dict[str, Any]:
    names = ("case", "stage", "at", "actor", "dimension", "time_zone", "date_order", "final", "skip_bad")
    said = {name: options[name] for name in names if options[name]}
    return {"file": options["file"].name, "party_map": str(options["party_map"] or ""), **said}
