"""Results → `results.md`: the goals with the measured values beside them, then everything that was measured."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.goals import BESIDE_THE_BEST, GOALS, START, growth, started
from benchmarks.results import EVERY, SIX, all_sizes, goal_size, part, ratio, run_of, seconds, sizes
from benchmarks.rounds import WAYS
from benchmarks.stores.registry import BACKENDS, LABELS
from benchmarks.timeline import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.goals import Goal
    from benchmarks.results import Results

_JOBS = {SIX: "six cells", EVERY: "all 48 cells"}
_INTRODUCTION = """\
Written by `make bench`; [README.md](README.md) says how to read it. Every time is a median, and every ratio is one of
medians of the same rounds."""
_NONE = "–"  # noqa: RUF001 - nothing was measured, which is no minus
_WORDS = {
    "c": "*c*: one bare UPDATE per channel",
    "c-best": "*c-best*: people in scope staged first, only rows that differ",
    "b": "*b*: one bare UPDATE per cell",
    "orm": "*orm*: row by row",
    "run": "**run**: counted, guarded, recorded",
    "undo": "undo of that run",
    "no-op rerun": "the same run again",
    "dry run": "**dry run**",
    "select": "best hand-written SELECT of the same numbers",
}


def render(results: Results) -> str:
    """Return the page."""
    there = [backend for backend in BACKENDS if sizes(results, backend)]
    blocks = [
        "# What was measured",
        _INTRODUCTION,
        *_goals(results, there),
        "![Seconds against students, for each database](results.svg)",
        *_ways(results, there),
        *_parts(results, there),
        *_log(results, there),
        *_growth(results, there),
        *_processes(results, there),
        *_start(results),
        *_load(results),
        *_surroundings(results),
    ]
    return "\n\n".join(blocks) + "\n"


def _goals(results: Results, there: Sequence[str]) -> Iterator[str]:
    yield "## Goals"
    at = ", ".join(f"{LABELS[backend]} {size:,}" for backend in there if (size := goal_size(results, backend)))
    yield f"Students: {at or 'none'}. A value in bold keeps its goal."
    rows = [[goal.name, *(_held_against(goal, results, backend) for backend in BACKENDS)] for goal in GOALS]
    yield _table(["", *(LABELS[backend] for backend in BACKENDS)], rows)
    yield "The goals speak of *c*. Beside *c-best*, the most that can be got out of bare UPDATEs, the same values are:"
    rows = [[name, *(_told(value(results, backend)) for backend in BACKENDS)] for name, value in BESIDE_THE_BEST]
    yield _table(["", *(LABELS[backend] for backend in BACKENDS)], rows)
    rows = []
    for name, limit, (kind, ours, other) in START:
        value = started(results, kind, ours, other)
        rows.append([name, _against(value, limit, value is not None and value <= limit, "≤")])
    yield _table(["", "without a database"], rows)


def _held_against(goal: Goal, results: Results, backend: str) -> str:
    if backend not in goal.limits:
        return ""
    value, limit = goal.value(results, backend), goal.limits[backend]
    is_met = value is not None and goal.is_met(backend, value)
    return _against(value, limit, is_met, "≥" if goal.at_least else "≤", goal.unit)


def _against(value: float | None, limit: float, is_met: bool, sign: str, unit: str = "") -> str:  # noqa: FBT001
    told = _told(value, unit)
    return f"{f'**{told}**' if is_met else told} ({sign} {limit:g}{unit})"


def _told(value: float | None, unit: str = "") -> str:
    return _NONE if value is None else _number(value) + unit


def _ways(results: Results, there: Sequence[str]) -> Iterator[str]:
    for students in all_sizes(results):
        for job, words in _JOBS.items():
            runs = {backend: run for backend in there if (run := run_of(results, backend, students, job))}
            if not runs:
                continue
            yield f"## {students:,} students, {words}"
            yield (
                "Seconds, and in *c*. Rounds: "
                + ", ".join(f"{LABELS[backend]} {run['rounds']}" for backend, run in runs.items())
                + f". Contact points that change: {next(iter(runs.values()))['numbers']['contact points']:,}."
            )
            rows = [
                [_WORDS[way], *(_in_c(seconds(run, way), seconds(run, "c")) for run in runs.values())]
                for way in WAYS
                if any(way in run["seconds"] for run in runs.values())
            ]
            rows += [
                [f"{name} without reach", *(_without_reach(run, way) for run in runs.values())]
                for way, name in (
                    ("run", "run"),
                    ("undo", "undo"),
                    ("no-op rerun", "the same run again"),
                    ("dry run", "dry run"),
                )
            ]
            yield _table(["", *(LABELS[backend] for backend in runs)], rows)


def _without_reach(run: Results, way: str) -> str:
    if part(run, way, "counts"):
        return "counted in one"
    return _in_c(part(run, way, *(name for name in PARTS if name != "reach")), seconds(run, "c"))


def _in_c(time: float | None, c: float | None) -> str:
    share = ratio(time, c)
    return "" if time is None or share is None else f"{time:.3f} s, {share:.2f}"


def _parts(results: Results, there: Sequence[str]) -> Iterator[str]:
    yield "## What a run consists of"
    yield "Seconds between the statements, as medians, and in *c*; six cells."
    header, columns = [""], []
    for backend in there:
        size = goal_size(results, backend)
        run = run_of(results, backend, size)
        for way in ("run", "dry run"):
            header.append(f"{LABELS[backend]} {size:,}, {way}")
            columns.append((run, way))
    rows = [[name, *(_in_c(part(run, way, name), seconds(run, "c")) for run, way in columns)] for name in PARTS]
    yield _table(header, rows)


def _log(results: Results, there: Sequence[str]) -> Iterator[str]:
    yield "## What the database wrote"
    yield "MB of its log (SQLite: write-ahead log; PostgreSQL: WAL; MariaDB: redo log), as medians."
    columns = [
        (f"{LABELS[backend]} {students:,}, {_JOBS[job]}", run)
        for backend in there
        for students in sizes(results, backend)
        for job in _JOBS
        if (run := run_of(results, backend, students, job))
    ]
    ways = ("c", "c-best", "b", "run")
    rows = [[name, *(f"{median(run['log'][way]) / 1e6:,.1f}" for way in ways)] for name, run in columns]
    yield _table(["", *(f"*{way}*" for way in ways)], rows)


def _growth(results: Results, there: Sequence[str]) -> Iterator[str]:
    yield "## Growth"
    yield "The exponent by which the time grows with the students, from the smallest size to the largest; six cells."
    ways = ("run", "dry run", "undo", "c", "b", "select")
    rows = []
    for backend in there:
        there_sizes = sizes(results, backend)
        values = (growth(results, backend, way) for way in ways)
        told = [_NONE if value is None else f"{value:.2f}" for value in values]
        rows.append([f"{LABELS[backend]}, {there_sizes[0]:,} to {there_sizes[-1]:,}", *told])
    yield _table(["", *ways], rows)


def _processes(results: Results, there: Sequence[str]) -> Iterator[str]:
    yield "## Whole processes"
    yield "`runner run jobs/fall.yaml` from the start of the interpreter to its end: seconds, and peak memory of it."
    rows = []
    for backend in there:
        for students in sizes(results, backend):
            found = results["districts"][f"{backend}/{students}"]
            told = (f"{one['seconds']:.2f} s, {one['kib'] / 1024:,.0f} MiB" for one in found["process"].values())
            rows.append([f"{LABELS[backend]} {students:,}", *told, f"{found['demo']:.1f} s"])
    yield _table(["", "`--dry-run`", "run", "`runner demo`"], rows)


def _start(results: Results) -> Iterator[str]:
    found = results["start"]
    if not found:
        return
    yield "## Start-up and check"
    yield f"Against {found['version']}. Measured {_measured(found)}."
    rows = [
        [name, f"{median(times) * 1000:,.0f} ms"]
        for kind, label in (("help", ""), ("check one", ", one file"), ("check many", ", 1,000 files"))
        for name, times in ((f"`{name}`{label}", times) for name, times in found[kind].items())
    ]
    yield _table(["", "time"], rows)


def _load(results: Results) -> Iterator[str]:
    if not results["load"]:
        return
    yield "## Loading CSV"
    yield "The files of a demo district of 10,000 students into empty tables. Bulk load is `.import`, COPY, LOAD DATA."
    rows = [
        [
            LABELS[backend],
            f"{median(found['runner load']):.2f} s",
            f"{median(found['bulk']):.2f} s",
        ]
        for backend in BACKENDS
        if (found := results["load"].get(backend))
    ]
    yield _table(["", "`runner load`", "bulk load"], rows)


def _surroundings(results: Results) -> Iterator[str]:
    yield "## Where and when"
    rows = [[name, value] for name, value in results["machine"].items()]
    rows += [
        [LABELS[backend], found["version"]]
        for backend in BACKENDS
        if (found := next((one for key, one in results["districts"].items() if key.split("/")[0] == backend), None))
    ]
    yield _table(["", ""], rows)
    rows = [[key.replace("/", ", "), _measured(run)] for key, run in results["runs"].items()]
    yield _table(["measured", "when, on which commit, load of the machine"], rows)


def _measured(found: Results) -> str:
    return f"{found['when']}, {found['commit']}, {found['load']}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits say enough


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
