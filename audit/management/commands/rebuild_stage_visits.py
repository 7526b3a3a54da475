from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import calendar, ledger
from audit.models import StageVisit


class Command(BaseCommand):
    help = "Makes the stage visits again from the steps; with --check, only proves that they equal them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 when they differ")

    def handle(self, *args: Any, **options: Any) -> None:
        if days := calendar.days_that_differ():
            listed = ", ".join(f"{name} {day}" for name, day in days)
            raise CommandError(
                f"The calendar is not what its hours, holidays and closures lead to: {listed}. "
                "Run load_reference, which builds it again."
            )
        if not options["check"]:
            self.stdout.write(f"Rebuilt {ledger.rebuild_visits()} stage visits.")
            return
        different = ledger.visits_that_differ()
        if different:
            listed = ", ".join(f"{workflow} {subject} step {sequence}" for workflow, subject, sequence in different)
            raise CommandError(f"Stage visits are not what the steps lead to: {listed}")
        self.stdout.write(f"All {StageVisit.objects.count()} stage visits equal what the steps lead to.")
