"""What came of policy tests as text: a line for each test, then each difference; as JSON, and as annotations."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from runner.report.github import render_check
from runner.report.json import dumps
from runner.report.problems import counted, render_problems, visible
from runner.values.checked import Checked
from runner.values.problems import Problem
from runner.values.result_json import encode_place, encode_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from runner.values.policy_test import Mismatch, Tested, TestFile


def render_text(tested: Sequence[Tested], broken: Sequence[TestFile], untested: Sequence[Path], seconds: float) -> str:
    """Return a line for each test, file by file; the problems of files; each difference; and last the numbers."""
    lines: list[str] = []
    for file, tests in groupby(tested, key=lambda each: each.test.place.file):
        lines += [file, *(f"  {_word(each)}  {each.test.name}" for each in tests), ""]
    for file in broken:
        lines += [file.file, "  ERROR   not tested:", "", render_problems(file.problems), ""]
    for each in tested:
        if not each.passed:
            lines += [*_failure(each), ""]
    lines += [f"no tests: {path}" for path in untested]
    return visible("\n".join([*lines, _summary(tested, broken, seconds)]))


def render_json(tested: Iterable[Tested], broken: Iterable[TestFile], untested: Iterable[Path]) -> str:
    """Return the same for programs."""
    return dumps(
        {
            "tests": [_encoded(each) for each in tested],
            "errors": [encode_problem(problem) for file in broken for problem in file.problems],
            "untested": [str(path) for path in untested],
        }
    )


def render_github(tested: Sequence[Tested], broken: Sequence[TestFile], seconds: float) -> str:
    """Return a command for each difference and each problem, and last the numbers for the log."""
    found = [Checked(each.test.place.file, failures(each)) for each in tested]
    found += [Checked(file.file, file.problems) for file in broken]
    commands = render_check(found).splitlines()[:-1]  # the last line counts job files
    return "\n".join([*commands, _summary(tested, broken, seconds)])


def failures(tested: Tested) -> tuple[Problem, ...]:
    """Return each difference as a problem."""
    return tuple(
        Problem(
            "test-failed",
            f"{tested.test.name}: {each.what}: expected {each.expected}, actual {each.actual}",
            each.place,
            "; ".join(each.why) or None,
        )
        for each in tested.mismatches
    )


def _word(tested: Tested) -> str:
    return "PASSED" if tested.passed else "FAILED"


def _failure(tested: Tested) -> Iterator[str]:
    test = tested.test
    yield f"FAILED  {test.name}"
    yield f"{test.job.file} as of {test.as_of}"
    for mismatch in tested.mismatches:
        yield ""
        yield f"  {mismatch.place}: {mismatch.what}"
        yield f"    expected  {mismatch.expected}"
        yield f"    actual    {mismatch.actual}"
        yield from (f"    because   {why}" if not place else f"              {why}" for place, why in _why(mismatch))


def _why(mismatch: Mismatch) -> Iterable[tuple[int, str]]:
    return enumerate(mismatch.why)


def _summary(tested: Sequence[Tested], broken: Sequence[TestFile], seconds: float) -> str:
    passed = sum(each.passed for each in tested)
    told = [f"{len(tested) - passed:,} failed"] if passed < len(tested) else []
    told += [f"{passed:,} passed"]
    told += [f"{counted(len(broken), 'file')} not tested"] if broken else []
    return f"{', '.join(told)} · {seconds:.2f} s"


def _encoded(tested: Tested) -> dict[str, Any]:
    test = tested.test
    return {
        "name": test.name,
        **encode_place(test.place),
        "job": test.job.file,
        "as_of": test.as_of.isoformat(),
        "passed": tested.passed,
        "seconds": round(tested.seconds, 3),
        "differences": [
            {
                **encode_place(each.place),
                "what": each.what,
                "expected": each.expected,
                "actual": each.actual,
                "why": list(each.why),
            }
            for each in tested.mismatches
        ],
    }
