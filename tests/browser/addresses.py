"""Every address of the project, and how each page of it is opened in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.tokens import default_token_generator
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page

from designation.permissions import STAFF_ROLES
from tests.browser.demo import Demo
from training.models import Completion, CompletionImport, Requirement, Waiver

STRANGER = ""  # nobody who has signed in


@dataclass(frozen=True)
class Stop:
    """A page to look at: `who` opens it at the address, then does the `act`, if there is one, which leads to it."""

    name: str
    who: str
    address: str
    act: Callable[[Page], Any] | None = None
    status: int = 200
    moves: bool = False  # it is expected to lead elsewhere


# Addresses that are no pages: of files and pictures, of acts that lead on to pages, and for other systems.
NO_PAGES = {
    "designation:home_seen",
    "designation:request_begun",
    "designation:request_file",
    "designation:job_refused",
    "designation:job_cancel",
    "designation:roster_file",
    "designation:roster_rejected",
    "designation:agent_active",
    "designation:look_up_csv",
    "designation:notices_read",
    "designation:notice_read",
    "api:designations",
    "audit:picture",
    "audit:table_csv",
    "audit:report_file",
    "audit:processing_times_csv",
    "audit:export_download",
    "audit:export_manifest",
    "logout",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:autocomplete",
    "admin:jsi18n",
    "admin:view_on_site",
    "admin:designation_request_refused",
    "admin:designation_designation_refused",
    "training:version_draft",
    "training:sign_off",
    "training:section_move",
    "training:attachment",
    "training:completion_record",
    "training:completion_rejected",
    "training:xapi_statements",
    "training:tracking_picture",
    "training:tracking_file",
}
KINDS = ("changelist", "add", "change", "history", "delete")


def names(resolver: Any = None, namespace: str = "") -> Iterator[str]:
    """The name of every address that has one."""
    for entry in (resolver or get_resolver("config.urls")).url_patterns:
        if isinstance(entry, URLResolver):
            yield from names(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{namespace}{entry.name}"


def stops(demo: Demo) -> list[Stop]:
    """A visit to every address that is a page, as a role that may see it, and to what acts lead to."""
    return [*pages(demo), *acts(demo), *admin_pages(demo), *errors(demo)]


def arrive(page: Page, stop: Stop) -> list[str]:
    """Opens the page of the stop, and says so where something else is there."""
    response = page.goto(stop.address)
    if stop.act:
        stop.act(page)
    if response is None or response.status != stop.status:
        return [f"answers {response.status if response else 'nothing'}"]
    led = page.url.partition("?")[0]
    return [] if stop.act or stop.moves or led.endswith(stop.address) else [f"leads to {led}"]


def pages(demo: Demo) -> Iterator[Stop]:
    """The pages that open by their address."""
    for who, rows in _addresses(demo).items():
        for name, arguments in rows.items():
            # The token of a reset is kept, and the address with it left at once.
            moves = name == "password_reset_confirm"
            yield Stop(name, who, reverse(name, args=arguments), moves=moves)


def _addresses(demo: Demo) -> dict[str, dict[str, tuple[Any, ...]]]:
    user = demo["coordinator"]
    today = timezone.localdate()
    completion = Completion.objects.standing().first()
    imported = CompletionImport.objects.first()
    reset = (urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user))
    return {
        STRANGER: {
            "login": (),
            "password_reset": (),
            "password_reset_done": (),
            "password_reset_confirm": reset,
            "password_reset_complete": (),
        },
        "coordinator": {
            "home": (),
            "designation:request_list": (),
            "designation:request_create": (),
            "designation:request_details": (),
            "designation:request_detail": (demo.request.number,),
            "designation:request_edit": (demo.draft.number,),
            "designation:request_check": (demo.draft.number,),
            "designation:request_submitted": (demo.submitted.number,),
            "designation:request_answer": (demo.returned.number,),
            "designation:request_act": (demo.submitted.number, "withdraw"),
            "designation:request_comment": (demo.submitted.number,),
            "designation:file_withdraw": (demo.file.pk,),
            "designation:roster_upload": (),
            "designation:roster": (demo.roster.pk,),
            "designation:roster_sheet": (demo.roster_of_sheets.pk,),
            "designation:roster_columns": (demo.odd_roster.pk,),
            "designation:agent_list": (),
            "designation:agent_add": (),
            "designation:agent_detail": (demo.designation.agent_id,),
            "designation:agent_edit": (demo.designation.agent_id,),
            "designation:designation_list": (),
            "designation:designation_act": (demo.designation.number, "relinquish"),
            "designation:list_columns": ("requests",),
            "designation:view_keep": ("requests",),
            "designation:view_list": (),
            "designation:view_change": (demo.view.pk,),
            "designation:view_delete": (demo.view.pk,),
            "designation:list_export": ("designations",),
            "designation:notice_list": (),
            "designation:notice_settings": (),
            "designation:help": (),
            "designation:help_glossary": (),
            "designation:help_guide": ("coordinator",),
            "training:dispute_open": ("request", demo.request.number),
            "password_change": (),
            "password_change_done": (),
        },
        "hsi_hq": {"designation:job_list": (), "designation:job": (demo.job.key,)},
        "supervisor": {"designation:look_up": (), "designation:look_up_several": ()},
        "auditor": {
            "audit:timeliness": (),
            "audit:returns": (),
            "audit:process_map": (),
            "audit:behind": (),
            "audit:trail": (demo.request.number,),
            "audit:processing_times": (),
            "audit:data_dictionary": (),
            "audit:export_list": (),
            "audit:export_detail": (demo.export.key,),
            "audit:schedule_list": (),
        },
        "training_manager": {
            "training:overview": (),
            "training:module": (demo.signed.module.code,),
            "training:module_add": (),
            "training:module_change": (demo.signed.module.code,),
            "training:version": (demo.signed.number,),
            "training:version_act": (demo.drafted.number, "send_to_review"),
            "training:difference": (demo.changed.number,),
            "training:section": (demo.section.number,),
            "training:section_add": (demo.drafted.number,),
            "training:section_change": (demo.section.number,),
            "training:section_act": (demo.section.number, "remove"),
            "training:attachment_add": (demo.section.number,),
            "training:attachment_remove": (demo.attachment.pk,),
            "training:dispute_list": (),
            "training:dispute": (demo.dispute.number,),
            "training:dispute_act": (demo.dispute.number, "propose"),
            "training:requirement_list": (),
            "training:requirement_set": (),
            "training:requirement_end": (Requirement.objects.in_force(today).first().pk,),
            "training:waiver_list": (),
            "training:waiver_grant": (),
            "training:waiver_end": (Waiver.objects.in_force(today).first().pk,),
            "training:tracking": (),
            "training:tracking_people": (),
            "training:tracking_expiring": (),
            "training:tracking_trend": (),
            "training:completion_list": (),
            "training:completion_add": (),
            "training:completion_detail": (completion.pk,),
            "training:completion_correct": (completion.pk,),
            "training:completion_withdraw": (completion.pk,),
            "training:completion_imports": (),
            "training:completion_import": (imported.pk,),
            "training:completion_take_back": (imported.pk,),
            "training:completion_upload": (),
            "training:completion_file": (demo.completion_file.pk,),
            "training:completion_sheet": (demo.completion_sheets.pk,),
            "training:completion_columns": (demo.odd_completion_file.pk,),
        },
    }


def acts(demo: Demo) -> Iterator[Stop]:
    """The pages that acts lead to."""
    listed, queue = reverse("designation:request_list"), reverse("admin:designation_request_changelist")
    designations = reverse("admin:designation_designation_changelist")
    decide = reverse("admin:designation_request_act", args=[demo.to_decide.pk, "approve"])
    revoke = reverse("admin:designation_designation_act", args=[demo.designation.pk, "revoke"])
    yield Stop("designation:bulk_preview", "hsi_hq", listed, lambda page: _select(page, "Return to office"))
    yield Stop("designation:bulk_act", "hsi_hq", listed, lambda page: _select(page, "Return to office", "Return"))
    yield Stop("designation:bulk_result", "hsi_hq", listed, lambda page: _select(page, "Endorse", "Endorse"))
    comment = reverse("admin:designation_request_comment", args=[demo.to_decide.pk])
    yield Stop("admin:designation_request_comment", "dea_hq", comment)
    yield Stop("admin:designation_request_act", "dea_hq", decide)
    yield Stop("admin:designation_request_bulk", "dea_hq", queue, lambda page: _check(page, "Deny…"))
    yield Stop("admin:designation_request_outcome", "dea_hq", queue, lambda page: _check(page, "Deny…", "Deny"))
    yield Stop("admin:designation_designation_act", "dea_hq", revoke)
    yield Stop("admin:designation_designation_bulk", "dea_hq", designations, lambda page: _check(page, "Suspend…"))
    yield Stop(
        "admin:designation_designation_outcome",
        "dea_hq",
        designations,
        lambda page: _check(page, "Suspend…", "Suspend"),
    )


def _select(page: Page, act: str, confirm: str = "") -> None:
    page.locator("label[for=select-page]").click()
    page.get_by_role("button", name=act).click()
    if confirm:
        page.get_by_role("button", name=confirm).click()


def _check(page: Page, act: str, confirm: str = "") -> None:
    page.locator("#action-toggle").check()
    page.get_by_role("button", name=act).click()
    if confirm:
        page.get_by_label("Reason").fill("As agreed by telephone.")
        page.get_by_role("button", name=confirm).click()


def admin_pages(demo: Demo) -> Iterator[Stop]:
    """The pages of the admin, each as the first role that may open it."""
    yield Stop("admin:index", "auditor", reverse("admin:index"))
    yield Stop("admin:app_list", "auditor", reverse("admin:app_list", args=["audit"]))
    yield Stop(
        "admin:auth_user_password_change",
        "operator",
        reverse("admin:auth_user_password_change", args=[demo["coordinator"].pk]),
    )
    known = set(names())
    for model, model_admin in admin.site._registry.items():
        for kind in KINDS:
            name = _name(model, kind)
            if name not in known:
                continue
            who = next((who for who in _staff(demo) if _may(model_admin, kind, demo[who])), None)
            if who is None:
                continue  # nobody deletes, and nobody adds what the workflow alone may write
            row = None if kind in {"changelist", "add"} else _row(model_admin, demo[who])
            yield Stop(name, who, reverse(name, args=[row.pk] if row else []))


def _name(model: Any, kind: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}"


def _staff(demo: Demo) -> list[str]:
    return [name for name, user in demo.users.items() if user.has_role(*STAFF_ROLES)]


def _may(model_admin: Any, kind: str, user: Any) -> bool:
    request = RequestFactory().get("/")
    request.user = user
    if kind in {"add", "delete"}:
        return bool(getattr(model_admin, f"has_{kind}_permission")(request))
    return bool(model_admin.has_view_permission(request))


def _row(model_admin: Any, user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    row = model_admin.get_queryset(request).first()
    assert row is not None, f"No row of {model_admin.opts.verbose_name} to open."
    return row


def errors(demo: Demo) -> Iterator[Stop]:
    """The pages that say what went wrong."""
    yield Stop("400", STRANGER, "/refused/", status=400)
    yield Stop("403", "auditor", reverse("designation:roster_upload"), status=403)
    yield Stop("404", "coordinator", "/nothing/", status=404)
    yield Stop("404 for strangers", STRANGER, "/nothing/", status=404)
    yield Stop("500", "coordinator", "/broken/", status=500)


def forgotten(demo: Demo) -> set[str]:
    """The names of addresses at which nobody stops, though they are not known to be no page."""
    of_models = {_name(model, kind) for model in admin.site._registry for kind in KINDS}
    return set(names()) - {stop.name for stop in stops(demo)} - NO_PAGES - of_models
