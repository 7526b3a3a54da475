"""How people choose which notices come by e-mail too."""

from __future__ import annotations

from typing import Any

from django import forms

from designation.models import InAppOnly, NoticeKind, User

SAYS = {
    NoticeKind.NEEDS_ME: "a request has come to you, or was returned to your office",
    NoticeKind.DECIDED: "a request was approved, denied, withdrawn, or its denial is reconsidered",
    NoticeKind.AUTHORITY: "a designation was suspended, reinstated or revoked by DEA, or given up by HSI",
    NoticeKind.COMMENTS: "somebody comments on a request that you have a part in, or adds or withdraws a file",
    NoticeKind.DUE: "a request that waits for you is due soon, or past its due time",
    NoticeKind.DIGEST: "each working day, what waits for you and what is late",
    NoticeKind.TRAINING: "modules, sign-offs, and disputes of your side",
    NoticeKind.EXPORTS: "a file that you ordered is ready, or could not be made; somebody ended your scheduled export",
}


class NoticeSettingsForm(forms.Form):
    """The kinds of notices that come by e-mail too; none is a choice as well."""

    by_mail = forms.MultipleChoiceField(
        label="By e-mail too",
        help_text="What is not ticked is in the app only.",
        choices=[(kind.value, f"{kind.label}: {SAYS[kind]}") for kind in NoticeKind],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        in_app_only = InAppOnly.objects.kinds_of(user)
        chosen = [kind.value for kind in NoticeKind if kind not in in_app_only]
        super().__init__(*args, **{"initial": {"by_mail": chosen}} | kwargs)

    def save(self) -> None:
        """Keeps the choice, in place of what was chosen before."""
        by_mail = self.cleaned_data["by_mail"]
        InAppOnly.objects.choose(self.user, [kind for kind in NoticeKind if kind not in by_mail])
