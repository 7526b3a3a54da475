"""PDF: a report to print, with what it answers, the counts, the times, and the definitions. Tagged, PDF/UA-1."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any

import typst
from django.conf import settings

from audit.exports.columns import BUSINESS_SECONDS, CODE, HOURS, SECONDS, Column
from audit.exports.formats import About, CannotWrite
from audit.exports.query import Export
from audit.exports.snapshot import Snapshot
from audit.filters import DECIDED, FILED, OPEN, Filters
from audit.machine import Subject
from audit.manifest import words
from audit.reports.tables import plain_date
from audit.verify import subject_models

TEMPLATE = settings.BASE_DIR / "templates" / "audit" / "exports" / "report.typ"
# How many of a column's unit are an hour.
IN_AN_HOUR = {HOURS: 1, BUSINESS_SECONDS: 3600, SECONDS: 3600}
FIGURES = {
    "Number": "count({0})",
    "Mean": "avg({0})",
    "Median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})",
    "75th": "percentile_cont(0.75) WITHIN GROUP (ORDER BY {0})",
    "90th": "percentile_cont(0.9) WITHIN GROUP (ORDER BY {0})",
    "95th": "percentile_cont(0.95) WITHIN GROUP (ORDER BY {0})",
    "Longest": "max({0})",
}
INTRO = (
    "Computed from the ledger at the instant stated below. Business time is the working time of the federal calendar; "
    "what was still open counts up to that instant. Trends, ages of the backlog and where time goes are shown with "
    "pictures in the reports of the site, each of which can be taken as a PDF too."
)
NO_SIGN = re.compile(r'the text `("(?:[^"\\]|\\.)*")` could not be displayed')
STAND_INS = (
    "Some characters are in none of the fonts of this file. Each is given by its Unicode number instead, as [U+5BE9]."
)
STATED_ABOVE = {"columns", "workflow", "what", "filters", "as_of", "calendar", "goals", "made_for"}


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    """Raises CannotWrite."""
    target.write(typeset(_report(source, about), source.as_of))


def typeset(report: dict[str, Any], as_of: datetime) -> bytes:
    """The report as PDF/UA-1, dated as of then: `title`, `author`, `intro`, `footer`, and `sections` (`section`).

    What the fonts cannot show is given by its number, and the report says so. Raises CannotWrite.
    """
    lacking: set[str] = set()
    while True:
        try:
            return _compiled(_with_stand_ins(report, lacking), as_of)
        except typst.TypstError as error:
            more = _without_sign(error) - lacking
            if not more:
                raise CannotWrite(
                    f"The report cannot be set as a PDF ({error.message}). Take another format."
                ) from None
            lacking |= more


def _compiled(report: dict[str, Any], as_of: datetime) -> bytes:
    """Raises typst.TypstError."""
    compiled = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, ignore_system_fonts=True).compile(
        format="pdf",
        sys_inputs={"report": json.dumps(report, ensure_ascii=False)},
        pdf_standards="ua-1",
        timestamp=as_of.replace(microsecond=0),
    )
    assert isinstance(compiled, bytes)
    return compiled


def _without_sign(error: typst.TypstError) -> set[str]:
    """The characters that the fonts lack, of which the compiler names the first page's or so at a time."""
    texts = (_unescaped(text) for text in NO_SIGN.findall(error.diagnostic))
    return {character for text in texts for character in text if not " " <= character <= "~"}


def _unescaped(text: str) -> str:
    """A string as Rust writes it for programmers, in Python's way of writing it the same."""
    python = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: f"\\U{found[1]:0>8}", text)
    return str(ast.literal_eval(python))


def _with_stand_ins(report: dict[str, Any], lacking: Iterable[str]) -> dict[str, Any]:
    if not lacking:
        return report
    table = {ord(character): f"[U+{ord(character):04X}]" for character in lacking}
    replaced: dict[str, Any] = _replaced(report, table)
    return replaced | {"intro": f"{replaced['intro']} {STAND_INS}".strip()}


def _replaced(value: Any, table: dict[int, str]) -> Any:
    """The same with the characters of the table replaced in every text."""
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {name: _replaced(inner, table) for name, inner in value.items()}
    return [_replaced(inner, table) for inner in value] if isinstance(value, list | tuple) else value


def _report(source: Snapshot, about: About) -> dict[str, Any]:
    model = next((model for model in subject_models() if model.workflow == source.export.workflow), None)
    counts = _counts(source)
    source.progress.rows = sum(count for _, count in counts)
    made_with = about()
    calendar, goals = made_with["calendar"], made_with["goals"]
    asked = [
        *_asked(source.export, model),
        ("As of", f"{source.as_of:%B} {source.as_of.day}, {source.as_of:%Y, %H:%M:%S} UTC"),
        ("Business time", f"Of the calendar “{calendar['name']}”, version {calendar['version']}"),
        ("Goals on file", f"Version {goals['version']}"),
        ("Made for", made_with["made_for"]),
    ]
    on_record = [(name, words(value)) for name, value in sorted(made_with.items()) if name not in STATED_ABOVE]
    return {
        "title": f"{source.export.what.capitalize()}: {_in_words(source.export.workflow)}",
        "author": made_with["made_for"],
        "intro": INTRO,
        "footer": f"Export {made_with['export']}",
        "sections": [
            section("What this answers", "", ["Asked about", "Answered"], _lists(asked), ["auto", "1fr"]),
            section("How many", "By outcome", ["Outcome", "Number"], _outcomes(counts, model), ["1fr", "auto"]),
            _times(source),
            section(
                "Definitions",
                "",
                ["Time", "Column of the other formats", "Definition"],
                [[column.label, column.name, column.holds] for column in _timed(source.export.columns)],
                ["1fr", "1fr", "2fr"],
            ),
            section("This file on record", "", ["Field", "Value"], _lists(on_record), ["auto", "1fr"]),
        ],
    }


def _lists(rows: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [list(row) for row in rows]


def _in_words(name: str) -> str:
    """“HSI office” of “hsi office”, “Dea division” of “dea_division”: with a capital, and blanks between."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _asked(export: Export, model: type[Subject] | None) -> list[tuple[str, str]]:
    """What the export is about, as (what, answer)."""
    filters, several = export.filters, str(model._meta.verbose_name_plural) if model else "cases"
    assert isinstance(filters, Filters)  # a list as it is shown has no report to print
    did = {FILED: " that were first submitted", DECIDED: " that ended"}.get(filters.cohort, "")
    since = f" from {plain_date(filters.first_day)}" if filters.first_day else ""
    until = f" through {plain_date(filters.last_day)}" if filters.last_day else ""
    asked = [("Workflow", _in_words(export.workflow)), (_in_words(several), f"All {several}{did}{since}{until}")]
    declared = model.exported.dimensions if model and model.exported else {}
    for name, values in filters.dimensions.items():
        labels = dict(declared[name].choices()) if name in declared else {}
        label = declared[name].label if name in declared else _in_words(name)
        asked.append((label, "Only " + ", ".join(labels.get(value, value) for value in values)))
    if filters.outcomes:
        asked.append(("Outcome", "Only " + ", ".join(_state(state, model) for state in filters.outcomes)))
    return asked


def _state(state: str, model: type[Subject] | None) -> str:
    if state == OPEN:
        return "Open"
    return model.state_label(state) if model else state


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
    # A stage may be called “outcome” too, where the workflow has no such column.
    has_outcome = any(column.name == "outcome" and column.unit == CODE for column in source.export.columns)
    ended = source.export.sql_name("ended_at")
    how = source.export.sql_name("outcome") if has_outcome else "'ended'"
    return [
        (outcome, count)
        for outcome, count in source.ask(
            f"SELECT CASE WHEN {ended} IS NULL THEN '{OPEN}' ELSE {how} END AS outcome, count(*) "
            "FROM export GROUP BY 1 ORDER BY 1"
        )
    ]


def _outcomes(counts: Sequence[tuple[str, int]], model: type[Subject] | None) -> list[list[str]]:
    total = sum(count for _, count in counts)
    return [[_in_words(_state(outcome, model)), f"{count:,}"] for outcome, count in counts] + [["All", f"{total:,}"]]


def _timed(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.unit in IN_AN_HOUR]


def _times(source: Snapshot) -> dict[str, Any]:
    timed = _timed(source.export.columns)
    names = [source.export.sql_name(column.name) for column in timed]
    figures = [figure.format(name) for name in names for figure in FIGURES.values()]
    (found,) = source.ask(f"SELECT {', '.join(figures)} FROM export")
    rows = []
    for place, column in enumerate(timed):
        count, *times = found[place * len(FIGURES) : (place + 1) * len(FIGURES)]
        rows.append([column.label, f"{count:,}", *(_hours(time, column) for time in times)])
    return section(
        "Time",
        "Hours",
        ["Time", *FIGURES],
        rows,
        ["1fr", *["auto"] * len(FIGURES)],
        "In hours, of business time but for “Elapsed”, which is by the clock on the wall. 75th, 90th and 95th are "
        "percentiles, which interpolate between the closest ranks (type 7 of Hyndman and Fan, 1996). "
        "The number is of those that were there at all.",
    )


def _hours(time: Any, column: Column) -> str:
    return "" if time is None else f"{float(time) / IN_AN_HOUR[column.unit]:,.2f}"
