"""One of everything on invented data: the rows behind every address, and who opens it."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cached_property
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook
from playwright.sync_api import Page

from audit import jobs
from audit.exports import orders, schedules
from audit.filters import Filters
from audit.models import Calendar, Closure, ExportFile, Job
from designation import comments, keys, workflow
from designation.demo.data import make_all
from designation.demo.users import refresh_demo_users
from designation.files import told_apart
from designation.jobs import order_acts
from designation.lists import saved_views
from designation.models import Agent, ApiClient, Designation, Request, RequestFile, RosterUpload, SavedView, User
from designation.models.requests import State
from designation.rosters import uploads as rosters
from tests.designation.sample_files import PDF
from tests.factories import new_request
from training.completions import uploads as completions
from training.models import (
    Attachment,
    Dispute,
    LearningSystem,
    Module,
    ModuleVersion,
    Section,
)
from training.workflow import modules
from training.workflow import sections as section_acts

SEED, COUNT = 2, 300
HEADER = ["Badge number", "Last name", "First name", "Justification"]
ROWS = [["00991", "Stone", "Lee", "Port cases"], ["00992", "", "Max", "Port cases"]]


class Demo:
    """An invented year and the demo users, with what the year lacks made when it is first asked for."""

    def __init__(self, count: int = COUNT) -> None:
        make_all(seed=SEED, count=count, until=timezone.now())
        self.users = {user.username: user for user in refresh_demo_users("correct horse battery staple")}

    def __getitem__(self, username: str) -> User:
        return self.users[username]

    @cached_property
    def request(self) -> Request:
        """Of the coordinator's office, where his DEA division has it."""
        return Request.objects.filter(office=self["coordinator"].office, state=State.FIELD_REVIEW).first()

    @cached_property
    def draft(self) -> Request:
        return self._file(submit=False)

    @cached_property
    def submitted(self) -> Request:
        return self._file()

    @cached_property
    def returned(self) -> Request:
        row = self._file()
        reason = "The supervisor's memo is missing."
        workflow.transition_one("return_to_office", row.pk, actor=self["hsi_hq"], reason=reason)
        return row

    def _file(self, *, submit: bool = True) -> Request:
        office = self["coordinator"].office
        agent = Agent.objects.filter(office=office, requests=None, is_active=True).first() or Agent.objects.create(
            badge_number=f"9{Agent.objects.count():05}", first_name="Robin", last_name="Vance (demo)", office=office
        )
        done = workflow.file_requests(
            [new_request(agent)], actor=self["coordinator"], office=office, submit=submit
        ).done
        return Request.objects.get(pk=done[0].pk)

    @cached_property
    def view(self) -> SavedView:
        """One that the coordinator has kept of the requests."""
        return saved_views.keep(self["coordinator"], "requests", "Open ones", {"state": "open"})

    @cached_property
    def file(self) -> RequestFile:
        """One that the office has attached to a request."""
        added = comments.add(
            self.submitted.pk,
            actor=self["coordinator"],
            text="The memo follows.",
            files=[told_apart("memo.pdf", PDF)],
        )
        return added.files[0]

    @cached_property
    def job(self) -> Job:
        """An act on many that a worker has done."""
        row = self._file()
        job = order_acts(
            "requests",
            "endorse",
            owner=self["hsi_hq"],
            title="Endorse: 1 request",
            versions={row.pk: row.version},
            left_out=[],
            reason="",
            back=reverse("designation:request_list"),
        )
        jobs.do(job.pk)
        return Job.objects.get(pk=job.pk)

    @cached_property
    def to_decide(self) -> Request:
        return Request.objects.filter(state=State.DEA_DECISION).first()

    @cached_property
    def designation(self) -> Designation:
        office = self["coordinator"].office
        return Designation.objects.filter(agent__office=office, state="active").first()

    @cached_property
    def roster(self) -> RosterUpload:
        return self._roster(csv_of(HEADER, *ROWS), "roster.csv")

    @cached_property
    def odd_roster(self) -> RosterUpload:
        return self._roster(b'Tag,Who,Why\n00993,"Moss, Kim",Port cases\n', "odd.csv")

    @cached_property
    def roster_of_sheets(self) -> RosterUpload:
        return self._roster(xlsx_of(North=[HEADER, *ROWS], South=[HEADER, *ROWS]), "sheets.xlsx")

    def _roster(self, content: bytes, name: str) -> RosterUpload:
        return rosters.start_upload(content, name, self["coordinator"].office, self["coordinator"])

    @cached_property
    def completion_file(self) -> Any:
        agent = Agent.objects.filter(office=self["coordinator"].office).first()
        header = ["Badge number", "Module", "Completed on"]
        rows = [[agent.badge_number, self.module.code, "2026-06-01"], ["99999", self.module.code, "2026-06-01"]]
        return completions.start_upload(csv_of(header, *rows), "june.csv", self["training_manager"])

    @cached_property
    def odd_completion_file(self) -> Any:
        return completions.start_upload(b"Tag,What,When\n00991,JT,2026-06-01\n", "odd.csv", self["training_manager"])

    @cached_property
    def completion_sheets(self) -> Any:
        sheet = [["Badge number", "Module", "Completed on"], ["00991", self.module.code, "2026-06-01"]]
        return completions.start_upload(xlsx_of(May=sheet, June=sheet), "june.xlsx", self["training_manager"])

    @cached_property
    def module(self) -> Module:
        return self.signed.module

    @cached_property
    def signed(self) -> ModuleVersion:
        """A version that is being signed off."""
        return ModuleVersion.objects.filter(state="sign_off").first()

    @cached_property
    def changed(self) -> ModuleVersion:
        """A version with another one before it."""
        return ModuleVersion.objects.filter(state="published", number__endswith="-v2").first()

    @cached_property
    def drafted(self) -> ModuleVersion:
        """A version whose sections are still being written."""
        module = Module.objects.exclude(versions__state__in=["sign_off", "dea_review", "hsi_review"]).first()
        found = modules.draft_version(module, actor=self["training_manager"])
        if not found.sections.exists():
            section_acts.add_section(found, title="Scope", body="Text.", actor=self["training_manager"])
        return found

    @cached_property
    def section(self) -> Section:
        return self.drafted.sections.in_text()[0]

    @cached_property
    def attachment(self) -> Attachment:
        section = self.section
        section_acts.add_attachment(
            section.pk,
            actor=self["training_manager"],
            version=section.version,
            name="plan.pdf",
            content_type="application/pdf",
            content=b"%PDF",
        )
        return section.attachments.get()

    @cached_property
    def dispute(self) -> Dispute:
        """Open, on training, at the level where the training managers speak."""
        return Dispute.objects.filter(state="working_level", request=None).first()

    @cached_property
    def export(self) -> ExportFile:
        file = orders.order(format="csv", workflow="request", owner=self["auditor"], filters=Filters())
        orders.make(file.pk)
        return ExportFile.objects.get(pk=file.pk)

    def fill(self) -> None:
        """A row of each kind that the invented year has none of, so that the lists of the admin are not empty."""
        keys.save_with_new_key(ApiClient(name="Deconfliction center"), actor=self["operator"])
        keys.save_with_new_key(LearningSystem(name="Learning system"), actor=self["operator"])
        schedules.schedule_export(
            owner=self["auditor"], workflow="request", format="csv", period="month", folder="monthly", filters={}
        )
        # Not entered: that would change the days of the calendar, which stays for other tests.
        Closure.objects.create(
            calendar=Calendar.objects.get(),
            first_day=timezone.localdate(),
            last_day=timezone.localdate(),
            reason="Storm.",
            entered_by_name=self["operator"].recorded_name,
        )
        log(self["operator"], self["coordinator"], "Roles: none → HSI coordinator.")
        AccessAttempt.objects.create(username="nobody", ip_address="192.0.2.1", failures_since_start=3)
        AccessLog.objects.create(username="nobody", ip_address="192.0.2.1")
        AccessFailureLog.objects.create(username="nobody", ip_address="192.0.2.1")


class Windows(dict[str, Page]):
    """A window for each demo user, by his name, in which he is signed in once; for another name, nobody is."""

    def __init__(self, demo: Demo, page_of: Callable[..., Page]) -> None:
        self.demo, self.page_of = demo, page_of

    def __missing__(self, who: str) -> Page:
        self[who] = self.page_of(self.demo.users.get(who))
        return self[who]


def log(actor: User, row: Any, message: str) -> None:
    """A change in the admin's own log."""
    LogEntry.objects.log_actions(actor.pk, [row], CHANGE, message, single_object=True)


def csv_of(*rows: list[str]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def xlsx_of(**sheets: list[list[str]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
