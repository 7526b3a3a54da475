"""Figures of periods that are over, kept so that a report need not read every stay again.

`audit.summaries` makes them, and asks whether they still hold; deleting them loses nothing.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit.models.calendar import Calendar


class SummarisedPeriod(models.Model):
    """A period of a workflow whose figures are kept, and the state of the record that they were made from."""

    workflow = models.CharField(max_length=60)
    since = models.DateField(help_text="First day, in the calendar's time zone.")
    until = models.DateField(help_text="First day after the period.")
    ledger_position = models.BigIntegerField(help_text="Every step up to this number was seen.")
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="+", db_index=False)
    calendar_version = models.PositiveIntegerField()
    calendar_built_at = models.DateTimeField(null=True)
    dimension_names = ArrayField(
        models.TextField(), default=list, help_text="The names of those by which figures were made, in order."
    )
    made_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        ordering = ["workflow", "since", "until"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "since", "until"], name="summarisedperiod_once"),
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="summarisedperiod_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.since} to {self.until}"


class PeriodFigures(models.Model):
    """The figures of one period, for one time and one set of dimension values.

    Of the requests that ended in the period. Only counted are, for the measure `filed`, those filed in it, and for
    `unclocked` those that ended in it without ever having been on a clock.
    `grouped_by` names the dimensions of `dimensions` in alphabetical order, with a space between; none are all
    requests.
    """

    id = models.BigAutoField(primary_key=True)
    period = models.ForeignKey(SummarisedPeriod, on_delete=models.CASCADE, related_name="figures", db_index=False)
    grouped_by = models.CharField(max_length=200, blank=True)
    dimensions = models.JSONField(default=dict)
    measure = models.CharField(max_length=10, help_text="process, party, stage, filed, or unclocked.")
    name = models.CharField(max_length=120, blank=True, help_text="Of the party or stage.")
    requests = models.BigIntegerField()
    seconds = models.BigIntegerField(help_text="Business seconds of all of them together.")
    percentiles = ArrayField(models.FloatField(), help_text="Business seconds: the 25th, 50th, 75th, 90th, 95th.")
    slowest = models.BigIntegerField(help_text="Business seconds.")
    stays = models.BigIntegerField()
    judged = models.BigIntegerField(help_text="Against a goal: stays in a stage; or requests, for party and process.")
    met = models.BigIntegerField(help_text="Of those judged.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "grouped_by", "measure", "name", "dimensions"], name="periodfigures_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.name} {self.dimensions}"
