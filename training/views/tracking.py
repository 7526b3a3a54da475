"""Who has completed what: offices by modules, people behind a cell, what expires; requirements and waivers."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
