"""Other systems that sign in by a key, of which only the hash is kept."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now


class KeyHolder(models.Model):
    """Another system, which signs in by HTTP Basic with its name and its key (`designation.keys`)."""

    name = models.CharField(
        max_length=80,
        unique=True,
        validators=[RegexValidator(r"^[^:\s]([^:]*[^:\s])?\Z", "Write a name without a colon.")],
        help_text="It signs in under this name.",
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256.")
    is_active = models.BooleanField(default=True)
    added_by_name = models.CharField(max_length=160, editable=False)
    added_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApiClient(KeyHolder):
    """A system that looks designations up, as a deconfliction center’s."""

    class Meta(KeyHolder.Meta):
        verbose_name = "API client"
