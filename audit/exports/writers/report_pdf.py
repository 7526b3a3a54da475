"""PDF of a page of reports: what was asked, each picture with its table, and the definitions. Tagged, PDF/UA-1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit import drawing, maps
from audit.exports.formats import About
from audit.exports.writers.pdf import section, typeset
from audit.manifest import words
from audit.reports.definitions import definitions
from audit.reports.flow import ProcessMap
from audit.reports.pages import Part
from audit.reports.tables import DAY, HOURS, TEXT, Picture, shown

if TYPE_CHECKING:
    from audit.reports.printing import Printed

WIDTH = 540  # pixels of a picture without its margins: its words are then as large as those of a table
BARS_BELOW_ONE_ANOTHER = {"quartiles", "ages"}
MOST_BARS = 32  # of a picture, so that it fits on a page
WIDEST_TEXT = 28  # letters; longer texts are broken into lines
STATED_ABOVE = {"as_of", "address", "calendar", "filters", "goals", "made_for", "sections", "what", "workflow"}


def written(printed: Printed, about: About) -> bytes:
    """Raises drawing.CannotDraw."""
    made_with = about()
    goals = made_with["goals"]["version"]
    asked = [*printed.asked_in_words(), ("Goals on file", f"Version {goals}"), ("Made for", made_with["made_for"])]
    on_record = [(name, words(value)) for name, value in sorted(made_with.items()) if name not in STATED_ABOVE]
    report = {
        "title": printed.page.title,
        "author": made_with["made_for"],
        "intro": printed.page.note,
        "footer": f"{printed.page.title}, as of {printed.as_of_in_words}. Export {made_with['export']}",
        "dense": True,
        "flipped": any(isinstance(part.report, ProcessMap) for part in printed.parts),
        "sections": [
            _listed("What this answers", ["Asked about", "Answered"], asked) | {"link": printed.address},
            *(_part(part) for part in printed.parts),
            _listed("Definitions", ["Column", "Definition", "Unit"], definitions(part.table for part in printed.parts)),
            _listed("This file on record", ["Field", "Value"], on_record),
        ],
    }
    return typeset(report, printed.as_of)


def _listed(heading: str, header: list[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    widths = ["auto", "1fr", "auto"][: len(header)]
    return section(heading, "", header, [list(row) for row in rows], widths, numeric=[False] * len(header))


def _part(part: Part) -> dict[str, Any]:
    table = part.table
    if not table.rows:
        return section(table.title, "", [], [], [], "Nothing to show for this period and these filters.")
    rows = [[shown(cell, unit) for cell, (_, unit) in zip(row, table.columns, strict=True)] for row in table.rows]
    header = [f"{name},\u00a0h" if unit == HOURS else name for name, unit in table.columns]
    numeric = [unit not in (TEXT, DAY) for _, unit in table.columns]
    widths = [f"{_letters(header[place], rows, place)}fr" for place in range(len(header))]
    return section(table.title, "", header, rows, widths, numeric=numeric, picture=_picture(part))


def _letters(name: str, rows: list[list[str]], place: int) -> int:
    """How wide a column should be: as its longest cell, or as the longest word of its name."""
    longest = max(len(row[place]) for row in rows)
    return max(min(longest, WIDEST_TEXT), *(len(word) for word in name.split(" "))) + 1


def _picture(part: Part) -> dict[str, str] | None:
    if isinstance(part.report, ProcessMap):
        return {"svg": maps.svg(part.report), "says": part.says}
    if not hasattr(part.report, "picture"):
        return None
    picture = _on_a_page(part.report.picture())
    return {"svg": drawing.draw(picture.chart, picture.data, width=WIDTH), "says": picture.says}


def _on_a_page(picture: Picture) -> Picture:
    """The picture with as many bars as fit on a page; it says so where there are more."""
    labels = list(dict.fromkeys(row["label"] for row in picture.data["rows"]))
    if picture.chart not in BARS_BELOW_ONE_ANOTHER or len(labels) <= MOST_BARS:
        return picture
    drawn = set(labels[:MOST_BARS])
    data = picture.data | {"rows": [row for row in picture.data["rows"] if row["label"] in drawn]}
    says = f"{picture.says} Drawn are the first {MOST_BARS} of {len(labels)}; the table has all."
    return replace(picture, data=data, says=says)
