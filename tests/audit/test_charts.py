"""The pictures: what is drawn, by whom, and that they carry nothing that the security policy refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from audit import drawing, maps
from audit.reports.flow import Arrow, ProcessMap
from audit.reports.question import Question

ROWS = [{"label": f"Office {n}", "p25": 10.0, "median": 20.0 + n, "p75": 30.0, "p90": 60.0} for n in range(4)]
MONTHS = ["Jan 2026", "Feb 2026", "Mar 2026"]
ASKED = {
    "trend": {
        "rows": [
            {"label": MONTHS[0], "median": 12.5, "p90": 40.0},
            {"label": MONTHS[1], "median": None, "p90": None},
            {"label": MONTHS[2], "median": 14.0, "p90": 44.0},
        ],
        "goal": 30.0,
        "goal_label": "Dashed line: the goal",
    },
    "quartiles": {"rows": ROWS},
    "ages": {
        "rows": [{"label": "Check", "age": age, "count": 3} for age in ("young", "old")],
        "ages": ["young", "old"],
    },
    "flow": {"rows": [{"label": month, "filed": 5, "ended": 3} for month in MONTHS]},
}


@pytest.mark.parametrize("width", [drawing.WIDE, drawing.NARROW])
@pytest.mark.parametrize("chart", ASKED)
def test_a_picture_is_svg_without_script_or_inline_style(chart, width):
    drawn = drawing.draw(chart, ASKED[chart], width=width)
    assert drawn.startswith("<svg ")
    assert not re.search(r"<script|<style|style=|\son\w+=|<foreignObject|javascript:", drawn)
    for row in ASKED[chart]["rows"]:
        if width == drawing.WIDE:
            assert row["label"] in drawn


def test_the_goal_is_said_with_the_trend():
    assert "Dashed line: the goal" in drawing.draw("trend", ASKED["trend"])


def test_a_text_with_markup_stays_a_text():
    drawn = drawing.draw("quartiles", {"rows": [ROWS[0] | {"label": "<script>x</script> & co"}]})
    assert "<script" not in drawn
    assert "&amp; co" in drawn


def test_a_chart_that_is_none_is_refused_and_the_next_is_drawn():
    with pytest.raises(drawing.CannotDraw, match="KeyError"):
        drawing.draw("nonsense", {})
    assert drawing.draw("flow", ASKED["flow"])


def test_a_helper_that_died_is_followed_by_another():
    helper = drawing.Helper()
    helper.draw("flow", ASKED["flow"], drawing.WIDE)
    first = helper._process
    os.kill(first.pid, signal.SIGKILL)
    assert helper.draw("flow", ASKED["flow"], drawing.WIDE)
    assert helper._process.pid != first.pid
    helper._process.kill()


def test_the_site_itself_never_loads_what_draws():
    loads = "import sys, audit.views_reports; sys.exit('altair' in sys.modules or 'vl_convert' in sys.modules)"
    setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; django.setup(); "
    assert subprocess.run([sys.executable, "-c", setup + loads], check=False).returncode == 0


def labels_of(drawn: str) -> list[tuple[float, float]]:
    """Where the numbers of arrows and the names of states stand."""
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight', drawn)
    return [(float(x), float(y)) for x, y in found]


@pytest.mark.django_db
def test_no_label_of_the_map_meets_another():
    states = ["", "a", "b", "c", "d", "e"]
    arrows = [
        Arrow(start, end, 100 * (place + 1), place + 1.0, 3600.0 * place)
        for place, (start, end) in enumerate((s, e) for s in states for e in states[1:] if s != e)
    ]
    found = ProcessMap(Question("cases", None), None)
    found.__dict__["arrows"] = arrows
    labels = labels_of(maps.svg(found))
    assert len(labels) == len(arrows) + len(states)
    for index, (x, y) in enumerate(labels):
        for other_x, other_y in labels[index + 1 :]:
            assert abs(x - other_x) >= 50 or abs(y - other_y) >= 30
