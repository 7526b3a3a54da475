"""Keeps the figures of periods that are over, so that reports need not read every stay; or proves those kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import summarising


class Command(BaseCommand):
    help = "Makes the figures of closed weeks, months and fiscal years that are not kept or hold no longer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workflow", help="Only this one; else every workflow of the ledger.")
        parser.add_argument("--check", action="store_true", help="Change nothing; compute all again and compare.")

    def handle(self, *args: Any, **options: Any) -> None:
        for workflow in [options["workflow"]] if options["workflow"] else summarising.workflows():
            if options["check"]:
                self.check_workflow(workflow)
            else:
                self.stdout.write(f"{workflow}: {summarising.summarise(workflow)} periods summarised.")

    def check_workflow(self, workflow: str) -> None:
        """Raises CommandError where kept figures are not what the stays come to."""
        if differing := summarising.periods_that_differ(workflow):
            days = ", ".join(f"{period.since} to {period.last_day}" for period in differing)
            raise CommandError(f"{workflow}: the kept figures differ from the stays for {days}.")
        self.stdout.write(f"{workflow}: the kept figures equal those computed from the stays.")
