"""One act on a selection: preview, confirmation, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from audit.machine import Outcome, Refusal
from audit.models import Job
from designation import selections
from designation.act_forms import BulkActForm
from designation.admin.base import user_of
from designation.admin.outcomes import OutcomeAdmin
from designation.declared import Declared, declared
from designation.fields import is_key
from designation.jobs import is_large, order_acts
from designation.models import User

NO_ROW = "0"  # a row that the list's form always selects, so that "all in this list" needs none checked


class BulkAdmin(OutcomeAdmin):
    """Adds the acts on a selection: Django admin actions, with a page that asks."""

    job_kind: ClassVar[str]
    """Of the jobs that make its acts on many rows."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The acts that the user's roles may make somewhere; whether on these rows, the preview tells."""
        acts = [declared(self.model, name) for name in self.acts]
        return {
            act.name: (partial(_confirm_selected, act.name), act.name, act.label)
            for act in acts
            if user_of(request).has_role(*act.roles)
        }

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Refuses a garbled selection, on which Django would fail."""
        if all(is_key(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().changelist_view(request, extra_context)
        messages.error(request, "The form was sent incomplete. Nothing was changed; select again.")
        return redirect(request.get_full_path())

    def confirm(self, request: HttpRequest, name: str, pks: Sequence[int]) -> HttpResponse | None:
        """The page that says what the act will do to the selected rows, and asks."""
        if told := selections.hindrance(len(pks)):
            messages.warning(request, told)
            return None
        act = self.act_or_404(name)
        outcome = self.preview(name, pks, actor=user_of(request))
        needs_reason = act.needs_reason(outcome.done)
        form = BulkActForm(initial=BulkActForm.initial_for(outcome), reason_required=needs_reason)
        return self._confirm_page(request, act, form, outcome)

    def bulk_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Makes the act on all that the preview said would be done, and leads to the page on what came of it."""
        act = self.act_or_404(name)
        form = BulkActForm(request.POST, reason_required=act.reason_required is True)
        if form.is_valid() and not form.cleaned_data["reason"] and act.reason_required:
            self._demand_reason(request, act, form)
        if not form.is_valid():
            return self._ask_again(request, act, form)
        versions, reason = form.cleaned_data["selection"], form.cleaned_data["reason"]
        if is_large(versions):
            return redirect(self._ordered(request, act, form).path)
        outcome = self.perform(name, list(versions), actor=user_of(request), reason=reason, versions=versions)
        outcome.refused += self._still_refused(name, form.cleaned_data["left_out"], user_of(request))
        key = selections.keep_outcome(request.session, act.name, outcome, reason)
        return redirect(self.with_filters(request, self.url("outcome", key)))

    def _ordered(self, request: HttpRequest, act: Declared, form: BulkActForm) -> Job:
        versions = form.cleaned_data["selection"]
        return order_acts(
            self.job_kind,
            act.name,
            owner=user_of(request),
            title=f"{act.label} {len(versions):,} {self.opts.verbose_name_plural}",
            versions=versions,
            left_out=form.cleaned_data["left_out"],
            reason=form.cleaned_data["reason"],
            back=self.queue_url(request),
        )

    def _demand_reason(self, request: HttpRequest, act: Declared, form: BulkActForm) -> None:
        """Asks for the reason that some of the rows need."""
        versions = form.cleaned_data["selection"]
        done = self.preview(act.name, list(versions), actor=user_of(request), versions=versions).done
        if act.needs_reason(done):
            form.fields["reason"].required = True
            form.add_error("reason", form.fields["reason"].error_messages["required"])

    def _ask_again(self, request: HttpRequest, act: Declared, form: BulkActForm) -> HttpResponse:
        if not {"selection", "left_out"} <= form.cleaned_data.keys():
            messages.error(request, "The form was sent incomplete. Nothing was changed; select again.")
            return redirect(self.queue_url(request))
        versions = form.cleaned_data["selection"]
        outcome = self.preview(act.name, list(versions), actor=user_of(request), versions=versions)
        outcome.refused += self._still_refused(act.name, form.cleaned_data["left_out"], user_of(request))
        return self._confirm_page(request, act, form, outcome)

    def _still_refused(self, name: str, left_out: Sequence[int], user: User) -> list[Refusal]:
        return selections.still_refused(self.preview(name, left_out, actor=user))

    def _confirm_page(
        self, request: HttpRequest, act: Declared, form: BulkActForm, outcome: Outcome[Any]
    ) -> HttpResponse:
        opts = self.opts
        noun = opts.verbose_name if len(outcome.done) == 1 else opts.verbose_name_plural
        context = {
            "title": f"{act.label}: {len(outcome.done):,} {noun}",
            "act": act,
            "form": form,
            "action_url": self.with_filters(request, self.url("bulk", act.name)),
            "done": outcome.done,
            "refused": selections.grouped(outcome.refused),
            "refused_count": len(outcome.refused),
            **self.clock_after(act),
            **self.consequences(act.name, outcome.done, user_of(request)),
        }
        return self.render(request, "admin/designation/bulk_confirm.html", context)


def _confirm_selected(
    name: str, model_admin: BulkAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """The admin action of the act.

    Checked rows are taken as posted: one that has left the list since must be refused with its reason, not vanish.
    """
    if request.POST.get("select_across") == "1":
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: selections.AT_ONCE + 1])
    else:
        pks = [int(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME) if pk != NO_ROW]
    return model_admin.confirm(request, name, pks)
