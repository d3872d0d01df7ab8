"""The commands about job files that change nothing: sql, schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.options import AsOf, DialectName, OutputFile, Schema
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.values.result import Result
    from runner.values.sources import Sources


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
        typer.Argument(metavar="NAME", help="Of `job`, `filter` or `test` files, of a `result`, of an `explanation`."),
    ] = "job",
) -> None:
    """Print a JSON Schema, for editors: of job files, if nothing else is asked for."""
    from runner.read.schema import schema_text

    if name not in {"job", "filter", "test", "result", "explanation"}:
        hint = "it is one of job, filter, test, result, explanation"
        raise Stopped(Problem("usage", f"there is no schema `{name}`", hint=hint))
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
    if output_format is options.ResultFormat.HTML:
        from runner.report.html import render_results as render_html

        return render_html(results, sources)
    from runner.report.terminal import render_results as render_text

    return render_text(results, width=terminal.width(), colour=terminal.colour(output))
