"""The commands about past runs: history, show, changes, undo."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_results
from runner.cli.options import AsOf, DatabaseUrl, DryRun, LockTimeout, OutputFile, OutputFormat, RunNumber, Schema
from runner.cli.policy import render
from runner.cli.surroundings import occasion


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
    output_format: OutputFormat = options.Format.TEXT,
    output: OutputFile = None,
) -> None:
    """Show the result of a past run again."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import find_run

    with reading_history(open_database(database)) as connection:
        recorded = find_run(connection, run)
    terminal.tell(render([recorded.result], output_format, output), output)


def changes(
    run: RunNumber,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    row_format: Annotated[RowFormat, typer.Option("--format", help="How to write the rows.")] = RowFormat.CSV,
    output: OutputFile = None,
) -> None:
    """Print every preference that a past run changed, one row each."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import CHANGE_COLUMNS, changes_of, find_run

    with reading_history(open_database(database)) as connection:
        find_run(connection, run)
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
    output_format: OutputFormat = options.Format.TEXT,
    output: OutputFile = None,
    lock_timeout: LockTimeout = 30.0,
) -> None:
    """Take a past run back: set what it changed to what it was, where it still is as the run left it."""
    from runner.execute.database import open_database, reading_history
    from runner.execute.history import find_run, require_undoable
    from runner.execute.interrupts import Interrupts
    from runner.execute.orders import order_undo
    from runner.pipeline import Watch
    from runner.pipeline import dry_run as pretend
    from runner.pipeline import run as execute

    target = open_database(database, schema)
    interrupts = Interrupts()
    with interrupts.caught(), terminal.stopwatch() as seconds, terminal.steps() as step:
        with reading_history(target) as connection:
            recorded = find_run(connection, run)
            require_undoable(connection, recorded)
        now = occasion(as_of, Path())
        order = order_undo(recorded, now.as_of, target.backend, skip_conflicts=skip_conflicts)
        watch = Watch(step, seconds, interrupts)
        with terminal.lines(output) as write:  # opened first: a run whose report can't be written should not begin
            result = pretend(target, order, now, watch) if dry_run else execute(target, order, now, watch, lock_timeout)
            write(render([result], output_format, output))
    raise typer.Exit(exit_code_of_results([result], detailed=False))
