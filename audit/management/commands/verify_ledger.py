from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import verify
from audit.models import StepEvent


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text} is not a number of findings to list")
    return int(text)


class Command(BaseCommand):
    help = "Computes every hash and chain of the ledger again; names the first bad event and exits with 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--show", type=_positive, default=20, metavar="N", help="findings to list (default 20)")

    def handle(self, *args: Any, **options: Any) -> None:
        first, count = None, 0
        for finding in verify.findings():
            count += 1
            if count <= options["show"]:
                self.stderr.write(str(finding))
            first = min(first or finding, finding, key=_place)
        if first is None:
            self.stdout.write(f"The ledger verifies: {StepEvent.objects.count()} steps.")
            return
        if count > options["show"]:
            self.stderr.write(f"… and {count - options['show']:,} more.")
        raise CommandError(f"The ledger does not verify. First bad {first}")


def _place(finding: verify.Finding) -> tuple[bool, int]:
    """Where in the ledger it is; what is on no record at all comes last."""
    return finding.step is None, finding.step or 0
