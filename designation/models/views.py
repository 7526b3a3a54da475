"""Views of lists that people keep: filters, order and columns under a name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from designation.lists.kinds import kinds
from designation.models.people import Office, User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        """His own, and those that were shared with his office. What a view shows is asked as whoever looks."""
        return self.filter(Q(owner=user) | Q(shared_with__isnull=False, shared_with=user.office_id))

    def of(self, user: User) -> SavedViewQuerySet:
        """His own, which he may change."""
        return self.filter(owner=user)


class SavedView(models.Model):
    """What a person asked of a list, as it stood in the address."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    list = models.CharField(max_length=20, help_text="The name of one of the settings’ lists.")
    name = models.CharField(max_length=60)
    asked: Any = models.JSONField(default=dict, help_text="Parameters of the list's address: text to text.")
    opens_first = models.BooleanField(default=False, help_text="The list opens with it.")
    shared_with = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["list", Lower("name"), "pk"]
        constraints = [
            models.UniqueConstraint("owner", "list", Lower("name"), name="savedview_name_once"),
            models.UniqueConstraint(
                fields=["owner", "list"], name="savedview_one_first", condition=Q(opens_first=True)
            ),
            models.CheckConstraint(condition=~Q(name=""), name="savedview_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """The list as the view asks for it; the address says all, and that it is this view."""
        return f"{kinds()[self.list].url}?{urlencode([*sorted(self.asked.items()), ('view', self.pk)])}"
