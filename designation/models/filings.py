"""What somebody has typed of a request before there is a draft, so that he can leave the page and come back."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from designation.models.people import Agent, User


class BegunFilingQuerySet(models.QuerySet["BegunFiling"]):
    def visible_to(self, user: User) -> BegunFilingQuerySet:
        return self.filter(user=user)


class BegunFiling(models.Model):
    """A request that a user has begun to file, for an agent or for one who is not on the list. A draft follows."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", null=True)
    answers = models.JSONField(help_text="Field -> what was typed, right or wrong.")
    kept_at = models.DateTimeField(db_default=Now())

    objects = BegunFilingQuerySet.as_manager()

    class Meta:
        ordering = ["-kept_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "agent"], name="begun_filing_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"Begun for {self.whom}"

    @property
    def whom(self) -> str:
        """The agent, or the name that was typed for one who is not on the list."""
        if self.agent:
            return str(self.agent)
        typed = " ".join(filter(None, (self.answers.get("first_name"), self.answers.get("last_name"))))
        return typed or "an agent who is not listed"
