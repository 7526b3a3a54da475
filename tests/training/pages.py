"""Pages of training as tests use them: their addresses, their forms as they open now, and what they say."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from training.models import Dispute, ModuleVersion, Section

ENDS = {"confirmed": "on"}


def at(name: str, row: ModuleVersion | Section, *more: str) -> str:
    return reverse(f"training:{name}", args=[row.number, *more])


def change(client: Any, changed: Section, **values: Any) -> Any:
    """Sends the section's form as it opens now, with these values."""
    now = Section.objects.get(pk=changed.pk)
    given = {"title": now.title, "body": now.body, "version": now.version, **values}
    return client.post(at("section_change", changed), given, follow=True)


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def act(of: Dispute, name: str) -> str:
    return reverse("training:dispute_act", args=[of.number, name])


def opening(about: str, number: str) -> str:
    return reverse("training:dispute_open", args=[about, number])
