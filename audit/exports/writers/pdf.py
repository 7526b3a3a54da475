"""PDF: a report to print, with what it was made with, the counts, the times, and the definitions. Tagged, PDF/UA-1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

import typst
from django.conf import settings

from audit.exports.columns import BUSINESS_SECONDS, HOURS, SECONDS, Column
from audit.exports.formats import About
from audit.exports.snapshot import Snapshot
from audit.filters import OPEN
from audit.manifest import words

TEMPLATE = settings.BASE_DIR / "templates" / "audit" / "exports" / "report.typ"
# How many of a column's unit are an hour.
IN_AN_HOUR = {HOURS: 1, BUSINESS_SECONDS: 3600, SECONDS: 3600}
FIGURES = ("count({0})", "avg({0})", "percentile_cont(0.5) {1}", "percentile_cont(0.9) {1}", "max({0})")


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    target.write(typeset(_report(source, about), source.as_of))


def typeset(report: dict[str, Any], as_of: datetime) -> bytes:
    """The report as PDF/UA-1, dated as of then: `title`, `author`, `intro`, `footer`, and `sections` (`section`)."""
    compiled = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, ignore_system_fonts=True).compile(
        format="pdf",
        sys_inputs={"report": json.dumps(report, ensure_ascii=False)},
        pdf_standards="ua-1",
        timestamp=as_of.replace(microsecond=0),
    )
    assert isinstance(compiled, bytes)
    return compiled


def _report(source: Snapshot, about: About) -> dict[str, Any]:
    counts = _counts(source)
    source.progress.rows = sum(count for _, count in counts)
    made_with = about()
    return {
        "title": f"{source.export.what.capitalize()}: {source.export.workflow}",
        "author": made_with["made_for"],
        "intro": "Computed from the ledger at the instant stated below. Business time is the working time of the "
        "federal calendar; what was still open counts up to that instant.",
        "footer": f"Export {made_with['export']}",
        "sections": [
            section("How many", "By outcome", ["Outcome", "Number"], _outcomes(counts), ["1fr", "auto"]),
            _times(source),
            section(
                "What this was made with",
                "Parameters",
                ["Parameter", "Value"],
                [[name, words(value)] for name, value in sorted(made_with.items()) if name != "columns"],
                ["auto", "1fr"],
            ),
            section(
                "Definitions",
                "What the times are",
                ["Time", "Definition"],
                [[column.name, column.holds] for column in _timed(source.export.columns)],
                ["auto", "1fr"],
            ),
        ],
    }


def section(
    heading: str,
    caption: str,
    header: list[str],
    rows: list[list[str]],
    widths: list[str],
    text: str = "",
    *,
    numeric: list[bool] | None = None,
    picture: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A heading, a text, a picture and a table, of which all but the heading may be empty.

    `widths` are Typst's, as “auto” or “2fr”; `numeric` columns are set to the right, usually those as wide as they must
    be but for the first. A picture has `svg` and `says`, which stands below it and is its alternative text.
    """
    return {
        "heading": heading,
        "caption": caption,
        "header": header,
        "rows": rows,
        "widths": widths,
        "numeric": numeric or [width == "auto" and place > 0 for place, width in enumerate(widths)],
        "text": text,
        "picture": picture,
    }


def _counts(source: Snapshot) -> list[tuple[str, int]]:
    """How many ended how, and how many are open."""
    names = [column.name for column in source.export.columns]
    ended = source.export.sql_name("ended_at")
    how = source.export.sql_name("outcome") if "outcome" in names else "'ended'"
    return [
        (outcome, count)
        for outcome, count in source.ask(
            f"SELECT CASE WHEN {ended} IS NULL THEN '{OPEN}' ELSE {how} END AS outcome, count(*) "
            "FROM export GROUP BY 1 ORDER BY 1"
        )
    ]


def _outcomes(counts: Sequence[tuple[str, int]]) -> list[list[str]]:
    total = sum(count for _, count in counts)
    return [[outcome, f"{count:,}"] for outcome, count in counts] + [["all", f"{total:,}"]]


def _timed(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.unit in IN_AN_HOUR]


def _times(source: Snapshot) -> dict[str, Any]:
    timed = _timed(source.export.columns)
    figures = []
    for column in timed:
        name = source.export.sql_name(column.name)
        figures += [figure.format(name, f"WITHIN GROUP (ORDER BY {name})") for figure in FIGURES]
    (found,) = source.ask(f"SELECT {', '.join(figures)} FROM export")
    rows = []
    for place, column in enumerate(timed):
        count, *times = found[place * len(FIGURES) : (place + 1) * len(FIGURES)]
        rows.append([column.name, f"{count:,}", *(_hours(time, column) for time in times)])
    return section(
        "Time",
        "Hours",
        ["Time", "Number", "Mean", "Median", "90th percentile", "Longest"],
        rows,
        ["1fr", "auto", "auto", "auto", "auto", "auto"],
        "In hours. Percentiles interpolate between the closest ranks (type 7 of Hyndman and Fan, 1996). "
        "The number is of those that were there at all.",
    )


def _hours(time: Any, column: Column) -> str:
    return "" if time is None else f"{float(time) / IN_AN_HOUR[column.unit]:,.2f}"
