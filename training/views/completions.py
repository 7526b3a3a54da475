"""Completions: by hand, from files, and from learning systems."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
