"""The command that answers for one person: explain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli import options, terminal
from runner.cli.options import AsOf, DatabaseUrl, OutputFile, Schema


class ExplanationFormat(StrEnum):
    """How an explanation is written."""

    TEXT = "text"
    JSON = "json"


def explain(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="A job file.")],
    person: Annotated[
        int,
        typer.Option("--person", min=-options.LARGEST, max=options.LARGEST, metavar="ID", help="The person's id."),
    ],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    output_format: Annotated[
        ExplanationFormat,
        typer.Option("--format", help="How to write the explanation."),
    ] = ExplanationFormat.TEXT,
    output: OutputFile = None,
) -> None:
    """Tell why a person is, or is not, in a job's scope, and what a run would do to their contact points."""
    from runner.cli.surroundings import occasion
    from runner.execute.database import open_database
    from runner.execute.explain import begin_inquiry, explain_person
    from runner.execute.interrupts import Interrupts
    from runner.execute.snapshot import reading_district
    from runner.read.jobs import load

    target = open_database(database, schema)
    loaded = load(job)
    day = occasion(as_of, job.parent).as_of
    interrupts = Interrupts()
    with (
        interrupts.caught(),
        terminal.steps() as step,
        reading_district(target, interrupts) as connection,
    ):
        step("look up the calendars and the people selected")
        inquiry = begin_inquiry(connection, target.backend, loaded, day, interrupts.stop)
        step("look the person up")
        explanation = explain_person(inquiry, person)
    if output_format is ExplanationFormat.JSON:
        from runner.report.explanation_json import render_explanation

        terminal.tell(render_explanation(explanation), output)
    else:
        from runner.report.explanation import render_explanation as render_text

        terminal.tell(render_text(explanation, width=terminal.width(), colour=terminal.colour(output)), output)
