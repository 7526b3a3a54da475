"""What people say on a request and attach to it, beside its steps. Comments are only ever added."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from designation.models.files import LARGEST_FILE, KeptFile
from designation.models.people import Role, User
from designation.models.requests import Request


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, user: User) -> CommentQuerySet:
        return self.filter(request__in=Request.objects.visible_to(user))


class Comment(models.Model):
    """What somebody said on a request, for everybody who may see it."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=160, help_text="As recorded then.")
    author_agency = models.CharField(max_length=10)
    author_role = models.CharField(max_length=20, choices=Role.choices, help_text="By which he could say it.")
    made_at = models.DateTimeField(db_default=Now())

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_says_something_and_who",
                condition=Q(text__regex=r"\S", author_name__regex=r"\S", author_role__regex=r"\S"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_name} on {self.request.number}"


class RequestFileQuerySet(models.QuerySet["RequestFile"]):
    def visible_to(self, user: User) -> RequestFileQuerySet:
        return self.filter(request__in=Request.objects.visible_to(user))

    def current(self) -> RequestFileQuerySet:
        """Those that are given out, without what was withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


class RequestFile(KeptFile):
    """A file on a request, added with a comment or without. It may be withdrawn, and then is given out no more."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="files")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="files", null=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_by_agency = models.CharField(max_length=10)
    added_by_role = models.CharField(max_length=20, choices=Role.choices)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    withdrawn_by_name = models.CharField(max_length=160, blank=True)
    withdrawn_why = models.TextField(blank=True)

    objects = RequestFileQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "sha256"],
                name="request_file_once",
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="request_file_size_allowed", condition=Q(size__gt=0) & Q(size__lte=LARGEST_FILE)
            ),
            models.CheckConstraint(
                name="request_file_withdrawn_by_somebody",
                condition=Q(
                    withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_by_name="", withdrawn_why=""
                )
                | Q(
                    withdrawn_at__isnull=False,
                    withdrawn_by__isnull=False,
                    withdrawn_by_name__regex=r"\S",
                    withdrawn_why__regex=r"\S",
                ),
            ),
        ]
