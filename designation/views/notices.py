"""What a user has been told."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from designation.models import Notice
from designation.notice_forms import NoticeSettingsForm
from designation.views.access import SignedIn, post_only, visible_or_404

PER_PAGE = 20


@require_safe
def notice_list(request: SignedIn) -> HttpResponse:
    notices = Notice.objects.visible_to(request.user)
    context = {
        "page": Paginator(notices, PER_PAGE).get_page(request.GET.get("page")),
        "unread": notices.unread().count(),
    }
    return render(request, "designation/notice_list.html", context)


def _list_url(_request: SignedIn, **_arguments: int) -> str:
    return reverse("designation:notice_list")


@post_only(_list_url)
def notice_read(request: SignedIn, pk: int) -> HttpResponse:
    """Marks one notice read."""
    notice = visible_or_404(Notice.objects.all(), request, pk=pk)
    Notice.objects.filter(pk=notice.pk).unread().update(read_at=timezone.now())
    return redirect("designation:notice_list")


@post_only(_list_url)
def notices_read(request: SignedIn) -> HttpResponse:
    """Marks all of the user's notices read."""
    Notice.objects.visible_to(request.user).unread().update(read_at=timezone.now())
    return redirect("designation:notice_list")


@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: SignedIn) -> HttpResponse:
    """Which notices come to the user by e-mail too."""
    form = NoticeSettingsForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Your notice settings are saved.")
        return redirect("designation:notice_list")
    return render(request, "designation/notice_settings.html", {"form": form})
