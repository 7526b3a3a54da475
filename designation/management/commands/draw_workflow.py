from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from designation import diagram

FILE = settings.BASE_DIR / "docs" / "reference" / "request-workflow.md"


class Command(BaseCommand):
    help = "Writes docs/reference/request-workflow.md: the state machines as they are declared."

    def handle(self, *args: Any, **options: Any) -> None:
        FILE.write_text(diagram.page(), encoding="utf-8")
        self.stdout.write(f"Wrote {FILE}")
