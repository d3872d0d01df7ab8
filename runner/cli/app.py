"""The command line: argv → a command; problems → lines on standard error and an exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

from runner.cli import terminal
from runner.cli.exits import EXIT_CODES, exit_code_of_problems
from runner.report.problems import render_problems
from runner.values.problems import Kind, Problem, Stopped

_BROKEN_PIPE = 141  # as a shell tells of SIGPIPE


class _Command(NamedTuple):
    """The module beside this one whose function a command is, and what `runner --help` says of it: its docstring."""

    module: str
    summary: str


COMMANDS = {
    "run": _Command(
        "run",
        "Run job files, each in one transaction, and report; stop at the first that fails.",
    ),
    "check": _Command(
        "check",
        "Tell every problem of every job file and test file; without a database, unless one is named.",
    ),
    "test": _Command(
        "policy_tests",
        "Test what jobs do to a small district, as `fall.test.yaml` beside `fall.yaml` expects it. Needs no database.",
    ),
    "sql": _Command(
        "policy",
        "Print the statements that a run of a job sends, to read; without a database.",
    ),
    "people": _Command(
        "people",
        "Print the ids of the people whom a job concerns, as CSV: of those in scope, if nothing else is asked for.",
    ),
    "conflicts": _Command(
        "comparisons",
        "Count the contact points for which two jobs set a cell differently, and show where both say so.",
    ),
    "diff": _Command(
        "comparisons",
        "Show what a change of a job does: who enters and leaves its scope, and what ends differently.",
    ),
    "explain": _Command(
        "explain",
        "Tell why a person is, or is not, in a job's scope, and what a run would do to their contact points.",
    ),
    "history": _Command(
        "records",
        "List past runs, the newest first.",
    ),
    "show": _Command(
        "records",
        "Show the result of a past run again.",
    ),
    "changes": _Command(
        "records",
        "Print every preference that a past run changed, one row each.",
    ),
    "undo": _Command(
        "records",
        "Take a past run back: set what it changed to what it was, where it still is as the run left it.",
    ),
    "resolve": _Command(
        "records",
        "Settle a run whose outcome is unknown: say that it was committed, or see to it that it never will be.",
    ),
    "prune": _Command(
        "administration",
        "Drop the changes of old runs, which can't be undone then; the runs and their results stay.",
    ),
    "init": _Command(
        "district",
        "Make the tables that are lacking; those that are there stay as they are.",
    ),
    "demo": _Command(
        "district",
        "Make a synthetic district: tables and people, all of them invented.",
    ),
    "load": _Command(
        "district",
        "Load a district from a folder of CSV files: all of it, or nothing.",
    ),
    "grants": _Command(
        "administration",
        "Print the least GRANTs that a role works with, to read and to send; without a database.",
    ),
    "doctor": _Command(
        "administration",
        "Tell what a database lacks, what that means, and the statements that mend it; changes nothing.",
    ),
    "schema": _Command(
        "policy",
        "Print a JSON Schema, for editors: of job files, if nothing else is asked for.",
    ),
}
"""Every command, in the order of `--help`."""


def build(arguments: list[str]) -> typer.Typer:
    """Return the application: of one command where the arguments name it, for start-up is a feature.

    Else the commands are there to be listed only, by their names and summaries, and none of their modules is loaded.
    """
    app = typer.Typer(
        name="runner",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich takes longer to load than all the rest of `--help`
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Contact preferences of a school district as policy: reviewed, run in one transaction, reported, undone.",
    )
    app.callback()(_options)
    words = arguments or _being_completed()
    named = next((word for word in words if not word.startswith("-")), None)
    if named in COMMANDS:
        module = import_module(f"runner.cli.{COMMANDS[named].module}")
        app.command(named)(getattr(module, named))
        return app
    for command, (_, summary) in COMMANDS.items():
        app.command(command, help=summary, short_help=summary)(_listed)
    return app


def _listed() -> None:
    """Stand for a command that nobody called."""


def _being_completed() -> list[str]:
    """Return the words after `runner` which a shell asks to complete; bash says them by another name than the rest."""
    if "_RUNNER_COMPLETE" not in os.environ:
        return []
    os.environ["TERMINAL_WIDTH"] = "10000"  # typer breaks lines of help, and each would be offered as a word
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    return line.split()[1:]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        terminal.tell(f"runner {version('contact-preference-runner')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and leave with its exit code.

    Everything is closed and written by then; to take the interpreter down piece by piece would take a fifth of the
    time of a check.
    """
    code = execute(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read our output has left
        code = code or _BROKEN_PIPE
    os._exit(code)


def execute(arguments: list[str]) -> int:
    """Return the exit code of a command line; whatever is wrong comes out as problems, never as a traceback."""
    try:
        return build(arguments)(arguments, prog_name="runner", standalone_mode=False) or 0
    except Stopped as stopped:
        terminal.complain(render_problems(stopped.problems))
        return exit_code_of_problems(stopped.problems)
    except typer.TyperException as error:
        if not arguments:
            execute(["--help"])
        hint = "`runner --help` lists the commands, `runner COMMAND --help` their options"
        terminal.complain(render_problems([Problem("usage", error.format_message(), hint=hint)]))
        return EXIT_CODES[Kind.USAGE]
    except SystemExit as left:  # typer's own way to leave: after a completion, or when whoever read our output has left
        return _BROKEN_PIPE if left.code else 0
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_CODES[Kind.INTERRUPTED]
    except Exception as error:  # noqa: BLE001 - the last line of defence: the message may hold a row's values
        terminal.complain(render_problems([_unexpected(error)]))
        return EXIT_CODES[Kind.UNEXPECTED]


def _unexpected(error: Exception) -> Problem:
    """Return a bug as a problem: its type and where it happened, not its message, which could hold a name."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "runner" in frame.filename] or list(frames)
    where = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "nowhere"
    return Problem(
        "unexpected",
        f"{type(error).__name__} at {where}",
        hint="this is a bug in the runner: please report this line, with the job file if you may",
    )
