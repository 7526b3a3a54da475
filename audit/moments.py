"""How instants are written, on pages and in messages alike."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

MOMENT = "N j, Y, g:i a T"


def moment(at: datetime) -> str:
    """An instant in the current time zone, which it names, as "Nov. 24, 2026, 7:46 p.m. EST"."""
    return date_format(timezone.localtime(at), MOMENT)
