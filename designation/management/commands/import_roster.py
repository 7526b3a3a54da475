"""File the requests of a roster, as the upload page does."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from designation.models import Office, RosterUpload, User
from designation.rosters import uploads
from designation.rosters.columns import Roster
from designation.rosters.headers import ROSTER, Field
from designation.rosters.plan import RosterPlan
from designation.sheets.added import REASON
from designation.sheets.command_line import PeopleFileCommand, only


class Command(PeopleFileCommand[Field, RosterUpload, RosterPlan]):
    help = (
        "File the requests of a roster (CSV, XLSX, XLS or ODS) for an HSI office. The good rows are"
        " filed, the others listed with the reasons. Exit code 1: some rows were not filed;"
        " 2: the file cannot be used."
    )
    kind = ROSTER
    act, done, reason_header = "file", "filed", REASON

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--office", required=True, metavar="CODE", help="the office that files, as HSI-MIA")
        parser.add_argument("--justification", default="", metavar="TEXT", help="for rows that give none")

    def start(self, content: bytes, filename: str, user: User, options: Mapping[str, Any]) -> RosterUpload:
        office = only(Office.objects.filter(code=options["office"]), f"No office has the code {options['office']}.")
        justification = options["justification"]
        return uploads.start_upload(content, filename, office, user, default_justification=justification)

    def choose_sheet(self, upload: RosterUpload, user: User, sheet: str) -> None:
        uploads.choose_sheet(upload, user, sheet)

    def apply_mapping(
        self, upload: RosterUpload, user: User, *, sheet: str, header_row: int, mapping: Mapping[Field, int]
    ) -> None:
        uploads.apply_mapping(upload, user, sheet=sheet, header_row=header_row, mapping=mapping)

    def table_of(self, upload: RosterUpload) -> Roster:
        return uploads.roster_of(upload)

    def plan(self, upload: RosterUpload, user: User) -> RosterPlan:
        plan = uploads.plan_upload(upload, user)
        self.stdout.write(
            f"Ready: {len(plan.ready)} (new agents: {plan.new_agents})."
            f" Filed already: {len(plan.already_filed)}. With errors: {len(plan.errors)}."
            f" Names that differ from the record: {len(plan.names_differing)}."
        )
        for warning in plan.warnings:
            self.stdout.write(f"Row {warning.row}, to be checked: {warning.column}: {warning.message}")
        return plan

    def take(self, upload: RosterUpload, user: User, *, all_or_nothing: bool) -> Mapping[int, str]:
        try:
            result = uploads.file_upload(upload, user, all_or_nothing=all_or_nothing)
        except uploads.NotAllFiled as error:
            self.stdout.write(str(error))
            return error.rejected
        self.stdout.write(f"Filed: {len(result.filed)}.")
        return result.rejected
