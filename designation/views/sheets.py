"""What the pages of files of people have in common: the question what their columns mean."""

from __future__ import annotations

from typing import Any

from designation.fields import is_key
from designation.sheets.columns import Proposal, column_title
from designation.sheets.files import UnusableFile, Workbook
from designation.views.access import SignedIn

SAMPLE_ROWS = 4


def asked_header_row(request: SignedIn) -> int | None:
    """The row that the address names as the header, if any. Raises UnusableFile if it is no number."""
    asked = request.GET.get("header_row")
    if asked is None:
        return None
    if not is_key(asked.strip()):
        raise UnusableFile(f"“{asked[:20]}” is not a row number. Write the number of the header row, such as 3.")
    return int(asked)


def columns_context(workbook: Workbook, sheet: str, proposal: Proposal[Any]) -> dict[str, Any]:
    """What the page that asks for the columns shows of the file: its first rows under the titles of all its columns."""
    width = workbook.sheet(sheet).width
    below = [row for row in workbook.sheet(sheet).rows if row.number > proposal.header_row]
    return {
        "proposal": proposal,
        "sample": [
            {"number": row.number, "cells": [row.cell(column) for column in range(width)]}
            for row in below[:SAMPLE_ROWS]
        ],
        "titles": [column_title(proposal.headers, column) for column in range(width)],
        "several_sheets": len(workbook.sheets) > 1,
    }
