"""The command that checks job files: by reading, and where a database is named, by asking it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import options, terminal
from runner.cli.exits import exit_code_of_problems
from runner.cli.options import AsOf, CheckFormat, OutputFile, Schema
from runner.values.checked import Checked
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.values.job import Job
    from runner.values.result import Warned


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Job files, or folders to look for them in.")],
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="Check also what only this database knows. RUNNER_DATABASE is not looked at.",
        ),
    ] = None,
    schema: Schema = None,
    as_of: AsOf = None,
    output_format: Annotated[CheckFormat, typer.Option("--format", help="How to write what is found.")] = (
        options.CheckFormat.TEXT
    ),
    output: OutputFile = None,
) -> None:
    """Tell every problem of every job file and test file; without a database, unless one is named."""
    if as_of is not None and database is None:
        hint = "a day matters only to what a database knows"
        raise Stopped(Problem("usage", "`--as-of` without `--database` says nothing", hint=hint))
    found = _find(paths, database, schema, as_of)
    if output_format is not CheckFormat.TEXT:
        terminal.tell(_render(found, output_format), output)
    else:
        from runner.report.problems import render_check, render_problems

        if files := [checked for checked in found if checked.file is not None]:
            terminal.tell(render_check(files), output)
        if failures := [problem for checked in found if checked.file is None for problem in checked.problems]:
            terminal.complain(render_problems(failures))
    raise typer.Exit(exit_code_of_problems(problem for checked in found for problem in checked.problems))


def _find(paths: Sequence[Path], database: str | None, schema: str | None, as_of: options.AsOf) -> list[Checked]:
    """Return what is found file by file, and last what kept the rest from being looked for."""
    from runner.read.jobs import load_all
    from runner.read.test_paths import is_test

    found: dict[str, Checked] = {}
    jobs: list[Job] = []
    try:
        named = [path for path in paths if not is_test(path)]
        for path, read in load_all(named) if named else []:
            if isinstance(read, Stopped):
                found[str(path)] = Checked(str(path), read.problems)
                continue
            jobs.append(read)
            reads = tuple((path.parent / file.path).as_posix() for file in read.files)
            found[str(path)] = Checked(str(path), reads=reads)
        found |= _tests(paths)
        if database is not None:
            for answer in _ask(jobs, database, schema, as_of):
                found[str(answer.file)] = replace(answer, reads=found[str(answer.file)].reads)
    except Stopped as stopped:
        return [*_contradicting(found, jobs), Checked(None, stopped.problems)]
    return _contradicting(found, jobs)


def _tests(paths: Iterable[Path]) -> dict[str, Checked]:
    """Return what is wrong with test files; of the jobs that they name the job files themselves tell."""
    from runner.read.test_paths import is_test, tests_below

    found: dict[str, Checked] = {}
    tests = tests_below(path for path in paths if path.is_dir() or is_test(path))
    if not tests:  # what reads them takes a while to load
        return found
    from runner.read.policy_tests import load_tests

    for path in tests:
        problems = (problem for problem in load_tests(path).problems if _stands_in(problem, path))
        found[str(path)] = Checked(str(path), tuple(problems), is_test=True)
    return found


def _stands_in(problem: Problem, path: Path) -> bool:
    return problem.place is None or problem.place.file == str(path)


def _contradicting(found: Mapping[str, Checked], jobs: Sequence[Job]) -> list[Checked]:
    """Return what is found file by file, with a warning for every setting of which another job says the opposite."""
    if len(jobs) <= 1:  # what compares jobs takes a while to load
        return list(found.values())
    from runner.read.opposites import opposites, warn

    warnings: dict[str, tuple[Warned, ...]] = {}
    for opposite in opposites(jobs):
        file = jobs[opposite.first.job].file
        warnings[file] = (*warnings.get(file, ()), warn(opposite))
    return [replace(checked, warnings=(*checked.warnings, *warnings.get(file, ()))) for file, checked in found.items()]


def _ask(jobs: Sequence[Job], database: str, schema: str | None, as_of: options.AsOf) -> list[Checked]:
    """Return what a database knows of jobs that read well."""
    from runner import pipeline
    from runner.cli.surroundings import today
    from runner.execute.database import open_database
    from runner.execute.interrupts import Interrupts
    from runner.execute.orders import order_job

    target = open_database(database, schema)
    day = today(as_of)
    interrupts = Interrupts()
    with interrupts.caught(), terminal.stopwatch() as seconds, terminal.steps() as step:
        watch = pipeline.Watch(step, seconds, interrupts)
        return pipeline.check(target, [order_job(job, day, target.backend) for job in jobs], day, watch)


def _render(found: Sequence[Checked], output_format: CheckFormat) -> str:
    """Return what was found in a format that other programs read."""
    if output_format is CheckFormat.GITHUB:
        from runner.report.github import render_check as render_github

        return render_github(found)
    if output_format is CheckFormat.SARIF:
        from importlib.metadata import version

        from runner.report.sarif import render_check as render_sarif

        return render_sarif(found, version("contact-preference-runner"))
    from runner.report.json import render_check as render_json

    return render_json(found)
