"""The command `people`: ids, and nothing else, of the people whom a job concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.cli import options, terminal
from runner.cli.options import AsOf, DatabaseUrl, OutputFile, Schema
from runner.values.problems import Problem, Stopped
from runner.values.vocabulary import Concern, Reason


def people(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="A job file.")],
    reason: Annotated[
        Reason | None,
        typer.Argument(metavar="REASON", help="With `--lost`: only those who don't hear about this any more."),
    ] = None,
    changed: Annotated[
        bool,
        typer.Option("--changed", help="Whose preferences change, those of a household phone they share included."),
    ] = False,
    kept: Annotated[
        bool,
        typer.Option("--kept", help="Whose own choice is kept where the job would have it otherwise."),
    ] = False,
    lost: Annotated[
        bool,
        typer.Option("--lost", help="Who loses the last way to hear about something, bystanders included."),
    ] = False,
    bystanders: Annotated[
        bool,
        typer.Option("--bystanders", help="Who is not in scope, and shares a household phone that changes."),
    ] = False,
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    output: OutputFile = None,
) -> None:
    """Print the ids of the people whom a job concerns, as CSV: of those in scope, if nothing else is asked for."""
    from runner.cli.surroundings import occasion
    from runner.execute.database import open_database
    from runner.execute.interrupts import Interrupts
    from runner.execute.people import reading_people
    from runner.read.jobs import load
    from runner.report.problems import render_warnings

    given = (changed, kept, lost, bystanders)
    asked = [concern for concern, wanted in zip(_FLAGS, given, strict=True) if wanted]
    if len(asked) > 1:
        raise Stopped(Problem("usage", "of `--changed`, `--kept`, `--lost` and `--bystanders` only one can be asked"))
    if reason is not None and not lost:
        message = f"`{reason}` is a reason, and only `--lost` asks for one"
        raise Stopped(Problem("usage", message, hint=f"`runner people {job} --lost {reason}`"))
    loaded = load(job)
    if reason is not None and reason not in loaded.reasons:
        known = ", ".join(f"`{known}`" for known in loaded.reasons)
        raise Stopped(Problem("usage", f"{job} sets nothing for `{reason}`", hint=f"it sets {known}"))
    target = open_database(database, schema)
    interrupts = Interrupts()
    concern = asked[0] if asked else Concern.SCOPE
    reasons = loaded.reasons if reason is None else (reason,)
    day = occasion(as_of, job.parent).as_of
    with (
        interrupts.caught(),
        reading_people(target, loaded, day, concern, reasons=reasons, interrupts=interrupts) as (warnings, batches),
        terminal.lines(output) as write,
    ):
        if warnings:
            terminal.complain(render_warnings(warnings))
        write("person_id")
        for batch in batches:
            write("\n".join(map(str, batch)))


_FLAGS = (Concern.CHANGED, Concern.KEPT, Concern.LOST, Concern.BYSTANDERS)
