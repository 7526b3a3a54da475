"""Rosters on their way in: the uploaded file, and how each office names its columns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from designation.models.people import Office, Role, User


class RosterMapping(models.Model):
    """What the columns of one layout mean, as the office has said; it is applied to the next such file."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="roster_mappings")
    signature = models.CharField(max_length=64, help_text="What tells this layout from others.")
    headers = models.JSONField(help_text="The header names in their order.")
    mapping = models.JSONField(help_text="Field -> column, counted from 0.")
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "signature"], name="roster_mapping_one_per_layout")]

    def __str__(self) -> str:
        return f"{self.office.code}: {', '.join(self.headers)}"


class RosterUploadQuerySet(models.QuerySet["RosterUpload"]):
    def visible_to(self, user: User) -> RosterUploadQuerySet:
        """Coordinators see their office's uploads, HSI headquarters all."""
        if user.has_role(Role.HSI_HQ):
            return self
        if user.has_role(Role.COORDINATOR):
            return self.filter(office=user.office_id)
        return self.none()


class RosterUpload(models.Model):
    """One roster file as it was sent, from upload to filing. An empty sheet name: none is chosen yet."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="roster_uploads")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="roster_uploads")
    filename = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, help_text="Of the content, in hexadecimal.")
    sheet = models.TextField(blank=True)
    header_row = models.PositiveIntegerField(null=True, blank=True)
    mapping = models.JSONField(default=dict, blank=True, help_text="Field -> column, counted from 0.")
    default_justification = models.TextField(blank=True)
    uploaded_at = models.DateTimeField(db_default=Now())
    filed_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    objects = RosterUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="roster_upload_filed_has_result",
                condition=Q(filed_at__isnull=True, result__isnull=True)
                | Q(filed_at__isnull=False, result__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.office.code})"

    @property
    def is_mapped(self) -> bool:
        """Whether sheet, header row and columns are known, so that the upload can be previewed and filed."""
        return bool(self.sheet and self.header_row is not None and self.mapping)
