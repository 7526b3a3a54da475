from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError
from django.utils import timezone

from audit.calendar import CalendarError
from designation.demo.data import NotEmpty
from designation.load.data import NoWorkingDays, generate
from designation.models import Agreement


class Command(BaseCommand):
    help = (
        "Fills an empty system with many years of invented requests, made by the database itself, marked as invented "
        "in the ledger: to try the system under load. A million requests take minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--requests", type=int, default=1_000_000, metavar="N", help="how many (default 1,000,000)")
        parser.add_argument("--seed", type=int, default=1, help="another number, another load (default 1)")
        parser.add_argument("--years", type=int, default=10, metavar="N", help="over how many years (default 10)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("A load is made only where the setting DEMO is on, which production never has.")
        if options["requests"] < 1 or options["years"] < 1:
            raise CommandError("Ask for at least one request and one year.")
        try:
            generate(
                requests=options["requests"],
                seed=options["seed"],
                years=options["years"],
                until=timezone.now(),
                tell=self.stdout.write,
            )
        except NotEmpty:
            raise CommandError("The system holds agents or requests already; a load needs an empty one.") from None
        except NoWorkingDays:
            raise CommandError("The calendar holds no full working day in those years.") from None
        except (Agreement.DoesNotExist, CalendarError):
            raise CommandError("Load the reference data first: manage.py load_reference") from None
        except ProgrammingError as error:
            if "session_replication_role" not in str(error):
                raise
            raise CommandError("The database user may not switch triggers off, which a load needs.") from None
