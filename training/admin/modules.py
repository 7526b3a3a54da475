"""Modules, their versions and sections in the admin, to be looked up; they change on the pages of training alone."""

from __future__ import annotations

from django.contrib import admin

from designation.admin.base import ScopedAdmin
from training.models import Module, ModuleVersion, Section
from training.permissions import TRAINING_READERS


@admin.register(Module)
class ModuleAdmin(ScopedAdmin):
    readers = TRAINING_READERS
    list_display = ["code", "title", "owner", "agreement"]
    list_select_related = ["agreement"]
    search_fields = ["=code", "title"]
    fields = ["code", "title", "purpose", "owners", "agreement", "provision", "pass_mark", "attempts"]


@admin.register(ModuleVersion)
class ModuleVersionAdmin(ScopedAdmin):
    readers = TRAINING_READERS
    list_display = ["number", "module", "state", "published_on", "ended_on"]
    list_filter = ["state"]
    list_select_related = ["module"]
    search_fields = ["number", "module__title"]
    fields = ["number", "module", "ordinal", "state", "drafted_by", "created_at", "published_on", "ended_on"]


@admin.register(Section)
class SectionAdmin(ScopedAdmin):
    readers = TRAINING_READERS
    list_display = ["number", "title", "module_version", "position", "state", "revision"]
    list_filter = ["state"]
    list_select_related = ["module_version"]
    search_fields = ["number", "title"]
    fields = ["number", "module_version", "key", "position", "title", "body", "state", "revision"]
