from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from audit.exports import exported_models
from audit.exports.columns import data_dictionary

FILE = settings.BASE_DIR / "docs" / "reference" / "data-dictionary.md"


class Command(BaseCommand):
    help = "Writes docs/reference/data-dictionary.md from the definitions of the exports' columns."

    def handle(self, *args: Any, **options: Any) -> None:
        FILE.write_text("\n".join(data_dictionary(model) for model in exported_models()), encoding="utf-8")
        self.stdout.write(f"Wrote {FILE}")
