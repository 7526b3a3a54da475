"""Every address of the project."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from designation.views.access import post_only
from designation.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("designation.urls")),
    path("admin/", admin.site.urls),
    path("accounts/logout/", post_only(lambda _request: "/")(LogoutView.as_view()), name="logout"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("reports/", include("audit.urls")),
]
