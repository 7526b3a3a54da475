"""What reviewers and auditors look up, and nobody changes in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from audit.keyset_admin import KeysetAdmin
from designation.admin.base import FoundByName, ScopedAdmin
from designation.models import Agent, FieldOpinion, Notice, Role, RosterUpload


@admin.register(Agent)
class AgentAdmin(FoundByName, ScopedAdmin, KeysetAdmin):
    readers = (Role.DEA_FIELD, Role.DEA_HQ, Role.TRAINING_MANAGER, Role.AUDITOR)
    list_display = ["badge_number", "last_name", "first_name", "office", "is_active"]
    list_display_links = ["badge_number", "last_name"]
    list_filter = ["is_active"]
    list_select_related = ["office"]
    sorts = {"last_name": ("last_name", "first_name", "badge_number"), "badge_number": ("badge_number",)}
    search_fields = [
        "badge_number__begins",
        "last_name__begins",
        "first_name__begins",
        "email__begins",
        "=office__code",
    ]
    search_help_text = "Badge number, name, e-mail address, or the code of an office."

    def first_order(self, request: HttpRequest) -> str:
        return "last_name"


@admin.register(FieldOpinion)
class FieldOpinionAdmin(ScopedAdmin, KeysetAdmin):
    readers = (Role.AUDITOR,)
    list_display = ["request", "division", "concurs", "given_by", "given_at", "superseded_at"]
    list_filter = ["concurs"]
    list_select_related = ["request", "division", "given_by"]
    search_fields = ["request__number", "=division__code"]


@admin.register(RosterUpload)
class RosterUploadAdmin(KeysetAdmin):
    readers = (Role.AUDITOR,)
    list_display = ["filename", "office", "uploaded_by", "uploaded_at", "filed_at"]
    list_select_related = ["office", "uploaded_by"]
    search_fields = ["filename", "=office__code"]
    fields = [
        "filename",
        "office",
        "uploaded_by",
        "uploaded_at",
        "sha256",
        "sheet",
        "header_row",
        "mapping",
        "filed_at",
    ]


@admin.register(Notice)
class NoticeAdmin(KeysetAdmin):
    readers = (Role.AUDITOR,)
    list_display = ["created_at", "recipient", "title", "sent_at", "read_at"]
    list_select_related = ["recipient"]
    search_fields = ["=recipient__username", "title"]
