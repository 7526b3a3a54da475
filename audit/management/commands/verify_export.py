import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exports, manifest
from audit.drawing import CannotDraw
from audit.exports import making
from audit.models import ExportFile
from audit.reports import printing


class Command(BaseCommand):
    help = (
        "Says whether a file is what this system gave out, and whether the ledger still agrees with its manifest. "
        "Ends with status 1 where either is not so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("manifest", type=Path, metavar="MANIFEST")
        parser.add_argument(
            "--again",
            action="store_true",
            help="also make the file again from the ledger as it was then, and compare",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            given = json.loads(options["manifest"].read_text(encoding="utf-8"))
            file = manifest.record_of(given)
            problems = list(manifest.problems(options["file"], given, file))
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except (ValueError, manifest.NotAManifest) as error:
            why = str(error) if isinstance(error, manifest.NotAManifest) else "It is not JSON."
            raise CommandError(f"{options['manifest']}: {why}") from None
        self._say_what_it_is(file)
        for change in manifest.changes(file.manifest):
            self.stdout.write(f"Note: {change}")
        if options["again"] and not problems:
            problems += _differences(file)
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write("The file is what this system gave out, and the ledger still agrees.")

    def _say_what_it_is(self, file: ExportFile) -> None:
        found = file.manifest
        self.stdout.write(
            f"Export {file.key}: {file.what} as {file.format}, {found['row_count']} rows as of {found['as_of']}, "
            f"for {file.owner_name}."
        )


def _differences(file: ExportFile) -> list[str]:
    if file.what not in printing.PAGE_OF and file.what not in exports.QUESTIONS:
        return ["It holds more than the ledger does, so that it cannot be made again."]
    write_again = printing.write_again if file.what in printing.PAGE_OF else making.write_again
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again"
        try:
            write_again(file, again)
        except (exports.UnknownWorkflow, CannotDraw) as error:
            return [str(error)]
        if manifest.sha256_of(again) == file.manifest["sha256"]:
            return []
    return ["Made again from the ledger as it was then, the file is another: what it was computed with has changed."]
