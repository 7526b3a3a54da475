"""The training page, modules, their versions and sections."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from designation.views.access import SignedIn, visible_or_404
from training.models import ModuleVersion


@require_safe
def version_detail(request: SignedIn, number: str) -> HttpResponse:
    found = visible_or_404(ModuleVersion.objects.all(), request, number=number)
    return render(request, "training/version.html", {"version": found})


urlpatterns = [
    path("versions/<str:number>/", version_detail, name="version"),
]
