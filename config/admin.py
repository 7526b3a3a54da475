"""The admin, which is where DEA reviews: who may enter, and how it is named."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from designation.models import Role

STAFF_ROLES = (Role.DEA_FIELD, Role.DEA_HQ, Role.TRAINING_MANAGER, Role.AUDITOR, Role.OPERATOR)


class TitleAdminSite(AdminSite):
    site_title = "Title 21 cross-designation"
    site_header = "Title 21 cross-designation"
    index_title = "Review"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and user.has_role(*STAFF_ROLES)
