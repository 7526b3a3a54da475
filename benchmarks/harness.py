"""What the benchmarks share: arms that are timed in turn, checks against limits, one line of report for each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isinf
from pathlib import Path
from statistics import median

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@dataclass(frozen=True)
class Check:
    """A figure and its limit, which it may not pass: from above, or from below where `at_least`."""

    name: str
    figure: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def passes(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def __str__(self) -> str:
        word = "at least" if self.at_least else "at most"
        verdict = "pass" if self.passes else "FAIL"
        limit = "no limit" if isinf(self.limit) else f"{word} {self.limit:,.2f}"
        return f"{verdict}  {self.name}: {self.figure:,.2f} {self.unit} ({limit})"


@dataclass(frozen=True)
class Timings:
    """Seconds of each arm, round by round."""

    rounds: Mapping[str, Sequence[float]]

    def medians(self) -> dict[str, float]:
        return {name: median(found) for name, found in self.rounds.items()}

    def ratio(self, arm: str, baseline: str) -> float:
        """How many times as long the arm takes: the median of the rounds, each compared with itself."""
        return median(a / b for a, b in zip(self.rounds[arm], self.rounds[baseline], strict=True))


def timed(arms: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> Timings:
    """Runs the arms in turn, each once in every round, so that a busy machine slows all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            begun = time.perf_counter()
            arm()
            seconds[name].append(time.perf_counter() - begun)
    return Timings(seconds)


def main(title: str, measure: Callable[[], tuple[list[Check], Mapping[str, float]]]) -> None:
    """Runs a benchmark and exits with 1 when a check fails.

    `measure` returns the checks, and the seconds of each arm. With BENCH_RESULTS, they are added to that file.
    """
    checks, seconds = measure()
    print(f"{title}: " + ", ".join(f"{name} {found:.3f} s" for name, found in seconds.items()))
    for check in checks:
        print(f"  {check}", flush=True)
    if results := os.environ.get("BENCH_RESULTS"):
        found = {"title": title, "seconds": dict(seconds), "checks": [asdict(check) for check in checks]}
        with Path(results).open("a") as file:
            file.write(json.dumps(found) + "\n")
    sys.exit(not all(check.passes for check in checks))
