"""What a check found as GitHub's workflow commands: annotations beside the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.report.problems import render_counts, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.values.checked import Checked
    from runner.values.problems import Problem
    from runner.values.result import Warned

# A command ends where its line ends; a property also at a comma or a colon. `%` first, or it would be escaped twice.
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def render_check(found: Sequence[Checked]) -> str:
    """Return a command for each problem and warning, and last, for the log, how many there are in how many files.

    No other line holds text of others, so that none of it can become a command of its own.
    """
    lines = [line for checked in found for line in _commands(checked)]
    files = [checked for checked in found if checked.file is not None]
    return "\n".join([*lines, *([render_counts(files)] if files else [])])


def _commands(checked: Checked) -> Iterator[str]:
    for problem in checked.problems:
        yield _command("error", problem, checked.file)
    for warned in checked.warnings:
        yield _command("warning", warned, checked.file)


def _command(level: str, what: Problem | Warned, file: str | None) -> str:
    """Return one command. The log shows its message alone, so that the place stands there too."""
    place, properties = what.place, {}
    if place is not None:
        properties = {"file": place.file, "line": str(place.line), "col": str(place.column)}
    elif file is not None:
        properties = {"file": file}
    properties["title"] = what.code
    where = place or file
    hint = f"\nhint: {what.hint}" if what.hint else ""
    told = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{level} {told}::" + _escaped(f"{where}: {what.message}{hint}" if where else what.message + hint, _DATA)


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    text = visible(text)
    for character, escape in escapes:
        text = text.replace(character, escape)
    return text
