"""Facts about agencies, offices and agreements from public reports, kept as CSV beside this file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from audit import measuring
from designation.models import Agency, Agreement, Office
from designation.models.people import DEA, HSI

FOLDER = Path(__file__).parent / "reference"
AGENCIES = {HSI: "Homeland Security Investigations", DEA: "Drug Enforcement Administration"}


@transaction.atomic
def load() -> dict[str, int]:
    """Adds the reference data that is missing and builds the federal calendar; returns the counts of the files.

    Then come those of other apps, by the loaders that settings.REFERENCE_LOADERS lists: each does the same of its own.
    """
    for code, name in AGENCIES.items():
        Agency.objects.update_or_create(code=code, defaults={"name": name})
    divisions = [_office(row, DEA) for row in _rows("dea_field_divisions.csv")]
    _add_missing(divisions)
    by_code = {office.code: office for office in Office.objects.dea()}
    offices = [_office(row, HSI, division=by_code[row["dea_division"]]) for row in _rows("hsi_field_offices.csv")]
    _add_missing(offices)
    agreements = [_agreement(row) for row in _rows("agreements.csv")]
    for agreement in agreements:
        code = agreement.pop("code")
        Agreement.objects.update_or_create(code=code, defaults=agreement)
    measuring.ensure_default()
    counts = {"offices": len(offices), "divisions": len(divisions), "agreements": len(agreements)}
    for path in settings.REFERENCE_LOADERS:
        counts |= import_string(path)()
    return counts


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


def _add_missing(offices: list[Office]) -> None:
    """Leaves an office that is on record as it is: operators rename and route them."""
    Office.objects.bulk_create(offices, ignore_conflicts=True)


def _agreement(row: dict[str, str]) -> dict[str, Any]:
    return {**row, "parties": row["parties"].split(";")}
