"""Every address of the project."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView, PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from django.urls import include, path

from designation.account_forms import ForgottenPasswordForm, OwnPasswordForm, PasswordByLinkForm
from designation.views.access import post_only
from designation.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("designation.urls")),
    path("api/v1/", include("designation.api")),
    path("admin/", admin.site.urls),
    path(
        "accounts/password_change/",
        PasswordChangeView.as_view(form_class=OwnPasswordForm),
        name="password_change",
    ),
    path(
        "accounts/password_reset/",
        PasswordResetView.as_view(form_class=ForgottenPasswordForm),
        name="password_reset",
    ),
    path(
        "accounts/reset/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(form_class=PasswordByLinkForm),
        name="password_reset_confirm",
    ),
    path("accounts/logout/", post_only(lambda _request: "/")(LogoutView.as_view()), name="logout"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("reports/", include("audit.urls")),
    path("training/", include("training.urls")),
]
