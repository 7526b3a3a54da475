"""Working days as rows, so that the business time between two instants is one subtraction.

`audit.calendar` builds the days and reads them; docs/decisions/0005 has the reasons.
"""

from datetime import date, time

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Calendar(models.Model):
    """Working hours, Monday to Friday, in one time zone, less federal holidays and its closures."""

    name = models.CharField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=60, default="America/New_York", help_text="IANA name.")
    opens = models.TimeField(default=time(9), help_text="Local time.")
    closes = models.TimeField(default=time(17), help_text="Local time, the same day.")
    first_day = models.DateField(default=date(1990, 1, 1))
    last_day = models.DateField(default=date(2069, 12, 31), help_text="Inclusive.")

    # What the last rebuild made; never set by hand.
    version = models.PositiveIntegerField(default=0, editable=False, help_text="0 until the days are built.")
    built_at = models.DateTimeField(null=True, editable=False)
    built_from = models.CharField(max_length=60, blank=True, editable=False, help_text="Source of the holidays.")
    starts_at = models.DateTimeField(null=True, editable=False, help_text="First instant that the days cover.")
    ends_at = models.DateTimeField(null=True, editable=False, help_text="First instant after them.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="calendar_closes_after_opening"),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="calendar_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """One day of a calendar, whether worked or not; derived, made again by `audit.calendar.rebuild`.

    A row answers for the 24 hours from `starts_at`: local midnight without daylight saving, which never falls
    inside working hours. A day without work opens and closes at the same instant.
    """

    pk = models.CompositePrimaryKey("calendar_id", "starts_at")
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    starts_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    cumulative_seconds = models.BigIntegerField(help_text="Working seconds of the calendar before opens_at.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="calendarday_unique_day"),
            models.UniqueConstraint(
                fields=["calendar", "cumulative_seconds"],
                name="calendarday_working_position",
                condition=Q(closes_at__gt=F("opens_at")),
            ),
            models.CheckConstraint(condition=Q(closes_at__gte=F("opens_at")), name="calendarday_closes_after_opening"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.day}"


class ClosureQuerySet(models.QuerySet["Closure"]):
    def in_force(self) -> "ClosureQuerySet":
        return self.filter(withdrawn_at__isnull=True)


class Closure(models.Model):
    """Days on which the offices were closed, opened late or closed early; entered by people.

    Where several closures meet on one day, only the hours that all of them leave open are worked. Triggers refuse any
    change but a withdrawal, once, and any deletion: what once moved due times stays on record.
    """

    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="closures")
    first_day = models.DateField()
    last_day = models.DateField(help_text="Inclusive.")
    open_from = models.TimeField(null=True, blank=True, help_text="Delayed opening, local time.")
    open_until = models.TimeField(null=True, blank=True, help_text="Early departure, local time.")
    reason = models.CharField(max_length=200, help_text="As “Snow emergency”.")
    authority = models.CharField(max_length=200, blank=True, help_text="Order or notice that closed the offices.")
    entered_by_name = models.CharField(max_length=160)
    entered_at = models.DateTimeField(db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by_name = models.CharField(max_length=160, blank=True, editable=False)
    withdrawn_why = models.TextField(blank=True, editable=False)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        ordering = ["first_day", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="closure_ends_after_start"),
            models.CheckConstraint(
                condition=Q(open_from__isnull=True) | Q(open_until__isnull=True) | Q(open_until__gt=F("open_from")),
                name="closure_open_hours_in_order",
            ),
            models.CheckConstraint(
                condition=Q(reason__regex=r"\S", entered_by_name__regex=r"\S"), name="closure_says_who_and_why"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_by_name__regex=r"\S", withdrawn_why__regex=r"\S"),
                name="closure_withdrawal_says_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}: {self.reason}"
