"""The command line: argv → a command; problems → lines on standard error and an exit code."""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from runner.cli import district, policy, records, terminal
from runner.cli.exits import EXIT_CODES, exit_code_of_problems
from runner.report.problems import render_problems
from runner.values.problems import Kind, Problem, Stopped

app = typer.Typer(
    name="runner",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Contact preferences of a school district as policy: reviewed, run in one transaction, reported, undone.",
)
for _command in (
    policy.run,
    policy.check,
    policy.sql,
    records.history,
    records.show,
    records.changes,
    records.undo,
    district.init,
    district.demo,
    district.load,
    policy.schema,
):
    app.command()(_command)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.tell(f"runner {installed_version('contact-preference-runner')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Return the exit code of a command line; whatever is wrong comes out as problems, never as a traceback."""
    try:
        return app(arguments, prog_name="runner", standalone_mode=False) or 0
    except Stopped as stopped:
        terminal.complain(render_problems(stopped.problems))
        return exit_code_of_problems(stopped.problems)
    except typer.TyperException as error:
        hint = "`runner --help` lists the commands, `runner COMMAND --help` their options"
        terminal.complain(render_problems([Problem("usage", error.format_message(), hint=hint)]))
        return EXIT_CODES[Kind.USAGE]
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_CODES[Kind.INTERRUPTED]
    except Exception as error:  # noqa: BLE001 - the last line of defence: the message may hold a row's values
        terminal.complain(render_problems([_unexpected(error)]))
        return EXIT_CODES[Kind.UNEXPECTED]


def _unexpected(error: Exception) -> Problem:
    """Return a bug as a problem: its type and where it happened, not its message, which could hold a name."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "runner" in frame.filename] or list(frames)
    where = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "nowhere"
    return Problem(
        "unexpected",
        f"{type(error).__name__} at {where}",
        hint="this is a bug in the runner: please report this line, with the job file if you may",
    )
