"""What a check found, as values: for each job file what is wrong, and what a reviewer should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.values.problems import Problem
    from runner.values.result import Warned


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one job file; `file` is None for what keeps the check itself from being made.

    `reads` are the files that a sound job consists of, itself first, as paths from where the check was started.
    `is_test` says that it is no job file, but one of policy tests.
    """

    file: str | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Warned, ...] = ()
    reads: tuple[str, ...] = ()
    is_test: bool = False
