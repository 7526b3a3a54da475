from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.calendar import CalendarError
from designation.demo.data import NotEmpty, make_all
from designation.models import Agreement


class Command(BaseCommand):
    help = (
        "Fills an empty system with an invented year of requests and what goes with them, up to now, marked as "
        "invented in the ledger."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another number, another year (default 1)")
        parser.add_argument("--requests", type=int, default=4000, metavar="N", help="how many (default 4000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data is made only where the setting DEMO is on, which production never has.")
        if options["requests"] < 1:
            raise CommandError("Ask for at least one request.")
        try:
            year, made = make_all(seed=options["seed"], count=options["requests"], until=timezone.now())
        except NotEmpty:
            raise CommandError("The system holds agents or requests already; demo data needs an empty one.") from None
        except (Agreement.DoesNotExist, CalendarError):
            raise CommandError("Load the reference data first: manage.py load_reference") from None
        states = Counter(request.get_state_display().lower() for request in year.requests)
        self.stdout.write(
            f"Invented {len(year.requests)} requests for {len(year.agents)} agents: "
            + ", ".join(f"{count} {state}" for state, count in states.most_common())
            + "."
        )
        for sentence in made:
            self.stdout.write(sentence)
