"""The command `test`: policy tests, each on a small district of its own, in memory."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import terminal
from runner.cli.exits import DONE, exit_code_of_problems
from runner.cli.options import OutputFile
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.values.policy_test import PolicyTest, Tested


class TestFormat(StrEnum):
    """How what came of tests is written."""

    __test__ = False

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def test(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", help="Test files, job files that have one beside them, or folders."),
    ],
    named: Annotated[
        str | None, typer.Option("-k", metavar="WORDS", help="Only tests with these words in their names.")
    ] = None,
    output_format: Annotated[TestFormat, typer.Option("--format", help="How to write what comes out.")] = (
        TestFormat.TEXT
    ),
    output: OutputFile = None,
) -> None:
    """Test what jobs do to a small district, as `fall.test.yaml` beside `fall.yaml` expects it. Needs no database."""
    from runner.read.policy_tests import find_tests, load_tests, untested
    from runner.report import policy_tests as report

    files = [load_tests(path) for path in find_tests(paths)]
    broken = [file for file in files if file.problems]
    chosen = [test for file in files for test in file.tests if named is None or named.lower() in test.name.lower()]
    if not chosen and not broken:
        raise Stopped(Problem("no-tests", f"no test has `{named}` in its name", hint="leave `-k` out"))
    with terminal.stopwatch() as seconds, terminal.lines(output) as write:
        tested = list(_play(chosen))
        lacking = untested(paths)
        if output_format is TestFormat.JSON:
            write(report.render_json(tested, broken, lacking))
        elif output_format is TestFormat.GITHUB:
            write(report.render_github(tested, broken, seconds()))
        else:
            write(report.render_text(tested, broken, lacking, seconds()))
    problems = [problem for file in broken for problem in file.problems]
    problems += [problem for each in tested for problem in report.failures(each)]
    raise typer.Exit(exit_code_of_problems(problems) or DONE)


def _play(tests: Iterable[PolicyTest]) -> Iterator[Tested]:

    from runner.cli.surroundings import occasion
    from runner.execute.interrupts import Interrupts
    from runner.pipeline import Watch
    from runner.policy_tests import play

    interrupts = Interrupts()
    now = occasion(None, Path())
    with interrupts.caught(), terminal.steps() as step, terminal.stopwatch() as seconds:
        for each in tests:
            step(each.name)
            yield play(each, replace(now, as_of=each.as_of), Watch(lambda _: None, seconds, interrupts))
