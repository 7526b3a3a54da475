"""How people choose their own passwords."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError

from designation.accounts import password_was_chosen_by_link
from designation.fields import SaysWhatToEnter


class ChosenPasswordForm(SetPasswordForm):
    """A password of the owner's own choice, after which the account is his again."""

    def save(self, commit: bool = True) -> Any:
        self.user.must_change_password = False
        return super().save(commit)


class PasswordByLinkForm(SaysWhatToEnter, ChosenPasswordForm):
    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        password_was_chosen_by_link(user)
        return user


class ForgottenPasswordForm(SaysWhatToEnter, PasswordResetForm):
    """Asks for a link to choose a new password by."""


class OwnPasswordForm(SaysWhatToEnter, PasswordChangeForm, ChosenPasswordForm):
    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError("Choose another password than the one you have.")
        return password
