"""Every address of the project."""

from django.contrib import admin
from django.urls import include, path

from designation.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("designation.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("reports/", include("audit.urls")),
]
