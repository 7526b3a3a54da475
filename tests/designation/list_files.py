"""Files of lists, as their owners have them made."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.urls import reverse

from audit.exports import orders
from audit.models import ExportFile


def made(client: Any, address: str, format: str = "csv") -> ExportFile:
    """The file that whoever is signed in orders at the address of a list's export."""
    response = client.post(address, {"format": format})
    file = ExportFile.objects.latest("pk")
    assert response.url == reverse("audit:export_detail", args=[file.key])
    orders.make(file.pk)
    file.refresh_from_db()
    return file


def table_of(file: ExportFile) -> list[dict[str, str]]:
    """The rows of a CSV file, by the headings of its columns."""
    assert file.state == "done", file.problem
    return list(csv.DictReader(io.StringIO(orders.path_of(file).read_text(encoding="utf-8"))))
