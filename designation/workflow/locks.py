"""Locks are always taken in the order agents, requests, designations, so that two batches never wait for each other."""

from __future__ import annotations

from typing import Any

from django.db import models

from designation.models import Agent


def lock_agents_of(rows: models.QuerySet[Any]) -> None:
    """Locks the agents of the requests or designations, in the order of their keys, until the transaction ends."""
    agents = Agent.objects.filter(pk__in=rows.values("agent"))
    list(agents.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
