"""Disputes: the list, one dispute, and what each side may do with it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from designation.views.access import SignedIn, visible_or_404
from training.models import Dispute


@require_safe
def dispute_detail(request: SignedIn, number: str) -> HttpResponse:
    found = visible_or_404(Dispute.objects.all(), request, number=number)
    return render(request, "training/dispute.html", {"dispute": found})


urlpatterns = [
    path("disputes/<str:number>/", dispute_detail, name="dispute"),
]
