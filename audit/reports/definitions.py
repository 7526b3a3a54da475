"""What the columns of reports hold, for those who read them away from the page."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from audit.reports.backlog import AGES, OLDER
from audit.reports.tables import HOURS, TEXT, Table

BUSINESS_HOURS = (
    "Working time by the calendar that the report names. A time is the sum over all stays: in a stage, on a party’s "
    "clock, or on any clock."
)
OF_AGES = {
    AGES[0][1]: f"Of the open, those first filed up to {AGES[0][0]} business hours ago.",
    **{
        name: f"Of the open, those first filed more than {low} and up to {high} business hours ago."
        for (low, _), (high, name) in pairwise(AGES)
    },
    OLDER: f"Of the open, those first filed more than {AGES[-1][0]} business hours ago.",
}
DEFINITIONS = {
    "Number": "How many the row is about: those of the question that have the time of the row.",
    "Mean": "All the times, summed and divided by their number.",
    "Median": "Half took no longer. As all percentiles, exact: interpolated linearly between closest "
    "ranks (type 7 of Hyndman and Fan, 1996), as spreadsheets and pandas have it.",
    "75th percentile": "Three of four took no longer.",
    "90th percentile": "Nine of ten took no longer.",
    "95th percentile": "Nineteen of twenty took no longer.",
    "Longest": "The longest time.",
    "Measured against a goal": "What had a goal when it began: for a stage each stay, for a party or the whole process "
    "each one. What is open counts, as missed, once it is late, and not before it is due.",
    "Within goal": "Of what was measured against a goal, how much was in time.",
    "Open": "What is in the stage at the moment of the report, whatever the period.",
    "Late in the stage": "Of the open, those that are past the due time of the stage that they are in.",
    "Median age": "Half of the open were first filed no longer ago.",
    "90th percentile of age": "Nine of ten of the open were first filed no longer ago.",
    "Oldest": "The business time since the oldest of the open was first filed.",
    **OF_AGES,
    "Filed": "Those whose first clock began in the period of the row, by their dimensions as they were then.",
    "Ended": "Those whose last step, in the period of the row, ended them.",
    "Ended less filed": "Above zero where more ended than were filed: the backlog shrank.",
    "Returns": "Steps into a state that counts as a return, made in the period; one can be returned again.",
    "Of all returns": "The share of the stage in all returns of the period.",
    "Times": "How often the way was taken; one can take it again.",
    "Median time before it": "The median of the stays that the way ended, each stay by itself.",
}


def definitions(tables: Iterable[Table]) -> list[tuple[str, str, str]]:
    """(column, definition, unit) of each column of the tables that holds a figure, once, in their order."""
    units = {name: unit for table in tables for name, unit in table.columns if unit != TEXT}
    found = [(name, DEFINITIONS[name], unit) for name, unit in units.items()]
    return [*found, ("Business hours", BUSINESS_HOURS, "")] if HOURS in units.values() else found
