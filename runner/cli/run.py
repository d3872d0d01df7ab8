"""The command `run`: jobs, one after the other, each held against its reviewed plan where plans are given."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_results
from runner.cli.options import (
    AsOf,
    DatabaseUrl,
    DryRun,
    JobFiles,
    LockTimeout,
    OutputFile,
    ReportFormat,
    Reports,
    ResolveTimeout,
    Schema,
)
from runner.cli.policy import render
from runner.cli.surroundings import occasion
from runner.values.problems import Kind, Problem, Stopped
from runner.values.review import Tolerance, tolerance
from runner.values.sources import NO_SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.execute.orders import Order
    from runner.pipeline import Patience
    from runner.values.job import Job
    from runner.values.result import Occasion, Result, ReviewedPlan
    from runner.values.sources import Sources

    Ended = tuple[Result, Sources]

_MAX_AGE = 14


def _tolerance(text: str) -> Tolerance:
    read = tolerance(text)
    if read is None:
        raise typer.BadParameter("it is written `5`, so many, or `2.5%`, from `0%` to `100%`.")
    return read


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks of every job; `patience` is None for a dry run, `plans` without `--reviewed`.

    `tell_sources` says whether the report shows what stands behind a job, `quiet` that nobody looks at each step.
    """

    target: Database
    as_of: datetime | None
    patience: Patience | None
    plans: tuple[ReviewedPlan, ...] | None
    max_drift: Tolerance
    max_age: timedelta
    interrupts: Interrupts
    tell_sources: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    """A job that can begin: its order, and the occasion with the day that it is for."""

    job: Job
    order: Order
    now: Occasion


def run(
    jobs: JobFiles,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    reviewed: Annotated[
        list[Path] | None,
        typer.Option(
            "--reviewed",
            metavar="FILE",
            help="Apply only what this plan says: the JSON result of a dry run. May be given several times.",
        ),
    ] = None,
    max_drift: Annotated[
        Tolerance | None,
        typer.Option(
            "--max-drift",
            metavar="N|P%",
            parser=_tolerance,
            help="How far each number may be from the plan's: by so many, or so many percent of it. 0 if not given.",
        ),
    ] = None,
    max_age: Annotated[
        int | None,
        typer.Option(
            "--max-age",
            min=0,
            max=36_500,
            metavar="DAYS",
            help=f"How old the plan may be. {_MAX_AGE} if not given.",
        ),
    ] = None,
    output_format: ReportFormat = options.ResultFormat.TEXT,
    output: OutputFile = None,
    report: Reports = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with 2 where a dry run finds something to change."),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print only the results of jobs that failed; a file gets all of them."),
    ] = False,
    lock_timeout: LockTimeout = 30.0,
    resolve_timeout: ResolveTimeout = 60.0,
) -> None:
    """Run job files, each in one transaction, and report; stop at the first that fails."""
    from runner.execute.database import open_database
    from runner.execute.interrupts import Interrupts
    from runner.pipeline import Patience

    if not reviewed and (max_drift is not None or max_age is not None):
        raise Stopped(Problem("usage", "`--max-drift` and `--max-age` say how near to a plan: `--reviewed` names it"))
    asked = _Asked(
        target=open_database(database, schema),
        as_of=as_of,
        patience=None if dry_run else Patience(lock_timeout, resolve_timeout),
        plans=_read(reviewed) if reviewed else None,
        max_drift=max_drift or Tolerance(Decimal()),
        max_age=timedelta(days=_MAX_AGE if max_age is None else max_age),
        interrupts=Interrupts(),
        tell_sources=any(way.shows_sources for way in (output_format, *map(_format, report or ()))),
        quiet=quiet,
    )
    ended: list[Ended] = []
    # opened first: a run whose report can't be written should not begin
    with _writing((output_format, output), report or (), quiet=quiet) as write:
        try:
            with asked.interrupts.caught():
                ended += _not_as_reviewed(jobs, asked)
                for result in _run_all(jobs, asked) if not ended else ():
                    ended.append(result)
        except KeyboardInterrupt:  # between two jobs: what the earlier ones did is told all the same
            write(ended)
            raise Stopped(Problem("interrupted", "interrupted before the next job began")) from None
        write(ended)
    raise typer.Exit(exit_code_of_results((result for result, _ in ended), detailed=detailed_exitcode))


@contextmanager
def _writing(
    first: tuple[options.ResultFormat, Path | None],
    reports: Sequence[Path],
    *,
    quiet: bool,
) -> Iterator[Callable[[list[Ended]], None]]:
    """Yield a function that writes what came of all jobs: if anything: as the result, and into each report."""
    with ExitStack() as stack:
        way, output = first
        # whoever reads the output may leave before its end: so the files go first
        ways = [
            *((_format(file), file, stack.enter_context(terminal.lines(file, "--report"))) for file in reports),
            (way, output, stack.enter_context(terminal.lines(output))),
        ]

        def write(ended: list[Ended]) -> None:
            for way, file, write_line in ways:
                told = [each for each in ended if each[0].errors] if quiet and file is None else ended
                if told:
                    results, sources = [result for result, _ in told], [sources for _, sources in told]
                    write_line(render(results, way, file, sources))

        yield write


def _format(report: Path) -> options.ResultFormat:
    return options.ENDINGS[report.suffix]


def _read(files: list[Path]) -> tuple[ReviewedPlan, ...]:
    from runner.read.plan_file import read_plans

    plans: list[ReviewedPlan] = []
    problems: list[Problem] = []
    for file in files:
        try:
            plans += read_plans(file)
        except Stopped as stopped:
            problems += stopped.problems
    if problems:
        raise Stopped(*problems)
    return tuple(plans)


def _not_as_reviewed(jobs: list[Path], asked: _Asked) -> list[Ended]:
    """Return the results of the jobs that have no plan to go by: where there is one, none of them may begin."""
    found = [] if asked.plans is None else [(path, _prepare(path, asked)) for path in jobs]
    return [_not_begun(path, ready, asked) for path, ready in found if not isinstance(ready, _Ready)]


def _run_all(jobs: list[Path], asked: _Asked) -> Iterator[Ended]:
    """Yield the result of one job file after the other, until one fails; a dry run goes on to the end."""
    earlier: list[tuple[Job, date, int]] = []
    for path in jobs:
        ready = _prepare(path, asked)
        if not isinstance(ready, _Ready):
            result, sources = _not_begun(path, ready, asked)
        else:
            result, sources = _run_one(ready, asked)
            if asked.patience is None:
                result = _warned(result, ready.job, earlier, asked)
        yield result, sources
        if result.errors and asked.patience is not None:
            return


def _warned(result: Result, job: Job, earlier: list[tuple[Job, date, int]], asked: _Asked) -> Result:
    """Return the result of a dry run with what the jobs before it would change about it; then it is one of them."""
    from runner.execute.sequence import warn_of_earlier

    if result.tally is None or result.errors:
        return result
    told = warn_of_earlier(asked.target, earlier, job, result.as_of, asked.interrupts)
    earlier.append((job, result.as_of, result.tally.contact_points))
    return replace(result, warnings=(*result.warnings, *told))


def _run_one(ready: _Ready, asked: _Asked) -> Ended:
    """Return the result of one job; a dry run is one that has nothing to wait for."""
    from runner.cli.sources import sources_of_order
    from runner.pipeline import Watch, dry_run, run

    order = ready.order
    sources = sources_of_order(order, order.files, asked.target) if asked.tell_sources else NO_SOURCES
    with terminal.stopwatch() as seconds, terminal.steps(shown=not asked.quiet) as step:
        watch = Watch(step, seconds, asked.interrupts)
        if asked.patience is None:
            return dry_run(asked.target, order, ready.now, watch), sources
        return run(asked.target, order, ready.now, watch, asked.patience), sources


def _not_begun(path: Path, result: Result, asked: _Asked) -> Ended:
    from runner.cli.sources import sources_of_broken

    return result, sources_of_broken(path) if asked.tell_sources else NO_SOURCES


def _prepare(path: Path, asked: _Asked) -> _Ready | Result:
    """Return a job file ready to begin, or the result that says why it can't."""
    from runner.execute.orders import order_job
    from runner.pipeline import Watch, not_run
    from runner.read.jobs import load
    from runner.values.result import JobInfo

    now = occasion(asked.as_of, path.parent)
    info = JobInfo(None, str(path), None, None)
    try:
        job = load(path)
        info = JobInfo(job.name, job.file, job.sha256, job.mode.value)
        if asked.plans is None:
            return _Ready(job, order_job(job, now.as_of, asked.target.backend), now)
        return _as_reviewed(job, asked, asked.plans, now)
    except Stopped as stopped:
        if stopped.problems[0].kind is Kind.USAGE:
            raise
        watch = Watch(lambda _: None, lambda: 0.0, asked.interrupts)
        return not_run(stopped.problems, info, now, watch, asked.target.backend.NAME)


def _as_reviewed(
    job: Job,
    asked: _Asked,
    plans: tuple[ReviewedPlan, ...],
    now: Occasion,
) -> _Ready:
    """Return a job that must do what its plan says, for the plan's day."""
    from runner.execute.orders import order_job
    from runner.execute.review import choose, compare

    plan = choose(job, plans, now.now, asked.max_age)
    day = plan.result.as_of
    if asked.as_of is not None and now.as_of != day:
        message = f"`--as-of {now.as_of}` is not the day of the plan in `{plan.file}`, which is {day}"
        raise Stopped(Problem("usage", message, hint="leave it out: the plan says the day"))
    review = partial(compare, plan, asked.max_drift)
    return _Ready(job, order_job(job, day, asked.target.backend, review), replace(now, as_of=day))
