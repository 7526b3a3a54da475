"""Counts how agents stand in modules where what is kept holds no longer; or proves the counts that are kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from training.tracking import matrix


class Command(BaseCommand):
    help = "Keeps the counts of offices by modules for today, where none are kept or they hold no longer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; count all again and compare.")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        if not options["check"]:
            self.stdout.write(f"{matrix.keep(today)} offices counted.")
        elif differing := matrix.offices_that_differ(today):
            raise CommandError(f"The kept counts are not what counting gives for: {', '.join(differing)}.")
        else:
            self.stdout.write("The kept counts equal those counted again.")
