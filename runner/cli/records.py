"""The commands about past runs: history, show, changes, undo, resolve."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_results
from runner.cli.options import (
    AsOf,
    DatabaseUrl,
    DryRun,
    LockTimeout,
    OutputFile,
    OutputFormat,
    ReportFormat,
    ResolveTimeout,
    RunNumber,
    Schema,
)
from runner.cli.policy import render
from runner.cli.sources import sources_of_order, sources_of_record
from runner.cli.surroundings import occasion
from runner.values.problems import Problem, Stopped


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


def history(
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, max=options.LARGEST, metavar="N", help="How many runs, the newest first."),
    ] = 20,
    output_format: OutputFormat = options.Format.TEXT,
    output: OutputFile = None,
) -> None:
    """List past runs, the newest first."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import list_runs

    with reading_history(open_database(database)) as connection:
        runs = list_runs(connection, limit)
    if output_format is options.Format.JSON:
        from runner.report.json import render_history as render_json

        terminal.tell(render_json(runs), output)
    else:
        from runner.report.terminal import render_history

        terminal.tell(render_history(runs, width=terminal.width(), colour=terminal.colour(output)), output)


def show(
    run: RunNumber,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    output_format: ReportFormat = options.ResultFormat.TEXT,
    output: OutputFile = None,
) -> None:
    """Show the result of a past run again."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import find_run

    with reading_history(open_database(database)) as connection:
        recorded = find_run(connection, run)
    sources = [sources_of_record(recorded.files, recorded.result.job.file)] if output_format.shows_sources else []
    terminal.tell(render([recorded.result], output_format, output, sources), output)


def changes(
    run: RunNumber,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    row_format: Annotated[RowFormat, typer.Option("--format", help="How to write the rows.")] = RowFormat.CSV,
    output: OutputFile = None,
) -> None:
    """Print every preference that a past run changed, one row each."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import CHANGE_COLUMNS, changes_of, find_run, require_changes

    with reading_history(open_database(database)) as connection:
        require_changes(find_run(connection, run))
        with terminal.lines(output) as write:
            if row_format is RowFormat.CSV:
                write(",".join(CHANGE_COLUMNS))
            for change in changes_of(connection, run):
                write(json.dumps(change) if row_format is RowFormat.JSONL else ",".join(map(str, change.values())))


def undo(
    run: RunNumber,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    skip_conflicts: Annotated[
        bool,
        typer.Option("--skip-conflicts", help="Leave alone what has been changed since, and take back the rest."),
    ] = False,
    output_format: ReportFormat = options.ResultFormat.TEXT,
    output: OutputFile = None,
    lock_timeout: LockTimeout = 30.0,
    resolve_timeout: ResolveTimeout = 60.0,
) -> None:
    """Take a past run back: set what it changed to what it was, where it still is as the run left it."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import find_run, require_undoable
    from runner.execute.interrupts import Interrupts
    from runner.execute.orders import order_undo
    from runner.pipeline import Patience, Watch
    from runner.pipeline import dry_run as pretend
    from runner.pipeline import run as execute

    target = open_database(database, schema)
    interrupts = Interrupts()
    with interrupts.caught(), terminal.stopwatch() as seconds, terminal.steps() as step:
        with reading_history(target) as connection:
            recorded = find_run(connection, run)
            require_undoable(recorded)
        now = occasion(as_of, Path())
        order = order_undo(recorded, now.as_of, target.backend, skip_conflicts=skip_conflicts)
        watch = Watch(step, seconds, interrupts)
        with terminal.lines(output) as write:  # opened first: a run whose report can't be written should not begin
            if dry_run:
                result = pretend(target, order, now, watch)
            else:
                result = execute(target, order, now, watch, Patience(lock_timeout, resolve_timeout))
            sources = [sources_of_order(order, recorded.files, target)] if output_format.shows_sources else []
            write(render([result], output_format, output, sources))
    raise typer.Exit(exit_code_of_results([result], detailed=False))


def resolve(
    run_id: Annotated[UUID, typer.Argument(metavar="RUN_ID", help="The run's id, as the run told it.")],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    resolve_timeout: ResolveTimeout = 60.0,
) -> None:
    """Settle a run whose outcome is unknown: say that it was committed, or see to it that it never will be."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import number_of
    from runner.execute.interrupts import Interrupts
    from runner.execute.outcome import Outcome, settle

    target = open_database(database)
    with reading_history(target):
        pass  # a wrong password, or a database without the runner's tables, is told at once
    interrupts = Interrupts()
    with interrupts.caught(), terminal.steps() as step:
        step("wait for the run to end")
        outcome = settle(target, str(run_id), occasion(None, Path()), resolve_timeout, interrupts.stop)
    if outcome is Outcome.UNKNOWN:
        raise Stopped(Problem("outcome-unknown", "the database did not say in time what became of the run"))
    if outcome is Outcome.VOID:
        terminal.tell(f"run {run_id} was not committed, and never will be: nothing was changed")
        return
    with reading_history(target) as connection:
        number = number_of(connection, str(run_id))
    terminal.tell(f"run {run_id} was committed: it is run {number} (`runner show {number}`)")
