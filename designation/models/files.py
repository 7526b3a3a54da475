"""What every file that people attach to something has: its content, and by what it is known again."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

LARGEST_FILE = 10 * 1024 * 1024  # bytes


class KeptFile(models.Model):
    """A file that belongs to a row. It is kept in the database, so that it shares its backups and transactions."""

    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    added_by_name = models.CharField(max_length=160, help_text="As recorded then.")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name
