"""Asks for pictures: one helper a process draws them, started when first needed, and ends when idle for a minute.

docs/decisions/0011 has the reasons; `audit.charts` has the pictures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

from django.conf import settings

WIDE, NARROW = 760, 190  # pixels, without the margins for names and numbers
ANSWER_SECONDS = 30


# Of the bars of `audit.charts` below one another, in pixels: a bar, and what stands around all; also on a phone.
BAR = 34
AROUND_BARS = {"quartiles": (68, 82), "ages": (91, 155)}
NAMES, LETTER = (260, 110), 7
HEIGHTS = {"trend": 322}
HEIGHT, WITH_A_LINE, TICKS = 278, 25, 55


class CannotDraw(Exception):
    """The helper drew nothing; the message says why. The numbers are in the table all the same."""


class Helper:
    """A process that draws, and the lock that lets one thread at a time ask it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def draw(self, chart: str, data: dict[str, Any], width: int) -> str:
        """The picture as SVG. Raises CannotDraw."""
        asked = json.dumps({"chart": chart, "data": data, "width": width}) + "\n"
        with self._lock:
            # It may have ended, being idle, just as it was asked: then another one answers.
            answer = self._ask(asked) or self._ask(asked)
        if not answer:
            raise CannotDraw("The process that draws ended without an answer.")
        found = json.loads(answer)
        if "error" in found:
            raise CannotDraw(found["error"])
        return found["svg"]

    def _ask(self, asked: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        alarm = threading.Timer(ANSWER_SECONDS, process.kill)
        alarm.start()
        try:
            process.stdin.write(asked)
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            alarm.cancel()
        if not answer:
            process.kill()
            process.wait()
        return answer

    def _running(self) -> subprocess.Popen[str]:
        # The helper ends by itself once this process has gone and closed its pipes. After a fork, the child has pipes
        # to a helper that belongs to its parent.
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "audit.charts"],
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process


_helper = Helper()


def draw(chart: str, data: dict[str, Any], *, width: int = WIDE) -> str:
    """The picture as SVG, for a page, a PDF or a message; see `audit.charts` for the charts and their data.

    Raises CannotDraw.
    """
    return _helper.draw(chart, data, width)


def size(chart: str, data: dict[str, Any], width: int) -> tuple[int, int]:
    """About how wide and high the picture will be in pixels, so that a page can keep room for it before it is drawn.

    Not to the pixel: only whoever draws knows how wide words are.
    """
    narrow = width < WIDE
    if chart not in AROUND_BARS:
        return width + TICKS, HEIGHTS.get(chart, HEIGHT) + (WITH_A_LINE if data.get("goal") is not None else 0)
    labels = {row["label"] for row in data["rows"]}
    names = min(NAMES[narrow], LETTER * max(map(len, labels), default=0))
    return width + names + 22, AROUND_BARS[chart][narrow] + BAR * len(labels)
