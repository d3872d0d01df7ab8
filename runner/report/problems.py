"""Problems as lines of text: place, code, what is wrong, and what to do instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.values.checked import Checked
    from runner.values.problems import Problem
    from runner.values.result import Warned


# Escape codes and the like, what turns the direction of writing or breaks a line, what has no width, and halves of
# characters: a terminal or a browser obeys them, a file can't hold them, a reader doesn't see them.
_COMMANDS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]",
)


def visible(text: str) -> str:
    """Return text of others with what a terminal would obey as an escape that a reader sees."""
    return _COMMANDS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def render_problem(problem: Problem) -> str:
    """Return one problem, its hint on a line of its own."""
    return _told(problem, str(problem.place or ""), "")


def render_problems(problems: Iterable[Problem]) -> str:
    """Return several problems, one after the other."""
    return "\n".join(render_problem(problem) for problem in problems)


def render_warnings(warnings: Iterable[Warned]) -> str:
    """Return several warnings, one after the other."""
    return "\n".join(_told(warned, str(warned.place or ""), "warning: ") for warned in warnings)


def render_check(found: Sequence[Checked]) -> str:
    """Return what a check found: every problem and warning, file by file, then how many in how many files."""
    lines = []
    for checked in found:
        lines += [_told(problem, str(problem.place or checked.file), "") for problem in checked.problems]
        lines += [_told(warned, str(warned.place or checked.file), "warning: ") for warned in checked.warnings]
    return "\n".join([*lines, *([""] if lines else []), render_counts(found)])


def render_counts(found: Sequence[Checked]) -> str:
    """Return how many problems and warnings a check found, in how many files."""
    tests = sum(checked.is_test for checked in found)
    sorts = ((len(found) - tests, "job file"), (tests, "test file"))
    files = " and ".join(counted(count, sort) for count, sort in sorts if count or sort == "job file")
    problems = sum(len(checked.problems) for checked in found)
    warnings = sum(len(checked.warnings) for checked in found)
    told = []
    if problems:
        told.append(f"{counted(problems, 'problem')} in {sum(1 for checked in found if checked.problems):,}")
    if warnings:
        told.append(f"{counted(warnings, 'warning')} in {sum(1 for checked in found if checked.warnings):,}")
    return f"{files}: {', '.join(told) or 'no problems'}"


def counted(count: int, thing: str) -> str:
    """Return a number of things."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _told(what: Problem | Warned, place: str, sort: str) -> str:
    hint = f"\n  hint: {what.hint}" if what.hint else ""
    return visible(f"{place}{': ' if place else ''}{sort}{what.code}: {what.message}{hint}")
