"""Where the database's URL comes from: the command line, a variable, or a file that keeps a password to itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import typer

from runner.values.problems import Problem, Stopped

FILE: Final = "RUNNER_DATABASE_FILE"
_LONGEST: Final = 65_536
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def database_url(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Return the URL: that of `--database`, else of RUNNER_DATABASE or of the file, else the default.

    Stopped where both the variable and the file say something: a run on the wrong district is worse than none.
    """
    source = context.get_parameter_source(str(parameter.name))
    named = "" if source is None else source.name
    path = os.environ.get(FILE)
    if not path or named == "COMMANDLINE":
        return value
    if named == "ENVIRONMENT":
        raise Stopped(
            Problem("usage", f"RUNNER_DATABASE and {FILE} are both set", hint="unset one, or use `--database`"),
        )
    return _read(Path(path))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            _require_private(os.fstat(file.fileno()), path)
            held = file.read(_LONGEST).decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _stopped(path, reason, "it holds the URL of the database, on one line") from None
    url = held.removesuffix("\n").removesuffix("\r")
    if not url.strip():
        raise _stopped(path, "it is empty", "it holds the URL of the database, on one line")
    if "\n" in url:
        raise _stopped(path, "it has more than one line", "it holds the URL of the database, and nothing else")
    return url.strip()


def _require_private(status: os.stat_result, path: Path) -> None:
    """Stop where others can read a file that is ours to close; one of another owner was put there by the platform."""
    if hasattr(os, "getuid") and status.st_uid == os.getuid() and status.st_mode & _OTHERS:
        raise _stopped(path, "others than its owner may use it", f"`chmod 600 {path}`")


def _stopped(path: Path, reason: str, hint: str) -> Stopped:
    return Stopped(Problem("database-file", f"{path}, which {FILE} names: {reason}", hint=hint))
