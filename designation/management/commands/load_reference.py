from typing import Any

from django.core.management.base import BaseCommand

from designation import references


class Command(BaseCommand):
    help = "Loads offices, divisions, agreements and the federal calendar; safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = references.load()
        self.stdout.write("Reference data: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
