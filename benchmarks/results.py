"""`results.json`: what was measured, by database, size and job; a new run replaces what it measured anew."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Results = dict[str, Any]
"""`machine`; `runs` by `database/students/job`; `districts` by `database/students`; `load` by database; `start`."""

SIX, EVERY = "fall-attendance", "every-cell"
"""The names of the two jobs: six cells, and all 48."""

GOAL_STUDENTS = 100_000
"""The size that the goals speak of."""


def read(path: Path) -> Results:
    """Return the results of a file; none where there is no file."""
    empty: Results = {"machine": {}, "runs": {}, "districts": {}, "load": {}, "start": {}}
    return empty | json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty


def write(path: Path, results: Results) -> None:
    """Write the results."""
    path.write_text(f"{json.dumps(results, indent=1)}\n", encoding="utf-8")


def sizes(results: Results, backend: str) -> list[int]:
    """Return the sizes that a database was measured at, the smallest first."""
    return sorted(int(key.split("/")[1]) for key in results["districts"] if key.split("/")[0] == backend)


def all_sizes(results: Results) -> list[int]:
    """Return every size that anything was measured at, the smallest first."""
    return sorted({int(key.split("/")[1]) for key in results["districts"]})


def goal_size(results: Results, backend: str) -> int | None:
    """Return the size that the goals are looked at: theirs, or the nearest that was measured, below it if possible."""
    there = sizes(results, backend)
    return max((size for size in there if size <= GOAL_STUDENTS), default=next(iter(there), None))


def run_of(results: Results, backend: str, students: int | None, job: str = SIX) -> Results | None:
    """Return what was measured of a job, where it was."""
    found: Results | None = results["runs"].get(f"{backend}/{students}/{job}")
    return found


def seconds(run: Results | None, way: str) -> float | None:
    """Return the median of the seconds of a way."""
    return float(median(run["seconds"][way])) if run and way in run["seconds"] else None


def part(run: Results | None, way: str, *names: str) -> float | None:
    """Return the median of the seconds that some parts of a way took together."""
    if not run or way not in run["parts"]:
        return None
    return float(median(sum(parts[name] for name in names) for parts in run["parts"][way]))


def ratio(above: float | None, below: float | None) -> float | None:
    """Return one divided by the other, where both are there."""
    return None if above is None or not below else above / below


def points(results: Results, backend: str, way: str, job: str = SIX) -> Iterator[tuple[int, float]]:
    """Yield the sizes and the seconds of a way."""
    for students in sizes(results, backend):
        if (time := seconds(run_of(results, backend, students, job), way)) is not None:
            yield students, time
