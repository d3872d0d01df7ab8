"""The commands about job files: run, sql, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_results
from runner.cli.options import (
    AsOf,
    DatabaseUrl,
    DialectName,
    DryRun,
    JobFiles,
    LockTimeout,
    OutputFile,
    ReportFormat,
    ResolveTimeout,
    Schema,
)
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.execute.database import Database
    from runner.execute.interrupts import Interrupts
    from runner.pipeline import Patience
    from runner.values.result import Result
    from runner.values.sources import Sources


def run(
    jobs: JobFiles,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    output_format: ReportFormat = options.ResultFormat.TEXT,
    output: OutputFile = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit with 2 where a dry run finds something to change."),
    ] = False,
    lock_timeout: LockTimeout = 30.0,
    resolve_timeout: ResolveTimeout = 60.0,
) -> None:
    """Run job files, each in one transaction, and report; stop at the first that fails."""
    from runner.execute.database import open_database
    from runner.execute.interrupts import Interrupts
    from runner.pipeline import Patience

    target = open_database(database, schema)
    patience = None if dry_run else Patience(lock_timeout, resolve_timeout)
    interrupts = Interrupts()
    results: list[Result] = []
    sources: list[Sources] | None = [] if output_format.shows_sources else None
    with terminal.lines(output) as write:  # opened first: a run whose report can't be written should not begin
        try:
            with interrupts.caught():
                for path in jobs:
                    results.append(_run_one(path, target, as_of, patience, interrupts, sources))
                    if results[-1].errors and not dry_run:
                        break
        except KeyboardInterrupt:  # between two jobs: what the earlier ones did is told all the same
            if results:
                write(render(results, output_format, output, sources or ()))
            raise Stopped(Problem("interrupted", "interrupted before the next job began")) from None
        write(render(results, output_format, output, sources or ()))
    raise typer.Exit(exit_code_of_results(results, detailed=detailed_exitcode))


def sql(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="A job file.")],
    dialect: Annotated[DialectName, typer.Option("--dialect", help="The database to write for.")],
    schema: Schema = None,
    as_of: AsOf = None,
    output: OutputFile = None,
) -> None:
    """Print the statements that a run of a job sends, to read; without a database."""
    from runner.backends.registry import language
    from runner.cli.surroundings import occasion
    from runner.compile.job import compile_job
    from runner.compile.text import statements
    from runner.read.jobs import load
    from runner.report.statements import render_statements

    loaded = load(job)
    words = language(dialect.value)
    day = occasion(as_of, job.parent).as_of
    plan = compile_job(loaded, day, words, staged=True)
    terminal.tell(render_statements(f"{loaded.name} as of {day}", statements(plan, words, schema)), output)


def schema(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Of `job` files, of `filter` files, or of a `result`."),
    ] = "job",
) -> None:
    """Print a JSON Schema, for editors: of job files, if nothing else is asked for."""
    from runner.read.schema import schema_text

    if name not in {"job", "filter", "result"}:
        raise Stopped(Problem("usage", f"there is no schema `{name}`", hint="it is one of job, filter, result"))
    terminal.tell(schema_text(name).rstrip("\n"))


def render(
    results: Sequence[Result],
    output_format: options.ResultFormat,
    output: Path | None,
    sources: Sequence[Sources] = (),
) -> str:
    """Return results in a format; `sources` are shown by those formats that show any."""
    if output_format is options.ResultFormat.JSON:
        from runner.report.json import render_results

        return render_results(results)
    if output_format is options.ResultFormat.MARKDOWN:
        from runner.report.markdown import render_results as render_markdown

        return render_markdown(results, sources)
    from runner.report.terminal import render_results as render_text

    return render_text(results, width=terminal.width(), colour=terminal.colour(output))


def _run_one(
    path: Path,
    target: Database,
    as_of: options.AsOf,
    patience: Patience | None,
    interrupts: Interrupts,
    sources: list[Sources] | None,
) -> Result:
    """Return the result of one job file; a dry run is one that has nothing to wait for.

    What stands behind it is added to `sources`, where somebody wants that.
    """
    from runner.cli.sources import sources_of_broken, sources_of_order
    from runner.cli.surroundings import occasion
    from runner.execute.orders import order_job
    from runner.pipeline import Watch, dry_run, not_run, run
    from runner.read.jobs import load
    from runner.values.result import JobInfo

    now = occasion(as_of, path.parent)
    with terminal.stopwatch() as seconds, terminal.steps() as step:
        watch = Watch(step, seconds, interrupts)
        try:
            order = order_job(load(path), now.as_of, target.backend)
        except Stopped as stopped:
            if sources is not None:
                sources.append(sources_of_broken(path))
            return not_run(stopped.problems, JobInfo(None, str(path), None, None), now, watch, target.backend.NAME)
        if sources is not None:
            sources.append(sources_of_order(order, order.files, target))
        if patience is None:
            return dry_run(target, order, now, watch)
        return run(target, order, now, watch, patience)
