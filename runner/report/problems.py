"""Problems as lines of text: place, code, what is wrong, and what to do instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.values.problems import Problem


# Escape codes and the like, and what turns the direction of writing: a terminal obeys them, a reader doesn't see them.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return text of others with what a terminal would obey as an escape that a reader sees."""
    return _COMMANDS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def render_problem(problem: Problem) -> str:
    """Return one problem, its hint on a line of its own."""
    place = f"{problem.place}: " if problem.place else ""
    hint = f"\n  hint: {problem.hint}" if problem.hint else ""
    return visible(f"{place}{problem.code}: {problem.message}{hint}")


def render_problems(problems: Iterable[Problem]) -> str:
    """Return several problems, one after the other."""
    return "\n".join(render_problem(problem) for problem in problems)


def render_check(found: Mapping[str, tuple[Problem, ...]]) -> str:
    """Return what a check found: every problem, then how many in how many files."""
    problems = [problem for of_file in found.values() for problem in of_file]
    files = f"{len(found):,} job file{'' if len(found) == 1 else 's'}"
    if not problems:
        return f"{files}: no problems"
    broken = sum(1 for of_file in found.values() if of_file)
    count = f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}"
    return f"{render_problems(problems)}\n\n{files}: {count} in {broken:,}"
