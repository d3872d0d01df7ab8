"""The ways to do a job that are compared: what each runs, how long it takes, and what it leaves."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import bare, counting, ours, row_by_row
from benchmarks.stores.store import ask, warm
from benchmarks.words import cells_of
from runner.values.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.counting import Numbers
    from benchmarks.stores.store import Row, Store
    from benchmarks.words import Cells
    from runner.values.job import Job
    from runner.values.result import Result

ROW_BY_ROW_STUDENTS = 10_000
"""The largest district that is also changed row by row."""


class DisagreementError(Exception):
    """Two ways that should have done or counted the same did not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of one way.

    `log` is what the database wrote meanwhile, in bytes; `end` the checksum of the preferences that it leaves, and
    `numbers` what it counted: None for a way that is not there to change, or to count.
    """

    way: str
    seconds: float
    parts: dict[str, float] = field(default_factory=dict)
    log: int | None = None
    end: Row | None = None
    numbers: Numbers | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """A job on a district: what all of its measurements share. `students` is the size of the district."""

    store: Store
    backend: str
    job: Job
    students: int

    @property
    def cells(self) -> Cells:
        """What the job sets."""
        return cells_of(self.job.preferences)


def legs(bench: Bench) -> dict[str, Callable[[Bench], Iterator[Sample]]]:
    """Return what is measured from a district brought back to its beginning, by name."""
    found: dict[str, Callable[[Bench], Iterator[Sample]]] = {
        "count": _count,
        "c": lambda bench: _bare(bench, "c", bare.by_channel),
        "c-best": lambda bench: _bare(bench, "c-best", bare.by_channel_at_best),
        "b": lambda bench: _bare(bench, "b", bare.by_cell),
        "run": _run,
    }
    if bench.students <= ROW_BY_ROW_STUDENTS and Reason.STAFF not in bench.job.reasons:
        found["orm"] = _row_by_row
    return found


def _bare(bench: Bench, way: str, statements: Callable[[str, Cells], list[str]]) -> Iterator[Sample]:
    texts = statements(bench.backend, bench.cells)
    driver = bench.store.connect()
    cursor = driver.cursor()
    written, start = bench.store.written(), time.perf_counter()
    for text in (*bench.store.begin(), *texts):
        cursor.execute(text)
    driver.commit()
    seconds, log = time.perf_counter() - start, bench.store.written() - written
    driver.close()
    yield Sample(way, seconds, log=log, end=warm(bench.store))


def _row_by_row(bench: Bench) -> Iterator[Sample]:
    start = time.perf_counter()
    row_by_row.set_preferences(bench.store.url, bench.backend, bench.cells)
    yield Sample("orm", time.perf_counter() - start, end=warm(bench.store))


def _count(bench: Bench) -> Iterator[Sample]:
    """Measure the dry run and the hand-written SELECT; nothing is changed."""
    result, parts = ours.dry(bench.store.url, bench.job)
    yield Sample("dry run", sum(parts.values()), parts, numbers=_numbers(result))
    sql, driver = counting.select(bench.backend, bench.cells), bench.store.connect()
    start = time.perf_counter()
    rows = ask(driver, sql)
    seconds = time.perf_counter() - start
    driver.close()
    yield Sample("select", seconds, numbers=counting.numbers(rows, bench.cells))


def _run(bench: Bench) -> Iterator[Sample]:
    """Measure a run, the same again with nothing left to do, and the undo of the first."""
    before, written = warm(bench.store), bench.store.written()
    first, parts = ours.real(bench.store.url, bench.job)
    log, after = bench.store.written() - written, warm(bench.store)
    yield Sample("run", sum(parts.values()), parts, log, after, _numbers(first))
    again, parts = ours.real(bench.store.url, bench.job)
    yield Sample("no-op rerun", sum(parts.values()), parts, end=warm(bench.store))
    if again.tally is None or again.tally.contact_points or first.run is None or first.run.number is None:
        raise DisagreementError("a second run changed something")
    _, parts = ours.undone(bench.store.url, first.run.number)
    yield Sample("undo", sum(parts.values()), parts)
    if before != warm(bench.store):
        raise DisagreementError("an undo does not bring back what was there before")


def _numbers(result: Result) -> Numbers | None:
    return None if result.tally is None else counting.numbers_of(result.tally)
