"""The pictures of reports, drawn with Altair and rendered to SVG; run as a program, a helper that draws on demand.

The libraries take some 100 MB, so that a process of the site never imports this module: it asks the helper, through
`audit.drawing`. Pictures hold no script and no inline style, and every number in them stands in a table beside them.
"""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable
from typing import Any

import altair as alt
import vl_convert

IDLE_SECONDS = 60
INK, LINE, MIDDLE, LIGHT, ALARM = "#1b1b1b", "#005ea2", "#73b3e7", "#d9e8f6", "#b50909"
# From young to old: darker, so that the order also shows without colours.
AGES = ["#d9e8f6", "#97d4ea", "#2491ff", "#005ea2", "#162e51"]
# Names at the left may be wider where they are read than where they were measured, for want of the first fonts.
PADDING = {"left": 14, "right": 5, "top": 5, "bottom": 5}
FONT = "Public Sans, Source Sans Pro, Helvetica, Arial, sans-serif"
HOURS = "Business hours"
HEIGHT_OF_BAR = 34


def trend(data: dict[str, Any], width: int) -> Any:
    """`rows` of `label`, `median`, `p90` in business hours, in order; `goal` in hours with `goal_label`, or None."""
    order = [row["label"] for row in data["rows"]]
    rows = [
        {"label": row["label"], "hours": row[which], "which": name}
        for row in data["rows"]
        for which, name in (("median", "Median"), ("p90", "90th percentile"))
    ]
    step = max(1, -(-len(order) // (width // 62)))
    shown = order[::step]
    axis = alt.Axis(labelAngle=0, values=shown, labelOverlap=False)
    x = alt.X("label:O", sort=order, title=None, axis=axis, scale=alt.Scale(domain=order))
    lines = _chart(rows).mark_line(point=alt.OverlayMarkDef(size=45, filled=True), strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=alt.Y("hours:Q", title=HOURS, scale=alt.Scale(zero=True)),
        color=alt.Color(
            "which:N", title=None, sort=["Median", "90th percentile"], scale=alt.Scale(range=[LINE, "#54278f"])
        ),
        shape=alt.Shape("which:N", title=None, legend=None, sort=["Median", "90th percentile"]),
        strokeDash=alt.StrokeDash("which:N", title=None, legend=None, sort=["Median", "90th percentile"]),
    )
    layers: list[Any] = [lines]
    if data.get("goal") is not None:
        goal = _chart([{"hours": data["goal"]}])
        layers.append(goal.mark_rule(color=ALARM, strokeWidth=2, strokeDash=[6, 4]).encode(y="hours:Q"))
    made = alt.layer(*layers).properties(width=width, height=260)
    # Inside the plot the words would meet the lines.
    return made.properties(title=_words(data["goal_label"], color=ALARM)) if data.get("goal") is not None else made


def quartiles(data: dict[str, Any], width: int) -> Any:
    """`rows` of `label`, `p25`, `median`, `p75`, `p90` in business hours: a bar from quartile to quartile."""
    order = [row["label"] for row in data["rows"]]
    y = alt.Y("label:N", sort=order, title=None, axis=_names(width))
    base = _chart(data["rows"])
    x = alt.X("p25:Q", title=HOURS, axis=_ticks(width))
    bar = base.mark_bar(color=MIDDLE, height=18).encode(x=x, x2="p75:Q", y=y)
    reach = base.mark_rule(color=INK).encode(x="p75:Q", x2="p90:Q", y=y)
    median = base.mark_tick(color=INK, thickness=3, size=24).encode(x="median:Q", y=y)
    slow = base.mark_point(color=INK, filled=True, size=55).encode(x="p90:Q", y=y)
    return alt.layer(bar, reach, median, slow).properties(
        width=width, height=HEIGHT_OF_BAR * len(order), title=_key(width)
    )


def ages(data: dict[str, Any], width: int) -> Any:
    """`rows` of `label`, `age`, `count`, and `ages` in order: a bar a stage, divided by age."""
    order = list(dict.fromkeys(row["label"] for row in data["rows"]))
    rows = [row | {"place": data["ages"].index(row["age"])} for row in data["rows"]]
    return (
        _chart(rows)
        .mark_bar(height=20, stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("count:Q", title="Open", axis=_ticks(width, tickMinStep=1, format="d")),
            y=alt.Y("label:N", sort=order, title=None, axis=_names(width)),
            color=alt.Color(
                "age:N",
                title="Age",
                sort=data["ages"],
                scale=alt.Scale(domain=data["ages"], range=AGES),
                legend=alt.Legend(columns=1 if width < 400 else len(data["ages"]), symbolType="square"),
            ),
            order=alt.Order("place:Q"),
        )
        .properties(width=width, height=HEIGHT_OF_BAR * len(order))
    )


def flow(data: dict[str, Any], width: int) -> Any:
    """`rows` of `label`, `filed`, `ended`: two bars a period."""
    rows = [{"label": row["label"], "Filed": row["filed"], "Ended": row["ended"]} for row in data["rows"]]
    return bars({"rows": rows, "series": ["Filed", "Ended"], "counts": "Number"}, width)


def bars(data: dict[str, Any], width: int) -> Any:
    """`rows` of `label` and a number for each name in `series`, two of them: two bars a period. `counts`: of what."""
    order = [row["label"] for row in data["rows"]]
    series = data["series"]
    rows = [{"label": row["label"], "count": row[name], "which": name} for row in data["rows"] for name in series]
    step = max(1, -(-len(order) // (width // 62)))
    x = alt.X("label:O", sort=order, title=None, axis=alt.Axis(labelAngle=0, values=order[::step], labelOverlap=False))
    return (
        _chart(rows)
        .mark_bar()
        .encode(
            x=x,
            xOffset=alt.XOffset("which:N", sort=series),
            y=alt.Y("count:Q", title=data["counts"], axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("which:N", title=None, sort=series, scale=alt.Scale(range=[MIDDLE, LINE])),
        )
        .properties(width=width, height=220)
    )


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows))


def _ticks(width: int, **more: Any) -> alt.Axis:
    return alt.Axis(tickCount=4 if width < 400 else 10, labelFlush=False, labelOverlap=True, **more)


def _names(width: int) -> alt.Axis:
    """An axis of names, cut off before they meet the bars; the table has them whole."""
    return alt.Axis(labelLimit=110 if width < 400 else 260, labelOverlap=False)


def _key(width: int) -> alt.TitleParams:
    words = ["Bar: 25th to 75th percentile.", "Line: median. Dot: 90th percentile."]
    return _words(words if width < 400 else " ".join(words))


def _words(text: str | list[str], color: str = INK) -> alt.TitleParams:
    return alt.TitleParams(text, anchor="start", fontSize=12, fontWeight="normal", color=color, offset=12)


CHARTS: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "trend": trend,
    "quartiles": quartiles,
    "ages": ages,
    "flow": flow,
    "bars": bars,
}


def svg(chart: str, data: dict[str, Any], width: int) -> str:
    """The picture as SVG, `width` pixels wide without its margins. Raises KeyError for a chart that is none."""
    made = CHARTS[chart](data, width).configure(
        font=FONT,
        background="white",
        padding=PADDING,
        axis=alt.AxisConfig(labelFontSize=12, titleFontSize=12, labelColor=INK, titleColor=INK, gridColor="#dfe1e2"),
        legend=alt.LegendConfig(orient="top", labelFontSize=12, titleFontSize=12, labelColor=INK, titleColor=INK),
        view=alt.ViewConfig(stroke=None),
    )
    return vl_convert.vegalite_to_svg(made.to_dict())


def serve() -> None:
    """Draws what is asked for, a line of JSON for a picture, until the other end goes away or asks no more."""
    while select.select([sys.stdin], [], [], IDLE_SECONDS)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        asked = json.loads(line)
        try:
            answer = {"svg": svg(asked["chart"], asked["data"], asked["width"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
