"""Which files hold tests, and of which job: by their names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.read import files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def is_test(path: Path) -> bool:
    """Return whether a file holds tests, by its name."""
    return path.name.endswith(files.TESTS)


def job_of(test: Path) -> Path:
    """Return the job file that a test file stands beside: `fall.yaml` for `fall.test.yaml`."""
    ending = next(ending for ending in files.TESTS if test.name.endswith(ending))
    return test.with_name(test.name.removesuffix(ending) + ending.removeprefix(".test"))


def test_of(job: Path) -> Path:
    """Return the test file that stands beside a job: `fall.test.yaml` for `fall.yaml`."""
    return job.with_name(f"{job.stem}.test{job.suffix}")


def tests_below(paths: Iterable[Path]) -> list[Path]:
    """Return the test files that paths stand for, each once, whether they are there or not."""
    found: dict[str, Path] = {}
    for path in paths:
        below = files.test_files(path) if path.is_dir() else [path if is_test(path) else test_of(path)]
        for test in below:
            found.setdefault(files.true_path(test), test)
    return list(found.values())
