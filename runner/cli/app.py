"""The command line: argv → a command; problems → lines on standard error and an exit code."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated

import typer

from runner.cli import terminal
from runner.cli.exits import EXIT_CODES, exit_code_of_problems
from runner.report.problems import render_problems
from runner.values.problems import Kind, Problem, Stopped

_BROKEN_PIPE = 141  # as a shell tells of SIGPIPE

COMMANDS = {
    "run": "run",
    "check": "check",
    "test": "policy_tests",
    "sql": "policy",
    "people": "people",
    "conflicts": "comparisons",
    "diff": "comparisons",
    "explain": "explain",
    "history": "records",
    "show": "records",
    "changes": "records",
    "undo": "records",
    "resolve": "records",
    "prune": "administration",
    "init": "district",
    "demo": "district",
    "load": "district",
    "grants": "administration",
    "doctor": "administration",
    "schema": "policy",
}
"""Every command, in the order of `--help`, and the module beside this one whose function it is."""


def build(arguments: list[str]) -> typer.Typer:
    """Return the application: of one command where the arguments name it, for start-up is a feature; else of all."""
    app = typer.Typer(
        name="runner",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Contact preferences of a school district as policy: reviewed, run in one transaction, reported, undone.",
    )
    app.callback()(_options)
    named = (arguments or _being_completed())[:1]
    for command in named if named and named[0] in COMMANDS else COMMANDS:
        module = import_module(f"runner.cli.{COMMANDS[command]}")
        app.command(command)(getattr(module, command))
    return app


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
        hint = "`runner --help` lists the commands, `runner COMMAND --help` their options"
        terminal.complain(render_problems([Problem("usage", error.format_message() or "Missing command.", hint=hint)]))
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
