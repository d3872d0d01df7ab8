"""What is to be executed, whether it comes from a job file or takes a run back: one value for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.compile.job import compile_job
from runner.compile.undo import compile_undo
from runner.execute.guards import judge, warn
from runner.values.problems import Problem
from runner.values.result import JobInfo, Tally, UndoCount, Warned

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from runner.backends.backend import Backend
    from runner.compile.plan import Plan
    from runner.values.job import Job
    from runner.values.result import Recorded
    from runner.values.review import Review


@dataclass(frozen=True, slots=True)
class Order:
    """How to get a plan, how to judge its tally, and what the run's row says of where it came from.

    `compile` takes whether intermediate results may be staged in temporary tables: a run's may, a dry run's may not.
    `review` holds a tally against the plan that was reviewed, and returns None where there is none.
    """

    kind: str
    undo_of: int | None
    info: JobInfo
    files: dict[str, str]
    allow_empty: bool
    compile: Callable[[bool], Plan]
    judge: Callable[[Tally], tuple[Problem, ...]]
    review: Callable[[Tally], Review | None]
    warn: Callable[[Tally], tuple[Warned, ...]]


def order_job(
    job: Job,
    as_of: date,
    backend: Backend,
    review: Callable[[Tally], Review | None] = lambda _: None,
) -> Order:
    """Return the order of a job, to be like what was reviewed where anything was."""
    return Order(
        kind="run",
        undo_of=None,
        info=JobInfo(job.name, job.file, job.sha256, job.mode.value),
        files={file.path: file.text if file.text is not None else f"sha256:{file.sha256}" for file in job.files},
        allow_empty=job.allow_empty,
        compile=lambda staged: compile_job(job, as_of, backend, staged=staged),
        judge=lambda tally: judge(tally, job),
        review=review,
        warn=warn,
    )


def order_undo(recorded: Recorded, as_of: date, backend: Backend, *, skip_conflicts: bool) -> Order:
    """Return the order that takes a recorded run back."""
    run_no, done = recorded.number, recorded.result
    counts = done.tally.counts if done.tally else {}
    cells = {channel: tuple(reasons) for channel, reasons in counts.items()}
    return Order(
        kind="undo",
        undo_of=run_no,
        info=done.job,
        files={},
        allow_empty=True,
        compile=lambda staged: compile_undo(run_no, cells, as_of, backend, staged=staged),
        judge=lambda tally: () if skip_conflicts else _conflicts(tally, run_no),
        review=lambda _: None,
        warn=lambda tally: (*_gone(tally), *warn(tally)),
    )


def _conflicts(tally: Tally, run_no: int) -> tuple[Problem, ...]:
    conflicts = _total(tally, "conflict")
    if not conflicts:
        return ()
    return (
        Problem(
            "undo-conflict",
            f"{conflicts:,} preferences that run {run_no} set have been changed since",
            hint="`--skip-conflicts` leaves those as they are and takes back the rest",
        ),
    )


def _gone(tally: Tally) -> tuple[Warned, ...]:
    gone = _total(tally, "gone")
    return (Warned("undo-gone", f"{gone:,} preferences are of contact points that are gone"),) if gone else ()


def _total(tally: Tally, name: str) -> int:
    counts: list[Any] = [getattr(cell, name) for _, _, cell in tally.cells() if isinstance(cell, UndoCount)]
    return sum(counts)
