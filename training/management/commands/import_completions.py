"""Record the completions of a file, as the upload page does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designation.models import User
from designation.sheets.added import NOT_RECORDED
from designation.sheets.columns import Table
from designation.sheets.command_line import PeopleFileCommand
from training.completions import uploads
from training.completions.columns import COMPLETIONS
from training.completions.entries import Field
from training.models import CompletionUpload


class Command(PeopleFileCommand[Field, CompletionUpload, uploads.Plan]):
    help = (
        "Record the completions of a learning-management system's export (CSV, XLSX, XLS or ODS). The good rows are"
        " recorded, the others listed with the reasons. Exit code 1: some rows were not recorded;"
        " 2: the file cannot be used."
    )
    kind = COMPLETIONS
    act, done, reason_header = "record", "recorded", NOT_RECORDED

    def start(self, content: bytes, filename: str, user: User, options: Mapping[str, Any]) -> CompletionUpload:
        return uploads.start_upload(content, filename, user)

    def choose_sheet(self, upload: CompletionUpload, user: User, sheet: str) -> None:
        uploads.choose_sheet(upload, user, sheet)

    def apply_mapping(
        self, upload: CompletionUpload, user: User, *, sheet: str, header_row: int, mapping: Mapping[Field, int]
    ) -> None:
        uploads.apply_mapping(upload, user, sheet=sheet, header_row=header_row, mapping=mapping)

    def table_of(self, upload: CompletionUpload) -> Table[Field]:
        return uploads.table_of(upload)

    def plan(self, upload: CompletionUpload, user: User) -> uploads.Plan:
        plan = uploads.plan_upload(upload, user)
        self.stdout.write(
            f"Ready: {len(plan.ready)} (failed attempts: {plan.failed})."
            f" On record already, or repeated: {len(plan.duplicates)}."
            f" Withdrawn or corrected before: {len(plan.set_aside)}. With errors: {len(plan.problems)}."
        )
        for item in plan.set_aside:
            self.stdout.write(f"Row {item.entry.row}: {item.why_set_aside}")
        return plan

    def take(self, upload: CompletionUpload, user: User, *, all_or_nothing: bool) -> Mapping[int, str]:
        try:
            result = uploads.record_upload(upload, user, all_or_nothing=all_or_nothing)
        except uploads.NotAllRecorded as error:
            self.stdout.write(str(error))
            return error.rejected
        self.stdout.write(f"Recorded: {result.recorded}.")
        return result.rejected
