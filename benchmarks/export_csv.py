"""All requests as CSV through the web response, against raw COPY of the same query."""

from __future__ import annotations

from collections.abc import Mapping

import psutil
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from audit import exports
from audit.exports.snapshot import NO_NESTED_LOOPS
from benchmarks.harness import Check, main, timed
from benchmarks.users import signed_in, user_with

MEGABYTE = 1024 * 1024
COLUMNS = 15  # at least


def measure() -> tuple[list[Check], Mapping[str, float]]:
    settings.ALLOWED_HOSTS = ["testserver"]
    auditor = user_with("auditor")
    client = signed_in(auditor)
    export = exports.processing_times("request", user=auditor)
    assert len(export.columns) >= COLUMNS, "the export has become narrower than the limit speaks of"
    sizes: dict[str, int] = {}
    process = psutil.Process()
    grown: list[int] = []

    def raw_copy() -> None:
        own = connection.copy()
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute(NO_NESTED_LOOPS)
            parameters = export.parameters | {"as_of": timezone.now()}
            with cursor.cursor.copy(f"COPY ({export.sql}) TO STDOUT (FORMAT csv)", parameters) as copy:
                sizes["raw COPY"] = sum(len(block) for block in copy)
        own.close()

    def web_response() -> None:
        before = most = process.memory_info().rss
        size = 0
        for place, piece in enumerate(client.get(reverse("audit:processing_times_csv"))):
            size += len(piece)
            if place % 50 == 0:
                most = max(most, process.memory_info().rss)
        sizes["web response"] = size
        grown.append(max(most, process.memory_info().rss) - before)

    timings = timed({"raw COPY": raw_copy, "web response": web_response})
    assert 0 <= sizes["web response"] - sizes["raw COPY"] < 2000, "the response is not the same rows and a header"
    return [
        Check("web response against raw COPY", timings.ratio("web response", "raw COPY"), 1.5, "times"),
        Check("growth of the process's memory", max(grown) / MEGABYTE, 25, "MB"),
    ], timings.medians()


if __name__ == "__main__":
    main("Export of all requests as CSV", measure)
