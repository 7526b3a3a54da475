"""Learning systems, in the admin."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from designation.admin.keys import KeyHolderAdmin
from designation.models import Role
from training.models import LearningSystem


@admin.register(LearningSystem)
class LearningSystemAdmin(KeyHolderAdmin):
    readers: ClassVar[tuple[str, ...]] = (Role.TRAINING_MANAGER, Role.AUDITOR)
    address_name = "training:xapi_statements"
