"""Facts about agencies, offices and agreements from public reports, kept as CSV beside this file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.db import transaction

from audit import calendar
from designation.models import Agency, Agreement, Office
from designation.models.people import DEA, HSI

FOLDER = Path(__file__).parent / "reference"
AGENCIES = {HSI: "Homeland Security Investigations", DEA: "Drug Enforcement Administration"}


@transaction.atomic
def load() -> dict[str, int]:
    """Writes the reference data and the federal calendar, over what an earlier load wrote; returns the counts."""
    for code, name in AGENCIES.items():
        Agency.objects.update_or_create(code=code, defaults={"name": name})
    divisions = [_office(row, DEA) for row in _rows("dea_field_divisions.csv")]
    _upsert(divisions)
    by_code = {office.code: office for office in Office.objects.dea()}
    offices = [_office(row, HSI, division=by_code[row["dea_division"]]) for row in _rows("hsi_field_offices.csv")]
    _upsert(offices)
    agreements = [_agreement(row) for row in _rows("agreements.csv")]
    for agreement in agreements:
        code = agreement.pop("code")
        Agreement.objects.update_or_create(code=code, defaults=agreement)
    calendar.ensure_default()
    return {"offices": len(offices), "divisions": len(divisions), "agreements": len(agreements)}


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _office(row: dict[str, str], agency: str, division: Office | None = None) -> Office:
    return Office(
        code=row["code"],
        name=row["name"],
        city=row["city"],
        state=row["state"],
        agency_id=agency,
        is_headquarters=row["code"].endswith("-HQ"),
        division=division,
    )


def _upsert(offices: list[Office]) -> None:
    facts = ["name", "city", "state", "agency", "is_headquarters", "division"]
    Office.objects.bulk_create(offices, update_conflicts=True, unique_fields=["code"], update_fields=facts)


def _agreement(row: dict[str, str]) -> dict[str, Any]:
    return {**row, "parties": row["parties"].split(";")}
