import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from designation.demo.users import kept_password, refresh_demo_users
from designation.models import Office

KEPT_PASSWORD = settings.BASE_DIR / "var" / "demo-password"


class Command(BaseCommand):
    help = (
        "Creates users for all roles to try the system out with, or brings them back to what they were, and "
        "prints how to sign in. DEMO_PASSWORD sets their password; else one is made up once and kept in var/."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", help="their password; before DEMO_PASSWORD")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo users are made only where the setting DEMO is on, which production never has.")
        password = options["password"] or os.environ.get("DEMO_PASSWORD") or kept_password(KEPT_PASSWORD)
        try:
            users = refresh_demo_users(password)
        except Office.DoesNotExist:
            raise CommandError("Load the reference data first: manage.py load_reference") from None
        self.stdout.write(f"Demo sign-ins, all with the password {password}")
        for user in users:
            self.stdout.write(f"  {user.username:<20} {', '.join(user.role_labels())}, {user.office}")
