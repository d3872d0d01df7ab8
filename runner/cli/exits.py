"""Kinds of problems and results → exit codes, as one dict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.values.problems import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.values.health import Health
    from runner.values.problems import Problem
    from runner.values.result import Result

DONE = 0
PENDING = 2
CONFLICT = 4

EXIT_CODES = {
    Kind.UNEXPECTED: 1,
    Kind.INVALID: 3,
    Kind.REFUSED: 4,
    Kind.DRIFTED: 5,
    Kind.LOCKED: 6,
    Kind.DATABASE: 7,
    Kind.UNKNOWN: 8,
    Kind.USAGE: 64,
    Kind.INTERRUPTED: 130,
}
MEANINGS = {
    DONE: "done, also when nothing had to change",
    1: "unexpected error: a bug in the runner",
    PENDING: "changes pending; only with `--detailed-exitcode` on a dry run",
    3: "invalid input: YAML, schema, unknown calendar or field, empty scope, no such database; "
    "with `runner doctor`: the database lacks what the work needs",
    CONFLICT: "refused by a guard; with `runner conflicts --strict`: jobs contradict each other; "
    "with `runner test`: a test failed",
    5: "drifted: not what was reviewed, or preferences of the run to undo have been changed since",
    6: "lock not obtained, or still colliding after the retries",
    7: "database error; nothing was changed",
    8: "outcome unknown: `runner resolve` settles it",
    64: "wrong usage of the command line",
    130: "interrupted; nothing was changed",
    141: "whoever read the output left before its end",
}


def exit_code_of_problems(problems: Iterable[Problem]) -> int:
    """Return the exit code of the first problem; 0 where there is none."""
    return next((EXIT_CODES[problem.kind] for problem in problems), DONE)


def exit_code_of_results(results: Iterable[Result], *, detailed: bool) -> int:
    """Return the exit code of the first result that failed; with `detailed` 2 where a dry run finds changes."""
    from runner.values.result import Status

    pending = False
    for result in results:
        if result.errors:
            return exit_code_of_problems(result.errors)
        pending |= result.status is Status.DRY_RUN and result.tally is not None and result.tally.changed > 0
    return PENDING if detailed and pending else DONE


def exit_code_of_health(health: Health) -> int:
    """Return the code of invalid input where something keeps one of the roles from its work; what is advice is none."""
    return EXIT_CODES[Kind.INVALID] if any(map(health.hindered, health.roles)) else DONE
