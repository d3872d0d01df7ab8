"""The commands that compare job files: conflicts and diff."""

from __future__ import annotations

import os
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import CONFLICT, DONE
from runner.cli.options import AsOf, DatabaseUrl, OutputFile, Schema
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runner.execute.interrupts import Interrupts
    from runner.values.conflicts import Conflicts
    from runner.values.difference import Difference
    from runner.values.job import Job

NO_FILE = frozenset({"/dev/null", os.devnull})
"""What git, too, calls the file that there is not."""


class ComparisonFormat(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


OutputFormat = Annotated[ComparisonFormat, typer.Option("--format", help="How to write what is found.")]


def conflicts(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Job files, or folders to look for them in.")],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 where there is a conflict.")] = False,
    output_format: OutputFormat = ComparisonFormat.TEXT,
    output: OutputFile = None,
) -> None:
    """Count the contact points for which two jobs set a cell differently, and show where both say so."""
    from runner.cli.surroundings import today
    from runner.execute.conflicts import find_conflicts
    from runner.execute.database import open_database
    from runner.read.jobs import find_jobs
    from runner.read.opposites import opposites

    target = open_database(database, schema)
    jobs = _load(find_jobs(paths))
    with terminal.lines(output) as write:
        with _asking() as (interrupts, step):
            found = find_conflicts(target, jobs, opposites(jobs), today(as_of), interrupts=interrupts, step=step)
        write(_render_conflicts(found, output_format, output))
    raise typer.Exit(CONFLICT if strict and found.met else DONE)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The job file as it was; /dev/null for a new job.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The job file as it is; /dev/null for one that goes.")],
    database: DatabaseUrl = options.DATABASE_DEFAULT,
    schema: Schema = None,
    as_of: AsOf = None,
    output_format: OutputFormat = ComparisonFormat.TEXT,
    output: OutputFile = None,
) -> None:
    """Show what a change of a job does: who enters and leaves its scope, and what ends differently."""
    from runner.cli.surroundings import today
    from runner.execute.database import open_database
    from runner.execute.difference import find_difference

    there = [path for path in (old, new) if str(path) not in NO_FILE]
    if not there:
        raise Stopped(Problem("usage", "there is no job on either side", hint="at most one may be /dev/null"))
    target = open_database(database, schema)
    loaded = dict(zip(there, _load(there), strict=True))
    with terminal.lines(output) as write:
        with _asking() as (interrupts, step):
            found = find_difference(
                target,
                loaded.get(old),
                loaded.get(new),
                today(as_of),
                interrupts=interrupts,
                step=step,
            )
        write(_render_difference(found, output_format, output))


def _load(paths: Iterable[Path]) -> list[Job]:
    """Return the jobs of files. Stopped with the problems of all of them."""
    from runner.read.jobs import load

    jobs: list[Job] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            jobs.append(load(path))
        except Stopped as stopped:
            problems += stopped.problems
    if problems:
        raise Stopped(*problems)
    return jobs


@contextmanager
def _asking() -> Iterator[tuple[Interrupts, Callable[[str], None]]]:
    from runner.execute.interrupts import Interrupts

    interrupts = Interrupts()
    with interrupts.caught(), terminal.steps() as step:
        yield interrupts, step


def _render_conflicts(found: Conflicts, output_format: ComparisonFormat, output: Path | None) -> str:
    match output_format:
        case ComparisonFormat.JSON:
            from runner.report.comparisons_json import render_conflicts as render_json

            return render_json(found)
        case ComparisonFormat.MARKDOWN:
            from runner.report.comparisons_markdown import render_conflicts as render_markdown

            return render_markdown(found)
        case ComparisonFormat.TEXT:
            from runner.report.comparisons import render_conflicts

            return render_conflicts(found, width=terminal.width(), colour=terminal.colour(output))


def _render_difference(found: Difference, output_format: ComparisonFormat, output: Path | None) -> str:
    match output_format:
        case ComparisonFormat.JSON:
            from runner.report.comparisons_json import render_difference as render_json

            return render_json(found)
        case ComparisonFormat.MARKDOWN:
            from runner.report.comparisons_markdown import render_difference as render_markdown

            return render_markdown(found)
        case ComparisonFormat.TEXT:
            from runner.report.comparisons import render_difference

            return render_difference(found, width=terminal.width(), colour=terminal.colour(output))
