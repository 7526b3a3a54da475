"""The process map as SVG: states in a column, each way that was taken as an arrow with its number and median time.

Ways to the next state go straight down; all others run in lanes beside the column, forward ones on the right, those
that go back on the left. Two ways share a lane only where they do not pass each other, so that no label meets another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from audit.reports.flow import Arrow, ProcessMap
from audit.reports.tables import stage_label

BOX, HIGH, GAP = 190, 40, 64  # pixels: width and height of a state, space below it
LANE = 92  # pixels: as wide as a label
MARGIN = 16
BEGIN = "Begun"


@dataclass(frozen=True)
class Lane:
    """A way beside the column: the places of the states at its ends, and the number of its lane from the column."""

    arrow: Arrow
    start: int
    end: int
    number: int


@dataclass(frozen=True)
class Layout:
    """Where everything stands: `places` from 0 for the beginning, the ways straight down and in lanes, in pixels."""

    states: list[str]
    places: dict[str, int]
    straight: list[Arrow]
    left: list[Lane]
    right: list[Lane]
    column: int
    width: int
    height: int


def size(found: ProcessMap) -> tuple[int, int]:
    """Width and height of the map in pixels."""
    layout = _layout(found)
    return layout.width, layout.height


def _layout(found: ProcessMap) -> Layout:
    states = found.states
    places = {state: place + 1 for place, state in enumerate(states)} | {"": 0}
    straight = [arrow for arrow in found.drawn if places[arrow.to_state] == places[arrow.from_state] + 1]
    others = [arrow for arrow in found.drawn if arrow not in straight]
    right = _lanes([arrow for arrow in others if places[arrow.to_state] > places[arrow.from_state]], places)
    left = _lanes([arrow for arrow in others if places[arrow.to_state] <= places[arrow.from_state]], places)
    lanes = [max((lane.number for lane in side), default=0) for side in (left, right)]
    column = MARGIN + lanes[0] * LANE
    width = column + BOX + lanes[1] * LANE + MARGIN
    height = MARGIN * 2 + (len(states) + 1) * (HIGH + GAP) - GAP
    return Layout(states, places, straight, left, right, column, width, height)


def svg(found: ProcessMap) -> str:
    """The map, with a title for those who do not see it; a sentence where there is nothing to draw."""
    layout = _layout(found)
    states, places, column, width, height = layout.states, layout.places, layout.column, layout.width, layout.height
    most = max((arrow.count for arrow in found.drawn), default=1)
    names = [BEGIN, *(stage_label(found.question.model, state) for state in states)]
    ways = [
        *(_straight(arrow, places, column, most) for arrow in layout.straight),
        *(_beside(lane, column, -1, most) for lane in layout.left),
        *(_beside(lane, column + BOX, 1, most) for lane in layout.right),
    ]
    # Every label stands over every line.
    parts = [
        *(line for line, _ in ways),
        *(words for _, words in ways),
        *(_state(name, place, column) for place, name in enumerate(names)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="Public Sans, Helvetica, Arial, sans-serif" font-size="13" fill="#1b1b1b">'
        f"<title>Process map</title>"
        f'<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="11" '
        f'markerHeight="11" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#005ea2"/></marker></defs>'
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(parts)}</svg>'
    )


def _lanes(arrows: Sequence[Arrow], places: dict[str, int]) -> list[Lane]:
    """The shortest ways nearest to the column; two in one lane never pass the same state's gap."""
    taken: list[list[tuple[int, int]]] = []
    lanes = []
    for arrow in sorted(arrows, key=lambda way: abs(places[way.to_state] - places[way.from_state])):
        start, end = places[arrow.from_state], places[arrow.to_state]
        low, high = min(start, end), max(start, end)
        number = next(
            (place for place, spans in enumerate(taken) if all(high < first or last < low for first, last in spans)),
            len(taken),
        )
        if number == len(taken):
            taken.append([])
        taken[number].append((low, high))
        lanes.append(Lane(arrow, start, end, number + 1))
    return lanes


def _top(place: int) -> int:
    return MARGIN + place * (HIGH + GAP)


def _state(name: str, place: int, column: int) -> str:
    begin = place == 0
    shape = f'fill="{"#dfe1e2" if begin else "#d9e8f6"}" stroke="#005ea2" rx="{HIGH // 2 if begin else 4}"'
    shown = name if len(name) <= 26 else name[:25] + "…"
    return (
        f'<rect x="{column}" y="{_top(place)}" width="{BOX}" height="{HIGH}" {shape}/>'
        f'<text x="{column + BOX // 2}" y="{_top(place) + HIGH // 2 + 5}" text-anchor="middle" font-weight="600">'
        f"{escape(shown)}</text>"
    )


def _line(path: str, arrow: Arrow, most: int) -> str:
    thick = 1.2 + 4.8 * arrow.count / most
    return f'<path d="{path}" fill="none" stroke="#005ea2" stroke-width="{thick:.1f}" marker-end="url(#tip)"/>'


def _words(arrow: Arrow, x: float, y: float, anchor: str = "middle") -> str:
    times = f'<text x="{x}" y="{y - 3}" text-anchor="{anchor}" font-weight="600">{arrow.count:,}</text>'
    if arrow.median is None:
        return times
    return times + f'<text x="{x}" y="{y + 13}" text-anchor="{anchor}" font-size="12">{_time(arrow.median)}</text>'


def _time(seconds: float) -> str:
    """The median in as few signs as a lane is wide: “14.5 h”, “1,204 h”."""
    hours = seconds / 3600
    return f"{hours:,.1f} h" if hours < 100 else f"{hours:,.0f} h"


def _straight(arrow: Arrow, places: dict[str, int], column: int, most: int) -> tuple[str, str]:
    middle = column + BOX // 2
    top, end = _top(places[arrow.from_state]) + HIGH, _top(places[arrow.to_state])
    return _line(f"M{middle} {top}V{end - 1}", arrow, most), _words(arrow, middle + 10, (top + end) / 2, "start")


def _beside(lane: Lane, edge: int, side: int, most: int) -> tuple[str, str]:
    """Out of the state, along the lane, and into the other; out below the middle and in above it, so as not to meet."""
    x = edge + side * (lane.number * LANE - LANE // 2)
    back = lane.end <= lane.start
    start = _top(lane.start) + HIGH // 2 + _spread(lane.number, out=True, back=back)
    end = _top(lane.end) + HIGH // 2 + _spread(lane.number, out=False, back=back)
    y = (start + end) / 2
    path = f"M{edge} {start}H{x}V{end}H{edge + side}"
    box = f'<rect x="{x - 26}" y="{y - 17}" width="52" height="34" fill="white"/>'
    return _line(path, lane.arrow, most), box + _words(lane.arrow, x, y)


def _spread(number: int, *, out: bool, back: bool) -> int:
    """Where at its side a state is left or entered, so that ways of several lanes do not lie on one another."""
    return (1 if out != back else -1) * min(4 + 3 * number, HIGH // 2 - 2)
