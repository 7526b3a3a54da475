"""Which reports make up a page, in their order: the page, its PDF and its workbook all take them from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit import drawing, maps
from audit.report_forms import TIMED, Asked
from audit.reports import sources
from audit.reports.backlog import Backlog
from audit.reports.figures import Moment
from audit.reports.flow import ProcessMap, Returns, Throughput, unclocked_count
from audit.reports.tables import Picture, Table
from audit.reports.timeliness import Compared, Stages, Trend

MAP = "map"
REPORTS: dict[str, Callable[[Asked, Moment], Any]] = {
    "trend": lambda asked, moment: Trend(asked.question, moment, asked.every),
    "stages": lambda asked, moment: Stages(asked.question, moment),
    "compared": lambda asked, moment: Compared(asked.question, moment, asked.by),
    "backlog": lambda asked, moment: Backlog(asked.question, moment),
    "throughput": lambda asked, moment: Throughput(asked.question, moment, asked.every),
    "returns": lambda asked, moment: Returns(asked.question, moment),
    MAP: lambda asked, moment: ProcessMap(asked.question, moment, asked.least),
}
BY_PERIOD = ("trend", "throughput")


@dataclass(frozen=True)
class Part:
    """A report of a page: its name in addresses, one of its tables, its picture and what that shows.

    A map has no `picture`, but says what it shows; without either, `says` is empty.
    """

    name: str
    report: Any
    table: Table
    picture: Picture | None = None
    says: str = ""


@dataclass(frozen=True)
class Page:
    """A page of reports. `url` is the name of its address, `note` what else there is to know of its figures.

    `shows` are the fields of the form that matter for it, beside those that say which requests it is about.
    """

    name: str
    title: str
    url: str
    note: str
    parts: Callable[[Asked, Moment], list[Part]]
    shows: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether the time, the trend's periods and the comparison that are asked matter for it."""
        return self.shows == TIMED

    @property
    def what(self) -> str:
        """What its files are called on record."""
        return f"{self.name.replace('-', ' ')} report"


@dataclass(frozen=True)
class Beside:
    """What is to be known beside the figures of any page."""

    source: str
    """Where the steps come from; empty if this system timed them all."""
    unclocked: int
    """How many more requests ended in the period without ever having been on a clock."""


def beside(asked: Asked, moment: Moment) -> Beside:
    return Beside(sources.stated(asked.question.workflow), unclocked_count(asked.question, moment))


def has_picture(report: Any) -> bool:
    return isinstance(report, ProcessMap) or hasattr(report, "picture")


def svg(report: Any, width: int) -> str:
    """The report's picture; `width` is in pixels, and does not matter for a map. Raises drawing.CannotDraw."""
    if isinstance(report, ProcessMap):
        return maps.svg(report)
    found = report.picture()
    return drawing.draw(found.chart, found.data, width=width)


def _part(name: str, report: Any, table: Table | None = None) -> Part:
    picture = report.picture() if hasattr(report, "picture") else None
    return Part(name, report, table or report.table(), picture, picture.says if picture else "")


def _timeliness(asked: Asked, moment: Moment) -> list[Part]:
    names = ["trend", "stages", *(["compared"] if asked.by else []), "backlog", "throughput"]
    return [_part(name, REPORTS[name](asked, moment)) for name in names]


def _returns(asked: Asked, moment: Moment) -> list[Part]:
    report = Returns(asked.question, moment)
    return [_part("returns", report, report.by_stage()), _part("returns", report)]


def _map(asked: Asked, moment: Moment) -> list[Part]:
    report = ProcessMap(asked.question, moment, asked.least)
    says = f"Process map; the table has every arrow. {report.left_out}".strip()
    return [Part(MAP, report, report.table(), says=says)]


PAGES = {
    page.name: page
    for page in (
        Page(
            "timeliness",
            "Timeliness",
            "audit:timeliness",
            "The time in a stage is that of all stays there; goals of a stage are asked of each stay.",
            _timeliness,
            shows=TIMED,
        ),
        Page(
            "returns",
            "Returns and their reasons",
            "audit:returns",
            "Counted are the returns made in the period, whenever what was returned was filed or ended.",
            _returns,
        ),
        Page(
            "process-map",
            "Process map",
            "audit:process_map",
            "The ways that were really taken: on each arrow how often it was taken and the median business "
            "time before it. Ways on the left lead back. A thicker arrow was taken more often.",
            _map,
            shows=("least",),
        ),
    )
}
