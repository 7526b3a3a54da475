"""Comments and files on the page on which DEA reviews a request."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.views.decorators.http import require_http_methods

from audit.machine import Refused
from designation import comments
from designation.admin.acts import ActsAdmin
from designation.admin.base import user_of
from designation.comment_forms import CommentForm, discussion, told
from designation.models import Request


class CommentsAdmin(ActsAdmin):
    """Adds the comments and files of a request to its page, and the form that adds to them."""

    def get_urls(self) -> list[URLPattern]:
        comment = require_http_methods(["GET", "POST"])(self.comment_view)
        return [self._path("<int:pk>/comment/", comment, "comment"), *super().get_urls()]

    def page_context(self, request: HttpRequest, row: Request) -> dict[str, Any]:
        action = self.with_filters(request, self.url("comment", row.pk))
        return {"discussion": discussion(row, user_of(request)), "comment_url": action}

    def comment_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Adds a comment, files, or both."""
        row = self.row_or_404(request, pk)
        row_url = self.with_filters(request, self.url("change", row.pk))
        if refused := comments.why_not_attach(row, user_of(request)):
            messages.error(request, f"Nothing was added. {refused.message}")
            return redirect(row_url)
        form = CommentForm(request.POST or None, request.FILES or None, row=row)
        if request.method == "POST" and form.is_valid():
            try:
                added = form.save(user_of(request))
            except Refused as refused:
                form.add_error(None, f"Nothing was added. {refused}")
            else:
                messages.success(request, told(added))
                return redirect(f"{row_url}#{added.place}")
        context = {"title": f"Comment on {row}", "row": row, "form": form, "row_url": row_url}
        return self.render(request, "admin/designation/request/comment.html", context)
