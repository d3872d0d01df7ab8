"""The goals: what each database should reach, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.results import EVERY, SIX, goal_size, part, points, ratio, run_of, seconds, sizes
from benchmarks.timeline import PARTS
from runner.backends.sqlite import _CACHE_KIB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.results import Results

_MANY = 1_000_000
_BUT_REACH = tuple(name for name in PARTS if name != "reach")


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of each database: a limit that the measured value should keep, as an upper one unless `at_least`."""

    name: str
    limits: Mapping[str, float]
    value: Callable[[Results, str], float | None]
    at_least: bool = False
    unit: str = ""

    def is_met(self, backend: str, measured: float) -> bool:
        """Return whether a value keeps the limit."""
        limit = self.limits[backend]
        return measured >= limit if self.at_least else measured <= limit


def growth(results: Results, backend: str, way: str = "run") -> float | None:
    """Return the exponent by which a way's time grows from the smallest size measured to the largest."""
    found = list(points(results, backend, way))
    if len(found) < 2:  # noqa: PLR2004 - one point has no slope
        return None
    (small, short), (large, long) = found[0], found[-1]
    return log(long / short) / log(large / small)


def memory(results: Results, backend: str) -> float | None:
    """Return the peak memory of a run on the largest district, in that on the smallest; SQLite's cache not counted."""
    there = sizes(results, backend)
    if len(there) < 2:  # noqa: PLR2004 - one size has no ratio
        return None
    small, large = (
        results["districts"][f"{backend}/{size}"]["process"]["run"]["kib"] for size in (there[0], there[-1])
    )
    return ratio(max(small, large - _CACHE_KIB) if backend == "sqlite" else large, small)


def load_speed(results: Results, backend: str) -> float | None:
    """Return the speed of `runner load` in that of the database's own bulk load."""
    found = results["load"].get(backend)
    return ratio(median(found["bulk"]), median(found["runner load"])) if found else None


def started(results: Results, kind: str, ours: str, other: str) -> float | None:
    """Return the time of a command of ours in another's."""
    found = results["start"].get(kind)
    return ratio(median(found[ours]), median(found[other])) if found else None


def _at_goal(job: str, above: str, below: str) -> Callable[[Results, str], float | None]:
    def value(results: Results, backend: str) -> float | None:
        run = run_of(results, backend, goal_size(results, backend), job)
        return ratio(seconds(run, above), seconds(run, below))

    return value


def _parts_in(bare: str, *names: str) -> Callable[[Results, str], float | None]:
    def value(results: Results, backend: str) -> float | None:
        run = run_of(results, backend, goal_size(results, backend))
        return ratio(part(run, "run", *names), seconds(run, bare))

    return value


def _demo(results: Results, backend: str) -> float | None:
    found = results["districts"].get(f"{backend}/{_MANY}")
    return None if found is None else float(found["demo"])


def _of_three(sqlite: float, postgresql: float, mariadb: float) -> dict[str, float]:
    return {"sqlite": sqlite, "postgresql": postgresql, "mariadb": mariadb}


GOALS = (
    Goal("run / c, six cells, all but reach", _of_three(0.8, 1.4, 1.4), _parts_in("c", *_BUT_REACH)),
    Goal("what reach, lost and bystanders add, in c", _of_three(0.2, 0.3, 0.4), _parts_in("c", "reach")),
    Goal("run / b, six cells", _of_three(0.8, 0.9, 0.95), _at_goal(SIX, "run", "b")),
    Goal("run / b, 48 cells", _of_three(0.2, 0.5, 0.45), _at_goal(EVERY, "run", "b")),
    Goal("dry run / best SELECT, six cells", _of_three(1.15, 1.15, 1.15), _at_goal(SIX, "dry run", "select")),
    Goal("no-op rerun / dry run, six cells", _of_three(1.25, 1.5, 1.25), _at_goal(SIX, "no-op rerun", "dry run")),
    Goal("growth exponent of a run, smallest to largest", _of_three(1.12, 1.08, 1.13), growth),
    Goal("peak memory of a run, largest in smallest", _of_three(1.2, 1.1, 1.1), memory),
    Goal("`runner load` in the speed of bulk load", _of_three(0.5, 0.5, 0.5), load_speed, at_least=True),
    Goal("`runner demo --students 1000000`", {"sqlite": 180, "postgresql": 180}, _demo, unit=" s"),
)
"""The goals of databases; those of the six-cell job are of a run as `jobs/fall.yaml` has it."""

BESIDE_THE_BEST = (
    ("run / c-best, six cells, all but reach", _parts_in("c-best", *_BUT_REACH)),
    ("what reach, lost and bystanders add, in c-best", _parts_in("c-best", "reach")),
    ("run / c-best, six cells", _at_goal(SIX, "run", "c-best")),
    ("run / c-best, 48 cells", _at_goal(EVERY, "run", "c-best")),
)
"""What the goals ask of *c*, of *c-best*; without limits."""

START = (
    ("`runner --help` in `python -c pass`", 9.0, ("help", "runner --help", "python -c pass")),
    ("`runner check`, one file, in check-jsonschema", 0.4, ("check one", "runner check", "check-jsonschema")),
    ("`runner check`, 1,000 files, in check-jsonschema", 0.25, ("check many", "runner check", "check-jsonschema")),
)
"""The goals of commands without a database: name, upper limit, and which two are compared."""
