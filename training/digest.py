"""What a coordinator is told each day of the training of his office's agents, through the digest of designation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from designation.models import Agent, Role, User
from designation.reminders import DigestPart
from training.models import Module
from training.tracking.standing import COMPLETE, LACKING, Standing, required_agents, standing_of

EXPIRES_WITHIN = 30  # days


def training_due(person: User, day: date) -> list[DigestPart]:
    """For a coordinator: which required training of his agents expires in the next 30 days, and which they lack."""
    if not person.has_role(Role.COORDINATOR):
        return []
    found = standing_of(required_agents(Agent.objects.filter(office=person.office_id)), day)
    expiring = [row for row in found if row.status in COMPLETE and _days_left(row, day) <= EXPIRES_WITHIN]
    lacking = [row for row in found if row.status in LACKING]
    if not expiring and not lacking:
        return []
    names = _names([*expiring, *lacking])
    expiring.sort(key=lambda row: (row.valid_until or day, names[row]))
    lacking.sort(key=lambda row: names[row])
    parts = [
        DigestPart("Training that expires in the next 30 days", [f"{names[row]}, {_date(row)}" for row in expiring]),
        DigestPart(
            "Required training that is missing or expired", [f"{names[row]}, {row.label.lower()}" for row in lacking]
        ),
    ]
    return [part for part in parts if part.lines]


def _days_left(row: Standing, day: date) -> int:
    return (row.valid_until - day).days if row.valid_until else EXPIRES_WITHIN + 1


def _names(rows: Sequence[Standing]) -> dict[Standing, str]:
    """As “Stone, Lee (00991): JT-2009”."""
    agents = Agent.objects.in_bulk({row.agent for row in rows})
    codes = dict(Module.objects.filter(pk__in={row.module for row in rows}).values_list("pk", "code"))
    return {row: f"{agents[row.agent]}: {codes[row.module]}" for row in rows}


def _date(row: Standing) -> str:
    return f"valid until {row.valid_until:%B} {row.valid_until.day}, {row.valid_until.year}" if row.valid_until else ""
